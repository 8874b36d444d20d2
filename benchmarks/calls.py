"""One way's bare calls, in a process of its own: so many in flight, beside so many idle connections."""

import asyncio
import json
import sys
import time
from collections.abc import Callable

import httpx

from benchmarks.cores import pin
from cdek_async._aiohttp import AiohttpTransport
from cdek_async._endpoint import checked_url, way_to
from cdek_async._exchange import Wire
from cdek_async._models import Call
from cdek_async._pacing import Pacer, Urgency

_CORE = 0
_MOST = 2000  # connections, more than any setting needs: what is measured is the way, not the pacer
_GET = Call("GET", "/v2/orders/6f0a7c52-9d1b-4b8e-8a53-2f4c6d8e9b10")

Make = Callable[[], httpx.AsyncBaseTransport | None]


def wire_of(way: str, base_url: str) -> Wire:
    limits = httpx.Limits(max_connections=_MOST, max_keepalive_connections=_MOST)
    transports: dict[str, Make] = {
        "aiohttp": AiohttpTransport,
        "fast": lambda: None,
        "httpx": lambda: httpx.AsyncHTTPTransport(limits=limits),
    }
    url = checked_url(base_url, allow_http=False)
    return Wire(base_url, way_to(url, base_url, transports[way]()), Pacer(None, _MOST))


async def call(wire: Wire, what: Call = _GET) -> None:
    await wire.pacer.acquire(Urgency.SINGLE)
    reply = await wire.exchange(what, 30, "Bearer token")
    assert reply.data is not None


async def many(wire: Wire, calls: int, flight: int) -> None:
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call(wire)

    await asyncio.gather(*(worker() for _ in range(flight)))


async def main(way: str, base_url: str, calls: int, flight: int, idle: int) -> dict[str, float]:
    wire = wire_of(way, base_url)
    try:
        opened = max(idle, flight)
        await asyncio.gather(*(call(wire, Call("GET", f"/hold/{opened}")) for _ in range(opened)))
        await many(wire, calls // 4, flight)
        cpu = time.process_time()
        await many(wire, calls, flight)
        cpu = time.process_time() - cpu
        return {"cpu": cpu}
    finally:
        await wire.aclose()


if __name__ == "__main__":
    pin(_CORE)
    name, url, *numbers = sys.argv[1:]
    json.dump(asyncio.run(main(name, url, *map(int, numbers))), sys.stdout)
