"""What every way to CDEK keeps to, over real sockets: a server of a few lines answers, hangs up or lies."""

import asyncio
import os
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from cdek_async import BadReply, CdekClient, TransportError
from cdek_async._endpoint import checked_url, way_to
from cdek_async._exchange import Wire
from cdek_async._models import Call, Reply
from cdek_async._over_aiohttp import OverAiohttp
from cdek_async._over_pyreqwest import OverPyreqwest
from cdek_async._pacing import Pacer, Urgency
from cdek_async._transport import MAX_REPLY
from tests.ways import Way, every_way

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GET = Call("GET", "/v2/orders/1")
DELETE = Call("DELETE", "/v2/orders/1", write=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"


class Server:
    """Hears requests, and answers each as it is told."""

    def __init__(self, *answers: bytes | None) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.left = asyncio.Event()
        """Nobody is connected any more."""
        self._open = 0
        self._answers = list(answers)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.left.clear()
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            self._open -= 1
            if not self._open:
                self.left.set()
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(int(self.header("content-length") or 0)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            await reader.read()  # no answer, until the client goes away
            return False
        writer.write(answer)
        await writer.drain()
        if answer == b"" or b"Connection: close" in answer:
            writer.transport.abort()
            return False
        return True

    def header(self, name: str) -> str | None:
        """A header of the last request."""
        lines = self.heads[-1].decode("latin-1").split("\r\n")[1:]
        return next((line.split(": ", 1)[1] for line in lines if line.lower().startswith(f"{name}:")), None)


@asynccontextmanager
async def wired(
    way: Way, server: Answer, *, tls: ssl.SSLContext | None = None, path: str = ""
) -> AsyncIterator[Wire]:
    """What a client's calls go over, and a server at the other end."""
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    async with listening:
        host = f"localhost:{listening.sockets[0].getsockname()[1]}"
        base_url = f"{'https' if tls else 'http'}://{host}{path}"
        pacer = Pacer(None, 100)
        wire = Wire(base_url, way_to(checked_url(base_url, allow_http=False), base_url, way()), pacer)
        try:
            yield wire
        finally:
            await wire.aclose()
            pacer.close()


async def asked(wire: Wire, call: Call = GET, seconds: float = 5, token: str | None = None) -> Reply:
    await wire.pacer.acquire(Urgency.SINGLE)
    return await wire.exchange(call, seconds, token, alone=call.write)


async def failed(wire: Wire, call: Call = DELETE, seconds: float = 5) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await asked(wire, call, seconds)
    return caught.value


@every_way
def test_what_is_sent_is_what_was_meant(way: Way) -> None:
    """Method, path, query, body, token; no compression asked for, and no cookie sent back."""
    server = Server(OK + b"Set-Cookie: a=b; Path=/\r\n\r\n{}")

    async def main() -> None:
        async with wired(way, server, path="/prefix") as wire:
            number = {"im_number": "я & b+c/%?#"}
            await asked(wire, Call("GET", "/v2/orders", params=number), token="Bearer secret")
            line = server.heads[-1].split(b"\r\n")[0].decode("ascii")
            assert line.startswith("GET /prefix/v2/orders?")
            assert parse_qsl(urlsplit(line.split()[1]).query) == list(number.items())
            assert server.header("authorization") == "Bearer secret"
            assert server.header("accept") == "application/json"
            assert server.header("accept-encoding") == "identity"
            assert str(server.header("user-agent")).startswith("cdek-async/")
            assert server.header("host") == wire._host.removesuffix("/prefix")
            assert server.header("content-type") is None
            await asked(wire, Call("PATCH", "/v2/orders", body=b'{"comment":1}', write=True))
            assert server.heads[-1].startswith(b"PATCH /prefix/v2/orders HTTP/1.1\r\n")
            assert server.bodies[-1] == b'{"comment":1}'
            assert server.header("content-type") == "application/json"
            assert server.header("cookie") is None
            assert server.header("authorization") is None

    asyncio.run(main())


@every_way
def test_a_prefix_goes_out_as_a_request_line_bears_it(way: Way) -> None:
    """However it was written: no space and no letter of Russian is in it."""
    server = Server(OK + b"\r\n{}")

    async def main() -> None:
        async with wired(way, server, path="/a b/путь") as wire:
            await asked(wire)
        path = b"/a%20b/%D0%BF%D1%83%D1%82%D1%8C" + GET.path.encode()
        assert server.heads[-1].startswith(b"GET " + path + b" HTTP/1.1\r\n")

    asyncio.run(main())


@every_way
def test_an_answer_is_read_whole(way: Way) -> None:
    """In one piece or in many, also an error's; an empty one too."""
    chunked = OK.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")
    server = Server(
        chunked + b'\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n',
        OK.replace(b"200 OK", b"429 Slow").replace(b"OK\r\n", b"OK\r\nRetry-After: 0\r\n")
        + b"Retry-After: 0\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\n{}",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    )

    async def main() -> None:
        async with wired(way, server) as wire:
            assert (await asked(wire)).data == {"a": 1}
            slow = await asked(wire)
            assert (slow.status, slow.data, slow.retry_after) == (429, {}, 0.0)
            assert slow.date is not None
            assert slow.date.hour == 10
            empty = await asked(wire)
            assert (empty.status, empty.data) == (202, None)

    asyncio.run(main())


@every_way
def test_a_redirect_leads_nowhere(way: Way) -> None:
    """Nobody else hears of the call."""
    elsewhere = Server(OK + b"\r\n{}")

    async def main() -> None:
        async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            location = f"Location: http://127.0.0.1:{port}/\r\n".encode()
            server = Server(b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\n" + location + b"\r\n")
            async with wired(way, server) as wire:
                with pytest.raises(BadReply, match="redirects are not followed"):
                    await asked(wire)

    asyncio.run(main())
    assert elsewhere.heads == []


@every_way
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (OK.replace(b"2\r\n", b"2\r\nContent-Encoding: gzip\r\n") + b"\r\n{}", "encoded"),
        (OK.replace(b": 2", b": %d" % (MAX_REPLY + 1)) + b"\r\n" + b" " * (MAX_REPLY + 1), "4 MiB"),
    ],
)
def test_a_body_that_may_do_harm_is_left_alone(way: Way, answer: bytes, problem: str) -> None:
    """It is no answer, and the next call gets one."""

    async def main() -> None:
        async with wired(way, Server(answer, OK + b"\r\n{}")) as wire:
            reply = await asked(wire)
            assert reply.data is None
            assert problem in reply.snippet
            assert (await asked(wire)).data == {}

    asyncio.run(main())


@every_way
@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\nConnection: close", OK + b"Connection: close\r\n\r\n{"]
)
def test_a_call_that_may_have_arrived_is_in_doubt_and_was_sent_once(way: Way, answer: bytes) -> None:
    """Also on a connection that served before, where some clients send it again by themselves."""
    server = Server(OK + b"\r\n{}", answer)

    async def main() -> None:
        async with wired(way, server) as wire:
            await asked(wire)
            error = await failed(wire)
            assert error.undecided
            assert not error.lasting

    asyncio.run(main())
    assert [head.split()[0] for head in server.heads] == [b"GET", b"DELETE"]


@every_way
def test_no_answer_in_time_is_in_doubt(way: Way) -> None:
    """The limit is kept by the way itself, and the connection is not used again."""
    server = Server(None)

    async def main() -> None:
        async with wired(way, server) as wire:
            assert (await failed(wire, seconds=0.1)).undecided
        await gone(server)

    asyncio.run(main())


@every_way
def test_nobody_there_is_no_doubt(way: Way) -> None:
    """Nothing was sent, and the system says why."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    async def main() -> None:
        for host in (f"127.0.0.1:{port}", "cdek.invalid"):
            base_url = f"http://{host}"
            way_there = way_to(checked_url(base_url, allow_http=True), base_url, way())
            wire = Wire(base_url, way_there, Pacer(None, 1))
            error = await failed(wire)
            assert not error.undecided
            assert not error.lasting
            assert ("(Connection refused)" in str(error)) == (host != "cdek.invalid")
            assert "Error" not in str(error)
            await wire.aclose()

    asyncio.run(main())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """One that nobody knows, and its certificate."""
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return ca, path


@every_way
@pytest.mark.parametrize("known", [False, True])
def test_the_environments_certificates_are_trusted(
    way: Way, known: bool, authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE, as httpx.AsyncClient takes it; who is not trusted is not told anything."""
    ca, path = authority
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(tls)
    server = Server(OK + b"\r\n{}")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(path))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's handshake fails
        async with wired(way, server, tls=tls) as wire:
            if known:
                assert (await asked(wire)).data == {}
                return
            error = await failed(wire)
            assert "TLS failed" in str(error)
            assert not error.undecided
            assert error.lasting

    asyncio.run(main())
    assert bool(server.heads) == known


