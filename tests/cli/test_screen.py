import asyncio
import io
from contextlib import redirect_stderr
from typing import Any

import pytest
from attrs import define
from rich.console import Console

from cdek_async.cli._report import Entry
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen, Standing, View, clock, screen
from cdek_async.cli._tally import Tally
from tests.virtual import run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def standing(**changes: Any) -> Standing:
    known = {"submitted": 600, "deleted": 431, "rejected": 12, "waiting": 152, "errors": 5, "calls": 1043}
    return Standing(**{**known, "steps": 1048, "total": 1000, **changes})


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00"), (90_061, "25:01:01")],
)
def test_a_clock_shows_minutes_and_hours_where_there_are_some(seconds: float, shown: str) -> None:
    """Rounded to the second."""
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "changes", "left"),
    [
        (10.0, {}, 952 * 10 / 1048),
        (1.0, {}, None),
        (10.0, {"total": None}, None),
        (10.0, {"steps": 0}, None),
        (10.0, {"total": 500}, 0.0),
    ],
)
def test_the_time_left_is_the_rest_at_the_pace_so_far(
    seconds: float, changes: Any, left: float | None
) -> None:
    """Not told where the number of rows is unknown, and not in the first seconds."""
    assert View(standing(**changes), seconds, 1.0).left == left


def test_a_job_that_stands_still_says_so() -> None:
    """Rather than how long it would take: the network may be gone."""
    assert View(standing(), 60, 2.0, 15.0).pace() == ["2 calls/s", "1:00", "nothing moves for 0:15"]
    assert View(standing(), 60, 2.0, 14.0).pace() == ["2 calls/s", "1:00", "0:55 left"]


def test_a_host_that_does_not_answer_is_named() -> None:
    """But for the first moments, in which nobody can have answered."""
    silent = standing(silent="cdek.example")
    assert View(silent, 60, 2.0, 2.0).pace() == ["2 calls/s", "1:00", "no answer from cdek.example; waiting"]
    assert View(silent, 60, 2.0, 1.9).pace() == ["2 calls/s", "1:00", "0:55 left"]


def test_a_line_for_logs_has_everything() -> None:
    """What a terminal shows live, in one line."""
    assert View(standing(), 10, 104.3).line() == (
        "submitted 600, deleted 431, rejected 12, waiting 152, errors 5, 104 calls/s, 0:10, 0:09 left"
    )


def test_what_went_well_has_a_word_of_its_own() -> None:
    """Not every job deletes."""
    assert list(standing(done="updated").counts.items())[1] == ("updated", 431)
    out = io.StringIO()
    tally = Tally()
    tally.add(Entry(Row(1), "ok"))
    Screen(Console(file=out, width=60)).summary(tally, "changes.jsonl: 1 row", "updated")
    assert "updated   1" in out.getvalue()


@define
class Reading:
    """Not a job of operations: other words, and one step a row."""

    counts: dict[str, int]
    calls: int = 12
    steps: int = 10
    whole: int | None = 30
    silent: str = ""


def test_anything_that_has_counts_can_be_shown() -> None:
    """By its own words, in its own order."""
    view = View(Reading({"read": 1_010, "not deletable": 2}), 10, 1.0)
    assert view.line() == "read 1,010, not deletable 2, 1 call/s, 0:10, 0:20 left"


@pytest.mark.parametrize("width", [60, 30, 20])
def test_a_narrow_terminal_folds_between_the_counts(width: int) -> None:
    """Every count is there and none is torn; no line is too long; the bar is a line of its own."""
    out = Terminal()
    Console(file=out, width=width, color_system=None).print(
        View(standing(submitted=1_000_000), 10, 104.3).picture()
    )
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert set(lines[0]) <= set("━╸╺ ")  # without colours the rest of the bar is blank
    text = "  ".join(line.strip() for line in lines[1:])
    assert text == (
        "submitted 1,000,000  deleted 431  rejected 12  waiting 152  errors 5  104 calls/s  0:10  0:09 left"
    )


def test_a_job_of_unknown_length_shows_a_bar_all_the_same() -> None:
    """It moves, but to no end."""
    out = Terminal()
    Console(file=out, width=60).print(View(standing(total=None), 10, 1).picture())
    assert "━" in out.getvalue()
    assert "left" not in out.getvalue()


