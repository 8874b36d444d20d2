from pathlib import Path
from typing import Any

import pytest

from cdek_async.cli._exit import Stop
from cdek_async.cli._rows import Row, read_rows
from cdek_async.cli._source import Source

A = "5b0c86b0-6bb1-44c9-8f4e-5d0f1f0a6a01"


def rows(tmp_path: Path, text: str, **options: Any) -> list[Row]:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")
    with Source(str(path)) as source:
        return list(read_rows(source, **options))


def test_a_row_keeps_every_number_that_it_gives(tmp_path: Path) -> None:
    """The report repeats them, though the first is enough to name the order."""
    found = rows(tmp_path, f"im_number;uuid;cdek_number\nN1;{A};11\n;;12\n;;\nN2;;\nx\n")
    assert found == [
        Row(2, uuid=A, cdek_number="11", im_number="N1"),
        Row(3, cdek_number="12"),
        Row(4, problem="blank"),
        Row(5, im_number="N2"),
        Row(6, im_number="x"),
    ]


def test_a_row_without_a_number_says_which_it_lacks(tmp_path: Path) -> None:
    """With a cell in another column it is not blank."""
    assert rows(tmp_path, "uuid,note\n,hello\n") == [Row(2, problem="no uuid or cdek_number or im_number")]
    assert rows(tmp_path, '{"a": 1}\n{"uuid": []}\n', column="uuid") == [
        Row(1, problem="no uuid"),
        Row(2, problem="uuid: expected text, not []"),
    ]


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ({"column": "im_number"}, Row(2, im_number="N1")),
        ({"column": "CDEK_Number "}, Row(2, cdek_number="11")),
        ({"by": "cdek_number"}, Row(2, cdek_number="11")),
        ({"column": "Заказ", "by": "im_number"}, Row(2, im_number="77")),
        ({"column": "im_number", "by": "cdek_number"}, Row(2, cdek_number="N1")),
        ({"column": "Ключ"}, Row(2, uuid=A)),
    ],
)
def test_one_column_may_be_chosen(tmp_path: Path, options: dict[str, Any], row: Row) -> None:
    """It holds what `by` says, or what it is called, or uuids when its first cell is one."""
    text = f"uuid,cdek_number,im_number,Заказ,Ключ\nabc,11,N1,77,{A}\n"
    assert rows(tmp_path, text, **options) == [row]


def test_another_column_of_numbers_must_be_explained(tmp_path: Path) -> None:
    """Numbers look like each other; the first cell decides, and blank rows before it are not lost."""
    with pytest.raises(
        Stop, match="line 3: '77' is no uuid: say with --by which number column 'Заказ' holds"
    ):
        rows(tmp_path, "Заказ,x\n,1\n77,1\n", column="Заказ")
    assert rows(tmp_path, f"Заказ,x\n,1\n{A},1\n", column="Заказ") == [
        Row(2, problem="no Заказ"),
        Row(3, uuid=A),
    ]
    assert rows(tmp_path, "Заказ,x\n", column="Заказ") == []
