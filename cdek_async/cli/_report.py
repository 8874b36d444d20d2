"""The report: one row per row of the input, as they settle, for machines."""

import csv
import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import frozen

from cdek_async import CdekError, Outcome
from cdek_async._progress import word_of
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._json import escaped
from cdek_async.cli._rows import Row
from cdek_async.cli._stdout import standard_output
from cdek_async.cli._text import coded, reason

STDOUT = "-"
COLUMNS = (
    "line",
    "uuid",
    "cdek_number",
    "im_number",
    "verdict",
    "errors",
    "request_uuid",
    "settle_seconds",
    "ticket",
)
UNUSABLE = "unusable"


@frozen
class Entry:
    """One row of the report; `errors` are pairs of code and message, with our own names for our own."""

    row: Row
    verdict: str
    errors: Sequence[tuple[str, str]] = ()
    uuid: str = ""
    request_uuid: str = ""
    settle_seconds: float | None = None
    ticket: str = ""


def entry_of(row: Row, result: Outcome | CdekError) -> Entry:
    """What the report says of a result.

    `settle_seconds` is by CDEK's clock, from the submit to the verdict, and as coarse as that: seconds. An
    order that is gone shows its deletion no more, but when it was removed.
    """
    ticket = result.ticket
    uuid = row.uuid or str((ticket and ticket.order_uuid) or "")
    request_uuid = str((ticket and ticket.request_uuid) or "")
    if isinstance(result, Outcome):
        settled, since = result.request.date_time or _removed_at(result), result.ticket.since
        seconds = max(0.0, round((settled - since).total_seconds(), 1)) if settled and since else None
        errors = [(issue.code, issue.message) for issue in result.errors]
        return Entry(row, str(result.verdict), errors, uuid, request_uuid, seconds)
    errors = [(type(result).__name__, str(result))]
    return Entry(row, word_of(result), errors, uuid, request_uuid, ticket=ticket.to_json() if ticket else "")


def _removed_at(outcome: Outcome) -> datetime | None:
    statuses = outcome.order.order.statuses if outcome.order else ()
    times = [each.date_time for each in statuses if each.code == "REMOVED" and not each.deleted]
    return next((at for at in times if at), None)


def unusable(row: Row, problem: str) -> Entry:
    """What the report says of a row that cannot be an order."""
    return Entry(row, UNUSABLE, [(UNUSABLE, problem)], row.uuid)


class Report:
    """An open report, each row on disk as soon as it is written; never over another file.

    With `replace`, the file is this very job's, from before it was cut off: its first row begins it anew. So
    does one over a header without rows, which a job that was killed at its start leaves behind.
    """

    def __init__(self, path: str, *, replace: bool = False) -> None:
        self.name = "standard output" if path == STDOUT else path
        ending = Path(path).suffix.lower()
        self._json = ending in (".jsonl", ".ndjson")
        if not self._json and path != STDOUT and ending != ".csv" and not _is_device(path):
            raise Stop(f"--report: out.csv or out.jsonl, not {path!r:.60}")
        self._path = path
        self._rows = 0
        self._fd = standard_output().fileno() if path == STDOUT else _create(path, replace=replace)
        self._owned = path != STDOUT
        self._regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._stale = self._regular and bool(os.fstat(self._fd).st_size)
        if not self._stale:
            with self._stopping(Code.USAGE):
                self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._owned:
            os.close(self._fd)
            # A header alone would stand in the way of the next run.
            if self._regular and not self._rows and not self._stale:
                Path(self._path).unlink(missing_ok=True)

    def write(self, entry: Entry) -> None:
        """Add one row; raises `Stop` where it cannot be, which leaves the rows before it whole."""
        with self._stopping(Code.FAILED):
            if self._stale:
                os.ftruncate(self._fd, 0)
                self._stale = False
                self._begin()
            self._write(json_line(entry) if self._json else csv_line(entry))
        self._rows += 1

    @contextmanager
    def _stopping(self, code: Code) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:  # whoever read it has seen enough, and says nothing; so do we
            raise Stop("", Code.FAILED) from error
        except OSError as error:
            raise Stop(f"report {self.name}: {reason(error)}", code) from error

    def _begin(self) -> None:
        if not self._json:
            self._write(_csv_line(COLUMNS))

    def _write(self, text: str) -> None:
        # Unbuffered: what was known when the process died is there, and a full disk is noticed at its row.
        data = text.encode(errors="backslashreplace")
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            if written and self._regular:
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            raise


def _is_device(path: str) -> bool:
    """A pipe or a device, whose name says nothing of what goes into it."""
    found = Path(path)
    return found.exists() and not found.is_file()


def _create(path: str, *, replace: bool) -> int:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        found = os.fstat(fd)
        regular = stat.S_ISREG(found.st_mode)
        taken = not found.st_size or replace or _bare(path, found.st_size)
        if regular and taken:
            os.fchmod(fd, 0o600)  # it was there, empty; another user's cannot be closed to him
    except OSError as error:
        raise Stop(f"report {path}: {reason(error)}") from error
    if regular and not taken:
        os.close(fd)
        raise Stop(f"report {path}: exists already, and is not written over")
    return fd


def _bare(path: str, size: int) -> bool:
    """Whether a file is a header without rows."""
    header = _csv_line(COLUMNS).encode()
    return size == len(header) and Path(path).read_bytes() == header


def json_line(entry: Entry) -> str:
    """One object, with null where nothing is known; what could drive a terminal is escaped."""
    data = {
        "line": entry.row.line,
        "uuid": entry.uuid or None,
        "cdek_number": entry.row.cdek_number or None,
        "im_number": entry.row.im_number or None,
        "verdict": entry.verdict,
        "errors": [{"code": code, "message": message} for code, message in entry.errors],
        "request_uuid": entry.request_uuid or None,
        "settle_seconds": entry.settle_seconds,
        "ticket": entry.ticket or None,
    }
    return escaped(data) + "\n"


def csv_line(entry: Entry) -> str:
    """One record on one line; no cell of it is a formula to a spreadsheet, or drives a terminal."""
    errors = "; ".join(f"{code}: {message}" if message else code for code, message in entry.errors)
    seconds = "" if entry.settle_seconds is None else f"{entry.settle_seconds:g}"
    row = entry.row
    texts = (entry.uuid, row.cdek_number, row.im_number, entry.verdict, errors, entry.request_uuid)
    return _csv_line((str(row.line), *map(_harmless, texts), seconds, _harmless(entry.ticket)))


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    # The terminator decides what is quoted: a bare carriage return in a cell would end a row for readers.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _harmless(cell: str) -> str:
    """An apostrophe before what a spreadsheet would calculate, on one line and without control characters.

    Also within the cell, after what is a separator elsewhere: a Russian Excel splits at semicolons, and knows
    no quotes in the middle (OWASP, "CSV Injection").
    """
    return _FORMULA.sub(r"\1'", coded(cell))


_FORMULA = re.compile(r"((?:^|[;,|])[\s\"']*)(?=[=+\-@＝＋－＠])")
