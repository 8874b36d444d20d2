"""A CDEK that settles at once and costs little: the sandbox's own answers, canned, on uvloop."""

import asyncio
import json
import re
import sys
import time
from typing import ClassVar, cast

import httpx
import uvloop

from benchmarks.cores import pin
from cdek_async.sandbox import Sandbox, SandboxTransport

_CORE = 1
_TARGET = re.compile(rb"(GET|DELETE|POST) /v2/(?:orders/([0-9a-f-]{36})|oauth/token) ")
_HOLD = re.compile(rb"GET /hold/(\d+) ")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Answers:
    """What the sandbox answers to a token, to a DELETE and to the GET after it, of any order."""

    def __init__(self, token: bytes, delete: bytes, get: bytes, uuid: bytes) -> None:
        self.token = token
        self._parts = {b"DELETE": delete.split(uuid), b"GET": get.split(uuid)}

    def about(self, method: bytes, uuid: bytes) -> bytes:
        return uuid.join(self._parts[method])


class Connection(asyncio.Protocol):
    """One connection of a client that sends one request after the other."""

    calls = 0
    open = 0
    most = 0
    answers: Answers
    held: ClassVar[list[asyncio.Transport]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has other ancestors
        self._heard = b""
        Connection.open += 1
        Connection.most = max(Connection.most, Connection.open)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - its name is the base's
        Connection.open -= 1

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._heard, 0, end)
        if length and len(self._heard) < end + 4 + int(length[1]):
            return
        target = _TARGET.match(self._heard)
        Connection.calls += 1
        hold = _HOLD.match(self._heard) if target is None else None
        self._heard = b""
        if hold is not None:
            self._hold(int(hold[1]))
        elif target is None:
            self._transport.close()
        elif target[2] is None:
            self._transport.write(self.answers.token)
        else:
            self._transport.write(self.answers.about(target[1], target[2]))

    def _hold(self, calls: int) -> None:
        """Answer when so many wait, each on a connection of its own."""
        self.held.append(self._transport)
        if len(self.held) == calls:
            for transport in self.held:
                transport.write(self.answers.token)
            self.held.clear()


async def recorded() -> Answers:
    """Ask a sandbox in memory."""
    sandbox = Sandbox(settle="fixed:0")
    uuid = sandbox.add_order().uuid
    async with httpx.AsyncClient(transport=SandboxTransport(sandbox), base_url="https://api.cdek.ru") as http:
        form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        token = await http.post("/v2/oauth/token", data={"grant_type": "client_credentials", **form})
        http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        delete = await http.delete(f"/v2/orders/{uuid}")
        get = await http.get(f"/v2/orders/{uuid}")
    return Answers(written(token), written(delete), written(get), uuid.encode())


def written(reply: httpx.Response) -> bytes:
    head = f"HTTP/1.1 {reply.status_code} {reply.reason_phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return head.encode() + b"\r\n" + reply.content


async def main() -> None:
    """Say the port, then, for every line that is heard, what it cost until now."""
    Connection.answers = await recorded()
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=2048)
    say({"port": server.sockets[0].getsockname()[1]})
    while await asyncio.to_thread(sys.stdin.readline):
        cpu = time.process_time()
        say({"cpu": cpu, "calls": Connection.calls, "most": Connection.most})
        Connection.most = Connection.open


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    pin(_CORE)
    uvloop.run(main())
