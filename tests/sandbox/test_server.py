import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

from cdek_async.sandbox import Call, Fault, Sandbox, run, serve


class Wire:
    """One connection, byte by byte: what a client library would hide is what is tested here."""

    def __init__(self, url: str) -> None:
        self.port = int(url.rsplit(":", 1)[1])

    async def __aenter__(self) -> Any:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(
        self, method: str = "GET", path: str = "/v2/orders", body: bytes = b"", *, token: str | None = None
    ) -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def head(self) -> Any:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), headers

    async def reply(self) -> Any:
        status, headers = await self.head()
        return status, headers, await self.reader.readexactly(int(headers["content-length"]))


def served(test: Any, **options: Any) -> None:
    """Run a test against a served sandbox in real time."""

    async def main() -> None:
        sandbox = Sandbox(**options)
        async with serve(sandbox) as url:
            await asyncio.wait_for(test(sandbox, url), 20)

    asyncio.run(main())


def test_a_whole_deletion_over_a_real_socket() -> None:
    """Token, DELETE and GET over one kept connection; the date is the sandbox's own and comes once."""

    async def main(sandbox: Sandbox, url: str) -> None:
        order = sandbox.add_order()
        async with Wire(url) as wire:
            form = b"grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret"
            await wire.send("POST", "/v2/oauth/token", form)
            token = json.loads((await wire.reply())[2])["access_token"]
            await wire.send("DELETE", f"/v2/orders/{order.uuid}", token=token)
            status, headers, _ = await wire.reply()
            assert (status, headers["date"]) == (202, "sat, 01 aug 2026 12:00:00 gmt")
            assert "server" not in headers
            await wire.send("GET", f"/v2/orders?cdek_number={order.cdek_number}", token=token)
            assert "REMOVED" in (await wire.reply())[2].decode()
        assert len(sandbox.applied) == 1

    served(main, settle="fixed:0")


@pytest.mark.parametrize("kind", ["dropped_before", "dropped_after"])
@pytest.mark.parametrize("reset", [True, False])
def test_a_dropped_connection_is_really_dropped(kind: str, reset: bool, caplog: Any) -> None:
    """The socket is reset or closed without a byte of answer or of log, applied or not."""

    async def main(sandbox: Sandbox, url: str) -> None:
        sandbox.script("TOKEN", Fault(kind, reset=reset))
        async with Wire(url) as wire:
            await wire.send("POST", "/v2/oauth/token")
            if reset:
                with pytest.raises(ConnectionResetError):
                    await wire.reader.read()
            else:
                assert await wire.reader.read() == b""
        async with Wire(url) as wire:
            await wire.send()
            assert (await wire.reply())[0] == 401
        assert caplog.records == []

    served(main)


def test_answers_are_not_held_back() -> None:
    """Head and body of an answer leave at once: no 40 ms of Nagle's delay between them."""

    async def main(sandbox: Sandbox, url: str) -> None:
        took = []
        async with Wire(url) as wire:
            for _ in range(25):
                started = time.monotonic()
                await wire.send()
                await wire.reply()
                took.append(time.monotonic() - started)
        assert statistics.median(took) < 0.03

    served(main)


def test_a_truncated_body_is_shorter_than_promised() -> None:
    """Fewer bytes than Content-Length says, and then the end."""

    async def main(sandbox: Sandbox, url: str) -> None:
        sandbox.script("GET", Fault("truncated", size=5))
        async with Wire(url) as wire:
            await wire.send()
            _, headers = await wire.head()
            assert len(await wire.reader.read()) == 5 < int(headers["content-length"])

    served(main)


def test_a_dripping_body_comes_in_single_bytes() -> None:
    """Byte after byte with a pause between them."""

    async def main(sandbox: Sandbox, url: str) -> None:
        sandbox.script("GET", Fault("drip", 0.001))
        async with Wire(url) as wire:
            started = time.monotonic()
            await wire.send()
            _, _, body = await wire.reply()
            assert json.loads(body)
            assert time.monotonic() - started > 0.001 * len(body)

    served(main)


def test_what_is_slow_ends_with_the_server() -> None:
    """A server that stops does not wait for its slow answers, nor for clients that have gone."""

    async def main() -> None:
        arrived = asyncio.Barrier(3)
        waiting = []

        def plan(_: Call) -> Fault:
            waiting.append(asyncio.create_task(arrived.wait()))
            return Fault("slow", 600)

        sandbox = Sandbox(faults=plan)
        async with contextlib.AsyncExitStack() as stack:
            async with serve(sandbox) as url:
                wire = await stack.enter_async_context(Wire(url))
                await wire.send()
                async with Wire(url) as gone:
                    await gone.send()
                    await arrived.wait()
            assert (await wire.reply())[0] == 401

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 5


def test_a_caller_who_leaves_in_the_middle_is_not_heard() -> None:
    """A call whose body never came whole reaches no order."""

    async def main(sandbox: Sandbox, url: str) -> None:
        async with Wire(url) as wire:
            wire.writer.write(b"POST /v2/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
            await wire.writer.drain()
        async with Wire(url) as wire:
            await wire.send()
            await wire.reply()
        assert "TOKEN" not in sandbox.calls

    served(main)


def test_httpx_sees_the_same_errors_over_a_socket() -> None:
    """What the transport in memory raises is what httpx raises over the served sandbox."""

    async def main(sandbox: Sandbox, url: str) -> None:
        sandbox.script("GET", Fault("dropped_after"), Fault("dropped_after", reset=False), Fault("truncated"))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            for error in (httpx.ReadError, httpx.RemoteProtocolError, httpx.RemoteProtocolError):
                with pytest.raises(error):
                    await client.get("/v2/orders")
            assert (await client.get("/v2/orders")).status_code == 401

    served(main)


@pytest.mark.parametrize("port", ["taken", 99999])
def test_a_port_that_cannot_be_had_is_told(port: Any) -> None:
    """A port that is taken, or none at all, is an OSError of one line that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1] if port == "taken" else port
        with pytest.raises(OSError, match=f"^cannot listen on 127.0.0.1:{number}: [^\n]*$"):
            run(Sandbox(), port=number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    """SIGINT and SIGTERM end the blocking server without a trace, and `run` returns."""
    urls = []

    def started(url: str) -> None:
        urls.append(url)
        os.kill(os.getpid(), number)

    run(Sandbox(), started=started)
    assert urls[0].startswith("http://127.0.0.1:")


def test_importing_the_sandbox_needs_no_server() -> None:
    """Without the extra the transport in memory works: uvicorn is imported when somebody serves."""
    code = "import sys, cdek_async.sandbox; sys.exit('uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603  our own
