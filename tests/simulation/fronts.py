"""What a client's calls go over to the network: the seam that its own adapters stand behind, or httpx's."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

import httpx

from cdek_async._models import Call as Sent
from cdek_async._transport import (
    CONNECT,
    ENCODED,
    MAX_REPLY,
    TOO_LONG,
    Silence,
    is_plain,
    silence_of,
)
from cdek_async._transport import Answer as Unread
from cdek_async.sandbox import Answer, Call
from tests.simulation.network import Network, SilenceError
from tests.simulation.record import Exchange


def front(network: Network) -> httpx.AsyncBaseTransport:
    """What to give a client as its `transport`; the seam is more than its public type says."""
    return cast("httpx.AsyncBaseTransport", Seam(network)) if network.cuttable else OverHttpx(network)


class Seam:
    """A transport as those of the default installation are: reads end with whoever asked."""

    cuttable = True

    def __init__(self, network: Network) -> None:
        self._network = network

    async def ask(self, call: Sent, seconds: float, authorization: str | None) -> Unread:
        """Send once and read the answer."""
        network = self._network
        if network.dead:  # the process is no more; what its remains still do reaches nobody
            raise SilenceError("dead", unsent=True)
        headers = {} if authorization is None else {"authorization": authorization}
        asked = Call(call.method, call.path, call.params, headers, call.body, 0.0, 0)
        exchange = network.begin(asked)
        try:
            answer = await network.carry(exchange, asked, min(CONNECT, seconds), float("inf"))
            unread = await self._read(exchange, answer, asked.kind)
        except BaseException as error:
            network.broken_off(exchange, asked, error)
            raise
        network.end(exchange)
        return unread

    async def _read(self, exchange: Exchange, answer: Answer, kind: str) -> Unread:
        header = answer.headers.get
        body, problem = b"", "" if is_plain(header("content-encoding")) else ENCODED
        if not problem:
            async with aclosing(self._network.body(exchange, answer, kind)) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MAX_REPLY:
                        body, problem = b"", TOO_LONG
                        break
        return Unread(
            answer.status, header("content-type"), header("date"), header("retry-after"), body, problem
        )

    def silence(self, error: Exception) -> Silence:
        """What is known of a call without an answer."""
        return silence_of(error, unsent=isinstance(error, SilenceError) and error.unsent)

    async def aclose(self) -> None:
        """Close the connections."""
        self._network.close()


class OverHttpx(httpx.AsyncBaseTransport):
    """What an httpx transport is to its client."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def aclose(self) -> None:
        """Close the connections."""
        self._network.close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        network = self._network
        if network.dead:
            raise httpx.ConnectError("dead")
        if request.url.host != "api.cdek.ru":
            network.violate("R6: a call to another host")
        call = _call(request)
        exchange = network.begin(call)
        patience = request.extensions["timeout"]
        try:
            answer = await network.carry(exchange, call, patience["connect"], patience["read"])
        except SilenceError as error:
            network.broken_off(exchange, call, error)
            raise _as_httpx(error) from error.__cause__
        except BaseException as error:
            network.broken_off(exchange, call, error)
            raise
        return cast("httpx.Response", _Response(network, exchange, answer, call.kind))


def _call(request: httpx.Request) -> Call:
    url = request.url
    query = dict(url.params) if url.query else {}
    headers = {name.decode().lower(): value.decode() for name, value in request.headers.raw}
    return Call(request.method, url.path, query, headers, request.content, 0.0, 0)


class _Response:
    """As much of an httpx response as a client reads: a real one costs as much as the sandbox's answer."""

    def __init__(self, network: Network, exchange: Exchange, answer: Answer, kind: str) -> None:
        self._network, self._exchange = network, exchange
        self.status_code = answer.status
        self.headers = httpx.Headers(answer.headers)
        self.stream = _Body(network.body(exchange, answer, kind))

    async def aclose(self) -> None:
        self._network.end(self._exchange)


class _Body(httpx.AsyncByteStream):
    """The body as it comes over the wire."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    yield chunk
        except SilenceError as error:
            raise _as_httpx(error) from error.__cause__


def _as_httpx(error: SilenceError) -> httpx.TransportError:
    what = str(error)
    if error.unsent:
        return httpx.ConnectTimeout("") if what == "connect timeout" else httpx.ConnectError(what)
    if what == "slow":
        return httpx.ReadTimeout(what)
    if error.__cause__ is not None:
        return httpx.ReadError("")
    return httpx.RemoteProtocolError("Server disconnected without sending a whole response.")
