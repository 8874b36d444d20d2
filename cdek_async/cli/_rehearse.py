"""The dry run of a deletion: every order looked at, what would become of it predicted, nothing deleted."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from urllib.parse import urlsplit

from attrs import define, field, frozen

from cdek_async import AuthError, CdekClient, Operation, OrderInfo
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._forecast import Forecast, Prediction, calls_of, forecast
from cdek_async.cli._interrupt import interrupts
from cdek_async.cli._reads import Seen, read_all
from cdek_async.cli._report import UNUSABLE, Entry, Report, unusable
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen, clock
from cdek_async.cli._tally import OTHER_CODES
from cdek_async.cli._text import counted, reason

_MAX_CODES = 50
_LONGEST_CODE = 80
_WORDS = {each.value: each.replace("_", " ") for each in Prediction} | {Prediction.GONE: "removed already"}
_FINE = (Prediction.DELETABLE, Prediction.GONE)


async def rehearse(
    client: CdekClient,
    screen: Screen,
    report: Report | None,
    rows: AsyncIterable[Row],
    lines: int | None,
    *,
    ask: Callable[[Row], Operation],
    rate: float,
    name: str,
) -> Code:
    """Predict what `ask`'s deletions would come to, and tell what they would cost at `rate`; closes `client`.

    The exit code is 0 when nothing stands in the way: every order is deletable, or removed already. It is 1
    when something is not deletable, not found, not ours, unknown or unusable, or ended it before its time;
    130 when it was interrupted. The report then has every row that was read.
    """
    now = asyncio.get_running_loop().time
    start = now()
    rehearsal = Rehearsal(client, screen, report, lines)
    async with client:
        ended = await rehearsal.run(rows, ask, rate=rate)
        silent = rehearsal.silent
    found = rehearsal.found
    told = found.predictions.total()
    if ended is None and not told:
        screen.say(f"{name}: no rows")
        return Code.OK
    if told:
        done = f"{counted(told, 'row')}, {counted(client.calls, 'call')} in {clock(now() - start)}"
        screen.table(f"{name}: {done}; nothing was deleted", found.shown(), found.parts())
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

    rows: int = 0
    predictions: Counter[str] = field(factory=Counter)
    codes: Counter[str] = field(factory=Counter)
    calls: int = 0
    """Those that the deletions would take."""

    def add(self, prediction: str, code: str) -> None:
        """Count one row; CDEK's codes and statuses are open lists."""
        self.predictions[prediction] += 1
        if prediction == Prediction.NOT_DELETABLE:
            known = code[:_LONGEST_CODE]
            self.codes[known if known in self.codes or len(self.codes) < _MAX_CODES else OTHER_CODES] += 1

    def shown(self) -> list[tuple[str, int]]:
        """The counts by their words; how many are deletable is told even when none is."""
        words = (*Prediction, UNUSABLE)
        counts = {word: self.predictions[word] for word in words}
        return [
            (_WORDS.get(word, word), count)
            for word, count in counts.items()
            if count or word == Prediction.DELETABLE
        ]

    def parts(self) -> Mapping[str, list[tuple[str, int]]]:
        """What stands in the way of those that are not deletable."""
        return {_WORDS[Prediction.NOT_DELETABLE]: self.codes.most_common()}

    def told(self, rate: float) -> str:
        """What the deletions would cost, in a line."""
        if not self.calls:
            return "Deleting these would take no call."
        # Whole minutes: CDEK settles a deletion in half a second, or in a minute, and no call can be saved.
        minutes = counted(math.ceil(self.calls / rate / 60), "minute")
        return (
            f"Deleting these would take about {counted(self.calls, 'call')}, {minutes} at {rate:g} calls/s."
            " Predictions: operations in a warehouse and claims, which stand in the way, do not show."
        )

    @property
    def code(self) -> Code:
        """The exit code, when it came to its end."""
        return Code.OK if self.rows == sum(self.predictions[each] for each in _FINE) else Code.FAILED


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

    def __init__(self, client: CdekClient, screen: Screen, report: Report | None, lines: int | None) -> None:
        self.found = Found()
        self._client = client
        self._screen = screen
        self._report = report
        self._lines = lines
        self._last_line = 0
        self._read = 0
        self._ended: Stop | None = None
        self._stop: Callable[[], None] = lambda: None

    async def run(
        self, rows: AsyncIterable[Row], ask: Callable[[Row], Operation], *, rate: float
    ) -> Stop | None:
        """Read what the rows name; gives back what ended it before its time."""
        results = read_all(self._client, self._asked(rows, ask), rate=rate)
        self._stop = results.stop
        interrupted = Stop("interrupted", Code.INTERRUPTED)
        try:
            async with self._screen.progress(self.standing), results:
                with interrupts(lambda: self._end(interrupted)):
                    async for (row, operation), seen in results:
                        self._seen(row, operation, seen)
        except (Stop, AuthError) as error:  # Stop: the input cannot be read to its end
            self._ended = self._ended or Stop(str(error), Code.FAILED)
        return self._ended

    @property
    def silent(self) -> str:
        """The host that answers nothing at the moment, or has answered nothing yet."""
        unanswered = self._client.paused or (self._client.calls and not self._read)
        return urlsplit(self._client.base_url).netloc if unanswered else ""

    def standing(self) -> Reading:
        """Where it stands."""
        known = self.found.predictions
        told = ("deletable", "not_deletable", "gone")
        # Lines that are no rows (a header, a second line in quotes) show as the rows go by.
        whole = None if self._lines is None else self._lines - (self._last_line - self.found.rows)
        counts = {"read": self._read, **{_WORDS[word]: known[word] for word in told}}
        counts["others"] = known.total() - sum(known[word] for word in told)
        return Reading(counts, self._client.calls, known.total(), whole, self.silent)

    async def _asked(
        self, rows: AsyncIterable[Row], ask: Callable[[Row], Operation]
    ) -> AsyncIterator[tuple[Row, Operation]]:
        async for row in rows:
            self.found.rows += 1
            self._last_line = row.line
            try:
                operation = ask(row)
            except ValueError as error:
                self._record(unusable(row, str(error)))
                await asyncio.sleep(0)  # a file of nothing else must not keep the loop to itself
            else:
                yield row, operation

    def _seen(self, row: Row, operation: Operation, seen: Seen) -> None:
        self._read += 1
        expected = forecast(seen)
        self.found.calls += calls_of(expected, by_number=operation.order_uuid is None)
        self._record(_entry(row, expected, seen))

    def _record(self, entry: Entry) -> None:
        """Count it, tell of it unless it is what was wished for, and put it in the report."""
        self.found.add(entry.verdict, entry.errors[0][0] if entry.errors else "")
        if entry.verdict != Prediction.DELETABLE:
            why = "".join(f", {part}" for part in _reasons(entry))
            self._screen.note(f"line {entry.row.line:,}: {_WORDS.get(entry.verdict, entry.verdict)}{why}")
        if self._report is None:
            return
        try:
            self._report.write(entry)
        except BrokenPipeError:  # whoever read it has seen enough, and says nothing; so do we
            self._end(Stop("", Code.FAILED))
        except OSError as error:
            self._end(Stop(f"report {self._report.name}: {reason(error)}", Code.FAILED))

    def _end(self, why: Stop) -> None:
        """Read nothing more; the first reason is the one that is told."""
        self._ended = self._ended or why
        self._stop()


def _entry(row: Row, expected: Forecast, seen: Seen) -> Entry:
    uuid = row.uuid
    if isinstance(seen, OrderInfo):
        uuid = str(seen.order.uuid or uuid)
    errors = [(expected.code, expected.why)] if expected.code else []
    return Entry(row, expected.prediction, errors, uuid)


def _reasons(entry: Entry) -> list[str]:
    """Why, in our own words; beside a code of CDEK's where it has one."""
    if entry.verdict in (Prediction.NOT_DELETABLE, Prediction.NOT_OURS):
        return [part for error in entry.errors for part in error]
    return [] if entry.verdict == Prediction.GONE else [why for _, why in entry.errors]
