"""What does a job of 2,000 deletions cost, for this package and for a plain httpx loop?"""

import argparse
import sys
from typing import NamedTuple

from benchmarks.driving import command, run
from benchmarks.figures import Figures, check, figures, median
from benchmarks.table import machine, table
from benchmarks.terms import Manner, Plan


class Side(NamedTuple):
    """One way to do the job."""

    name: str
    module: str
    manner: Manner


def ours(rate: float | None) -> Side:
    return Side(f"cdek_async, rate={rate}", "ours", Manner(rate=rate, semaphore=1, hold=True, every=None))


def plain(semaphore: int, *, hold: bool = True) -> Side:
    name = f"httpx, semaphore {semaphore}{'' if hold else ' per call'}"
    return Side(name, "plain", Manner(rate=None, semaphore=semaphore, hold=hold, every=None))


SIDES = {
    "paced": ours(200),
    "unpaced": ours(None),
    "plain-50": plain(50),
    "plain-call": plain(50, hold=False),
    "plain-100": plain(100),
}
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
    ("client's share of a core, %", "cpu_share", ".0f"),
    ("sandbox's share of a core, %", "server_share", ".0f"),
]


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    rounds: dict[str, list[Figures]] = {name: [] for name in options.sides}
    for number in range(options.rounds):
        # With the same seed the same orders are locked, and the same settle times are drawn.
        seed = options.seed + number
        plan = Plan(orders=options.orders, locked=0.05, settle=options.settle, seed=seed)
        for name, earlier in rounds.items():
            earlier.append(measured(SIDES[name], plan))
            print(f"round {number + 1}, {told(name, earlier[-1])}", file=sys.stderr, flush=True)
    print(f"{options.orders} orders; settle {options.settle}; verdicts checked; median of {options.rounds}\n")
    print(compared({SIDES[name].name: median(each) for name, each in rounds.items()}))


def measured(side: Side, plan: Plan) -> Figures:
    finished = run(side.module, plan, side.manner)
    check(finished)
    return figures(finished)


def told(name: str, one: Figures) -> str:
    return f"{SIDES[name].name}: {one.seconds:.1f} s, {one.cpu_per_order:.0f} µs CPU per order"


def compared(sides: dict[str, Figures]) -> str:
    """All sides, and each of ours as a ratio to the last of all."""
    *_, last = sides
    against = [name for name in sides if name.startswith("cdek_async") and name != last]
    head = ["", *sides, *(f"{name.split(', ')[1]} / {last.split(', ')[0]}" for name in against)]
    rows = []
    for label, field, form in ROWS:
        values = {name: getattr(one, field) for name, one in sides.items()}
        quotients = [f"{values[name] / values[last]:.2f}" for name in against]
        rows.append([label, *(f"{value:{form}}" for value in values.values()), *quotients])
    return table(head, rows)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2, help="the sides take turns in each")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=["paced", "unpaced", "plain-100"])
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each has its own")
    parser.add_argument("--settle", default="lognormal:0.5,1", help="law of CDEK's settle times")
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.orders < 2 or options.rounds < 1:
        parser.error("at least 2 orders and 1 round")
    if options.quick:
        options.orders, options.rounds, options.settle = 60, 1, "uniform:0,0.5"
        options.sides = ["paced", "plain-100"]
    return options


if __name__ == "__main__":
    command(main)
