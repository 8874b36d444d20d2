"""The screen: how a bulk job shows itself on standard error, live or in plain lines."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol, TextIO, cast

from attrs import frozen
from rich import box
from rich.console import Console, ConsoleOptions, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cdek_async.cli._stderr import StandardError
from cdek_async.cli._tally import Tally
from cdek_async.cli._text import counted, plain

_LIVE_EVERY = 0.25  # seconds
_PLAIN_EVERY = 10.0
_WINDOW = 5.0  # seconds over which calls per second are measured
_STILL = 15.0  # seconds after which people want to know that the network, or CDEK, is to blame
_SOON = 2.0  # seconds before which the time left is a guess, and silence is nothing yet


class Stage(Protocol):
    """Where something long stands, at one moment."""

    @property
    def counts(self) -> Mapping[str, int]:
        """By the words that they are shown with."""
        ...

    @property
    def calls(self) -> int: ...

    @property
    def steps(self) -> int:
        """How many of the `whole` are made."""
        ...

    @property
    def whole(self) -> int | None:
        """All steps, where they are known."""
        ...

    @property
    def silent(self) -> str:
        """The host that answers nothing at the moment."""
        ...


@frozen
class Standing:
    """Where a job of operations stands."""

    submitted: int
    deleted: int
    rejected: int
    waiting: int
    errors: int
    calls: int
    steps: int
    """A row takes two: its submit, and its verdict."""
    total: int | None
    """Rows, where it is known."""
    silent: str = ""
    """The host that answers nothing at the moment."""
    done: str = "deleted"
    """The word for what went well."""

    @property
    def counts(self) -> Mapping[str, int]:
        """By the words that they are shown with."""
        return {
            "submitted": self.submitted,
            self.done: self.deleted,
            "rejected": self.rejected,
            "waiting": self.waiting,
            "errors": self.errors,
        }

    @property
    def whole(self) -> int | None:
        """The steps of all rows, where they are known."""
        return None if self.total is None else 2 * self.total


def screen(*, notes: int = 20, more: str = "") -> "Screen":
    """The screen of a command; `more` says where the notes are that it does not show."""
    return Screen(Console(file=cast("TextIO", StandardError()), highlight=False), notes=notes, more=more)


class Screen:
    """Where a command shows what people want to know; its data go elsewhere."""

    def __init__(self, console: Console, *, notes: int = 20, more: str = "") -> None:
        self._console = console
        self._most = notes
        self._more = more
        # Not rich's own is_terminal: FORCE_COLOR makes a file one.
        self._live = console.file.isatty() and not console.is_dumb_terminal
        self._notes = 0

    def say(self, line: str) -> None:
        """One line, as it is."""
        self._console.print(Text(plain(line)), soft_wrap=not self._live)

    def note(self, line: str) -> None:
        """One of many lines, of which the first are shown."""
        self._notes += 1
        if self._notes <= self._most:
            self.say(line)
        elif self._notes == self._most + 1:
            self.say(f"… and more, counted at the end{self._more}")

    @asynccontextmanager
    async def progress(self, standing: Callable[[], Stage]) -> AsyncIterator[None]:
        """Show where the job stands for as long as the block lasts."""
        pace = Pace(standing)
        task = asyncio.create_task(self._draw(pace) if self._live else self._tell(pace))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _draw(self, pace: "Pace") -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(pace.look().picture(), refresh=True)
                await asyncio.sleep(_LIVE_EVERY)

    async def _tell(self, pace: "Pace") -> None:
        while True:
            await asyncio.sleep(_PLAIN_EVERY)
            self.say(pace.look().line())

    def summary(self, tally: Tally, title: str, done: str = "deleted") -> None:
        """The counts, and the rejections by code; `done` is the word for what went well."""
        words = {"ok": done, "not_found": "not found"}
        counts = [(words.get(verdict, verdict), count) for verdict, count in _in_order(tally)]
        self.table(title, counts, {"rejected": tally.codes.most_common()})

    def table(
        self, title: str, counts: Iterable[tuple[str, int]], parts: Mapping[str, Iterable[tuple[str, int]]]
    ) -> None:
        """Counts by their words, each with what it is made up of, where that is told."""
        self.say(title)
        table = Table(show_header=False, box=box.SIMPLE)
        table.add_column(overflow="fold")
        table.add_column(justify="right")
        for word, count in counts:
            table.add_row(word, f"{count:,}")
            for part, share in parts.get(word, ()):
                table.add_row(Text(f"  {plain(part)}", style="dim"), Text(f"{share:,}", style="dim"))
        self._console.print(table)


_ORDER = ("ok", "rejected", "not_found", "unsettled", "undecided", "failed", "unusable")


def _in_order(tally: Tally) -> list[tuple[str, int]]:
    return [
        (verdict, tally.verdicts[verdict]) for verdict in _ORDER if tally.verdicts[verdict] or verdict == "ok"
    ]


@frozen
class View:
    """A standing with its pace, ready to be shown."""

    standing: Stage
    seconds: float
    calls_per_second: float
    still: float = 0.0
    """Seconds since something last moved."""

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at the pace so far."""
        standing = self.standing
        if standing.whole is None or not standing.steps or self.seconds < _SOON:
            return None
        return max(0, standing.whole - standing.steps) * self.seconds / standing.steps

    def counts(self) -> list[str]:
        return [f"{word} {count:,}" for word, count in self.standing.counts.items()]

    def pace(self) -> list[str]:
        parts = [f"{counted(round(self.calls_per_second), 'call')}/s", clock(self.seconds)]
        if self.standing.silent and self.still >= _SOON:
            return [*parts, f"no answer from {self.standing.silent}; waiting"]
        if self.still >= _STILL:
            return [*parts, f"nothing moves for {clock(self.still)}"]
        return parts if self.left is None else [*parts, f"{clock(self.left)} left"]

    def line(self) -> str:
        """All in one line, for a log."""
        return ", ".join([*self.counts(), *self.pace()])

    def picture(self) -> Group:
        """A bar and two lines, for a terminal."""
        steps, whole = self.standing.steps, self.standing.whole
        bar = ProgressBar(total=whole or None, completed=steps, pulse=whole is None)
        # A bar alone does not end its line.
        return Group(Padding(bar, 0), Parts(self.counts()), Parts(self.pace(), "dim"))


class Pace:
    """Measures calls per second over the last seconds."""

    def __init__(self, standing: Callable[[], Stage]) -> None:
        self._standing = standing
        self._time = asyncio.get_running_loop().time
        self._start = self._time()
        self._seen = deque([(self._start, 0)])
        self._moved, self._steps = self._start, 0

    def look(self) -> View:
        """The standing now."""
        standing, now = self._standing(), self._time()
        self._seen.append((now, standing.calls))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:  # noqa: PLR2004 - one before the window
            self._seen.popleft()
        then, calls = self._seen[0]
        per_second = (standing.calls - calls) / (now - then) if now > then else 0.0
        if standing.steps != self._steps:
            self._moved, self._steps = now, standing.steps
        return View(standing, now - self._start, per_second, now - self._moved)


@frozen
class Parts:
    """Parts that fold between each other and never within."""

    parts: list[str]
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        line = ""
        for part in self.parts:
            if line and len(line) + 2 + len(part) > options.max_width:
                yield Text(line, self.style)
                line = ""
            line += f"  {part}" if line else part
        yield Text(line, self.style)


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
