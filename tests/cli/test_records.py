from collections.abc import Sequence
from pathlib import Path

import pytest

from cdek_async.cli._exit import Stop
from cdek_async.cli._records import read_records
from cdek_async.cli._source import Source

A, B = "8d6f1c1e-0f3b-4f0e-9b53-3d2f6a9b7c01", "8d6f1c1e-0f3b-4f0e-9b53-3d2f6a9b7c02"
NUMBERS = ("uuid", "cdek_number", "im_number")


def records(
    tmp_path: Path, text: str, columns: Sequence[str] = NUMBERS, name: str = "orders"
) -> list[object]:
    """Each record as its line with what was in it, without empty cells, or with its problem."""
    path = tmp_path / name
    path.write_bytes(text.encode())
    with Source(str(path)) as source:
        return [
            (each.line, each.problem or {name: cell for name, cell in each.cells.items() if cell})
            for each in read_records(source, columns)
        ]


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n",
        f"{A}\r\n{B}",
        f'"{A}",\n{B};\n',
        f"{A.upper()}\n{B}\n".replace(A.upper(), A),
    ],
)
def test_a_list_of_uuids_is_known_by_its_first_line(tmp_path: Path, text: str) -> None:
    """Whatever the file is called; stray quotes and separators fall off."""
    assert records(tmp_path, text, name="orders.csv") == [(1, {"uuid": A}), (2, {"uuid": B})]


def test_a_text_file_may_begin_with_a_bad_uuid(tmp_path: Path) -> None:
    """Elsewhere such a line would be a header without a column."""
    assert records(tmp_path, f"abc\n{B}\n", name="o.txt") == [(1, {"uuid": "abc"}), (2, {"uuid": B})]
    with pytest.raises(Stop, match="line 1: no column uuid or cdek_number or im_number in 'abc'"):
        records(tmp_path, f"abc\n{B}\n", name="o.csv")
    with pytest.raises(Stop, match="no column Заказ in 'abc'"):
        records(tmp_path, f"abc\n{B}\n", ["Заказ"], name="o.txt")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"uuid\n{A}\n", [(2, {"uuid": A})]),
        (f"uuid,comment\n{A},hi; there\n", [(2, {"uuid": A})]),
        (f'comment;UUID \n"one\ntwo";{A}\nx;{B}\n', [(2, {"uuid": A}), (4, {"uuid": B})]),
        ('"my\nuuid";cdek_number\nx;11\n', [(3, {"cdek_number": "11"})]),
        (
            f"im_number\tuuid\nN-1\t{A}\nN-2\n",
            [(2, {"uuid": A, "im_number": "N-1"}), (3, {"im_number": "N-2"})],
        ),
        (f"uuid,x\r\n{A},1\r\n", [(2, {"uuid": A})]),
        ("uuid\n", []),
        ("uuid,x\n,y\n", [(2, {})]),
        (f"\n\nuuid\n{A}\n", [(1, "blank"), (2, "blank"), (4, {"uuid": A})]),
        (f'uuid,x\n"{A}"y,1\n{B},1\n', [(2, "not CSV: ',' expected after '\"'"), (3, {"uuid": B})]),
    ],
)
def test_csv_is_read_by_its_header(tmp_path: Path, text: str, found: list[object]) -> None:
    """Comma, semicolon or tab, whichever parts the wanted names; lines are counted inside quotes too."""
    assert records(tmp_path, text, name="orders.csv") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            f'{{"uuid": "{A}"}}\n{{"cdek_number": 11, "x": []}}\n',
            [(1, {"uuid": A}), (2, {"cdek_number": "11"})],
        ),
        ('{"cdek_number": 1.50}\n', [(1, {"cdek_number": "1.50"})]),
        (
            '{"uuid": null}\n{"uuid": true}\n[1]\nnot json\n\n{"uuid": {"a": 1}}\n',
            [
                (1, {}),
                (2, "uuid: expected text, not true"),
                (3, "not a JSON object"),
                (4, "not JSON"),
                (5, "blank"),
                (6, 'uuid: expected text, not {"a": 1}'),
            ],
        ),
        ("{" * 100_000 + "\n", [(1, "not JSON")]),
        ('{"a":' * 50_000 + "\n", [(1, "not JSON")]),
    ],
)
def test_jsonl_is_an_object_a_line(tmp_path: Path, text: str, found: list[object]) -> None:
    """A line that is none costs nothing but itself."""
    assert records(tmp_path, text) == found


def test_jsonl_is_known_by_its_name_too(tmp_path: Path) -> None:
    """Where its first line is broken."""
    assert records(tmp_path, f'oops\n{{"uuid": "{A}"}}\n', name="o.jsonl") == [
        (1, "not JSON"),
        (2, {"uuid": A}),
    ]


@pytest.mark.parametrize(
    ("text", "blank"),
    [(f"uuid\n{A}\n\n\n", []), (f"uuid,x\n{A},\n,\n\n{B},\n,,\n", [3, 4]), (f"{A}\n\n{B}\n  \n", [2])],
)
def test_blank_rows_count_but_at_the_end(tmp_path: Path, text: str, blank: list[int]) -> None:
    """Spreadsheets leave some behind, and an exit code should not hang on them."""
    found = records(tmp_path, text, name="orders.csv")
    assert [each[0] for each in found if each[1] == "blank"] == blank  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "orders.csv: empty"),
        (" \n\n", "orders.csv: empty"),
        ("[\n", "line 1: a JSON array; expected one JSON object per line"),
        ("uuid,uuid\n", "line 1: two columns named uuid"),
        ("a,b\n", "line 1: no column uuid or cdek_number or im_number in 'a,b'; --column names another"),
        ("x" * 200_000 + ",uuid\n", "line 1: no column"),
        (f'uuid,x\n{A},1\n{B},"oops\n{A},2\n', "line 3: a quoted field begins there and does not end"),
        (f'uuid,x\n{A},"oops\n' + f"{B},2\n" * 4000, "line 2: a quoted field begins there and does not end"),
        (f'uuid,x\n{A},"', "line 2: a quoted field begins there and does not end"),
        ('uuid,"x\n', "two"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    """Not quietly taken for one long row."""
    if why == "two":  # a header that never ends has its first name all the same
        assert records(tmp_path, text, name="orders.csv") == []
        return
    with pytest.raises(Stop) as stop:
        records(tmp_path, text, name="orders.csv")
    assert why in str(stop.value)


def test_records_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """A fault in line 3 is met when line 3 is read, and what stood before it is there."""
    path = tmp_path / "orders.csv"
    path.write_bytes(f"uuid\n{A}\n\xff\n".encode("latin-1"))
    with Source(str(path)) as source:
        found = read_records(source, NUMBERS)
        assert next(found).cells["uuid"] == A
        with pytest.raises(Stop, match="line 3: not UTF-8"):
            next(found)
