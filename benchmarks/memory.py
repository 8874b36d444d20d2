"""What does a job of many rows take in memory and on disk, and its journal in CPU, against one of 1,000?"""

import argparse
import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from rich.console import Console

from benchmarks.driving import BenchmarkError, command
from benchmarks.instant import Instant
from benchmarks.side import peak_memory
from benchmarks.table import machine, table
from cdek_async import CdekClient, Journal
from cdek_async.cli._asked import deletion
from cdek_async.cli._bulk import carry_out
from cdek_async.cli._feed import Feed
from cdek_async.cli._job import Job
from cdek_async.cli._report import Report
from cdek_async.cli._rows import read_rows
from cdek_async.cli._screen import Screen
from cdek_async.cli._source import Source
from cdek_async.cli._wishes import Wishes

FEW = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--settle", type=float, default=3.0, help="seconds that each deletion takes")
    parser.add_argument("--rounds", type=int, default=3, help="of 10,000 rows with and without a journal")
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asyncio.run(one(**json.loads(options.one)))))
        return
    if options.quick:
        options.rows, options.settle, options.rounds = 3000, 0.1, 1
    print(machine(), flush=True)
    few, many = (run(rows, options.settle, journal=True) for rows in (FEW, options.rows))
    print(table(["a job of", f"{FEW:,} rows", f"{options.rows:,} rows"], compared(few, many)), flush=True)
    rows = FEW if options.quick else 10_000
    pairs = [[run(rows, 0, journal=kept)["cpu"] for kept in (True, False)] for _ in range(options.rounds)]
    kept, bare = (median(times) for times in zip(*pairs, strict=True))
    print(f"CPU per row with a journal {kept / rows * 1e6:.0f} µs, without {bare / rows * 1e6:.0f}:", end=" ")
    print(f"{kept / bare:.3f} times, over a transport that costs nothing")


def compared(few: dict[str, Any], many: dict[str, Any]) -> list[list[str]]:
    rows = [
        ("peak memory, MiB", "peak", ".1f"),
        ("deletions under way, most", "most", ",.0f"),
        ("seconds", "seconds", ".1f"),
        ("CPU per row, µs", "cpu_per_row", ".0f"),
        ("journal, bytes per row", "journal", ".0f"),
    ]
    lines = [[name, *(format(side[key], form) for side in (few, many))] for name, key, form in rows]
    return [*lines, ["peak memory beyond it, MiB", "", f"{many['peak'] - few['peak']:.1f}"]]


def run(rows: int, settle: float, *, journal: bool) -> dict[str, Any]:
    """One job in a process of its own."""
    job = json.dumps({"rows": rows, "settle": settle, "journal": journal})
    command = [sys.executable, "-m", "benchmarks.memory", "--one", job]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(done.stderr[-500:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def one(*, rows: int, settle: float, journal: bool) -> dict[str, float]:
    """The command line's job, from a CSV to a report."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "orders.csv"
        with path.open("w") as file:
            file.write("uuid\n")
            file.writelines(f"{UUID(int=(4 << 76) | (1 << 63) | n)}\n" for n in range(rows))
        transport = Instant(settle)
        client = CdekClient("a", "b", transport=transport, rate=None)
        kept = Journal(Path(directory) / "journal") if journal else None
        began, cpu = time.monotonic(), time.process_time()
        with Source(str(path)) as source, Report(f"{directory}/report.csv") as report:
            job = Job(client, Screen(Console(file=io.StringIO())), deletion, report=report, journal=kept)
            with Feed(read_rows(source)) as feed:
                code = await carry_out(job, feed, Wishes(orders=""), "orders.csv")
        if code or job.tally.verdicts != {"ok": rows}:
            raise BenchmarkError(f"{rows} rows, and {dict(job.tally.verdicts)}")
        cpu = time.process_time() - cpu
        return {
            "peak": peak_memory(),
            "most": transport.most,
            "seconds": time.monotonic() - began,
            "cpu": cpu,
            "cpu_per_row": cpu / rows * 1e6,
            "journal": kept.path.stat().st_size / rows if kept else 0.0,
        }


if __name__ == "__main__":
    command(main)
