"""The part of the server front that needs uvicorn: it is imported when somebody serves."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from cdek_async.sandbox.asgi import App
from cdek_async.sandbox.machine import Sandbox


class Listening(uvicorn.Server):
    """A uvicorn server that says when it is ready and leaves the process's signals alone."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._app = App(sandbox, self.transport_of)
        config = uvicorn.Config(
            self._app,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="error",
            date_header=False,  # the sandbox's own clock writes it
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            backlog=4096,
        )
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.closing.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def transport_of(self, client: tuple[str, int]) -> asyncio.Transport:
        """The connection behind a call: a fault has to end it in ways that ASGI cannot say."""
        transports = (one.transport for one in self.server_state.connections)
        return next(one for one in transports if one.get_extra_info("peername") == client)
