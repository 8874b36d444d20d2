"""The sides of the cost benchmarks, each in a process of its own: loops by hand, and this package's ways."""

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from benchmarks.cores import pin
from benchmarks.hiding import without
from cdek_async import CdekClient, CdekError, DeleteOrder, Polling

CORE = 0
Exchange = Callable[[str, str], Awaitable[tuple[int, Any]]]
_HEADERS = {"Authorization": "Bearer token"}


@asynccontextmanager
async def aiohttp_loop(flight: int) -> AsyncIterator[Exchange]:
    import aiohttp  # noqa: PLC0415 - a side imports what it is about

    connector = aiohttp.TCPConnector(limit=flight)
    async with aiohttp.ClientSession(headers=_HEADERS, connector=connector) as session:

        async def exchange(method: str, url: str) -> tuple[int, Any]:
            async with session.request(method, url) as reply:
                return reply.status, await reply.json()

        yield exchange


@asynccontextmanager
async def httpx_loop(_: int) -> AsyncIterator[Exchange]:
    import sniffio  # noqa: F401, PLC0415 - without it every call looks for it, in vain

    async with httpx.AsyncClient(headers=_HEADERS, timeout=60) as http:

        async def exchange(method: str, url: str) -> tuple[int, Any]:
            reply = await http.request(method, url)
            return reply.status_code, reply.json()

        yield exchange


@asynccontextmanager
async def pyreqwest_loop(_: int) -> AsyncIterator[Exchange]:
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415

    async with ClientBuilder().default_headers(_HEADERS).no_proxy().build() as client:

        async def exchange(method: str, url: str) -> tuple[int, Any]:
            reply = await client.request(method, url).build().send()
            return reply.status, await reply.json()

        yield exchange
        await asyncio.sleep(0.05)


async def by_hand(
    loop: Callable[[int], Any], base_url: str, uuids: list[str], flight: int
) -> tuple[float, float]:
    """Delete every order and look until it is done, so many at once."""
    gate = asyncio.Semaphore(flight)
    async with loop(flight) as exchange:

        async def delete(uuid: str) -> str:
            async with gate:
                status, data = await exchange("DELETE", f"{base_url}/v2/orders/{uuid}")
                assert status == 202
                request_uuid = data["requests"][0]["request_uuid"]
                while True:
                    status, data = await exchange("GET", f"{base_url}/v2/orders/{uuid}")
                    assert status == 200
                    requests = data["requests"]
                    state = next(one["state"] for one in requests if one["request_uuid"] == request_uuid)
                    if state in ("SUCCESSFUL", "INVALID"):
                        return str(state)

        began, cpu = time.monotonic(), time.process_time()
        assert set(await asyncio.gather(*map(delete, uuids))) == {"SUCCESSFUL"}
        return time.process_time() - cpu, time.monotonic() - began


async def plainly(base_url: str, uuids: list[str], flight: int) -> tuple[float, float]:
    with without("pyreqwest"):
        return await ours(None, base_url, uuids, flight)


async def ours(
    transport: httpx.AsyncBaseTransport | None, base_url: str, uuids: list[str], flight: int
) -> tuple[float, float]:
    client = CdekClient(
        "id", "secret", base_url=base_url, rate=None, transport=transport, polling=Polling(wait_initial=0)
    )
    async with client:
        operations = [DeleteOrder(uuid) for uuid in uuids]
        began, cpu, ok = time.monotonic(), time.process_time(), 0
        async with client.run_all(operations, concurrency=flight) as results:
            async for _, result in results:
                if isinstance(result, CdekError):
                    raise result
                ok += result.ok
        assert ok == len(uuids)
        return time.process_time() - cpu, time.monotonic() - began


Side = Callable[[str, list[str], int], Awaitable[tuple[float, float]]]
SIDES: Mapping[str, Side] = {
    "aiohttp": lambda *job: by_hand(aiohttp_loop, *job),
    "httpx": lambda *job: by_hand(httpx_loop, *job),
    "pyreqwest": lambda *job: by_hand(pyreqwest_loop, *job),
    "ours": plainly,
    "ours-fast": lambda *job: ours(None, *job),
    "ours-httpx": lambda *job: ours(httpx.AsyncHTTPTransport(), *job),
}


def some_uuids(orders: int) -> list[str]:
    """Of as many orders, the same in every run."""
    rng = random.Random(1)
    return [str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(orders)]


def main(name: str, base_url: str, orders: str, flight: str) -> None:
    pin(CORE)
    uuids = some_uuids(int(orders))

    async def job() -> tuple[float, float]:
        return await SIDES[name](base_url, uuids, int(flight))

    cpu, seconds = asyncio.run(job())
    json.dump({"cpu": cpu, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
