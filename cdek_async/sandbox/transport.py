"""The front in memory: an httpx transport over a sandbox, with the exceptions of a real connection."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx

from cdek_async.sandbox.calls import Answer, Hangup
from cdek_async.sandbox.machine import Sandbox


class SandboxTransport(httpx.AsyncBaseTransport):
    """Hands every request to the sandbox; the host in its URL is not looked at."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        answer = self._sandbox.handle(
            request.method,
            request.url.path,
            dict(request.url.params),
            {name.lower(): value for name, value in request.headers.items()},
            body,
        )
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and answer.delay > patience:
            await asyncio.sleep(patience)
            raise httpx.ReadTimeout("the sandbox is slow", request=request)
        await asyncio.sleep(answer.delay)
        if answer.hangup is not None:
            raise _error(answer.hangup, request)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, patience, request), request=request
        )


class _Body(httpx.AsyncByteStream):
    """The body as it comes over the wire: whole, cut off, or in drips."""

    def __init__(self, answer: Answer, patience: float | None, request: httpx.Request) -> None:
        self._answer, self._patience, self._request = answer, patience, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        answer = self._answer
        sent = answer.body if answer.cut is None else answer.body[: answer.cut]
        if not answer.drip:
            yield sent
        else:
            for byte in sent:
                # Each byte starts the read timeout anew, which is why it alone bounds nothing.
                if self._patience is not None and answer.drip > self._patience:
                    await asyncio.sleep(self._patience)
                    raise httpx.ReadTimeout("the sandbox is slow", request=self._request)
                await asyncio.sleep(answer.drip)
                yield bytes((byte,))
        if answer.cut is not None:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {len(sent)} bytes, expected {len(answer.body)})",
                request=self._request,
            )


def _error(hangup: Hangup, request: httpx.Request) -> httpx.TransportError:
    """What httpx raises, with the cause that lies beneath it."""
    if hangup is Hangup.CLOSED:
        return httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    kind, cause, *arguments = _CAUSES[hangup]
    error: httpx.TransportError = kind(str(arguments[-1]), request=request)
    error.__cause__ = cause(*arguments)
    return error


_CAUSES: dict[Hangup, tuple[Any, ...]] = {
    Hangup.REFUSED: (httpx.ConnectError, ConnectionRefusedError, errno.ECONNREFUSED, "Connection refused"),
    Hangup.DNS: (httpx.ConnectError, socket.gaierror, socket.EAI_NONAME, "Name or service not known"),
    Hangup.TLS: (httpx.ConnectError, ssl.SSLCertVerificationError, 1, "certificate verify failed"),
    Hangup.RESET: (httpx.ReadError, ConnectionResetError, errno.ECONNRESET, "Connection reset by peer"),
}
