"""The transport over aiohttp raises httpx's errors, and they mean what httpx's mean."""

import asyncio
import ssl

import aiohttp
import httpx
import pytest
import yarl
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy

from cdek_async._aiohttp import AiohttpTransport, _as_httpx

KEY = ConnectionKey("cdek.test", 443, True, True, None, None, None)
URL = yarl.URL("https://cdek.test")
INFO = aiohttp.RequestInfo(URL, "GET", CIMultiDictProxy(CIMultiDict()), URL)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), httpx.ConnectError),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), httpx.ConnectError),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError()), httpx.ConnectError),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")), httpx.ProxyError),
        (aiohttp.ClientHttpProxyError(INFO, ()), httpx.ProxyError),
        (aiohttp.ConnectionTimeoutError(), httpx.ConnectTimeout),
        (aiohttp.SocketTimeoutError(), httpx.ReadTimeout),
        (aiohttp.ServerDisconnectedError(), httpx.RemoteProtocolError),
        (aiohttp.ClientResponseError(INFO, ()), httpx.RemoteProtocolError),
        (aiohttp.ClientOSError(104, "reset"), httpx.ReadError),
        (aiohttp.ClientPayloadError(), httpx.ReadError),
        (ConnectionResetError(104, "reset"), httpx.ReadError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_an_error_of_aiohttps_is_httpxs(error: Exception, kind: type[httpx.TransportError]) -> None:
    """What was never connected is told from what may have left."""
    assert type(_as_httpx(error)) is kind


def test_a_url_that_is_none_is_told() -> None:
    """Before anything is sent."""

    async def main() -> None:
        transport = AiohttpTransport()
        try:
            with pytest.raises(httpx.UnsupportedProtocol):
                await transport.handle_async_request(httpx.Request("GET", "ftp://cdek.test/"))
        finally:
            await transport.aclose()

    asyncio.run(main())
