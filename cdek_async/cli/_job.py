"""A bulk job: the operations of an input, told as they settle, ended well whatever ends it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable

from cdek_async import AuthError, CdekClient, CdekError, Journal, Outcome, Polling, Progress
from cdek_async.cli._allowance import Allowance
from cdek_async.cli._asked import Ask, Asked
from cdek_async.cli._connect import silent_host
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._interrupt import interrupts
from cdek_async.cli._report import UNUSABLE, Entry, Report, csv_line, entry_of, unusable
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen, Standing
from cdek_async.cli._tally import Tally
from cdek_async.cli._text import counted
from cdek_async.cli._wishes import Wishes


class Job:
    """One run over an input of `lines` lines (None: nobody knows)."""

    def __init__(
        self,
        client: CdekClient,
        screen: Screen,
        ask: Ask,
        *,
        done: str = "deleted",
        report: Report | None = None,
        journal: Journal | None = None,
        lines: int | None = None,
    ) -> None:
        self.tally = Tally()
        self.client = client
        self.screen = screen
        self.journal = journal
        self._ask = ask
        self.done = done
        """The word for what went well."""
        self._report = report
        self._lines = lines
        self._last_line = 0
        self._unsubmitted = 0
        self._ended: Stop | None = None
        self._exhausted = False
        self._refused = False
        self.resumable = False
        """It has a journal that can be gone on with."""
        self._progress = Progress()
        self._stop: Callable[[], None] = lambda: None
        self._closing: asyncio.Task[None] | None = None

    async def run(self, rows: AsyncIterable[Row], wishes: Wishes) -> Stop | None:
        """Do what the rows ask for and close the client; gives back what ended it before its time."""
        with interrupts(lambda: self._interrupted(wishes.grace), self._close):
            try:
                await self._run(rows, wishes)
            except (Stop, AuthError) as error:  # Stop: the input cannot be read to its end
                self._refused = isinstance(error, AuthError)
                self._ended = self._ended or Stop(str(error), Code.FAILED)
            except (OSError, ValueError) as error:
                if self.journal is None:
                    raise
                self._ended = self._ended or Stop(_journals(error), Code.FAILED if self.began else Code.USAGE)
            finally:
                await (self._closing or self.client.aclose())
        return self._ended

    async def _run(self, rows: AsyncIterable[Row], wishes: Wishes) -> None:
        results = self.client.run_all(
            self._operations(rows),
            concurrency=wishes.concurrency,
            polling=Polling(timeout=wishes.patience),
            journal=self.journal,
        )
        self._stop, self._progress = results.stop, results.progress
        async with self.screen.progress(self._standing), results:
            self._tell_journal()
            if self._ended:  # interrupted before there was anything to stop
                results.stop()
            async for operation, result in results:
                self._settled(operation.row, result)
                self._check(wishes.max_rejected)

    @property
    def began(self) -> bool:
        """CDEK has taken note of an order, or a row has its verdict without that."""
        return bool(self._progress.submitted or self.tally.verdicts)

    @property
    def idle(self) -> bool:
        """Nothing was sent: CDEK refused the credentials, or was not called at all."""
        return not self.began and (self._refused or not self.client.calls)

    @property
    def complete(self) -> bool:
        """Every row has its verdict."""
        # By rows: an operation that was called off before it was sent waits for nothing, and is still to do.
        told = self.tally.verdicts.total()
        return self._exhausted and told == self.tally.rows and not self.tally.open

    @property
    def silent(self) -> str:
        """The host that answers nothing at the moment, or has answered nothing yet."""
        return silent_host(self.client, heard=self.began)

    def _tell_journal(self) -> None:
        if self.journal is None:
            return
        self.resumable = True
        known = self.journal.verdicts.total()
        self.screen.say(
            f"Going on with {self.journal.path}: {counted(known, 'row')} {'has' if known == 1 else 'have'}"
            " a verdict already."
            if known
            else f"Journal: {self.journal.path}"
        )

    async def _operations(self, rows: AsyncIterable[Row]) -> AsyncIterator[Asked]:
        async for row in rows:
            self.tally.rows += 1
            self._last_line = row.line
            try:
                operation = self._ask(row)
            except ValueError as error:
                self._record(unusable(row, str(error)))
                await asyncio.sleep(0)  # a file of nothing else must not keep the loop to itself
            else:
                yield operation
        self._exhausted = True

    def _settled(self, row: Row, result: Outcome | CdekError) -> None:
        if result.ticket is None:
            self._unsubmitted += 1
        self._record(entry_of(row, result))

    def _check(self, allowance: Allowance | None) -> None:
        """End a job that is evidently wrong; one that goes on has its allowance anew."""
        known = self.journal.verdicts if self.journal else {}
        numbers = [self.tally.verdicts[word] - known.get(word, 0) for word in ("rejected", "not_found")]
        turned_down = sum(max(0, number) for number in numbers)
        if allowance and allowance.exceeded(turned_down, self._progress.done - self._progress.known):
            self._end(Stop(f"--max-rejected {allowance.text}: more than that were turned down", Code.FAILED))

    def _record(self, entry: Entry) -> None:
        """Count it, tell of it unless it is what was wished for, and put it in the report."""
        self.tally.add(entry)
        if entry.verdict != "ok":
            self.screen.note(_told(entry))
        if self._report is None:
            return
        try:
            self._report.write(entry)
        except Stop as why:
            self._end(why)
            if str(why):  # what the report lacks is told here, so that it is told at all
                self.screen.say(csv_line(entry))

    def _end(self, why: Stop) -> None:
        """Send nothing more; the first reason is the one that is told."""
        self._ended = self._ended or why
        self._stop()

    def _interrupted(self, grace: float) -> None:
        self._end(Stop("Interrupted", Code.INTERRUPTED))
        self.screen.say(
            f"Interrupted: nothing more is sent, what is in flight may take {grace:g} s; again stops at once"
        )
        asyncio.get_running_loop().call_later(grace, self._close)

    def _close(self) -> None:
        """Wait for nobody: what CDEK has taken note of is unsettled, and keeps its ticket."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.client.aclose(grace=0))

    def _standing(self) -> Standing:
        verdicts, known = self.tally.verdicts, self._progress.known
        submitted, done = self._progress.submitted + known, verdicts.total()
        never_submitted = verdicts[UNUSABLE] + self._unsubmitted
        # Lines that are no rows (a header, a second line in quotes) show as the rows go by; what the journal
        # knew costs no time.
        total = None if self._lines is None else self._lines - (self._last_line - self.tally.rows) - known
        return Standing(
            submitted=submitted,
            deleted=verdicts["ok"],
            rejected=verdicts["rejected"],
            waiting=max(0, submitted - (done - never_submitted)),
            errors=done - verdicts["ok"] - verdicts["rejected"],
            calls=self.client.calls,
            steps=submitted + never_submitted + done - 2 * known,
            total=total,
            silent=self.silent,
            done=self.done,
        )


def _journals(error: OSError | ValueError) -> str:
    """What the journal says; where it cannot be, another place may do."""
    return f"{error}; --journal FILE names another" if "cannot be opened" in str(error) else str(error)


def _told(entry: Entry) -> str:
    """A row in a line; CDEK's messages, which may name people, are for the report alone."""
    ours = entry.verdict in OURS
    why = ", ".join(message if ours else code for code, message in entry.errors)
    return f"line {entry.row.line:,}: {entry.verdict.replace('_', ' ')}{why and ', '}{why}"


OURS = ("unsettled", "undecided", "failed", UNUSABLE)
"""Verdicts whose errors are in our own words."""
