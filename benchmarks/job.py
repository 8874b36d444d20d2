"""What does a job of 2,000 deletions cost, for this package and for a plain httpx loop?"""

import argparse
import sys

from benchmarks.driving import BenchmarkError, run
from benchmarks.figures import Figures, check, figures, median
from benchmarks.table import machine, table
from benchmarks.terms import Manner, Plan

ROWS = [
    ("the whole job, s", "seconds", ".1f"),
    ("orders per second", "per_second", ".1f"),
    ("95 % of the orders known after, s", "most_known", ".1f"),
    ("CPU, s", "cpu", ".2f"),
    ("CPU per order, µs", "cpu_per_order", ".0f"),
    ("calls per order", "calls_per_order", ".2f"),
    ("calls in the busiest second", "peak_second", ".0f"),
    ("peak memory, MiB", "peak_memory", ".1f"),
    ("of it grown in the job, MiB", "grown_memory", ".1f"),
    ("lag from settled to known, median, s", "lag_median", ".2f"),
    ("lag, 95 %, s", "lag_95", ".2f"),
]
SHARES = [
    ("client's share of a core, %", "cpu_share", ".0f"),
    ("sandbox's share of a core, %", "server_share", ".0f"),
]
OURS = "ours"
PLAIN = "plain"


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    sides = {
        "cdek_async, rate=200": (OURS, manner(rate=200)),
        "cdek_async, rate=None": (OURS, manner(rate=None)),
        f"httpx, semaphore {options.semaphore}": (
            PLAIN,
            manner(semaphore=options.semaphore, hold=options.hold == "order"),
        ),
    }
    if options.quick:
        del sides["cdek_async, rate=None"]
    rounds: dict[str, list[Figures]] = {name: [] for name in sides}
    for number in range(options.rounds):
        for name, (side, how) in sides.items():
            seed = options.seed + number  # the same orders are locked for each, the same settle times drawn
            plan = Plan(orders=options.orders, locked=0.05, settle=options.settle, seed=seed)
            finished = run(side, plan, how)
            check(finished)
            rounds[name].append(figures(finished))
            one = rounds[name][-1]
            print(
                f"round {number + 1}, {name}: {one.seconds:.1f} s, {one.cpu_per_order:.0f} µs CPU per order",
                file=sys.stderr,
            )
    print(
        f"{options.orders} orders, {options.rounds} rounds; settle {options.settle}; every verdict checked\n"
    )
    print(compared({name: median(each) for name, each in rounds.items()}))


def compared(sides: dict[str, Figures]) -> str:
    """All sides, each of ours also as a ratio to the last."""
    ours = list(sides)[:-1]
    head = ["", *sides, *(f"{name.split(', ')[-1]} / httpx" for name in ours)]
    rows = []
    for label, field, form in ROWS:
        values = [getattr(side, field) for side in sides.values()]
        rows.append(
            [label, *(f"{one:{form}}" for one in values), *(f"{one / values[-1]:.2f}" for one in values[:-1])]
        )
    for label, field, form in SHARES:
        rows.append(
            [label, *(f"{getattr(side, field):{form}}" for side in sides.values()), *("" for _ in ours)]
        )
    return table(head, rows)


def manner(*, rate: float | None = None, semaphore: int = 1, hold: bool = True) -> Manner:
    return Manner(rate=rate, semaphore=semaphore, hold=hold, every=None)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each has its own")
    parser.add_argument("--settle", default="lognormal:0.5,1", help="law of CDEK's settle times")
    parser.add_argument("--semaphore", type=int, default=100, help="of the plain loop")
    parser.add_argument(
        "--hold", choices=["order", "call"], default="order", help="what a place in it is held for"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.quick:
        options.orders, options.rounds, options.settle = 60, 1, "uniform:0,0.5"
    return options


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as failure:
        sys.exit(f"benchmark failed: {failure}")
