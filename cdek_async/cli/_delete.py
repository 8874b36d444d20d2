"""`cdek-async delete`: every order of an input deleted, and told what became of it."""

import asyncio
from collections.abc import AsyncIterable, Iterator
from contextlib import nullcontext

from attrs import frozen

from cdek_async.cli._confirm import confirm, harmless
from cdek_async.cli._connect import connect
from cdek_async.cli._exit import Code
from cdek_async.cli._feed import Feed
from cdek_async.cli._job import Job
from cdek_async.cli._report import Report
from cdek_async.cli._rows import By, Row, read_rows
from cdek_async.cli._screen import Screen, clock
from cdek_async.cli._source import STDIN, Source
from cdek_async.cli._text import counted


@frozen(kw_only=True)
class Wishes:
    """What `delete` was asked for."""

    orders: str
    column: str | None = None
    by: By | None = None
    rate: float = 200.0
    patience: float = 300.0  # seconds for one order: nobody waits for it
    concurrency: int = 4000
    report: str | None = None
    yes: bool = False


def delete(wishes: Wishes, screen: Screen) -> Code:
    """Delete the orders of an input; raises `Stop`, and where nothing was sent, says so by its code."""
    with Source(wishes.orders) as source:
        lines = source.count()
        rows = read_rows(source, column=wishes.column, by=wishes.by)
        client = connect(rate=wishes.rate)
        if not (wishes.yes or harmless(client.base_url)):
            # A header, and a row of several lines, are lines too.
            size = "" if lines is None else f" (about {counted(max(1, lines - 1), 'order')})"
            confirm(
                f"This deletes the orders of {source.name}{size} at {client.base_url}.",
                stdin_is_taken=wishes.orders == STDIN,
            )
        with nullcontext() if wishes.report is None else Report(wishes.report) as report:
            job = Job(client, screen, report, lines)
            return asyncio.run(_fed(job, rows, wishes, source.name))


async def _fed(job: Job, rows: Iterator[Row], wishes: Wishes, name: str) -> Code:
    with Feed(rows) as feed:
        return await carry_out(job, feed, wishes, name)


async def carry_out(job: Job, rows: AsyncIterable[Row], wishes: Wishes, name: str) -> Code:
    """Run a job to its end, close its client, and tell what became of it."""
    now = asyncio.get_running_loop().time
    start = now()
    ended = await job.run(rows, patience=wishes.patience, concurrency=wishes.concurrency)
    silent = job.silent
    if not job.cut:  # else what is in flight would be waited for
        await job.client.aclose()
    if ended is None and not job.tally.rows:
        job.screen.say(f"{name}: no rows")
        return Code.OK
    if ended and job.refused and not job.began:
        job.screen.say(f"{ended}. Nothing was sent.")
        return ended.code
    done = f"{counted(job.tally.rows, 'row')}, {counted(job.client.calls, 'call')}"
    job.screen.summary(job.tally, f"{name}: {done} in {clock(now() - start)}")
    if ended is None:
        return job.tally.code
    if str(ended):
        settled = job.tally.verdicts.total()
        job.screen.say(
            f"{ended}. {f'No answer from {silent}. ' if silent else ''}{counted(settled, 'row')}"
            f" {'has' if settled == 1 else 'have'} a verdict; the rest of {name} is still to do."
        )
    return ended.code
