"""The front over real sockets: a plain ASGI app over a sandbox, served by uvicorn on loopback."""

import asyncio
import contextlib
import signal
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from cdek_async.sandbox.calls import Answer, Hangup
from cdek_async.sandbox.machine import Sandbox

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


@contextlib.asynccontextmanager
async def serve(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the sandbox as long as the block lasts and give its URL; port 0 takes a free one."""
    server, listener = _server(sandbox), _listener(host, port)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield "http://{}:{}".format(*listener.getsockname())
    finally:
        server.should_exit = True
        await serving


def run(
    sandbox: Sandbox,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    started: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then return; `started` hears the URL. A taken port is an `OSError`."""
    asyncio.run(_run(sandbox, host, port, started))


async def _run(sandbox: Sandbox, host: str, port: int, started: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(sandbox, host=host, port=port) as url:
        started(url)
        await stop.wait()


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def _server(sandbox: Sandbox) -> Any:
    """A uvicorn server that says when it is ready, leaves signals alone and shows the app its sockets."""
    import uvicorn  # noqa: PLC0415  an extra: without it the rest of the sandbox works
    from uvicorn.protocols.http.auto import AutoHTTPProtocol  # noqa: PLC0415

    class Protocol(AutoHTTPProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.app_state = {**self.app_state, _TRANSPORT: transport}

    class Server(uvicorn.Server):
        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self.ready = asyncio.Event()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.ready.set()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(
        uvicorn.Config(
            _asgi(sandbox),
            http=Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            date_header=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            backlog=4096,
        )
    )


_TRANSPORT = "cdek_async.sandbox.transport"


def _asgi(sandbox: Sandbox) -> Asgi:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        answer = sandbox.handle(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
        )
        if answer.delay:
            await asyncio.sleep(answer.delay)
        await _play(answer, scope["state"][_TRANSPORT], receive, send)

    return app


async def _play(answer: Answer, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
    if answer.hangup is not None:
        _hang_up(transport, answer.hangup)
        await receive()  # until the server has noticed, or it would answer 500
        return
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    sent = answer.body if answer.cut is None else answer.body[: answer.cut]
    if answer.drip:
        for byte in sent:
            await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": True})
            await asyncio.sleep(answer.drip)
        sent = b""
    await send({"type": "http.response.body", "body": sent, "more_body": answer.cut is not None})
    if answer.cut is not None:
        transport.close()  # what was written is flushed first
        await receive()


def _hang_up(transport: asyncio.Transport, hangup: Hangup) -> None:
    """Really close the socket; what can only happen before a connection stands comes as a reset."""
    if hangup is Hangup.CLOSED:
        transport.close()
        return
    linger = struct.pack("ii", 1, 0)  # no time to linger: a reset instead of an orderly end
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
