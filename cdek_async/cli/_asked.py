"""What a row asks for: an operation that knows its row."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from attrs import field, frozen

from cdek_async import DeleteOrder, Operation, OrderChanges, UpdateOrder
from cdek_async.cli._rows import NUMBERS, Row


class Asked(Operation, Protocol):
    """An operation of a bulk job."""

    @property
    def row(self) -> Row: ...


Ask: TypeAlias = Callable[[Row], Asked]
"""From a row to its operation; raises `ValueError` where it cannot be one."""


@frozen
class DeleteRow(DeleteOrder):
    """A deletion that knows its row."""

    row: Row = field(kw_only=True, eq=False, repr=False)


@frozen
class UpdateRow(UpdateOrder):
    """An update that knows its row."""

    row: Row = field(kw_only=True, eq=False, repr=False)


@frozen
class ChangesRow(Row):
    """A row with what is to be changed."""

    changes: OrderChanges | None = field(default=None, kw_only=True, repr=False)


def deletion(row: Row) -> DeleteRow:
    """The deletion that a row asks for, by its first number."""
    if row.problem:
        raise ValueError(row.problem)
    name = next(name for name in NUMBERS if getattr(row, name))
    return DeleteRow(**{name: getattr(row, name)}, row=row)


def update(row: Row) -> UpdateRow:
    """The update that a row asks for."""
    if not isinstance(row, ChangesRow) or row.changes is None:
        raise ValueError(row.problem)
    return UpdateRow(row.changes, row=row)
