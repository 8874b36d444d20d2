"""Does anything grow, or lie, in ten minutes of mixed work over sockets where 5 % of the calls go wrong?"""

import argparse
import asyncio
import gc
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import linear_regression, median
from typing import NamedTuple
from uuid import uuid4

from benchmarks.driving import BenchmarkError, command
from benchmarks.soaked import Ended, Start
from benchmarks.soaking import Mixed, served
from benchmarks.table import machine, table
from cdek_async import CdekClient, CdekError, Polling

_WARM = 60.0  # seconds after which nothing is to grow any more
_MOST = 3.0  # seconds between two looks


class Sample(NamedTuple):
    """What this process holds at a moment."""

    seconds: float
    memory: float  # MiB resident
    files: int
    tasks: int
    threads: int


class Measured(NamedTuple):
    """One column of samples: its name, and by how much it may differ from what it was after a minute."""

    name: str
    of: Callable[[Sample], float]
    spare: Callable[[float], float]
    form: str


# Files are connections, most of them, and tasks are callers: both come and go with the work.
MEASURED = [
    Measured("memory, MiB", lambda one: one.memory, lambda before: 4 + before / 20, ".1f"),
    Measured("open files", lambda one: one.files, lambda before: 10 + before / 4, ".0f"),
    Measured("tasks", lambda one: one.tasks, lambda before: 10 + before / 4, ".0f"),
    Measured("threads", lambda one: one.threads, lambda _: 4, ".0f"),
]


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    try:
        faults = asyncio.run(soak(options))
    except BaseExceptionGroup as group:  # of the streams, each of which ends the others
        raise BenchmarkError(
            "; ".join(f"{type(each).__name__}: {each}" for each in group.exceptions)
        ) from group
    for fault in faults[:20]:
        print(f"WRONG: {fault}")
    if faults:
        raise BenchmarkError(f"{len(faults)} things grew, lied or were left behind")
    print("Nothing lied and nothing was left behind.", end=" ")
    print("Nothing grew." if options.minutes >= 3 else "Too short to tell whether anything grows.")


async def soak(options: argparse.Namespace) -> list[str]:
    """Work, look, close, and tell; what is wrong."""
    start = Start(settle=options.settle, seed=options.seed, faults=options.faults)
    samples: list[Sample] = []
    async with served(start) as (sandbox, place):
        url, client_id, secret = place
        await first(url, client_id, secret)
        began = time.monotonic()
        before = sample(began)
        polling = Polling(timeout=60)
        async with CdekClient(client_id, secret, base_url=url, rate=options.rate, polling=polling) as client:
            mixed = Mixed(client, place, sandbox, options.seed)
            work = asyncio.create_task(mixed.work(options.handlers, options.jobs))
            until = began + options.minutes * 60
            while (now := time.monotonic()) < until and not work.done():
                samples.append(sample(began))
                await asyncio.wait({work}, timeout=min(_MOST, max(0.1, until - now), options.minutes * 3))
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.result()  # raises
        gc.collect()
        after = await settled(before, began)
        ended = await sandbox.ended()
        print(done(mixed, ended, options), told(samples, before, after), "", sep="\n", flush=True)
        return [*sandbox.lies, *ended["twice"], *left(before, after), *grown(samples, options.minutes)]


async def first(url: str, client_id: str, secret: str) -> None:
    """One call by one client: a native engine keeps some files for the whole process, asyncio a thread."""
    async with CdekClient(client_id, secret, base_url=url) as client:
        with suppress(CdekError):
            await client.get_order(uuid4())
    await asyncio.to_thread(gc.collect)


def sample(began: float) -> Sample:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    numbers = {
        line.split(":")[0]: line.split()[1] for line in status if line.startswith(("VmRSS", "Threads"))
    }
    return Sample(
        time.monotonic() - began,
        int(numbers["VmRSS"]) / 1024,
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        len(asyncio.all_tasks()),
        int(numbers["Threads"]),
    )


async def settled(before: Sample, began: float) -> Sample:
    """What is held when all is closed, after a moment for the kernel's own doings."""
    now = sample(began)
    for _ in range(50):
        if now.files <= before.files and now.tasks <= before.tasks:
            break
        await asyncio.sleep(0.1)
        now = sample(began)
    return now


def left(before: Sample, after: Sample) -> list[str]:
    """What there was none of before, and is after; threads wait in asyncio's own pool."""
    found = []
    if after.files > before.files:
        found.append(f"{after.files - before.files} files are still open")
    if after.tasks > before.tasks:
        found.append(f"{after.tasks - before.tasks} tasks are still there")
    if writers := [one.name for one in threading.enumerate() if "_write" in one.name]:
        found.append(f"threads of journals are still there: {', '.join(writers)}")
    return found


def grown(samples: Sequence[Sample], minutes: float) -> list[str]:
    """What stands higher in the last quarter than in the first after the warm-up, by more than it may."""
    late = warm(samples)
    if minutes < 3 or len(late) < 8:
        return []
    found = []
    for name, of, spare, form in MEASURED:
        first, last = (median(map(of, part)) for part in (late[: len(late) // 4], late[-len(late) // 4 :]))
        if last - first > spare(first):
            found.append(f"{name}: {first:{form}} after a minute, {last:{form}} in the end")
    return found


def warm(samples: Sequence[Sample]) -> list[Sample]:
    start = min(_WARM, samples[-1].seconds / 5)
    return [one for one in samples if one.seconds >= start]


def told(samples: Sequence[Sample], before: Sample, after: Sample) -> str:
    late = warm(samples)
    rows = []
    for name, of, _, form in MEASURED:
        slope = linear_regression([one.seconds / 60 for one in late], [of(one) for one in late]).slope
        figures = [of(before), median(map(of, late[:7])), median(map(of, late[-7:])), of(after)]
        rows.append([name, *(f"{one:{form}}" for one in figures), f"{slope:+.2f}"])
    head = ["", "before", "after a minute", "in the end", "when closed", "slope, per minute"]
    return table(head, rows)


def done(mixed: Mixed, ended: Ended, options: argparse.Namespace) -> str:
    work = ", ".join(f"{name} {count:,}" for name, count in sorted(mixed.counts.items()))
    return (
        f"{options.minutes:g} minutes; {options.faults:.0%} of the calls went wrong;"
        f" {ended['calls']:,} calls, {ended['orders']:,} orders, {ended['writes']:,} writes took effect\n"
        f"{work}\n"
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="0.2 is a smoke test")
    parser.add_argument("--faults", type=float, default=0.05, help="the share of the calls that go wrong")
    parser.add_argument("--rate", type=float, default=200, help="calls per second, all together")
    parser.add_argument("--handlers", type=int, default=20, help="that run one order after the other")
    parser.add_argument("--jobs", type=int, default=2, help="bulk jobs at a time")
    parser.add_argument("--settle", default="lognormal:0.5,1", help="law of CDEK's settle times")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.minutes < 0.1 or options.handlers < 1 or options.jobs < 0:
        parser.error("at least a tenth of a minute and 1 handler")
    return options


if __name__ == "__main__":
    command(main)
