"""What a run cost, and whether it did its work at all."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.driving import BenchmarkError, Run


class Figures(NamedTuple):
    """The figures of one run, or the medians of several."""

    seconds: float
    per_second: float
    most_known: float  # seconds until 95 % of the orders were known
    cpu: float  # seconds
    cpu_per_order: float  # µs
    cpu_share: float  # of one core, in %
    server_share: float
    calls_per_order: float
    peak_second: float  # calls
    peak_memory: float  # MiB
    grown_memory: float
    lag_median: float  # seconds
    lag_95: float


def figures(run: Run) -> Figures:
    done, calls = run.done, run.record["calls"]
    seconds, n = done["ended"] - done["began"], len(done["known"])
    waits = lags(run)
    return Figures(
        seconds=seconds,
        per_second=n / seconds,
        most_known=percentile([one["at"] - done["began"] for one in done["known"]], 95),
        cpu=done["cpu"],
        cpu_per_order=done["cpu"] / n * 1e6,
        cpu_share=done["cpu"] / seconds * 100,
        server_share=run.server_cpu / seconds * 100,
        calls_per_order=len(calls) / n,
        peak_second=peak_second(calls),
        peak_memory=done["peak"],
        grown_memory=done["peak"] - done["before"],
        lag_median=statistics.median(waits),
        lag_95=percentile(waits, 95),
    )


def median(rounds: Sequence[Figures]) -> Figures:
    return Figures(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def lags(run: Run) -> list[float]:
    """Seconds from the moment at which an order's deletion settled to the one at which the side knew."""
    orders = run.record["orders"]
    return [one["at"] - orders[one["uuid"]]["deletions"][0]["settled_at"] for one in run.done["known"]]


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def peak_second(calls: Sequence[float]) -> int:
    """The most calls that came within one second, wherever it begins."""
    most = first = 0
    for last, at in enumerate(calls):
        while calls[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def check(run: Run) -> None:
    """Compare every verdict with the sandbox's record; a single wrong one is a `BenchmarkError`."""
    orders, known = run.record["orders"], {one["uuid"]: one for one in run.done["known"]}
    if known.keys() != orders.keys() or len(run.done["known"]) != len(orders):
        raise BenchmarkError(f"{len(run.done['known'])} verdicts on {len(orders)} orders")
    for uuid, order in orders.items():
        if len(order["deletions"]) != 1:
            raise BenchmarkError(f"order {uuid}: {len(order['deletions'])} DELETEs were noted instead of one")
        if (
            not known[uuid]["deleted"]
            == order["removed"]
            == order["deletions"][0]["successful"]
            != order["locked"]
        ):
            raise BenchmarkError(f"order {uuid}: said {known[uuid]}, but so it is: {order}")
    if sorted(run.record["applied"]) != sorted(uuid for uuid, one in known.items() if one["deleted"]):
        raise BenchmarkError("the deletions that took effect are not those that were told of")
    if min(lags(run)) < 0:
        raise BenchmarkError("something was known before it was so: the clocks of the processes differ")
