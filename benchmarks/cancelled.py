"""Are calls still served, and is anything left, after 20 callers at a time were cancelled at random?"""

import argparse
import asyncio
import os
import random
import sys
import time
from contextlib import nullcontext
from typing import NamedTuple
from uuid import UUID

import httpx

from benchmarks.canning import Canned, canned
from benchmarks.driving import BenchmarkError, command
from benchmarks.hiding import without
from benchmarks.table import machine, table
from cdek_async import CdekClient, CdekError, DeleteOrder, Polling
from cdek_async._endpoint import CONNECTIONS

_CALLERS, _AFTERWARDS = 20, 5
_LONGEST = 0.02  # seconds until a caller is cancelled, at most
_PLAIN, _FAST, _HTTPX = "cdek_async", "cdek_async[fast]", "cdek_async, httpx's own transport"


class Left(NamedTuple):
    """What was cancelled, and what it left."""

    cancelled: int
    served: int
    places: int
    tasks: int
    connections: int = 0

    @property
    def clean(self) -> bool:
        return (self.served, *self[2:]) == (_AFTERWARDS, 0, 0, 0)


async def way_through(way: str, base_url: str, seconds: float) -> Left:
    rng = random.Random(1)
    polling = Polling(wait_initial=0.005)
    transport = httpx.AsyncHTTPTransport() if way == _HTTPX else None
    with without("pyreqwest") if way == _PLAIN else nullcontext():
        client = CdekClient(
            "id", "secret", base_url=base_url, rate=None, transport=transport, polling=polling
        )
    cancelled, served, ends = 0, 0, time.monotonic() + seconds

    async def caller() -> None:
        nonlocal cancelled
        while time.monotonic() < ends:
            uuid = UUID(int=rng.getrandbits(128), version=4)
            work = client.run(DeleteOrder(uuid)) if rng.random() < 0.5 else client.get_order(uuid)
            task = asyncio.ensure_future(work)
            asyncio.get_running_loop().call_later(rng.uniform(0, _LONGEST), task.cancel)
            await asyncio.wait({task})
            cancelled += task.cancelled()

    async with client:
        await asyncio.gather(*(caller() for _ in range(_CALLERS)))
        for _ in range(_AFTERWARDS):
            try:
                async with asyncio.timeout(10):
                    await client.get_order(UUID(int=rng.getrandbits(128), version=4))
                served += 1
            except (CdekError, TimeoutError) as error:
                print(f"{way}: {type(error).__name__}: {error}", file=sys.stderr)
        places = CONNECTIONS - client._pacer._free  # noqa: SLF001 - nobody else counts them
    return Left(cancelled, served, places, len(asyncio.all_tasks()) - 1)


def connections_left(server: Canned) -> int:
    """What is open a second later at the latest: the server hears of an end a little after it."""
    left = 0
    for _ in range(20):
        server.now()
        if not (left := server.now()["most"]):
            break
        time.sleep(0.05)
    return left


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    found: dict[str, Left] = {}
    with canned() as server:
        for way in (_PLAIN, _FAST, _HTTPX):
            left = asyncio.run(way_through(way, server.base_url, options.seconds))
            found[way] = left._replace(connections=connections_left(server))
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"{_CALLERS} callers for {options.seconds:g} s each; load in the end {load}\n")
    rows = [
        [way, str(one.cancelled), f"{one.served} of {_AFTERWARDS}", *map(str, one[2:])]
        for way, one in found.items()
    ]
    head = ["left after cancellations", "cancelled", "served", "places", "tasks", "connections"]
    print(table(head, rows))
    if not all(one.clean for one in found.values()):
        raise BenchmarkError("something was left, or a call was not served")
    if not all(one.cancelled for one in found.values()):
        raise BenchmarkError("nobody was cancelled on its way")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="for which callers are cancelled, each way")
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    options = parser.parse_args()
    if options.seconds <= 0:
        parser.error("more than 0 seconds")
    if options.quick:
        options.seconds = 0.5
    return options


if __name__ == "__main__":
    command(main)
