"""One way's bare calls, in a process of its own: so many in flight, beside so many idle connections."""

import asyncio
import json
import sys
import time

import httpx

from benchmarks.cores import pin
from cdek_async._endpoint import CONNECTIONS
from cdek_async._exchange import Wire
from cdek_async._models import Call
from cdek_async._over_aiohttp import OverAiohttp
from cdek_async._over_httpx import OverHttpx
from cdek_async._over_pyreqwest import OverPyreqwest
from cdek_async._pacing import Pacer, Urgency
from cdek_async._transport import Transport

_CORE = 0
_GET = Call("GET", "/v2/orders/6f0a7c52-9d1b-4b8e-8a53-2f4c6d8e9b10")


def wire_of(way: str, base_url: str, idle: int) -> Wire:
    """As a client has it, so that of 1,000 callers 200 are on the wire; with more only to have them idle."""
    most = max(CONNECTIONS, idle)
    return Wire(base_url, transport_of(way, base_url, most), Pacer(None, most))


def transport_of(way: str, base_url: str, most: int) -> Transport:
    if way == "aiohttp":
        return OverAiohttp(base_url, None)
    if way == "fast":
        return OverPyreqwest(base_url, None)
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    return OverHttpx(base_url, httpx.AsyncHTTPTransport(limits=limits))


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
    wire = wire_of(way, base_url, idle)
    try:
        opened = max(idle, min(flight, CONNECTIONS))
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
