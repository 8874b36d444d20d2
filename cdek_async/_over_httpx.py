"""Exchanges over any httpx transport: httpx.Request out, httpx.Response back, and nothing else of httpx."""

from collections.abc import AsyncGenerator
from functools import lru_cache

import httpx

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

# Raised by httpx's own transport before a byte of the request is written.
_BEFORE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class OverHttpx:
    """A base URL behind an httpx transport."""

    # httpx's own loses a connection of its pool for a request that is cancelled (encode/httpcore#1093).
    cuttable = False

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport) -> None:
        self._base_url = base_url
        self._transport = transport
        self._headers = httpx.Headers({"Host": httpx.URL(base_url).netloc.decode("ascii"), **HEADERS})

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:
        request = self._request(call, seconds, authorization)
        response = await self._transport.handle_async_request(request)
        headers = _headers(response)
        try:
            body, problem = await _read(response, headers.get(b"content-encoding"))
        finally:
            await response.aclose()
        return Answer(
            response.status_code,
            headers.get(b"content-type"),
            headers.get(b"date"),
            headers.get(b"retry-after"),
            body,
            problem,
        )

    def silence(self, error: Exception) -> Silence:
        return silence_of(
            error,
            unsent=isinstance(error, _BEFORE),
            lasting=isinstance(error, httpx.UnsupportedProtocol),
        )

    async def aclose(self) -> None:
        await self._transport.aclose()

    def _request(self, call: Call, seconds: float, authorization: str | None) -> httpx.Request:
        url = _url(self._base_url + call.path)
        if call.params:
            url = url.copy_with(params=dict(call.params))
        headers = self._headers.copy()
        if authorization is not None:
            headers["Authorization"] = authorization
        if call.body:
            headers["Content-Type"] = call.content_type
            headers["Content-Length"] = str(len(call.body))
        timeout = {"connect": min(CONNECT, seconds), "pool": seconds, "read": seconds, "write": seconds}
        # With `stream` httpx sets no headers of its own, which would cost as much as all the rest.
        request = httpx.Request(
            call.method,
            url,
            headers=headers,
            stream=httpx.ByteStream(call.body),
            extensions={"timeout": timeout},
        )
        request.read()  # a transport may ask for `content`
        return request


@lru_cache(maxsize=1024)  # an order is asked about again, and parsing is most of what a request costs
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


def _headers(response: httpx.Response) -> dict[bytes, str]:
    """All in one go: each `get` of httpx's goes through them once more."""
    return {name.lower(): value.decode("latin-1") for name, value in response.headers.raw}


async def _read(response: httpx.Response, encoding: str | None) -> tuple[bytes, str]:
    """The raw body, or what is wrong with it."""
    if not is_plain(encoding):
        return b"", ENCODED
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the transport's response has no async stream")
    body = bytearray()
    chunks = aiter(response.stream)
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_REPLY:
            if isinstance(chunks, AsyncGenerator):  # else the loop closes it some time, in a task of its own
                await chunks.aclose()
            return b"", TOO_LONG
    return bytes(body), ""
