"""Records of an input: CSV, JSONL or a plain list of uuids, told apart by what they look like."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from cdek_async import DeleteOrder
from cdek_async.cli._exit import Stop
from cdek_async.cli._source import Source

BLANK = "blank"


class _Reader(Iterator[list[str]], Protocol):
    """What csv.reader() gives; its own name is a private one."""

    line_num: int


_DELIMITERS = ",;\t"
_HEADER = 100  # lines at most


@frozen
class Record:
    """The cells that were asked for, of the record that begins at `line`; or the problem with it."""

    line: int
    cells: Mapping[str, str] = field(factory=dict)
    problem: str = ""


def read_records(source: Source, columns: Sequence[str]) -> Iterator[Record]:
    """What each record has in `columns`; raises `Stop` at once where that cannot be found out.

    A plain list has one column, `uuid`. Blank records count, but for those at the end of the input.
    """
    lines = source.lines()
    for blank, first in enumerate(lines):
        if first.strip():
            return _without_blank_end(_records(source, blank, first, lines, columns))
    raise Stop(f"{source.name}: empty")


def _records(
    source: Source, before: int, first: str, lines: Iterator[str], columns: Sequence[str]
) -> Iterator[Record]:
    ending = Path(source.name).suffix.lower()
    blank = (Record(line, problem=BLANK) for line in range(1, before + 1))
    if first.lstrip().startswith("{") or ending in (".jsonl", ".ndjson"):
        return chain(blank, _of_json(chain((first,), lines), before, columns))
    if first.lstrip().startswith("["):
        raise source.error("a JSON array; expected one JSON object per line (JSONL)", before + 1)
    if "uuid" in columns and _is_uuid(first):
        return chain(blank, _of_list(chain((first,), lines), before))
    header = [first]
    while "".join(header).count('"') % 2 and len(header) < _HEADER:  # a name with a line break in it
        header.append(next(lines, '"'))
    for delimiter in sorted(_DELIMITERS, key=first.count, reverse=True):
        names = _names(header, delimiter)
        places = {column: names.index(column.lower()) for column in columns if column.lower() in names}
        if places:
            twice = [column for column in places if names.count(column.lower()) > 1]
            if twice:
                raise source.error(f"two columns named {twice[0]}", before + 1)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            return chain(blank, _of_csv(source, reader, before + len(header), places))
    if ending == ".txt" and "uuid" in columns:
        return chain(blank, _of_list(chain((first,), lines), before))
    raise source.error(
        f"no column {' or '.join(columns)} in {first.strip()[:80]!r}; --column names another", before + 1
    )


def _names(header: Sequence[str], delimiter: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(csv.reader(header, delimiter=delimiter))]
    except csv.Error:  # a field beyond the csv module's limit
        return []


def _without_blank_end(records: Iterator[Record]) -> Iterator[Record]:
    """Hold blank records back until another follows; spreadsheets leave some behind."""
    first = last = 0
    for record in records:
        if record.problem == BLANK:
            first, last = first or record.line, record.line
            continue
        if first:
            yield from (Record(line, problem=BLANK) for line in range(first, last + 1))
            first = 0
        yield record


def _of_list(lines: Iterator[str], before: int) -> Iterator[Record]:
    for number, line in enumerate(lines, before + 1):
        text = line.strip().strip('",;')
        yield Record(number, {"uuid": text}) if text else Record(number, problem=BLANK)


def _of_json(lines: Iterator[str], before: int, columns: Sequence[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, before + 1):
        yield _json_record(number, line.strip(), columns)


def _json_record(line: int, text: str, columns: Sequence[str]) -> Record:
    if not text:
        return Record(line, problem=BLANK)
    try:
        data = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return Record(line, problem="not JSON")
    if not isinstance(data, dict):
        return Record(line, problem="not a JSON object")
    cells = {}
    for column in columns:
        value = data.get(column)
        if isinstance(value, bool | dict | list):
            return Record(line, problem=f"{column}: expected text, not {json.dumps(value)[:40]}")
        cells[column] = "" if value is None else str(value).strip()
    return Record(line, cells)


def _of_csv(source: Source, reader: _Reader, before: int, places: Mapping[str, int]) -> Iterator[Record]:
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if before + reader.line_num > line or "end of data" in str(error):
                raise source.error("a quoted field begins there and does not end", line) from error
            yield Record(line, problem=f"not CSV: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            yield Record(line, problem=BLANK)
            continue
        yield Record(
            line,
            {column: cells[n].strip() if n < len(cells) else "" for column, n in places.items()},
        )


def _is_uuid(text: str) -> bool:
    try:
        DeleteOrder(text.strip().strip('",;'))
    except ValueError:
        return False
    return True
