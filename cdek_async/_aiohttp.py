"""An httpx transport over aiohttp: what httpx's own costs grows with its connections, this one's does not."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import httpx
import yarl

_SKIP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # what the request lacks stays out


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Follows no redirect, keeps no cookie, opens no encoding, and sends nothing by itself."""

    cuttable = True

    def __init__(self, *, proxy: str | None = None) -> None:
        self._proxy = proxy
        self._ssl = httpx.create_ssl_context()  # with SSL_CERT_FILE and SSL_CERT_DIR, as AsyncClient has it
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one response whose stream is raw; raises httpx's errors."""
        session = self._session or self._open()
        try:
            answer = await session.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=[
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
                ],
                data=await request.aread() or None,
                timeout=_timeout(request),
                proxy=self._proxy,
                allow_redirects=False,
            )
        except _KINDS as error:
            raise _as_httpx(error) from error
        return httpx.Response(
            answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Open the session late: it belongs to the running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_SKIP,
            middlewares=(_once,),
        )
        return self._session


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Translate errors before aiohttp sees them: of a DELETE whose answer was lost it sends another."""
    try:
        return await handler(request)
    except _KINDS as error:
        raise _as_httpx(error) from error


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    timeout = request.extensions.get("timeout", {})
    # None for the pool, which has no limit. The whole answer within `read`: a body may drip in byte by byte.
    return aiohttp.ClientTimeout(sock_connect=timeout.get("connect"), total=timeout.get("read"))


class _Body(httpx.AsyncByteStream):
    """The body as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self._answer.content.readany():
                yield chunk
        except _KINDS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """Give the connection back, or close it when something is left on it."""
        self._answer.release()


_ERRORS: tuple[tuple[type[Exception], Callable[[str], httpx.TransportError]], ...] = (
    # What is raised before a byte of the request is written comes first.
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientConnectorCertificateError, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
    (OSError, httpx.ReadError),
)


_KINDS = tuple(kind for kind, _ in _ERRORS)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """Make httpx's error of aiohttp's."""
    return next(make for kind, make in _ERRORS if isinstance(error, kind))(str(error))
