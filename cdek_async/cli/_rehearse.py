"""The dry run: every order looked at, what would become of it predicted, nothing sent."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping

from attrs import define, field, frozen

from cdek_async import AuthError, CdekClient, Operation, OrderInfo
from cdek_async.cli._connect import silent_host
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._forecast import Forecast, Foretell, Prediction, Trial
from cdek_async.cli._interrupt import interrupts
from cdek_async.cli._reads import Seen, read_all
from cdek_async.cli._report import UNUSABLE, Entry, Report, unusable
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen, clock
from cdek_async.cli._tally import count_code
from cdek_async.cli._text import counted

_MOST_EFFECTS = 8  # of one order, on the screen


async def rehearse(
    client: CdekClient,
    screen: Screen,
    report: Report | None,
    rows: AsyncIterable[Row],
    lines: int | None,
    *,
    trial: Trial,
    rate: float,
    name: str,
) -> Code:
    """Predict what `trial`'s operations would come to, and tell their cost at `rate`; closes `client`.

    The exit code is 0 when every prediction is fine by `trial`. It is 1 when one is not, a row is unusable,
    or something ended it before its time; 130 when it was interrupted. The report then has every row that
    was read.
    """
    now = asyncio.get_running_loop().time
    start = now()
    rehearsal = Rehearsal(client, screen, report, lines, trial)
    async with client:
        ended = await rehearsal.run(rows, rate=rate)
        silent = rehearsal.silent
    found = rehearsal.found
    told = found.predictions.total()
    if ended is None and not told:
        screen.say(f"{name}: no rows")
        return Code.OK
    if told:
        done = f"{counted(told, 'row')}, {counted(client.calls, 'call')} in {clock(now() - start)}"
        screen.table(f"{name}: {done}; nothing was {trial.done}", found.shown(), found.parts())
        screen.say(found.told(rate))
    if ended is None:
        return found.code
    if str(ended):
        screen.say(
            f"{ended}. {f'No answer from {silent}. ' if silent else ''}{counted(told, 'row')}"
            f" {'has' if told == 1 else 'have'} a prediction; the rest of {name} was not read."
        )
    return ended.code


@define
class Found:
    """What a dry run has found so far, in counts: rows of any number take no more memory."""

    trial: Trial
    rows: int = 0
    predictions: Counter[str] = field(factory=Counter)
    codes: Counter[str] = field(factory=Counter)
    calls: int = 0
    """Those that the operations would take."""
    partial: int = 0
    """Rows that leave out what CDEK may empty."""

    def add(self, prediction: str, code: str) -> None:
        """Count one row; CDEK's codes and statuses are open lists."""
        self.predictions[prediction] += 1
        if prediction == self.trial.coded:
            count_code(self.codes, code)

    def shown(self) -> list[tuple[str, int]]:
        """The counts by their words; the first is told even when it is none."""
        words = {word.value: told for word, told in self.trial.words.items()} | {UNUSABLE: UNUSABLE}
        counts = {word: self.predictions[word] for word in words}
        first = next(iter(words))
        return [(words[word], count) for word, count in counts.items() if count or word == first]

    def parts(self) -> Mapping[str, list[tuple[str, int]]]:
        """What stands in the way, by its codes."""
        return {self.trial.words[self.trial.coded]: self.codes.most_common()}

    def told(self, rate: float) -> str:
        """What the operations would cost, in a line."""
        if not self.calls:
            return f"{self.trial.verb} these would take no call."
        # Whole minutes: CDEK settles a request in half a second, or in a minute, and no call can be saved.
        minutes = counted(math.ceil(self.calls / rate / 60), "minute")
        return (
            f"{self.trial.verb} these would take about {counted(self.calls, 'call')}, {minutes} at {rate:g}"
            f" calls/s. {self.trial.proviso}{self._partial()}"
        )

    def _partial(self) -> str:
        if not self.partial:
            return ""
        rows = f"{counted(self.partial, 'row')} {'leaves' if self.partial == 1 else 'leave'}"
        return f" {rows} out fields of what is sent; CDEK may empty these."

    @property
    def code(self) -> Code:
        """The exit code, when it came to its end."""
        return (
            Code.OK if self.rows == sum(self.predictions[each] for each in self.trial.fine) else Code.FAILED
        )


@frozen
class Reading:
    """Where a dry run stands."""

    counts: Mapping[str, int]
    calls: int
    steps: int
    whole: int | None
    silent: str