@every_way
def test_who_cancels_leaves_nothing_behind(way: Way) -> None:
    """Twenty at a time, cut at random: the next calls are served, and in the end no connection is open."""
    server = Server(OK + b"\r\n{}")

    async def main() -> None:
        rng = random.Random(5)  # noqa: S311 - the same cuts every time

        async with wired(way, server) as wire:

            async def call() -> None:
                task = wire.exchange(GET, 5)
                await task

            for _ in range(15):
                tasks = []
                for _ in range(20):
                    await wire.pacer.acquire(Urgency.SINGLE)
                    tasks.append(asyncio.create_task(call()))
                for task in tasks:
                    asyncio.get_running_loop().call_later(rng.uniform(0, 0.01), task.cancel)
                await asyncio.gather(*tasks, return_exceptions=True)
            for _ in range(5):
                assert (await asked(wire)).data == {}
            assert wire.pacer._free == 100
        await gone(server)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


async def gone(server: Server) -> None:
    """Wait until the server has seen the last connection end."""
    async with asyncio.timeout(5):
        await server.left.wait()


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("installed", [False, True])
def test_the_fast_way_is_taken_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, installed: bool, named: bool, authority: tuple[trustme.CA, Path]
) -> None:
    """Without a word; and certificates that the environment names are no reason against it on Linux."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    if named:
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority[1]))
    if not installed:
        monkeypatch.setitem(sys.modules, "pyreqwest", None)
    base_url = "https://api.cdek.ru"
    chosen = way_to(checked_url(base_url, allow_http=False), base_url, None)
    fast = installed and (not named or sys.platform == "linux")
    assert isinstance(chosen, OverPyreqwest) == fast
    assert isinstance(chosen, OverAiohttp) == (not fast)


def test_certificates_that_cannot_be_read_are_told_of_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands behind the seam."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with pytest.raises(FileNotFoundError):
        CdekClient("me", "secret")


@every_way
def test_what_was_never_used_closes(way: Way) -> None:
    """There is nothing to close, and no loop to have belonged to."""

    async def main() -> None:
        async with CdekClient("me", "secret", transport=way()):
            pass

    asyncio.run(main())
