"""What does it cost to import the package, and to ask the command line for its help?"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile

from benchmarks.driving import BenchmarkError, command
from benchmarks.table import machine, table

_SIDES = {
    "python -c pass": ("-c", "pass"),
    "import httpx, cattrs, tenacity": ("-c", "import httpx, cattrs, tenacity"),
    "import cdek_async": ("-c", "import cdek_async"),
    "from cdek_async import CdekClient": ("-c", "from cdek_async import CdekClient"),
    "cdek-async --help": ("-m", "cdek_async", "--help"),
}
_NOTHING, _LIBRARIES, *_ = _SIDES


def main() -> None:
    options = parsed()
    print(machine(), flush=True)
    costs: dict[str, list[float]] = {name: [] for name in _SIDES}
    with tempfile.TemporaryDirectory() as compiled:
        # As installed: what is imported is compiled already, its own modules too.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        for number in range(options.rounds + 1):
            for name, arguments in _SIDES.items():
                cost = measured(arguments, environment)
                if number:  # the first one compiles
                    costs[name].append(cost)
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"CPU of the whole process; median of {options.rounds} rounds; load in the end {load}\n")
    print(compared(costs))


def measured(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    """Milliseconds of CPU that a process took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(arguments)!r} ended with exit code {done.returncode}")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def compared(costs: dict[str, list[float]]) -> str:
    """Ratios are the medians of each round's own, for the machine is not as quick in every one."""
    rows = []
    for name, values in costs.items():
        quotients = [
            statistics.median(one / other for one, other in zip(values, costs[base], strict=True))
            for base in (_NOTHING, _LIBRARIES)
        ]
        rows.append([name, f"{statistics.median(values):.0f}", *(f"{one:.2f}" for one in quotients)])
    return table(["CPU, ms", "median", f"/ {_NOTHING}", f"/ {_LIBRARIES}"], rows)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="the sides take turns in each")
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least 1 round")
    if options.quick:
        options.rounds = 1
    return options


if __name__ == "__main__":
    command(main)