class Rehearsal:
    """One dry run over an input of `lines` lines (None: nobody knows)."""

    def __init__(
        self, client: CdekClient, screen: Screen, report: Report | None, lines: int | None, trial: Trial
    ) -> None:
        self.found = Found(trial)
        self._trial = trial
        self._client = client
        self._screen = screen
        self._report = report
        self._lines = lines
        self._last_line = 0
        self._read = 0
        self._ended: Stop | None = None
        self._stop: Callable[[], None] = lambda: None

    async def run(self, rows: AsyncIterable[Row], *, rate: float) -> Stop | None:
        """Read what the rows name; gives back what ended it before its time."""
        results = read_all(self._client, self._asked(rows), rate=rate)
        self._stop = results.stop
        interrupted = Stop("interrupted", Code.INTERRUPTED)
        try:
            async with self._screen.progress(self.standing), results:
                with interrupts(lambda: self._end(interrupted)):
                    async for ((row, foretell), operation), seen in results:
                        self._seen(row, operation, foretell(seen), seen)
        except (Stop, AuthError) as error:  # Stop: the input cannot be read to its end
            self._ended = self._ended or Stop(str(error), Code.FAILED)
        return self._ended

    @property
    def silent(self) -> str:
        """The host that answers nothing at the moment, or has answered nothing yet."""
        return silent_host(self._client, heard=bool(self._read))

    def standing(self) -> Reading:
        """Where it stands."""
        known = self.found.predictions
        told = self._trial.shown
        # Lines that are no rows (a header, a second line in quotes) show as the rows go by.
        whole = None if self._lines is None else self._lines - (self._last_line - self.found.rows)
        counts = {"read": self._read, **{self._trial.words[word]: known[word] for word in told}}
        counts["others"] = known.total() - sum(known[word] for word in told)
        return Reading(counts, self._client.calls, known.total(), whole, self.silent)

    async def _asked(self, rows: AsyncIterable[Row]) -> AsyncIterator[tuple[tuple[Row, Foretell], Operation]]:
        async for row in rows:
            self.found.rows += 1
            self._last_line = row.line
            try:
                operation, foretell = self._trial.ask(row)
            except ValueError as error:
                self._record(unusable(row, str(error)), UNUSABLE, [str(error)])
                await asyncio.sleep(0)  # a file of nothing else must not keep the loop to itself
            else:
                yield (row, foretell), operation

    def _seen(self, row: Row, operation: Operation, expected: Forecast, seen: Seen) -> None:
        self._read += 1
        self.found.calls += self._trial.calls(expected, operation)
        self.found.partial += expected.partial
        self._record(_entry(row, expected, seen), self._trial.words[expected.prediction], _reasons(expected))

    def _record(self, entry: Entry, word: str, reasons: list[str]) -> None:
        """Count it, tell of it unless there is nothing to tell, and put it in the report."""
        self.found.add(entry.verdict, entry.errors[0][0] if entry.errors else "")
        if entry.verdict != self._trial.untold:
            self._screen.note(f"line {entry.row.line:,}: {', '.join([word, *reasons])}")
        if self._report is None:
            return
        try:
            self._report.write(entry)
        except Stop as why:
            self._end(why)

    def _end(self, why: Stop) -> None:
        """Read nothing more; the first reason is the one that is told."""
        self._ended = self._ended or why
        self._stop()


def _entry(row: Row, expected: Forecast, seen: Seen) -> Entry:
    uuid = row.uuid
    if isinstance(seen, OrderInfo):
        uuid = str(seen.order.uuid or uuid)
    errors = [(expected.code, expected.why)] if expected.code else []
    return Entry(row, expected.prediction, [*errors, *expected.details], uuid)


def _reasons(expected: Forecast) -> list[str]:
    """Why, in our own words, beside a code of CDEK's where it has one; and what it would do to the order."""
    told = [] if expected.prediction is Prediction.GONE or not expected.code else [expected.why]
    if expected.prediction in _BY_CODE:
        told = [expected.code, *told]
    if not expected.effects:
        return told
    more = len(expected.effects) - _MOST_EFFECTS
    effects = [*expected.effects[:_MOST_EFFECTS], *([f"and {more:,} more"] if more > 0 else [])]
    return [*told, "; ".join(effects)]


_BY_CODE = (Prediction.NOT_DELETABLE, Prediction.NOT_CHANGEABLE, Prediction.NOT_OURS)
