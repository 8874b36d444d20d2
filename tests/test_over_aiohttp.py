"""What an error of aiohttp's tells of a call: whether a byte of it can have left, and in whose words."""

import ssl

import aiohttp
import pytest
import yarl
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy

from cdek_async._over_aiohttp import OverAiohttp
from cdek_async._transport import Silence

KEY = ConnectionKey("cdek.test", 443, True, True, None, None, None)
URL = yarl.URL("https://cdek.test")
INFO = aiohttp.RequestInfo(URL, "GET", CIMultiDictProxy(CIMultiDict()), URL)
REFUSED, RESET = OSError(111, "marker"), ConnectionResetError(104, "marker")


@pytest.mark.parametrize(
    ("error", "what", "unsent", "lasting"),
    [
        (aiohttp.ClientConnectorError(KEY, REFUSED), "Connection refused", True, False),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), "unknown", True, False),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError()), "TLS failed: ", True, True),
        (aiohttp.ClientProxyConnectionError(KEY, REFUSED), "Connection refused", True, False),
        (aiohttp.ClientHttpProxyError(INFO, (), message="marker"), "ClientHttpProxyError", True, False),
        (aiohttp.ConnectionTimeoutError("marker"), "ConnectionTimeoutError", True, False),
        (aiohttp.InvalidURL("marker"), "InvalidURL", True, True),
        (aiohttp.ClientConnectorError(KEY, RESET), "Connection reset by peer", False, False),
        (TimeoutError("marker"), "TimeoutError", False, False),
        (aiohttp.ServerDisconnectedError("marker"), "ServerDisconnectedError", False, False),
        (aiohttp.ClientResponseError(INFO, (), message="marker"), "ClientResponseError", False, False),
        (aiohttp.ClientOSError(104, "marker"), "Connection reset by peer", False, False),
        (aiohttp.ClientPayloadError("marker"), "ClientPayloadError", False, False),
        (RESET, "Connection reset by peer", False, False),
        (ValueError("marker"), "ValueError", False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_only_a_connection_that_was_never_made_is_no_doubt(
    error: Exception, what: str, unsent: bool, lasting: bool
) -> None:
    """A library's own words go no further, for they may quote what came."""
    beneath = error.__dict__.get("_os_error") or error.__dict__.get("_certificate_error")
    error.__cause__ = beneath  # as aiohttp raises it
    silence = OverAiohttp("http://cdek.test", None).silence(error)
    assert silence._replace(what="") == Silence("", unsent=unsent, lasting=lasting)
    assert silence.what.startswith(what)
    assert "marker" not in silence.what
