import json
from decimal import Decimal
from pathlib import Path

import pytest

from cdek_async.cli._asked import ChangesRow
from cdek_async.cli._changes import read_changes
from cdek_async.cli._exit import Stop
from cdek_async.cli._source import Source

UUID = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e01"


def read(path: Path, content: str) -> list[ChangesRow]:
    path.write_text(content)
    with Source(str(path)) as source:
        return list(read_changes(source))


def test_a_line_is_an_orders_changes(tmp_path: Path) -> None:
    """By uuid or cdek_number, with CDEK's names; blank lines are none, and every digit is kept."""
    lines = [
        json.dumps({"uuid": UUID, "comment": "Позвонить"}),
        "",
        json.dumps({"cdek_number": 1400000001, "delivery_recipient_cost": {"value": 0}}).replace(
            "0}", "10.10}"
        ),
    ]
    first, second = read(tmp_path / "changes.jsonl", "\n".join(lines))
    assert (first.line, first.uuid, first.problem) == (1, UUID, "")
    assert first.changes is not None
    assert first.changes.comment == "Позвонить"
    assert (second.line, second.cdek_number) == (3, "1400000001")
    assert second.changes is not None
    assert second.changes.delivery_recipient_cost
    assert second.changes.delivery_recipient_cost.value == Decimal("10.10")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "not a JSON object"),
        ("{}", "uuid, cdek_number: one of them must name the order"),
        (f'{{"uuid": "{UUID}", "comment": "a", "comment": "b"}}', "comment: there twice"),
        (f'{{"uuid": "{UUID}", "colour": 1}}', "colour: there is no such field in an update"),
        (f'{{"uuid": "{UUID}", "packages": []}}', "packages: "),
        ('{"uuid": "oops"}', "uuid: "),
    ],
)
def test_a_line_that_cannot_be_changes_says_why(tmp_path: Path, line: str, problem: str) -> None:
    """And where; the others are not touched by it."""
    good = json.dumps({"uuid": UUID, "comment": "x"})
    rows = read(tmp_path / "changes.jsonl", f"{good}\n{line}\n{good}\n")
    assert [row.line for row in rows] == [1, 2, 3]
    assert [row.problem[: len(problem)] for row in rows] == ["", problem, ""]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "changes.jsonl: empty"),
        ("\n \n", "changes.jsonl: empty"),
        ("\nuuid,comment\n", "changes.jsonl, line 2: one JSON object per line (JSONL) expected"),
        ("[{}]", "changes.jsonl, line 1: one JSON object per line (JSONL) expected"),
    ],
)
def test_what_is_no_jsonl_is_turned_away_at_once(tmp_path: Path, content: str, line: str) -> None:
    """Before anything is sent."""
    (tmp_path / "changes.jsonl").write_text(content)
    with Source(str(tmp_path / "changes.jsonl")) as source, pytest.raises(Stop) as stop:
        read_changes(source)
    assert line in str(stop.value)
