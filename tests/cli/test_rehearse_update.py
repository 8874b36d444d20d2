"""The dry run of an update: what it says is what happens when the same changes are sent."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from cdek_async import Contact, Order, OrderChanges, Outcome, Package, Phone, Polling, UpdateOrder
from cdek_async.cli._asked import ChangesRow, update
from cdek_async.cli._exit import Code
from cdek_async.cli._forecast_update import UPDATE
from cdek_async.cli._rehearse import Found, rehearse
from cdek_async.cli._report import Report
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen
from cdek_async.sandbox import Sandbox
from tests.cli.rehearsed import UNKNOWN, Ran, ran
from tests.cli.sources import of
from tests.cli.terminal import environment, finish, served
from tests.sandboxed import client_of
from tests.virtual import run


def tried(sandbox: Sandbox, rows: list[ChangesRow], path: Path) -> Ran:
    return ran(sandbox, of(*rows), path, lines=len(rows), trial=UPDATE)


def row(line: int, uuid: str = "", **fields: Any) -> ChangesRow:
    return ChangesRow(line, uuid=uuid, changes=OrderChanges(uuid=uuid or None, **fields))


def orders_of(sandbox: Sandbox, uuids: list[str]) -> list[Order]:
    async def main() -> list[Order]:
        async with client_of(sandbox) as client:
            return [(await client.get_order(uuid)).order for uuid in uuids]

    return run(main())


def sent(sandbox: Sandbox, rows: list[ChangesRow]) -> dict[int, str]:
    """What becomes of the rows when they are sent, by their lines."""

    async def main() -> dict[int, str]:
        found = {}
        operations = [update(each) for each in rows]
        once = Polling(wait_initial=3)
        async with client_of(sandbox) as client, client.run_all(operations, polling=once) as results:
            async for operation, result in results:
                assert isinstance(result, Outcome), result
                found[operation.row.line] = str(result.verdict)
        return found

    return run(main())


def item_of(package: Package) -> Any:
    assert package.items
    return package.items[0]


def cost(found: Ran) -> str:
    return next(line for line in found.screen.splitlines() if line.startswith("Updating these"))


def test_what_is_predicted_is_what_the_changes_do(tmp_path: Path) -> None:
    """What was listed has its new value, what was marked is gone, all else is as it was."""
    sandbox = Sandbox(settle="fixed:0.5")
    uuids = [sandbox.add_order().uuid for _ in range(8)]
    before = orders_of(sandbox, uuids)
    package = [order.packages[0] for order in before]
    dearer = evolve(package[2], items=[evolve(item_of(package[2]), cost=9_999, amount=3)])
    new = Package(number="2", weight=70)
    recipient = before[3].recipient
    assert recipient
    rows = [
        row(1, uuids[0], comment="b", tariff_code=before[0].tariff_code),
        row(2, uuids[1], comment=""),  # as it is
        row(3, uuids[2], packages=[dearer, new]),
        row(4, uuids[3], recipient=evolve(recipient, email="a@example.org", phones=[Phone("+79000000000")])),
        row(5, uuids[4], packages=[new]),
        ChangesRow(6, changes=OrderChanges(cdek_number=before[5].cdek_number, comment="by number")),
        row(7, uuids[6], packages=[Package(number="1", weight=3)]),
        row(8, uuids[7], recipient=Contact(name="Новый")),
    ]
    found = tried(sandbox, rows, tmp_path)
    assert orders_of(sandbox, uuids) == before
    sandbox.calls.clear()
    verdicts = sent(sandbox, rows)
    calls = len(sandbox.calls["GET"]) + len(sandbox.calls["PATCH"])
    after = orders_of(sandbox, uuids)

    assert found.predictions == {
        **dict.fromkeys((1, 3, 4, 6, 8), "would_change"),
        2: "nothing_to_change",
        5: "would_delete_packages",
        7: "not_changeable",
    }
    assert {line for line, verdict in verdicts.items() if verdict == "rejected"} == {7}
    assert f"about {calls} calls, 1 minute at 200 calls/s." in cost(found)
    told = {each["line"]: [(e["code"], e["message"]) for e in each["errors"]] for each in found.rows}

    assert told[1] == [("comment", '"" -> "b"')]
    assert after[0] == evolve(before[0], comment="b")
    assert told[2] == []
    assert after[1] == before[1]
    assert told[3] == [
        ("packages[0].items[0].amount", "1 -> 3"),
        ("packages[0].items[0].cost", f"{item_of(package[2]).cost} -> 9999"),
        ("package_added", '"2"'),
    ]
    kept, added = after[2].packages
    assert (kept.package_id, item_of(kept).amount, item_of(kept).cost) == (package[2].package_id, 3, 9_999)
    assert (added.number, added.weight) == ("2", 70)
    assert evolve(after[2], packages=()) == evolve(before[2], packages=())
    assert told[4] == [
        ("recipient.email", 'nothing -> "a@example.org"'),
        ("recipient.phones[0].number", '"79000000003" -> "+79000000000"'),
    ]
    assert after[3].recipient
    assert after[3].recipient.email == "a@example.org"
    assert evolve(after[3], recipient=None) == evolve(before[3], recipient=None)
    assert told[5] == [("package_deleted", '"1"'), ("package_added", '"2"')]
    assert [each.number for each in after[4].packages] == ["2"]
    assert told[6] == [("comment", '"" -> "by number"')]
    assert after[5] == evolve(before[5], comment="by number")
    assert after[6] == before[6]
    assert told[8] == [
        ("recipient.name", f'"{before[7].recipient and before[7].recipient.name}" -> "Новый"'),
        ("recipient.phones[0]", '{"number": "79000000007"} left out'),
    ]
    assert after[7].recipient
    assert not after[7].recipient.phones  # the sandbox takes the part for the whole
    assert "1 row leaves out fields of what is sent; CDEK may empty these." in cost(found)

    sandbox.calls.clear()
    again = tried(sandbox, rows[:4], tmp_path)
    # The new package exists by now, and is listed without its id.
    assert again.predictions == dict.fromkeys((1, 2, 4), "nothing_to_change") | {3: "not_changeable"}


def test_orders_that_cannot_be_changed_are_foretold(tmp_path: Path) -> None:
    """By status, by owner, and where there is none; the screen tells why."""
    sandbox = Sandbox(settle="fixed:0.5")
    sandbox.add_account("another", "secret")
    statuses = ("CREATED", "ACCEPTED", "REMOVED", "INVALID", "DELIVERED")
    uuids = [sandbox.add_order(status=status).uuid for status in statuses]
    uuids += [sandbox.add_order(client_id="another").uuid, UNKNOWN]
    rows = [row(line, uuid, comment="b") for line, uuid in enumerate(uuids, 1)]
    rows += [ChangesRow(8, changes=OrderChanges(cdek_number="404", comment="b"))]
    found = tried(sandbox, [*rows, ChangesRow(9, problem="not JSON")], tmp_path)
    assert found.code == Code.FAILED
    assert found.predictions == {
        1: "would_change",
        2: "unknown",
        3: "not_changeable",
        4: "not_changeable",
        5: "not_changeable",
        6: "not_ours",
        7: "not_found",
        8: "not_found",
        9: "unusable",
    }
    told = found.screen.splitlines()
    assert told[0] == "line 9: unusable, not JSON"
    why = "its status; CDEK changes an order in CREATED or ACCEPTED only"
    assert sorted(told[1:9]) == [
        'line 1: would change, comment: "" -> "b"',
        'line 2: unknown, its status; CDEK\'s documents disagree about it, comment: "" -> "b"',
        "line 3: not changeable, REMOVED, removed already",
        f"line 4: not changeable, INVALID, {why}",
        f"line 5: not changeable, DELIVERED, {why}",
        "line 6: not ours, v2_entity_forbidden, the order of another client",
        f"line 7: not found, CDEK knows no order {UNKNOWN}",
        "line 8: not found, CDEK knows no order with cdek_number 404",
    ]
    assert told[9].endswith("; nothing was changed")
    sandbox.calls.clear()
    verdicts = sent(sandbox, rows)
    assert {line for line, verdict in verdicts.items() if verdict == "ok"} == {1, 2}
    calls = len(sandbox.calls["GET"]) + len(sandbox.calls["PATCH"])
    assert f"about {calls} calls" in cost(found)


def test_it_is_fine_where_all_would_change_or_is_as_wanted(tmp_path: Path) -> None:
    """Orders with nothing to change are counted only."""
    sandbox = Sandbox()
    rows = [row(1, sandbox.add_order().uuid, comment="b"), row(2, sandbox.add_order().uuid, comment="")]
    found = tried(sandbox, rows, tmp_path)
    assert found.code == Code.OK
    assert "line 2" not in found.screen
    assert "nothing to change" in found.screen
    marked = [*rows, row(3, sandbox.add_order().uuid, packages=[Package(number="2", weight=1)])]
    found = tried(sandbox, marked, tmp_path)
    assert found.code == Code.FAILED
    assert (
        'line 3: would delete packages, package "1" would be DELETED: it is not in the list;'
        ' package "2" would be added\n'
    ) in found.screen


def test_values_drive_neither_terminal_nor_spreadsheet(tmp_path: Path) -> None:
    """Control characters show as codes, and no cell begins as a formula."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    nasty = "=1+1\x1b[2J\n\u202e\x9b"
    rows = [row(1, uuid, comment=nasty, packages=[Package(number="=2+2\x1b", weight=1)])]
    out, file = io.StringIO(), tmp_path / "report.csv"

    async def main() -> Code:
        with Report(str(file)) as report:
            screen = Screen(Console(file=out, width=200))
            source = of(*rows)()
            return await rehearse(
                client_of(sandbox), screen, report, source, 1, trial=UPDATE, rate=200, name="x"
            )

    assert run(main()) == Code.FAILED
    shown = r'comment: "" -> "=1+1\u001b[2J\n\u202e\u009b"'
    assert shown in out.getvalue()
    assert all(each == "\n" or each.isprintable() for each in out.getvalue())
    with file.open(newline="") as lines:
        cells = next(iter(csv.DictReader(lines)))
    assert cells["errors"] == rf'package_deleted: "1"; {shown}; package_added: "=2+2\u001b"'
    assert not any((cell or "").startswith(("=", "+", "-", "@")) for cell in cells.values())
    assert len(file.read_text().splitlines()) == 2


def test_the_first_effects_are_on_the_screen_and_all_in_the_report(tmp_path: Path) -> None:
    """An order may have 255 packages."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    found = tried(
        sandbox, [row(1, uuid, packages=[Package(number=f"n{n}", weight=1) for n in range(20)])], tmp_path
    )
    line = next(line for line in found.screen.replace("\n", " ").split("x: ") if "DELETED" in line)
    assert 'package "n6" would be added; and 13 more' in line
    assert "n7" not in line
    assert len(found.rows[0]["errors"]) == 21


def test_many_lines_are_neither_listed_nor_kept(tmp_path: Path) -> None:
    """The first 20 are shown; what is read ahead of the report does not grow with the input."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    ahead = [0]
    report = tmp_path / "report.jsonl"
    n = 2_000

    async def source() -> AsyncIterator[Row]:
        for line in range(1, n + 1):
            if not line % 100:
                ahead.append(line - report.read_text().count("\n"))
            yield row(line, uuid, comment="b" * 100)

    found = ran(sandbox, source, tmp_path, trial=UPDATE)
    assert (found.code, len(found.rows)) == (Code.OK, n)
    assert max(ahead) <= 202
    assert found.screen.count("line ") == 20
    assert "… and more, counted at the end" in found.screen


def test_what_is_counted_does_not_grow() -> None:
    """50,000 rows come to a handful of numbers."""
    found = Found(UPDATE)
    for line in range(50_000):
        found.rows += 1
        found.add("not_changeable", f"CODE_{line}")
    assert len(found.predictions) == 1
    assert len(found.codes) == 51


@pytest.mark.parametrize(("partial", "told"), [(0, ""), (1, "1 row leaves out"), (2, "2 rows leave out")])
def test_rows_that_leave_something_out_are_counted(partial: int, told: str) -> None:
    """In the line that tells the cost."""
    line = Found(UPDATE, calls=1, partial=partial).told(200)
    assert told in line
    assert ("CDEK may empty these" in line) == bool(told)


def test_the_report_is_read_by_machines(tmp_path: Path) -> None:
    """Verdict and uuid, with a pair for each effect."""
    sandbox = Sandbox()
    order = sandbox.add_order()
    given = ChangesRow(
        1,
        cdek_number=order.cdek_number,
        changes=OrderChanges(cdek_number=order.cdek_number, comment="b"),
    )
    found = tried(sandbox, [given], tmp_path)
    assert found.rows == [
        {
            "line": 1,
            "uuid": order.uuid,
            "cdek_number": order.cdek_number,
            "im_number": None,
            "verdict": "would_change",
            "errors": [{"code": "comment", "message": '"" -> "b"'}],
            "request_uuid": None,
            "settle_seconds": None,
            "ticket": None,
        }
    ]


def test_an_operation_is_what_update_sends() -> None:
    """The dry run asks for the very same."""
    given = ChangesRow(1, changes=OrderChanges(cdek_number="7", comment="b"))
    operation, _ = UPDATE.ask(given)
    assert isinstance(operation, UpdateOrder)
    assert operation == update(given)


def test_the_command_shows_what_would_change(tmp_path: Path) -> None:
    """From a file of changes, over a real socket; nothing is written, at CDEK's or here."""
    sandbox = Sandbox()
    uuids = [sandbox.add_order().uuid for _ in range(3)]
    changes = tmp_path / "changes.jsonl"
    lines = [
        {"uuid": uuids[0], "comment": "b"},
        {"uuid": uuids[1], "comment": ""},
        {"uuid": uuids[2], "packages": [{"number": "2", "weight": 1}]},
    ]
    changes.write_text("".join(json.dumps(each) + "\n" for each in lines) + "{oops\n")
    with served(sandbox) as url:
        code, out, err = finish("update", str(changes), "--dry-run", env=environment(url))
    assert (code, out, set(sandbox.calls)) == (1, "", {"TOKEN", "GET"})
    told = err.splitlines()
    gone = 'package "1" would be DELETED: it is not in the list; package "2" would be added'
    assert sorted(told[:3]) == [
        'line 1: would change, comment: "" -> "b"',
        f"line 3: would delete packages, {gone}",
        "line 4: unusable, not JSON",
    ]
    assert told[-1].startswith("Updating these would take about 6 calls, 1 minute at 200 calls/s.")
    assert [each.name for each in tmp_path.iterdir()] == ["changes.jsonl"]
