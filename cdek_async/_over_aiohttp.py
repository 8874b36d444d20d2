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
        self._base_url = str(yarl.URL(base_url))  # in the form in which a request line bears it
        self._proxy = proxy
        self._ssl = httpx.create_ssl_context()  # with SSL_CERT_FILE and SSL_CERT_DIR, as AsyncClient has it
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:  # noqa: ARG002 - cut
        headers = {} if authorization is None else {"Authorization": authorization}
        if call.body:
            headers["Content-Type"] = call.content_type
        url = yarl.URL(self._base_url + call.path, encoded=True)
        asked = (self._session or self._open()).request(
            call.method,
            url.with_query(call.params) if call.params else url,
            headers=headers,
            data=call.body or None,
            timeout=_TIMEOUT,
            proxy=self._proxy,
            allow_redirects=False,
        )
        try:
            async with asked as answer:
                return await _read(answer)
        except _Failed as failed:
            raise failed.error from None

    def silence(self, error: Exception) -> Silence:
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
    """None of aiohttp's errors, with one of theirs inside."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide errors from aiohttp: of a DELETE whose answer was lost on a kept connection it sends another."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _Failed(error) from None


async def _read(answer: aiohttp.ClientResponse) -> Answer:
    """The answer with its raw body, or with what is wrong with that."""
    body, problem, headers = b"", "", answer.headers
    if not is_plain(headers.get("Content-Encoding")):
        problem = ENCODED
    while not problem and (chunk := await answer.content.readany()):
        body += chunk
        problem = TOO_LONG if len(body) > MAX_REPLY else ""
    return Answer(
        answer.status,
        headers.get("Content-Type"),
        headers.get("Date"),
        headers.get("Retry-After"),
        b"" if problem else body,
        problem,
    )
