"""How long after CDEK settled a deletion does a single `run` know of it, against a look every second?"""

import argparse
import statistics

from benchmarks.driving import command, run
from benchmarks.figures import check, lags, percentile
from benchmarks.table import machine, table
from benchmarks.terms import Manner, Plan

SIDES = {"cdek_async, run": "ours", "httpx, sleep(1)": "plain"}


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    # Nobody shares a connection here: a handler is one of many in a web server that is far from busy.
    manner = Manner(rate=200, semaphore=options.orders, hold=False, every=options.every)
    waits: dict[str, list[float]] = {name: [] for name in SIDES}
    calls: dict[str, list[float]] = {name: [] for name in SIDES}
    for number in range(options.rounds):
        for name, side in SIDES.items():
            plan = Plan(orders=options.orders, locked=0.05, settle=options.settle, seed=options.seed + number)
            finished = run(side, plan, manner)
            check(finished)
            waits[name] += lags(finished)
            calls[name].append(len(finished.record["calls"]) / options.orders)
    print(
        f"{options.rounds} rounds of {options.orders} handlers, one every {options.every} s;"
        f" settle {options.settle}; all verdicts checked\n"
    )
    print(compared(waits, calls))


def compared(waits: dict[str, list[float]], calls: dict[str, list[float]]) -> str:
    rows = {
        "lag, mean, s": [statistics.fmean(each) for each in waits.values()],
        "lag, median, s": [statistics.median(each) for each in waits.values()],
        "lag, 95 %, s": [percentile(each, 95) for each in waits.values()],
        "lag, longest, s": [max(each) for each in waits.values()],
        "calls per order": [statistics.fmean(each) for each in calls.values()],
    }
    return table(
        ["", *SIDES, "ratio"],
        [
            [label, f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.2f}"]
            for label, (ours, theirs) in rows.items()
        ],
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two handlers")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each has its own")
    parser.add_argument("--settle", default="lognormal:0.5,1", help="law of CDEK's settle times")
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.orders < 2 or options.rounds < 1:
        parser.error("at least 2 orders and 1 round")
    if options.quick:
        options.orders, options.every, options.rounds, options.settle = 10, 0.05, 1, "uniform:0,0.5"
    return options


if __name__ == "__main__":
    command(main)
