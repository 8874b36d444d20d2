"""The front over real sockets: the sandbox served on loopback."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable

from cdek_async.sandbox.machine import Sandbox


@contextlib.asynccontextmanager
async def serve(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the sandbox as long as the block lasts and give its URL; port 0 takes a free one.

    Needs uvicorn (the extra `sandbox`). A port that is taken is an `OSError` of one line.
    """
    from cdek_async.sandbox.listening import Listening  # noqa: PLC0415  uvicorn is an extra

    listener = _listener(host, port)
    server = Listening(sandbox)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def run(
    sandbox: Sandbox,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    started: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then return; `started` hears the URL."""
    asyncio.run(_run(sandbox, host, port, started))


async def _run(sandbox: Sandbox, host: str, port: int, started: Callable[[str], object]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(sandbox, host=host, port=port) as url:
        started(url)
        await stop.wait()


def _listener(host: str, port: int) -> socket.socket:
    # With the protocol named asyncio sees TCP and turns Nagle's delay off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error}") from error
    return listener
