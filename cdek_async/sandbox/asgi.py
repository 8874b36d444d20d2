"""The sandbox as a plain ASGI app whose faults reach through to the sockets."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from cdek_async.sandbox.calls import Answer, Hangup
from cdek_async.sandbox.machine import Sandbox

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class App:
    """The app; `transport_of` finds the connection of a client's address."""

    def __init__(
        self, sandbox: Sandbox, transport_of: Callable[[tuple[str, int]], asyncio.Transport]
    ) -> None:
        self._sandbox, self._transport_of = sandbox, transport_of
        self.closing = asyncio.Event()  # nobody waits for a slow answer any more

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        answer = self._sandbox.handle(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
        )
        if answer.hangup is None and answer.cut is None:
            await self._send(answer, send)
            return
        transport = self._transport_of(scope["client"])
        if answer.cut is not None:
            await self._send(answer, send)
        _end(transport, answer.hangup)
        await receive()  # until the server has noticed, or it would answer 500

    async def _send(self, answer: Answer, send: Send) -> None:
        await self._pause(answer.delay)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        rest = answer.body[: answer.cut]
        while answer.drip and rest:
            await send({"type": "http.response.body", "body": rest[:1], "more_body": True})
            await self._pause(answer.drip)
            rest = rest[1:]
        await send({"type": "http.response.body", "body": rest, "more_body": answer.cut is not None})

    async def _pause(self, seconds: float) -> None:
        if seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)


def _end(transport: asyncio.Transport, hangup: Hangup | None) -> None:
    """Really close the socket; what can only happen before a connection stands comes as a reset."""
    if hangup not in (None, Hangup.CLOSED):
        no_lingering = struct.pack("ii", 1, 0)  # makes a reset of the orderly end
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
    transport.close()  # what was written is flushed first
