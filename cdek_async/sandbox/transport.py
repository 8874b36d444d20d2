"""The front in memory: an httpx transport over a sandbox, with the exceptions of a real connection."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator

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
            raise _error(answer.hangup, request) from _cause(answer.hangup)
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
    match hangup:
        case Hangup.REFUSED | Hangup.DNS | Hangup.TLS:
            return httpx.ConnectError(str(_cause(hangup)), request=request)
        case Hangup.RESET:
            return httpx.ReadError(str(_cause(hangup)), request=request)
        case Hangup.CLOSED:
            return httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )


def _cause(hangup: Hangup) -> OSError | None:
    match hangup:
        case Hangup.REFUSED:
            return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        case Hangup.DNS:
            return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        case Hangup.TLS:
            return ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        case Hangup.RESET:
            return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        case Hangup.CLOSED:
            return None
