"""The simulation as a command: many schedules, or one by its seed."""
# ruff: noqa: T201 - a command prints

import argparse
import gc
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from attrs import define, field

import cdek_async
from tests.simulation.coverage import empty_cells, reasons, table
from tests.simulation.faults import Point
from tests.simulation.play import Played, play
from tests.simulation.schedule import Schedule, draw
from tests.simulation.shrink import kind_of, shrink

_CHUNK = 250
_ENOUGH = 20_000  # schedules after which every cell of the table has to have been met
_SHOWN = 200  # lines of a trace


@define
class Tally:
    """What came of many schedules."""

    schedules: int = 0
    exchanges: int = 0
    covered: Counter[tuple[str, Point]] = field(factory=Counter)
    failed: dict[int, tuple[str, ...]] = field(factory=dict)

    def add(self, other: "Tally") -> None:
        self.schedules += other.schedules
        self.exchanges += other.exchanges
        self.covered += other.covered
        self.failed |= other.failed


def many(seeds: range, *, stop: bool = False) -> Tally:
    """Play the schedules of these seeds; `stop` at the first that fails."""
    tally = Tally()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        for seed in seeds:
            played = play(draw(seed), Path(folder))
            tally.schedules += 1
            tally.exchanges += played.exchanges
            tally.covered += played.covered
            if played.violations:
                tally.failed[seed] = played.violations
                if stop:
                    break
    return tally


def memory() -> str | None:
    """Where files cost nothing, where there is such a place."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 - a folder of its own is made in it


def _chunks(first: int, schedules: int) -> Iterator[range]:
    for start in range(first, first + schedules, _CHUNK):
        yield range(start, min(start + _CHUNK, first + schedules))


def explain(seed: int, *, smaller: bool) -> bool:
    """Print one schedule with its trace; whether it holds."""
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        folder = Path(name)

        def again(schedule: Schedule) -> Played:
            return play(schedule, folder)

        schedule = draw(seed)
        played = again(schedule)
        if smaller and played.violations:
            schedule = shrink(schedule, again)
            played = again(schedule)
            print(f"seed {seed}, made smaller:")
    print(schedule)
    lines = played.record.trace().splitlines()
    print("\n".join(lines if len(lines) < _SHOWN else [*lines[: _SHOWN // 2], "...", *lines[-_SHOWN // 2 :]]))
    print("\n".join(played.violations) or "holds")
    return not played.violations


def _run(options: argparse.Namespace) -> int:
    began, busy = time.perf_counter(), time.process_time()
    tally = Tally()
    play_chunk = partial(many, stop=options.stop)
    chunks = _chunks(options.first, options.schedules)
    if options.jobs == 1:
        for chunk in chunks:
            tally.add(play_chunk(chunk))
            if options.stop and tally.failed:
                break
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            for one in pool.map(play_chunk, chunks):
                tally.add(one)
    seconds = time.process_time() - busy if options.jobs == 1 else time.perf_counter() - began
    return _report(options, tally, seconds)


def _report(options: argparse.Namespace, tally: Tally, seconds: float) -> int:
    if options.table:
        print("\n".join(table(tally.covered)))
        print("\n".join(reasons()))
    print(
        f"{tally.schedules} schedules, {tally.exchanges} exchanges, {seconds:.1f} s: "
        f"{tally.schedules / seconds:.0f} a second{' of one core' if options.jobs == 1 else ''}"
    )
    kinds = Counter(kind for texts in tally.failed.values() for kind in {kind_of(text) for text in texts})
    for kind, count in kinds.most_common():
        seed, text = next(
            (seed, text) for seed, texts in tally.failed.items() for text in texts if kind_of(text) == kind
        )
        print(f"{count} times, first with --seed {seed}: {text}")
    if tally.failed and not options.stop:
        explain(next(iter(tally.failed)), smaller=True)
    empty = empty_cells(tally.covered) if tally.schedules >= _ENOUGH else []
    for name, point in empty:
        print(f"never met: {name} at {point}")
    return 1 if tally.failed or empty else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one, and print what happens")
    parser.add_argument("--smaller", action="store_true", help="with --seed: leave out what it fails without")
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--table", action="store_true", help="print which fault met which point")
    parser.add_argument("--stop", action="store_true", help="stop at the first that fails")
    options = parser.parse_args()
    print(f"the package in {Path(cdek_async.__file__).parent}")
    if options.seed is not None:
        return 0 if explain(options.seed, smaller=options.smaller) else 1
    return _run(options)


if __name__ == "__main__":
    sys.exit(main())
