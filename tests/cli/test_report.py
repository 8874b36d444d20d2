import csv
import io
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cdek_async import BadReply, Issue, Outcome, Request, State, Ticket, TransportError, Unsettled, Verdict
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._report import COLUMNS, Entry, Report, csv_line, entry_of, json_line, unusable
from cdek_async.cli._rows import Row

ORDER, REQUEST = UUID("0b9e4a52-55a5-4f3e-8f3c-0d6b7a1c2e01"), UUID("0b9e4a52-55a5-4f3e-8f3c-0d6b7a1c2e02")
TICKET = Ticket(
    "host", "account", "delete", ORDER, REQUEST, "DELETE", datetime(2026, 8, 1, 12, 0, 0, 250_000, UTC)
)


def outcome(verdict: Verdict, *errors: Issue, at: datetime | None = None) -> Outcome:
    return Outcome(TICKET, verdict, Request(REQUEST, "DELETE", State.INVALID, at, errors=errors))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            outcome(
                Verdict.REJECTED, Issue("a", "first"), Issue("b"), at=datetime(2026, 8, 1, 12, 1, tzinfo=UTC)
            ),
            ("rejected", [("a", "first"), ("b", "")], 59.8, ""),
        ),
        (outcome(Verdict.OK, at=datetime(2026, 8, 1, 12, tzinfo=UTC)), ("ok", [], 0.0, "")),
        (outcome(Verdict.OK), ("ok", [], None, "")),
        (
            Unsettled("no verdict within 1 s", ticket=TICKET),
            ("unsettled", [("Unsettled", "no verdict within 1 s")], None, TICKET.to_json()),
        ),
        (
            TransportError("lost", undecided=True, ticket=TICKET),
            ("undecided", [("TransportError", "lost")], None, TICKET.to_json()),
        ),
    ],
)
def test_an_entry_says_all_that_is_known_of_a_result(result: Any, expected: tuple[Any, ...]) -> None:
    """Settle seconds are by CDEK's clock; whatever has no verdict keeps its ticket."""
    entry = entry_of(Row(7, im_number="N1"), result)
    assert (entry.verdict, entry.errors, entry.settle_seconds, entry.ticket) == expected
    assert (entry.uuid, entry.request_uuid) == (str(ORDER), str(REQUEST))


def test_an_entry_of_what_was_never_noted_has_the_row_alone() -> None:
    """A failure without a ticket; a row that is no order."""
    failed = entry_of(Row(7, uuid="x"), BadReply("HTML", status=200))
    assert (failed.verdict, failed.uuid, failed.request_uuid, failed.ticket) == ("failed", "x", "", "")
    assert unusable(Row(8, uuid="x"), "no") == Entry(Row(8, uuid="x"), "unusable", [("unusable", "no")], "x")


def test_an_order_that_is_gone_was_settled_when_it_was_removed() -> None:
    """CDEK shows no deletion in it any more; a REMOVED that was withdrawn does not count."""
    withdrawn = {"code": "REMOVED", "date_time": "2026-08-01T12:00:09+0000", "deleted": True}
    removed = {"code": "REMOVED", "date_time": "2026-08-01T12:00:04+0000"}
    order = {"entity": {"uuid": str(ORDER), "statuses": [withdrawn, removed]}}
    gone = Outcome(TICKET, Verdict.OK, Request(REQUEST, "DELETE", State.SUCCESSFUL), order)
    assert entry_of(Row(2), gone).settle_seconds == 3.8


@pytest.mark.parametrize("name", ["report.txt", "report"])
def test_a_name_that_says_no_format_is_refused(tmp_path: Path, name: str) -> None:
    """The two that there are, are named; nothing is created."""
    with pytest.raises(Stop, match=r"^--report: out.csv or out.jsonl, not '"):
        Report(str(tmp_path / name))
    assert not (tmp_path / name).exists()


def test_a_report_without_rows_is_removed(tmp_path: Path) -> None:
    """A header alone would refuse the next run."""
    with Report(str(tmp_path / "report.csv")):
        pass
    assert not list(tmp_path.iterdir())


