"""Where calls go: a base URL that credentials may be sent to, and the transport that leads there."""

import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from cdek_async._over_httpx import OverHttpx
from cdek_async._transport import Transport

# As many as CDEK promises calls in a second: with fewer, answers that take one would slow a client down.
CONNECTIONS = 200
_PORTS = {"https": 443, "http": 80}


def checked_url(base_url: str, *, allow_http: bool) -> SplitResult:
    """The parts of a base URL that credentials may be sent to."""
    try:
        url = urlsplit(str(base_url).strip())
        port_is_fine = url.port is None or url.port > 0
    except ValueError:  # a bracket that is not closed, a port beyond 65535
        url, port_is_fine = urlsplit(""), False
    if url.scheme not in ("https", "http") or not url.hostname or not port_is_fine:
        raise ValueError(f"base_url: expected https://host or https://host:port, not {str(base_url)!r:.80}")
    if url.username is not None or url.query or url.fragment:
        raise ValueError("base_url: only scheme, host, port and path; no user, query or fragment")
    if url.scheme == "http" and not allow_http and not _loopback(url.hostname):
        raise ValueError(
            f"base_url: plain http would send the credentials readable to {url.hostname};"
            " use https (or allow_http)"
        )
    return url


def host_of(url: SplitResult) -> str:
    """One spelling for one place: a ticket belongs to it."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    port = "" if url.port in (None, _PORTS[url.scheme]) else f":{url.port}"
    return f"{host}{port}{url.path.rstrip('/')}"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def way_to(url: SplitResult, base_url: str, transport: httpx.AsyncBaseTransport | None) -> Transport:
    """What carries the calls of a client; it is loaded here, and not when this package is."""
    if isinstance(transport, Transport):  # of no public type: what the seam itself stands for is simulated
        return transport
    if transport is not None:
        return OverHttpx(base_url, transport)
    proxy = _proxy(url)
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
        # A SOCKS proxy: httpx can use it, with socksio.
        return OverHttpx(base_url, httpx.AsyncHTTPTransport(proxy=proxy, limits=_LIMITS))
    if find_spec("pyreqwest") is not None and _native_certificates():
        from cdek_async._over_pyreqwest import OverPyreqwest  # noqa: PLC0415 - see above

        return OverPyreqwest(base_url, proxy)
    from cdek_async._over_aiohttp import OverAiohttp  # noqa: PLC0415 - see above

    return OverAiohttp(base_url, proxy)


def _native_certificates() -> bool:
    """Whether a native engine trusts what Python would: on Linux it reads these variables, too."""
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        return True
    httpx.create_ssl_context()  # raises OSError where they name nothing that can be read; it would not
    return sys.platform == "linux"


_LIMITS = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)


def _proxy(url: SplitResult) -> str | None:
    """The environment's proxy, as AsyncClient takes it."""
    host = url.hostname or ""
    if _loopback(host) or proxy_bypass(host) or proxy_bypass(f"{host}:{url.port or _PORTS[url.scheme]}"):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
