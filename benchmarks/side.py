"""A side in a process of its own: hears its job on stdin, does it, and says on stdout what it cost."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path

from benchmarks.terms import Done, Job, Known

Work = Callable[[Job], Coroutine[None, None, list[Known]]]


def main(work: Work) -> None:
    """Do the job; its cost counts from here, when all imports are made."""
    job: Job = json.load(sys.stdin)
    before = peak_memory()
    cpu, began = time.process_time(), time.monotonic()
    known = asyncio.run(work(job))
    ended, cpu = time.monotonic(), time.process_time() - cpu
    done = Done(known=known, began=began, ended=ended, cpu=cpu, peak=peak_memory(), before=before)
    json.dump(done, sys.stdout)


def peak_memory() -> float:
    """MiB that this process had resident at most."""
    try:
        # ru_maxrss survives an exec on Linux: it would start at what the driver had.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except OSError:
        unit = 1024**2 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


async def one_by_one(handlers: Iterable[Coroutine[None, None, Known]], every: float) -> list[Known]:
    """Start a handler every so many seconds, as requests reach a web server."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for handler in handlers:
            tasks.append(group.create_task(handler))
            await asyncio.sleep(every)
    return [task.result() for task in tasks]