def test_lines_hold_every_column() -> None:
    """CSV in its fixed order, JSON with null for what is not known."""
    row = Row(3, cdek_number="11", im_number="N1")
    entry = Entry(row, "unsettled", [("a", "x"), ("b", "")], str(ORDER), str(REQUEST), 1.5, TICKET.to_json())
    cells = next(csv.reader([csv_line(entry)]))
    assert cells == [
        "3",
        str(ORDER),
        "11",
        "N1",
        "unsettled",
        "a: x; b",
        str(REQUEST),
        "1.5",
        TICKET.to_json(),
    ]
    assert Ticket.from_json(json.loads(json_line(entry))["ticket"]) == TICKET
    data = json.loads(json_line(Entry(Row(4), "ok")))
    assert tuple(data) == COLUMNS
    assert data == {**dict.fromkeys(COLUMNS), "line": 4, "verdict": "ok", "errors": []}
    assert next(csv.reader([csv_line(Entry(Row(4), "ok"))])) == ["4", "", "", "", "ok", "", "", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", " =", '"=', "'@"])
def test_no_cell_is_a_formula(start: str) -> None:
    """Numbers, codes and messages come from files and from CDEK."""
    number, harmless = f"{start}1+cmd", f"{start[:-1]}'{start[-1]}1+cmd"
    line = csv_line(Entry(Row(3, cdek_number=number, im_number=number), "rejected", [(number, "")], number))
    assert [cell for cell in next(csv.reader(io.StringIO(line, newline=""))) if cell] == [
        "3",
        *[harmless] * 3,
        "rejected",
        harmless,
    ]


def test_a_report_is_the_owners_alone_and_each_row_is_there_at_once(tmp_path: Path) -> None:
    """Without being closed: what was known when a process dies is on disk."""
    path = tmp_path / "report.csv"
    with Report(str(path)) as report:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text() == ",".join(COLUMNS) + "\n"
        report.write(Entry(Row(2, im_number="Заказ \ud83d"), "ok"))
        assert path.read_text().splitlines()[1:] == ["2,,,Заказ \\ud83d,ok,,,,"]


@pytest.mark.parametrize("name", ["report.jsonl", "report.NDJSON"])
def test_a_name_chooses_jsonl(tmp_path: Path, name: str) -> None:
    """An object a line, and no header."""
    path = tmp_path / name
    with Report(str(path)) as report:
        report.write(Entry(Row(2), "ok"))
        report.write(Entry(Row(3), "ok"))
    assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == [2, 3]


def test_a_report_is_never_written_over_another_file(tmp_path: Path) -> None:
    """It may be the only place of a ticket; an empty file (mktemp's) is taken, and closed to others."""
    path = tmp_path / "report.csv"
    path.write_text("precious")
    with pytest.raises(Stop, match=r"report.csv: exists already, and is not written over") as stop:
        Report(str(path))
    assert (path.read_text(), stop.value.code) == ("precious", Code.USAGE)
    path.write_text("")
    path.chmod(0o666)
    with Report(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_header_without_rows_is_begun_anew(tmp_path: Path) -> None:
    """A job that was killed at its start leaves one; it must not stand in the way of the next."""
    path = tmp_path / "report.csv"
    Report(str(path))
    header = path.read_text()
    with Report(str(path)) as report:
        report.write(Entry(Row(2), "ok"))
    assert header
    assert path.read_text().startswith(f"{header}2,")
    path.write_text(f"{header[:-2]}x\n")
    with pytest.raises(Stop, match="exists already"):
        Report(str(path))


def test_a_report_that_cannot_be_written_is_bad_usage(tmp_path: Path) -> None:
    """Told before anything is sent: no such directory, a full disk."""
    with pytest.raises(Stop, match=r"no/report.csv: no such file or directory"):
        Report(str(tmp_path / "no" / "report.csv"))
    with pytest.raises(Stop, match="report /dev/full: no space left on device"):
        Report("/dev/full")


def test_standard_output_is_csv_and_stays_open(capfd: Any) -> None:
    """`-` is for pipes."""
    with Report("-") as report:
        report.write(Entry(Row(2), "ok"))
    os.fstat(1)
    assert capfd.readouterr().out.splitlines() == [",".join(COLUMNS), "2,,,,ok,,,,"]
