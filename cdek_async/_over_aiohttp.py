"""Exchanges over aiohttp, whose cost does not grow with its connections as that of httpx's own does."""

import aiohttp
import httpx
import yarl

from cdek_async._models import Call
from cdek_async._transport import (
    CONNECT,
    ENCODED,
    HEADERS,
    MAX_REPLY,
    TOO_LONG,
    Answer,
    Silence,
    is_plain,
    silence_of,
)

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT)  # the exchange has the rest
_SKIP = ("Content-Type",)  # what a call without a body lacks stays out
# Raised before a byte of the request is written.
_BEFORE = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


class OverAiohttp:
    """A base URL behind a session that follows no redirect, keeps no cookie and opens no encoding."""

    cuttable = True

    def __init__(self, base_url: str, proxy: str | None) -> None:
        self._base_url = base_url
        self._proxy = proxy
        self._ssl = httpx.create_ssl_context()  # with SSL_CERT_FILE and SSL_CERT_DIR, as AsyncClient has it
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:  # noqa: ARG002 - cut
        headers = {} if authorization is None else {"Authorization": authorization}
        if call.body:
            headers["Content-Type"] = call.content_type
        url = yarl.URL(self._base_url + call.path, encoded=True)
        async with (self._session or self._open()).request(
            call.method,
            url.with_query(call.params) if call.params else url,
            headers=headers,
            data=call.body or None,
            timeout=_TIMEOUT,
            proxy=self._proxy,
            allow_redirects=False,
        ) as answer:
            body, problem = await _read(answer)
            found = answer.headers
            return Answer(
                answer.status,
                found.get("Content-Type"),
                found.get("Date"),
                found.get("Retry-After"),
                body,
                problem,
            )

    def silence(self, error: Exception) -> Silence:
        if isinstance(error, _Failed) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        return silence_of(
            error, unsent=isinstance(error, _BEFORE), lasting=isinstance(error, aiohttp.InvalidURL)
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Open the session late: it belongs to the running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=HEADERS,
            skip_auto_headers=_SKIP,
            middlewares=(_once,),
        )
        return self._session


class _Failed(Exception):  # noqa: N818 - as the others are named
    """An error that is none of aiohttp's, with theirs beneath."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide errors from aiohttp: of a DELETE whose answer was lost on a kept connection it sends another."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _Failed from error


async def _read(answer: aiohttp.ClientResponse) -> tuple[bytes, str]:
    """The raw body, or what is wrong with it."""
    if not is_plain(answer.headers.get("Content-Encoding")):
        return b"", ENCODED
    body = await answer.content.readany()
    while chunk := await answer.content.readany():
        body += chunk
        if len(body) > MAX_REPLY:
            return b"", TOO_LONG
    return body, ""
