"""What CPU does an order of a bulk job cost, for this package's ways and for loops written by hand?"""

import argparse
import os
import statistics
import sys

from benchmarks.canning import Canned, canned
from benchmarks.driving import command
from benchmarks.packages import VERSIONS
from benchmarks.table import machine, table

_SIDES = ["aiohttp", "pyreqwest", "httpx", "ours", "ours-fast"]
_NAMES = {
    "aiohttp": "aiohttp by hand",
    "pyreqwest": "pyreqwest by hand",
    "httpx": "plain httpx, sniffio installed",
    "ours": "cdek_async",
    "ours-fast": "cdek_async[fast]",
    "ours-httpx": "cdek_async, httpx's own transport",
    **{name: f"{name} {version}" for name, version in VERSIONS.items()},
}


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    costs: dict[str, list[float]] = {name: [] for name in options.sides}
    rates: dict[str, list[float]] = {name: [] for name in options.sides}
    shares: dict[str, list[float]] = {name: [] for name in options.sides}
    with canned() as server:
        ceiling = measured_ceiling(server)
        for number in range(options.rounds):
            for name in options.sides:
                before = server.now()
                module = "packages" if name in VERSIONS else "loops"
                done = server.side(module, name, options.orders, options.in_flight)
                costs[name].append(done["cpu"] / options.orders * 1e6)
                rates[name].append(options.orders * 2 / done["seconds"])
                shares[name].append((server.now()["cpu"] - before["cpu"]) / done["seconds"] * 100)
                print(f"round {number + 1}, {name}: {costs[name][-1]:.0f} µs", file=sys.stderr, flush=True)
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    print(
        f"{options.orders} orders, DELETE and GET each, settled at once, {options.in_flight} in flight;"
        f" median of {options.rounds} rounds, and their range; load in the end {load}\n"
        f"the server answers {ceiling:.0f} calls per second of its CPU\n"
    )
    print(compared(costs, rates, shares))


def measured_ceiling(server: Canned) -> float:
    """Calls per second of the server's own CPU."""
    before = server.now()
    server.side("loops", "pyreqwest", 2000, 100)
    after = server.now()
    return (after["calls"] - before["calls"]) / (after["cpu"] - before["cpu"])


def compared(
    costs: dict[str, list[float]], rates: dict[str, list[float]], shares: dict[str, list[float]]
) -> str:
    """Ratios are the medians of each round's own, for the machine is not as quick in every one."""
    against = [name for name in ("aiohttp", "httpx") if name in costs]
    head = ["CPU per order, µs", "median", "range", *(f"/ {_NAMES[name].split(',')[0]}" for name in against)]
    head += ["calls/s", "server's share of a core, %"]
    rows = []
    for name, values in costs.items():
        quotients = [
            statistics.median(one / other for one, other in zip(values, costs[base], strict=True))
            for base in against
        ]
        rows.append(
            [
                _NAMES[name],
                f"{statistics.median(values):.0f}",
                f"{min(values):.0f}-{max(values):.0f}",
                *(f"{one:.2f}" for one in quotients),
                f"{statistics.median(rates[name]):.0f}",
                f"{statistics.median(shares[name]):.0f}",
            ]
        )
    return table(head, rows)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=4000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5, help="the sides take turns in each")
    parser.add_argument("--sides", nargs="+", choices=_NAMES, default=_SIDES)
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.orders < 1 or options.rounds < 1 or options.in_flight < 1:
        parser.error("at least 1 order, 1 in flight and 1 round")
    if options.quick:
        options.orders, options.rounds = 200, 1
    return options


if __name__ == "__main__":
    command(main)
