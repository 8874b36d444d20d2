"""A bulk job: the deletions of an input, told as they settle, ended well whatever ends it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from attrs import field, frozen

from cdek_async import AuthError, CdekClient, CdekError, DeleteOrder, Outcome, Polling, Progress
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._interrupt import interrupts
from cdek_async.cli._report import UNUSABLE, Entry, Report, csv_line, entry_of, unusable
from cdek_async.cli._rows import NUMBERS, Row
from cdek_async.cli._screen import Screen, Standing
from cdek_async.cli._tally import Tally
from cdek_async.cli._text import counted, reason

GRACE = 30.0  # seconds that what is in flight may take after Ctrl-C


@frozen
class DeleteRow(DeleteOrder):
    """A deletion that knows its row."""

    row: Row = field(kw_only=True, eq=False, repr=False)


def deletion(row: Row) -> DeleteRow:
    """The deletion that a row asks for, by its first number; raises `ValueError` where it cannot be one."""
    if row.problem:
        raise ValueError(row.problem)
    name = next(name for name in NUMBERS if getattr(row, name))
    return DeleteRow(**{name: getattr(row, name)}, row=row)


class Job:
    """One run over an input of `lines` lines (None: nobody knows)."""

    def __init__(self, client: CdekClient, screen: Screen, report: Report | None, lines: int | None) -> None:
        self.tally = Tally()
        self.cut = False
        """It ended with orders in flight, and nobody wants to wait for them."""
        self.refused = False
        """CDEK refused the credentials."""
        self.client = client
        self.screen = screen
        self._report = report
        self._lines = lines
        self._last_line = 0
        self._unsubmitted = 0
        self._ended: Stop | None = None
        self._progress = Progress()
        self._stop: Callable[[], None] = lambda: None
        self._patience = asyncio.Timeout(None)

    async def run(self, rows: AsyncIterable[Row], *, patience: float, concurrency: int) -> Stop | None:
        """Delete what the rows name; gives back what ended it before its time."""
        results = self.client.run_all(
            self._operations(rows), concurrency=concurrency, polling=Polling(timeout=patience)
        )
        self._stop, self._progress = results.stop, results.progress
        try:
            async with self._patience, self.screen.progress(self._standing), results:
                with interrupts(self._interrupted, lambda: self._wait(0.0)):
                    async for operation, result in results:
                        self._settled(operation.row, result)
        except TimeoutError:
            self.cut = True
            waiting = self._standing().waiting
            self._ended = Stop(
                f"interrupted; {counted(waiting, 'order')} that CDEK has taken note of"
                f" {'has' if waiting == 1 else 'have'} no verdict",
                Code.INTERRUPTED,
            )
        except (Stop, AuthError) as error:  # Stop: the input cannot be read to its end
            self.refused = isinstance(error, AuthError)
            self._ended = self._ended or Stop(str(error), Code.FAILED)
        return self._ended

    @property
    def began(self) -> bool:
        """CDEK has taken note of an order, or a row has its verdict without that."""
        return bool(self._progress.submitted or self.tally.verdicts)

    @property
    def silent(self) -> str:
        """The host that answers nothing at the moment, or has answered nothing yet."""
        unanswered = self.client.paused or (self.client.calls and not self.began)
        return urlsplit(self.client.base_url).netloc if unanswered else ""

    async def _operations(self, rows: AsyncIterable[Row]) -> AsyncIterator[DeleteRow]:
        async for row in rows:
            self.tally.rows += 1
            self._last_line = row.line
            try:
                operation = deletion(row)
            except ValueError as error:
                self._record(unusable(row, str(error)))
                await asyncio.sleep(0)  # a file of nothing else must not keep the loop to itself
            else:
                yield operation

    def _settled(self, row: Row, result: Outcome | CdekError) -> None:
        if result.ticket is None:
            self._unsubmitted += 1
        self._record(entry_of(row, result))

    def _record(self, entry: Entry) -> None:
        """Count it, tell of it unless it is what was wished for, and put it in the report."""
        self.tally.add(entry)
        if entry.verdict != "ok":
            self.screen.note(_told(entry))
        if self._report is None:
            return
        try:
            self._report.write(entry)
        except BrokenPipeError:  # whoever read it has seen enough, and says nothing; so do we
            self._end(Stop("", Code.FAILED))
        except OSError as error:  # what the report lacks is told here, so that it is told at all
            self._end(Stop(f"report {self._report.name}: {reason(error)}", Code.FAILED))
            self.screen.say(csv_line(entry))

    def _end(self, why: Stop) -> None:
        """Send nothing more; the first reason is the one that is told."""
        self._ended = self._ended or why
        self._stop()

    def _interrupted(self) -> None:
        self._end(Stop("interrupted", Code.INTERRUPTED))
        self.screen.say(
            f"Ctrl-C: nothing more is sent, what is in flight may take {GRACE:g} s;"
            " Ctrl-C again stops at once"
        )
        self._wait(GRACE)

    def _wait(self, seconds: float) -> None:
        with suppress(RuntimeError):  # it has ended meanwhile
            self._patience.reschedule(asyncio.get_running_loop().time() + seconds)

    def _standing(self) -> Standing:
        verdicts, submitted = self.tally.verdicts, self._progress.submitted
        done = verdicts.total()
        never_submitted = verdicts[UNUSABLE] + self._unsubmitted
        # Lines that are no rows (a header, a second line in quotes) show as the rows go by.
        total = None if self._lines is None else self._lines - (self._last_line - self.tally.rows)
        return Standing(
            submitted=submitted,
            deleted=verdicts["ok"],
            rejected=verdicts["rejected"],
            waiting=max(0, submitted - (done - never_submitted)),
            errors=done - verdicts["ok"] - verdicts["rejected"],
            calls=self.client.calls,
            steps=submitted + never_submitted + done,
            total=total,
            silent=self.silent,
        )


def _told(entry: Entry) -> str:
    """A row in a line; CDEK's messages, which may name people, are for the report alone."""
    ours = entry.verdict in OURS
    why = ", ".join(message if ours else code for code, message in entry.errors)
    return f"line {entry.row.line:,}: {entry.verdict.replace('_', ' ')}{why and ', '}{why}"


OURS = ("unsettled", "undecided", "failed", UNUSABLE)
"""Verdicts whose errors are in our own words."""
