"""A bulk command: what an input asks for carried out, and told what became of each row."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from attrs import evolve, frozen

from cdek_async import CdekClient
from cdek_async.cli._asked import Ask, deletion, update
from cdek_async.cli._changes import read_changes
from cdek_async.cli._confirm import confirm, harmless
from cdek_async.cli._connect import connect
from cdek_async.cli._exit import Code
from cdek_async.cli._feed import Feed
from cdek_async.cli._forecast import Trial
from cdek_async.cli._forecast_delete import DELETION
from cdek_async.cli._forecast_update import UPDATE
from cdek_async.cli._job import Job
from cdek_async.cli._keeping import keeping, made_report, resume_line
from cdek_async.cli._rehearse import rehearse
from cdek_async.cli._report import Report
from cdek_async.cli._rows import Row, read_rows
from cdek_async.cli._screen import Screen, clock
from cdek_async.cli._source import STDIN, Source
from cdek_async.cli._text import counted
from cdek_async.cli._wishes import Command, Wishes


@frozen
class Doing:
    """What a command does with a row, and how it is told."""

    verb: str
    done: str
    read: Callable[[Source, Wishes], Iterator[Row]]
    ask: Ask
    trial: Trial
    """Its dry run."""


DOINGS: dict[Command, Doing] = {
    "delete": Doing(
        "deletes",
        "deleted",
        lambda source, wishes: read_rows(source, column=wishes.column, by=wishes.by),
        deletion,
        DELETION,
    ),
    "update": Doing("changes", "updated", lambda source, _: read_changes(source), update, UPDATE),
}


def bulk(wishes: Wishes, screen: Screen) -> Code:
    """Do what an input asks for; raises `Stop`, and where nothing was sent, says so by its code."""
    doing = DOINGS[wishes.command]
    with Source(wishes.orders) as source:
        lines = source.count()
        rows = Limited(doing.read(source, wishes), wishes.limit, lines)
        client = connect(rate=wishes.rate)
        if wishes.dry_run:
            return _rehearsed(client, screen, rows, wishes, source.name)
        journal = keeping(wishes, source, client.base_url)
        ours = wishes.report is not None and journal is not None and made_report(journal, wishes.report)
        if not (wishes.yes or harmless(client.base_url)):
            # A header, and a row of several lines, are lines too.
            size = "" if lines is None else f" (about {counted(max(1, lines - 1), 'order')})"
            confirm(
                f"This {doing.verb} the orders of {source.name}{size} at {client.base_url}.",
                stdin_is_taken=wishes.orders == STDIN,
            )
        with _report(wishes, replace=ours) as report:
            if journal is None:
                screen.say(f"{source.name} can be read only once: this job cannot be resumed")
            job = Job(
                client,
                screen,
                doing.ask,
                done=doing.done,
                report=report,
                journal=journal,
                lines=rows.lines,
            )
            return asyncio.run(_fed(job, rows, wishes, source.name))


def _rehearsed(client: CdekClient, screen: Screen, rows: "Limited", wishes: Wishes, name: str) -> Code:
    trial, rate = DOINGS[wishes.command].trial, wishes.rate

    async def main() -> Code:
        with _report(wishes) as report, Feed(iter(rows)) as feed:
            return await rehearse(client, screen, report, feed, rows.lines, trial=trial, rate=rate, name=name)

    return asyncio.run(main())


def _report(wishes: Wishes, *, replace: bool = False) -> AbstractContextManager[Report | None]:
    return nullcontext() if wishes.report is None else Report(wishes.report, replace=replace)


class Limited:
    """No more than the first rows."""

    def __init__(self, rows: Iterator[Row], limit: int | None, lines: int | None) -> None:
        self._rows = rows
        self._limit = limit
        self.left_out = False
        """There were more."""
        # A header is a line, too.
        self.lines = lines if lines is None or limit is None else min(lines, limit + 1)
        """How many lines there will be; None: nobody knows."""

    def __iter__(self) -> Iterator[Row]:
        for number, row in enumerate(self._rows):
            if number == self._limit:
                self.left_out = True
                return
            yield row


async def _fed(job: Job, rows: Limited, wishes: Wishes, name: str) -> Code:
    with Feed(iter(rows)) as feed:
        code = await carry_out(job, feed, wishes, name)
    if job.journal is None or not job.resumable or (job.complete and not rows.left_out):
        return code
    if not job.complete:
        job.screen.say(f"To go on: {resume_line(job.journal, wishes)}")
    else:
        line = resume_line(job.journal, evolve(wishes, limit=None))
        job.screen.say(f"--limit {wishes.limit} left rows of {name} out. To go on: {line}")
    return code


async def carry_out(job: Job, rows: AsyncIterable[Row], wishes: Wishes, name: str) -> Code:
    """Run a job to its end, and tell what became of it."""
    now = asyncio.get_running_loop().time
    start = now()
    ended = await job.run(rows, wishes)
    if ended is None and not job.tally.rows:
        job.screen.say(f"{name}: no rows")
        return Code.OK
    if ended and job.idle:
        job.screen.say(f"{ended}. Nothing was sent.")
        return ended.code
    # Rows that were taken and called off are still to do.
    told = job.tally.verdicts.total() if ended else job.tally.rows
    done = f"{counted(told, 'row')}, {counted(job.client.calls, 'call')}"
    job.screen.summary(job.tally, f"{name}: {done} in {clock(now() - start)}", done=job.done)
    if ended is None:
        return job.tally.code
    if str(ended):
        job.screen.say(f"{ended}. {_left(job, name)}")
    return ended.code


def _left(job: Job, name: str) -> str:
    """What is to do after a job that ended early."""
    if job.complete:
        return f"Every row of {name} has its verdict."
    settled = job.tally.verdicts.total() - job.tally.open
    return (
        f"{f'No answer from {job.silent}. ' if job.silent else ''}{counted(settled, 'row')}"
        f" {'has' if settled == 1 else 'have'} a verdict; the rest of {name} is still to do."
    )
