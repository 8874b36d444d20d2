"""Changes of an input: one JSON object a line, with CDEK's field names, checked before anything is sent."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import evolve

from cdek_async._wire import changes_from_json
from cdek_async.cli._asked import ChangesRow
from cdek_async.cli._exit import Stop
from cdek_async.cli._source import Source


def read_changes(source: Source) -> Iterator[ChangesRow]:
    """Read rows lazily; raises `Stop` at once where the input is none. Blank lines do not count."""
    lines = ((number, line) for number, line in enumerate(source.lines(), 1) if line.strip())
    first = next(lines, None)
    if first is None:
        raise Stop(f"{source.name}: empty")
    if not first[1].lstrip().startswith("{"):
        raise source.error("one JSON object per line (JSONL) expected, such as an order's changes", first[0])
    return _rows(first, lines)


def _rows(first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Iterator[ChangesRow]:
    yield _row(*first)
    for number, line in lines:
        yield _row(number, line)


def _row(line: int, text: str) -> ChangesRow:
    try:
        data = json.loads(text, parse_float=Decimal, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError):
        return ChangesRow(line, problem="not JSON")
    except ValueError as error:  # a name that is there twice, or a number of thousands of digits
        return ChangesRow(line, problem=str(error))
    if not isinstance(data, dict):
        return ChangesRow(line, problem="not a JSON object")
    uuid, cdek_number = (str(data.get(name) or "") for name in ("uuid", "cdek_number"))
    row = ChangesRow(line, uuid=uuid, cdek_number=cdek_number)
    try:
        return evolve(row, changes=changes_from_json(data))
    except ValueError as error:
        return evolve(row, problem=str(error))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON takes the last of two members of one name; nobody knows which was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)}: there twice")
    return found
