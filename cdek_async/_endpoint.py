"""Where calls go: a base URL that credentials may be sent to, and the transport that leads there."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

CONNECTIONS = 50
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


def default_transport(url: SplitResult) -> httpx.AsyncBaseTransport:
    """Make httpx's own transport, with the environment's proxy and certificates, as AsyncClient does."""
    host = url.hostname or ""
    direct = _loopback(host) or proxy_bypass(host) or proxy_bypass(f"{host}:{url.port or _PORTS[url.scheme]}")
    proxies = {} if direct else getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return httpx.AsyncHTTPTransport(
        proxy=f"http://{proxy}" if proxy and "://" not in proxy else proxy,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    )