def shown(file: io.StringIO, seconds: float, **environment: str) -> str:
    """What a job of some seconds shows of its progress, at 20 calls a second."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        on = Screen(Console(file=file, width=60, _environ=environment))
        async with on.progress(lambda: standing(calls=round(20 * (loop.time() - start)))):
            on.say("a line between")
            await asyncio.sleep(seconds)

    run(main())
    return file.getvalue()


@pytest.mark.parametrize("file", [io.StringIO(), Terminal()])
def test_plain_lines_come_every_ten_seconds(file: io.StringIO) -> None:
    """Into a file, and onto a terminal that can do no more (TERM=dumb), without a control character."""
    dumb = {"TERM": "dumb"}
    text = shown(file, 25.0, **dumb)
    assert text.count("submitted 600") == 2
    assert "20 calls/s, 0:20" in text.replace("\n", " ")
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("environment", [{"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}])
def test_a_file_is_not_drawn_on_whatever_the_environment_says(environment: dict[str, str]) -> None:
    """Colours may be forced, a moving picture in a log may not."""
    assert "\x1b[2K" not in shown(io.StringIO(), 5.0, **environment)


def test_a_terminal_is_drawn_on_live_and_left_clean() -> None:
    """Four times a second, lines above the picture; calls per second are those of the last seconds."""
    text = shown(Terminal(), 10.0, TERM="xterm")
    assert text.count("submitted 600") in (40, 41)  # the last one may be drawn on leaving
    assert "a line between" in text
    assert "20 calls/s" in text
    assert text.endswith("\x1b[2K")  # the last picture is wiped


def test_no_color_is_kept() -> None:
    """A picture may move without colours."""
    assert "\x1b[38;5" not in shown(Terminal(), 1.0, TERM="xterm-256color", NO_COLOR="1")


def test_the_first_notes_are_told_and_then_it_is_said_that_there_are_more() -> None:
    """Once."""
    out = io.StringIO()
    on = Screen(Console(file=out, width=100), notes=2, more="; elsewhere")
    for n in range(5):
        on.note(f"line {n}")
    assert out.getvalue().splitlines() == [
        "line 0",
        "line 1",
        "… and more, counted at the end; elsewhere",
    ]


def test_lines_of_a_log_are_not_folded_and_markup_is_only_text() -> None:
    """And nothing in them drives a terminal."""
    out = io.StringIO()
    Screen(Console(file=out, width=20)).say("[red]\x1b[31m" + "word " * 20)
    assert out.getvalue() == "[red][31m" + "word " * 20 + "\n"


def test_the_summary_counts_verdicts_and_codes() -> None:
    """Deleted always, the others where there are some; codes under the rejections."""
    tally = Tally()
    for verdict, code in [("ok", ""), ("rejected", "[b]a\x1b"), ("rejected", "[b]a\x1b"), ("not_found", "c")]:
        tally.add(Entry(Row(1), verdict, [(code, "")] if code else []))
    out = io.StringIO()
    Screen(Console(file=out, width=60)).summary(tally, "orders.csv: 4 rows")
    rows = [line.split() for line in out.getvalue().splitlines() if line.strip()]
    assert rows == [
        ["orders.csv:", "4", "rows"],
        ["deleted", "1"],
        ["rejected", "2"],
        ["[b]a", "2"],
        ["not", "found", "1"],
    ]


def test_a_table_shows_what_a_count_is_made_up_of() -> None:
    """Below it, and only where that is told; words of CDEK's are only text."""
    out = io.StringIO()
    counts = [("not deletable", 1_200), ("gone", 1)]
    Screen(Console(file=out, width=60)).table("title", counts, {"not deletable": [("[b]SENT\x1b", 1_200)]})
    rows = [line.split() for line in out.getvalue().splitlines() if line.strip()]
    assert rows == [["title"], ["not", "deletable", "1,200"], ["[b]SENT", "1,200"], ["gone", "1"]]


def test_the_screen_of_a_command_is_standard_error(capfd: Any) -> None:
    """Data go elsewhere."""
    screen().say("hello")
    assert capfd.readouterr() == ("", "hello\n")


def test_the_screen_of_a_command_draws_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """While rich has its hands on standard error; and lines are told above what is drawn."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")

    async def main() -> None:
        on = screen()
        async with on.progress(standing):
            await asyncio.sleep(0.3)
            on.say("hello")
            await asyncio.sleep(0.3)

    with redirect_stderr(terminal):
        run(main())
    assert "hello" in terminal.getvalue()
    assert terminal.getvalue().count("submitted") > 1
