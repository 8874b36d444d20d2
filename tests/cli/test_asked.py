import pytest

from cdek_async import OrderChanges
from cdek_async.cli._asked import ChangesRow, deletion, update
from cdek_async.cli._rows import Row

UUID = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e01"


@pytest.mark.parametrize(
    ("row", "operation"),
    [
        (Row(1, uuid=UUID.upper(), im_number="N"), UUID),
        (Row(1, cdek_number="11", im_number="N"), "11"),
        (Row(1, im_number="N"), "N"),
    ],
)
def test_a_row_names_its_order_by_its_first_number(row: Row, operation: str) -> None:
    """A uuid needs no look for it."""
    found = deletion(row)
    assert str(found.uuid or found.cdek_number or found.im_number) == operation
    assert found.row is row


@pytest.mark.parametrize("row", [Row(1, problem="blank"), Row(1, uuid="x"), Row(1, im_number="a\x1bb")])
def test_a_row_that_is_no_order_is_a_value_error(row: Row) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=r"^(blank|uuid|im_number)"):
        deletion(row)


def test_an_update_knows_its_row() -> None:
    """And compares without it: the same changes are the same operation."""
    row = ChangesRow(3, uuid=UUID, changes=OrderChanges(uuid=UUID, comment="x"))
    assert update(row).row is row
    assert update(row) == update(ChangesRow(4, changes=row.changes))


@pytest.mark.parametrize("row", [ChangesRow(3, problem="not JSON"), Row(3, problem="not JSON")])
def test_a_row_without_changes_is_a_value_error(row: Row) -> None:
    """With what is the matter."""
    with pytest.raises(ValueError, match=r"^not JSON$"):
        update(row)
