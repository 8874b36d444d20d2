"""Does a call cost more when 1,000 are in flight, or 400 connections lie idle, than when 10 are in flight?"""

import argparse
import os
import statistics
import sys

from benchmarks.canning import Canned, canned
from benchmarks.driving import BenchmarkError, command
from benchmarks.table import machine, table
from cdek_async._endpoint import CONNECTIONS

_SIDES = {"aiohttp": "cdek_async", "fast": "cdek_async[fast]", "httpx": "cdek_async, httpx's own transport"}
_IDLE = 400
# in flight, idle connections beside them
_SETTINGS = [(1, 0), (10, 0), (50, 0), (200, 0), (1000, 0), (10, _IDLE)]


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    costs: dict[tuple[str, int, int], list[float]] = {}
    with canned() as server:
        for number in range(options.rounds):
            for side in options.sides:
                for flight, idle in _SETTINGS:
                    cost = measured(server, side, options.calls, flight, idle)
                    costs.setdefault((side, flight, idle), []).append(cost)
                print(f"round {number + 1}, {side}", file=sys.stderr, flush=True)
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"{options.calls} GETs of an order; median of {options.rounds} rounds; load in the end {load}\n")
    print(compared(options.sides, costs))


def measured(server: Canned, side: str, calls: int, flight: int, idle: int) -> float:
    done = server.side("calls", side, calls, flight, idle)
    needed = max(idle, min(flight, CONNECTIONS))
    if (opened := server.now()["most"]) < needed:
        raise BenchmarkError(f"{opened} connections were open, not {needed}")
    return done["cpu"] / calls * 1e6


def compared(sides: list[str], costs: dict[tuple[str, int, int], list[float]]) -> str:
    names = [f"{flight}{f', {idle} idle' if idle else ''}" for flight, idle in _SETTINGS]
    rows = []
    for side in sides:
        medians = [statistics.median(costs[side, flight, idle]) for flight, idle in _SETTINGS]
        base = costs[side, 10, 0]
        ratios = [
            statistics.median(one / ten for one, ten in zip(costs[side, flight, idle], base, strict=True))
            for flight, idle in _SETTINGS[-2:]
        ]
        rows.append([_SIDES[side], *(f"{one:.0f}" for one in medians), *(f"{one:.2f}" for one in ratios)])
    return table(
        ["CPU per call, µs, by calls in flight", *names, *(f"{name} / 10" for name in names[-2:])], rows
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=5, help="the sides take turns in each")
    parser.add_argument("--sides", nargs="+", choices=_SIDES, default=["aiohttp", "fast"])
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.calls < 1 or options.rounds < 1:
        parser.error("at least 1 call and 1 round")
    if options.quick:
        options.calls, options.rounds = 400, 1
    return options


if __name__ == "__main__":
    command(main)
