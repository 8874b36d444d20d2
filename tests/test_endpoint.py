"""Where calls go: one spelling of a place, and the proxy that leads there."""

import asyncio

import pytest

from cdek_async import AuthError, CdekClient, DeleteOrder, Environment, TransportError
from cdek_async._endpoint import checked_url, host_of
from cdek_async.sandbox import Sandbox
from tests.sandboxed import client_of
from tests.virtual import run


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.cdek.ru", "api.cdek.ru"),
        ("https://API.cdek.RU:443/", "api.cdek.ru"),
        (" https://api.cdek.ru/ ", "api.cdek.ru"),
        ("http://localhost:80", "localhost"),
        ("https://gate.example:80/Cdek/", "gate.example:80/Cdek"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://[2001:DB8::1]", "[2001:db8::1]"),
    ],
)
def test_one_place_has_one_spelling(url: str, host: str) -> None:
    """Lower case, without its scheme's own port; a path is another place."""
    assert host_of(checked_url(url, allow_http=False)) == host


def test_a_ticket_is_taken_by_a_client_that_spells_its_host_otherwise() -> None:
    """It is of the same place, and so of the same account."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(uuid))
        async with client_of(sandbox, base_url="https://API.cdek.ru:443/") as other:
            assert (await other.settle(ticket)).ok

    run(main())


def test_a_base_url_given_wins_over_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """As any option does, whatever that is."""
    monkeypatch.setenv("CDEK_CLIENT_ID", "me")
    monkeypatch.setenv("CDEK_CLIENT_SECRET", "secret")
    for name in ("china", "", "nowhere"):
        monkeypatch.setenv("CDEK_BASE_URL", name)
        client = CdekClient.from_env(base_url=Environment.TEST)
        assert repr(client) == "<CdekClient of https://api.edu.cdek.ru>"


def asked_of_the_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str, no_proxy: str = "") -> list[bytes]:
    """The first lines that a proxy hears when a token of http://cdek.invalid:8090 is asked for."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.extend(line for line in head.splitlines() if line.lower().startswith((b"post", b"proxy-auth")))
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            for name in ("all_proxy", "https_proxy", "HTTP_PROXY", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("http_proxy", proxy.format(port=port))
            monkeypatch.setenv("no_proxy", no_proxy)
            url = "http://cdek.invalid:8090"
            async with CdekClient("me", "secret", base_url=url, allow_http=True) as client:
                with pytest.raises((AuthError, TransportError)):
                    await client.submit(DeleteOrder("0b6f1c2e-4a5d-4e3f-8a9b-1c2d3e4f5a6b"), timeout=0.5)

    asyncio.run(main())
    return heard


@pytest.mark.parametrize(
    ("proxy", "heard"),
    [
        ("http://127.0.0.1:{port}", []),
        ("127.0.0.1:{port}", []),
        ("user:pass@127.0.0.1:{port}", [b"Proxy-Authorization: Basic dXNlcjpwYXNz"]),
    ],
)
def test_a_proxy_needs_no_scheme(monkeypatch: pytest.MonkeyPatch, proxy: str, heard: list[bytes]) -> None:
    """As httpx.AsyncClient takes it, also with a user before the host."""
    lines = asked_of_the_proxy(monkeypatch, proxy)
    assert lines[0] == b"POST http://cdek.invalid:8090/v2/oauth/token HTTP/1.1"
    assert lines[1:] == heard


@pytest.mark.parametrize("no_proxy", ["cdek.invalid", "cdek.invalid:8090", "*"])
def test_no_proxy_names_a_host_with_or_without_its_port(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    """What is exempt is called directly."""
    assert asked_of_the_proxy(monkeypatch, "http://127.0.0.1:{port}", no_proxy) == []


def test_no_proxy_of_another_port_exempts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names another service."""
    assert asked_of_the_proxy(monkeypatch, "http://127.0.0.1:{port}", "cdek.invalid:9") != []


@pytest.mark.parametrize("no_proxy", ["api.cdek.ru", "api.cdek.ru:443"])
def test_the_schemes_own_port_may_be_named_in_no_proxy(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    """A proxy that httpx cannot speak would be refused, had it not been passed by."""
    monkeypatch.setenv("https_proxy", "gopher://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ValueError, match="gopher"):
        CdekClient("me", "secret")
    monkeypatch.setenv("no_proxy", no_proxy)
    CdekClient("me", "secret")


def test_a_client_tells_where_its_calls_go() -> None:
    """In the one spelling of the place."""
    assert (
        CdekClient("me", "secret", base_url="https://API.cdek.ru:443/v/").base_url == "https://api.cdek.ru/v"
    )
