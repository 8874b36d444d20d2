"""`cdek-async demo`: a thousand deletions over real sockets and through faults, held against the truth."""

import asyncio
import csv
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cdek_async import CdekClient
from cdek_async.cli._asked import deletion
from cdek_async.cli._bulk import carry_out
from cdek_async.cli._exit import Code
from cdek_async.cli._feed import Feed
from cdek_async.cli._job import Job
from cdek_async.cli._report import Report
from cdek_async.cli._rows import read_rows
from cdek_async.cli._sandbox import LOCKED, write_uuids
from cdek_async.cli._screen import Screen
from cdek_async.cli._source import Source
from cdek_async.cli._wishes import Wishes
from cdek_async.sandbox import Call, Fault, Kind, Sandbox, serve
from cdek_async.sandbox.faults import Mix

ORDERS = 1000
_ORDERS, _REPORT = "orders.csv", "report.csv"
_SETTLE = "lognormal:0.5,1"
_FAULTS = 0.02
_SEED = 7
_PATIENCE = 60.0


class Faults:
    """A plan that counts what it does, so that it can be told."""

    def __init__(self) -> None:
        self.met = self.dropped = 0
        self._mix = Mix(_FAULTS, random.Random(_SEED))  # noqa: S311 - to be repeatable

    def __call__(self, call: Call) -> Fault | None:
        fault = self._mix(call)
        if fault is not None:
            self.met += 1
            self.dropped += fault.kind in (Kind.DROPPED_BEFORE, Kind.DROPPED_AFTER, Kind.TRUNCATED)
        return fault


def demo(screen: Screen, orders: int = ORDERS) -> Code:
    """Show it all: a sandbox, a file of its orders, their deletion, and the sandbox's own record of it."""
    faults = Faults()
    sandbox = Sandbox(settle=_SETTLE, faults=faults, seed=_SEED)
    directory = Path(tempfile.mkdtemp(prefix="cdek-async-demo-"))
    write_uuids(directory / _ORDERS, sandbox.add_orders(orders, locked=LOCKED))
    return asyncio.run(_demo(screen, sandbox, faults, directory))


async def _demo(screen: Screen, sandbox: Sandbox, faults: Faults, directory: Path) -> Code:
    listed, report = directory / _ORDERS, directory / _REPORT
    async with serve(sandbox) as url:
        screen.say(f"A sandbox of CDEK listens at {url}; its orders are in {listed}.")
        screen.say(f"Some may no longer be deleted, and {_FAULTS:.0%} of all calls go wrong. Deleting all:")
        client = CdekClient(sandbox.client_id, sandbox.client_secret, base_url=url)
        with Source(str(listed)) as source, Report(str(report)) as written:
            job = Job(client, screen, deletion, report=written, lines=source.count())
            wishes = Wishes(orders=str(listed), patience=_PATIENCE)
            with Feed(read_rows(source)) as rows:
                code = await carry_out(job, rows, wishes, listed.name)
    if code is Code.INTERRUPTED:
        return code
    screen.say(f"Calls that went wrong: {faults.met}; {faults.dropped} of these lost their connection.")
    with report.open(encoding="utf-8", newline="") as file:
        verdicts = [(row["uuid"], row["verdict"]) for row in csv.DictReader(file)]
    uuids = listed.read_text(encoding="utf-8").splitlines()[1:]
    agrees, line = compare(verdicts, uuids, sandbox)
    screen.say(line)
    screen.say(f"The report has a row per order: {report}")
    return Code.OK if agrees else Code.FAILED


def compare(verdicts: Sequence[tuple[str, str]], uuids: Sequence[str], sandbox: Sandbox) -> tuple[bool, str]:
    """Whether every order has one verdict and the sandbox's own record bears it out, and a line about it.

    What is unsettled or undecided claims nothing, and is never wrong.
    """
    applied = Counter(each.order_uuid for each in sandbox.applied if each.type == "DELETE")
    wrong = sum(
        applied[uuid] != (verdict == "ok")
        for uuid, verdict in verdicts
        if verdict not in ("unsettled", "undecided")
    )
    missing = len(set(uuids) - {uuid for uuid, _ in verdicts})
    twice = sum(times > 1 for times in applied.values())
    agrees = not (wrong or missing or twice)
    return agrees, (
        f"The sandbox's own record: {len(applied):,} orders deleted, {twice or 'none'} of them twice,"
        f" {len(uuids) - len(applied):,} still there. "
        + (
            "Every verdict agrees with it."
            if agrees
            else f"{wrong:,} verdicts are WRONG, {missing:,} orders have no verdict."
        )
    )
