"""Rows: the orders that the records of an input name."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal, get_args

from attrs import frozen

from cdek_async import DeleteOrder
from cdek_async.cli._records import Record, read_records
from cdek_async.cli._source import Source

By = Literal["uuid", "cdek_number", "im_number"]
NUMBERS: tuple[By, ...] = get_args(By)


@frozen
class Row:
    """The order that a row names, by its first number; `problem` is why it cannot be an order."""

    line: int
    uuid: str = ""
    cdek_number: str = ""
    im_number: str = ""
    problem: str = ""


def read_rows(source: Source, *, column: str | None = None, by: By | None = None) -> Iterator[Row]:
    """Read rows lazily; raises `Stop` at once where nothing can be read.

    `column`: the only one to look at; `by`: the number that it holds. Without them, the first of uuid,
    cdek_number and im_number that a row has.
    """
    if column is None:
        keys: dict[str, By] = {name: name for name in NUMBERS if by in (None, name)}
        return (_row(record, keys) for record in read_records(source, list(keys)))
    column = column.strip()
    records = read_records(source, [column])
    known: By | None = by or next((name for name in NUMBERS if name == column.lower()), None)
    if known is None:
        records, known = _guessed(source, records, column)
    only: dict[str, By] = {column: known}
    return (_row(record, only) for record in records)


def _guessed(source: Source, records: Iterator[Record], column: str) -> tuple[Iterator[Record], By]:
    """Take a column for uuids when its first cell is one; other numbers look like each other."""
    seen: list[Record] = []
    for record in records:
        seen.append(record)
        if text := record.cells.get(column):
            try:
                DeleteOrder(text)
            except ValueError:
                raise source.error(
                    f"{text!r:.60} is no uuid: say with --by which number column {column!r:.60} holds",
                    record.line,
                ) from None
            break
    return chain(seen, records), "uuid"


def _row(record: Record, keys: Mapping[str, By]) -> Row:
    given = {name: record.cells.get(key, "") for key, name in keys.items()}
    if record.problem or any(given.values()):
        return Row(record.line, **given, problem=record.problem)
    return Row(record.line, problem=f"no {' or '.join(keys)}")
