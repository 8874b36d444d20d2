"""What does an order take while it waits for its verdict, in memory and collections, and a look in CPU?"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.driving import BenchmarkError, command
from benchmarks.instant import Instant
from benchmarks.table import machine, table
from cdek_async import CdekClient, DeleteOrder, Polling
from cdek_async._operations import look_call
from tests.virtual import VirtualLoop

WARM = 200  # orders before anything is counted
WAIT = 0.5  # seconds between looks, of which each order is to have had LOOKS
LOOKS = 4
_WAITING = Polling(wait_initial=WAIT, wait_max=WAIT, timeout=3600)


def uuid(number: int) -> UUID:
    return UUID(int=(4 << 76) | (1 << 63) | number)


def resident() -> int:
    """KiB of memory that this process holds now."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Pauses:
    """The longest collection since, in CPU: the machine may be shared."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = 0.0
        gc.callbacks.append(self._heard)

    def _heard(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.longest = max(self.longest, time.thread_time() - self._began)


async def settled(client: CdekClient, count: int) -> None:
    """A task in `client.settle` for each ticket."""
    tickets = [await client.submit(DeleteOrder(uuid(number))) for number in range(WARM + count)]
    tasks = [asyncio.create_task(client.settle(each, polling=_WAITING)) for each in tickets[:WARM]]
    await asyncio.sleep(WAIT * 1.5)
    await _counted(client, count, lambda: _settle(client, tickets[WARM:], tasks))


async def _settle(client: CdekClient, tickets: list[Any], tasks: list[Any]) -> None:
    for each in tickets:
        tasks.append(asyncio.create_task(client.settle(each, polling=_WAITING)))
        if len(tasks) % 50 == 0:
            await asyncio.sleep(0)


async def job(client: CdekClient, count: int) -> None:
    """All of them inside `run_all`."""
    numbers = iter(range(WARM + count))
    feeding = asyncio.Event()

    async def source() -> AsyncIterator[DeleteOrder]:
        for number in numbers:
            if number == WARM:
                await feeding.wait()
            yield DeleteOrder(uuid(number))

    async with client.run_all(source(), polling=_WAITING, concurrency=WARM + count) as results:
        await asyncio.sleep(WAIT * 1.5)

        async def feed() -> None:
            feeding.set()
            while results.progress.submitted < WARM + count:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)

        await _counted(client, count, feed)


async def _counted(client: CdekClient, count: int, feed: Callable[[], Awaitable[None]]) -> None:
    gc.collect()
    memory, objects, pauses = resident(), len(gc.get_objects()), Pauses()
    await feed()
    await asyncio.sleep(WAIT * 1.5)
    natural, calls, began = pauses.longest, client.calls, time.process_time()
    await asyncio.sleep(WAIT * LOOKS)
    look, made = time.process_time() - began, client.calls - calls
    gc.collect()
    gc.collect()
    print(
        json.dumps(
            {
                "kB": (resident() - memory) / count,
                "objects": (len(gc.get_objects()) - objects) / count,
                "longest": max(natural, pauses.longest) * 1000,
                "look": look / made * 1e6,
                "looks": made / (WARM + count),
            }
        ),
        flush=True,
    )


async def exchanges(client: CdekClient, count: int) -> None:
    """What a look costs of which nobody's verdict is made: reads through the same client."""
    order, made = uuid(0), LOOKS * count
    await client.submit(DeleteOrder(order))
    get = look_call(order, {})
    began = time.process_time()
    for _ in range(made):
        await client._wire.exchange(get, 60.0, "Bearer t")  # noqa: SLF001 - what a look is without us
    print(json.dumps({"look": (time.process_time() - began) / made * 1e6}), flush=True)


WAYS = {"settle": settled, "run_all": job, "exchange": exchanges}


def measured(way: str, count: int) -> dict[str, float]:
    """In a process of its own: memory that was once taken is not given back."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.inflight", "--one", way, "--orders", str(count)],
        stdout=subprocess.PIPE,
        check=False,
        timeout=600,
    )
    if done.returncode or not done.stdout:
        raise BenchmarkError(f"{way}: ended with {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout)
    if "looks" in found and not LOOKS - 1 <= found["looks"] <= LOOKS + 1:
        raise BenchmarkError(f"{way}: {found['looks']:.2f} looks per order, not {LOOKS}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    count = 1000 if options.quick else options.orders
    if options.one:
        asyncio.Runner(loop_factory=VirtualLoop).run(_one(options.one, count))
        return
    print(f"{machine()}\n")
    exchange = measured("exchange", min(count, 2000))["look"]
    rows = []
    for way in ("settle", "run_all"):
        one = measured(way, count)
        figures = [f"{one['kB']:.1f}", f"{one['objects']:.0f}", f"{one['longest']:.0f}"]
        rows.append([f"{count} in {way}", *figures, f"{one['look']:.0f}", f"{one['look'] - exchange:.0f}"])
    head = ["orders", "kB each", "objects each", "longest collection, ms", "CPU of a look, µs"]
    print(table([*head, "without its exchange, µs"], rows))


async def _one(way: str, count: int) -> None:
    transport = Instant(1e9)
    client = CdekClient("id", "secret", transport=transport, rate=None)
    await WAYS[way](client, count)
    os._exit(0)  # what never settles is not waited for


if __name__ == "__main__":
    command(main)
