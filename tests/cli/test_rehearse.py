import asyncio
import io
import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cdek_async import CdekClient, DeleteOrder, Outcome, Polling
from cdek_async.cli._asked import deletion
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._forecast_delete import DELETION
from cdek_async.cli._rehearse import Found, Rehearsal, rehearse
from cdek_async.cli._report import Report
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen
from cdek_async.cli._tally import OTHER_CODES
from cdek_async.sandbox import Fault, Sandbox
from tests.cli.rehearsed import UNKNOWN, ran
from tests.cli.sources import Source, of
from tests.sandboxed import client_of
from tests.virtual import run


def rows_of(*uuids: str) -> list[Row]:
    return [Row(line, uuid=uuid) for line, uuid in enumerate(uuids, 2)]


def test_every_row_has_its_prediction(tmp_path: Path) -> None:
    """By uuid and by number, duplicates and what is no order too; the screen tells what is in the way."""
    sandbox = Sandbox()
    sandbox.add_account("another", "secret")
    free, numbered = sandbox.add_order(), sandbox.add_order(number="N-7")
    gone, moved = sandbox.add_order(status="REMOVED"), sandbox.add_order(status="DELIVERED")
    theirs = sandbox.add_order(client_id="another")
    rows = (
        Row(2, uuid=free.uuid, im_number="mine"),
        Row(3, im_number="N-7"),
        Row(4, uuid=gone.uuid),
        Row(5, uuid=moved.uuid),
        Row(6, uuid=theirs.uuid),
        Row(7, cdek_number=theirs.cdek_number),
        Row(8, uuid=UNKNOWN),
        Row(9, im_number="N-8"),
        Row(10, uuid=free.uuid),
        Row(11, uuid="oops"),
        Row(12, problem="blank"),
    )
    found = ran(sandbox, of(*rows), tmp_path, lines=12)
    assert found.code == Code.FAILED
    assert found.predictions == {
        2: "deletable",
        3: "deletable",
        4: "gone",
        5: "not_deletable",
        6: "not_ours",
        7: "not_ours",
        8: "not_found",
        9: "not_found",
        10: "deletable",
        11: "unusable",
        12: "unusable",
    }
    by_line = {row["line"]: row for row in found.rows}
    assert (by_line[2]["uuid"], by_line[2]["im_number"]) == (free.uuid, "mine")
    assert by_line[3]["uuid"] == numbered.uuid
    assert by_line[5]["errors"] == [
        {"code": "DELIVERED", "message": "its status; CDEK deletes an order in CREATED only"}
    ]
    told = found.screen.splitlines()
    assert told[:2] == ["line 11: unusable, uuid: 'oops' is not a UUID", "line 12: unusable, blank"]
    assert sorted(told[2:8]) == [
        "line 4: removed already",
        "line 5: not deletable, DELIVERED, its status; CDEK deletes an order in CREATED only",
        "line 6: not ours, v2_entity_forbidden, the order of another client",
        "line 7: not ours, v2_entity_forbidden, the order of another client",
        f"line 8: not found, CDEK knows no order {UNKNOWN}",
        "line 9: not found, CDEK knows no order with im_number N-8",
    ]
    assert told[8].startswith("orders.csv: 11 rows, 10 calls in 0:0")
    assert told[8].endswith("; nothing was deleted")
    table = [line.rsplit(maxsplit=1) for line in told[9:] if line.startswith("  ") and line.strip()]
    assert [(word.strip(), int(count)) for word, count in table] == [
        ("deletable", 3),
        ("removed already", 1),
        ("not deletable", 1),
        ("DELIVERED", 1),
        ("not found", 2),
        ("not ours", 2),
        ("unusable", 2),
    ]


@pytest.mark.parametrize(
    ("status", "code"), [("CREATED", Code.OK), ("REMOVED", Code.OK), ("SENT", Code.FAILED)]
)
def test_the_exit_code_says_whether_something_is_in_the_way(tmp_path: Path, status: str, code: Code) -> None:
    """An order that is removed already is not."""
    sandbox = Sandbox()
    rows = rows_of(sandbox.add_order().uuid, sandbox.add_order(status=status).uuid)
    assert ran(sandbox, of(*rows), tmp_path).code == code


def test_an_empty_input_is_told(tmp_path: Path) -> None:
    """And is nothing wrong."""
    found = ran(Sandbox(), of(), tmp_path)
    assert (found.code, found.screen) == (Code.OK, "orders.csv: no rows\n")


EXPECTED = {
    "deletable": {"ok"},
    "not_deletable": {"rejected"},
    "gone": {"ok", "not_found"},
    "not_found": {"not_found"},
    "not_ours": {"rejected"},
    "unknown": {"ok", "rejected", "not_found"},
}


@pytest.mark.parametrize("options", [{}, {"repeat_delete": "invalid"}, {"several": "reject"}])
def test_what_is_predicted_is_what_becomes_of_it(tmp_path: Path, options: Any) -> None:
    """Every kind of order, deleted for real; only what GET does not show may turn out otherwise, once."""
    sandbox = Sandbox(settle="fixed:1", **options)
    sandbox.add_account("another", "secret")
    statuses = ("CREATED", "ACCEPTED", "REMOVED", "INVALID", "DELIVERED", "SENT")
    orders = [
        sandbox.add_order(status=status, warehouse=flag == "w", claims=flag == "c", client_id=owner)
        for status in statuses
        for flag in "-wc"
        for owner in (None, "another")
    ]
    sandbox.add_order(number="TWICE")
    sandbox.add_order(number="TWICE")
    hidden = {each.uuid for each in orders if (each.warehouse or each.claims) and each.status == "CREATED"}
    rows = rows_of(*(order.uuid for order in orders), UNKNOWN)
    rows += [Row(100 + n, cdek_number=order.cdek_number) for n, order in enumerate(orders)]
    rows += [Row(200, im_number="TWICE"), Row(201, im_number="nobody's")]
    first = ran(sandbox, of(*rows), tmp_path).predictions
    real = really(sandbox, rows)
    sandbox.calls.clear()
    again = ran(sandbox, of(*rows), tmp_path).predictions
    sandbox.calls.clear()
    real_again = really(sandbox, rows)
    uuids = {100 + n: order.uuid for n, order in enumerate(orders)} | {
        row.line: row.uuid for row in rows[:37]
    }
    for line, prediction in first.items():
        if uuids.get(line) in hidden and prediction == "deletable":
            assert real[line] == "rejected"
            assert again[line] == "not_deletable"
        elif line != 200 and not (line >= 100 and prediction == "deletable"):  # deleted by its uuid before
            assert real[line] in EXPECTED[prediction], (line, prediction)
    wrong = {line: each for line, each in again.items() if real_again[line] not in EXPECTED[each]}
    assert wrong == {}
    assert set(first.values()) == {"deletable", "not_deletable", "gone", "not_found", "not_ours"}


def really(sandbox: Sandbox, rows: list[Row]) -> dict[int, str]:
    """What becomes of the rows, one after the other, by their lines."""

    async def main() -> dict[int, str]:
        async with client_of(sandbox) as client:
            return {row.line: await verdict(client, row) for row in rows}

    async def verdict(client: CdekClient, row: Row) -> str:
        async with client.run_all([deletion(row)]) as results:
            async for _, result in results:
                assert isinstance(result, Outcome), result
                return str(result.verdict)
        raise AssertionError(row)

    return run(main())


def test_what_it_would_cost_is_what_it_costs(tmp_path: Path) -> None:
    """All calls but the token's, where all settles within the first wait."""
    sandbox = Sandbox(settle="fixed:0.5")
    sandbox.add_account("another", "secret")
    orders = [
        sandbox.add_order(),
        sandbox.add_order(status="REMOVED"),
        sandbox.add_order(status="DELIVERED"),
        sandbox.add_order(claims=True),
        sandbox.add_order(client_id="another"),
    ]
    numbered = [sandbox.add_order(), sandbox.add_order(status="REMOVED"), sandbox.add_order(status="SENT")]
    rows = [*rows_of(*(order.uuid for order in orders), UNKNOWN), Row(20, im_number="nobody's")]
    rows += [Row(30 + n, cdek_number=order.cdek_number) for n, order in enumerate([*numbered, orders[4]])]
    found = ran(sandbox, of(*rows), tmp_path)
    line = next(line for line in found.screen.splitlines() if line.startswith("Deleting these"))
    sandbox.calls.clear()

    async def main() -> None:
        once = Polling(wait_initial=3)  # a client that learns may look sooner, and again
        operations = [deletion(row) for row in rows]
        async with client_of(sandbox) as client, client.run_all(operations, polling=once) as results:
            assert len([each async for each in results]) == len(rows)

    run(main())
    calls = len(sandbox.calls["GET"]) + len(sandbox.calls["DELETE"])
    assert line == (
        f"Deleting these would take about {calls} calls, 1 minute at 200 calls/s."
        " Predictions: operations in a warehouse and claims, which stand in the way, do not show."
    )


@pytest.mark.parametrize(
    ("calls", "rate", "told"),
    [
        (1, 200, "about 1 call, 1 minute at 200 calls/s."),
        (12_001, 200, "about 12,001 calls, 2 minutes at 200 calls/s."),
        (100_000, 12.5, "about 100,000 calls, 134 minutes at 12.5 calls/s."),
        (0, 200, "Deleting these would take no call."),
    ],
)
def test_the_cost_is_an_estimate_in_whole_minutes(calls: int, rate: float, told: str) -> None:
    """Rounded up, for the last order takes its time to settle."""
    assert told in Found(DELETION, calls=calls).told(rate)


def test_open_lists_do_not_fill_the_memory() -> None:
    """CDEK's codes beyond the fiftieth are counted together, and none is longer than a line."""
    found = Found(DELETION)
    for n in range(60):
        found.add("not_deletable", f"{n:03}" + "x" * 200)
        found.add("not_deletable", "000" + "x" * 200)
        found.add("not_ours", "v2_entity_forbidden")
    assert len(found.codes) == 51
    assert found.codes[OTHER_CODES] == 10
    assert found.codes["000" + "x" * 77] == 61
    assert found.parts() == {"not deletable": found.codes.most_common()}


def test_a_deletion_under_way_is_unknown(tmp_path: Path) -> None:
    """Nobody can tell what becomes of it."""
    sandbox = Sandbox(settle="never")
    order = sandbox.add_order()

    async def main() -> None:
        async with client_of(sandbox) as client:
            await client.submit(DeleteOrder(order.uuid))

    run(main())
    sandbox.calls.clear()
    found = ran(sandbox, of(*rows_of(order.uuid)), tmp_path)
    assert (found.code, found.predictions) == (Code.FAILED, {2: "unknown"})
    assert "line 2: unknown, its DELETE request is ACCEPTED\n" in found.screen


def test_an_order_that_cannot_be_read_is_unknown_and_ends_nothing(tmp_path: Path) -> None:
    """With its reason, in the report and on the screen."""
    sandbox = Sandbox(faults=lambda call: Fault("server_error") if call.path.endswith(bad.uuid) else None)
    bad, good = sandbox.add_order(), sandbox.add_order()
    found = ran(sandbox, of(*rows_of(bad.uuid, good.uuid)), tmp_path)
    assert (found.code, found.predictions) == (Code.FAILED, {2: "unknown", 3: "deletable"})
    errors = next(row["errors"] for row in found.rows if row["line"] == 2)
    assert errors == [{"code": "TransportError", "message": f"GET /v2/orders/{bad.uuid}: answered 503"}]
    assert f"line 2: unknown, GET /v2/orders/{bad.uuid}: answered 503\n" in found.screen


def test_stray_faults_change_no_prediction(tmp_path: Path) -> None:
    """Whatever goes wrong at one exchange in twenty; states that nobody documented say nothing."""
    sandbox = Sandbox(faults=0.05, seed=3)
    orders = sandbox.add_orders(300, locked=0.3)
    found = ran(sandbox, of(*rows_of(*(order.uuid for order in orders))), tmp_path)
    wanted = {
        n: "deletable" if order.status == "CREATED" else "not_deletable" for n, order in enumerate(orders, 2)
    }
    assert found.predictions == wanted


def test_an_outage_costs_no_order(tmp_path: Path) -> None:
    """It waits, names the host that does not answer, and goes on."""
    sandbox = Sandbox(faults=lambda call: Fault("refused") if 1 <= call.at < 300 else None)
    orders = sandbox.add_orders(500)
    found = ran(sandbox, of(*rows_of(*(order.uuid for order in orders))), tmp_path, lines=501)
    assert (found.code, len(found.rows)) == (Code.OK, 500)
    assert 300 <= found.seconds < 345
    assert ", no answer from api.cdek.ru; waiting\n" in found.screen


def test_wrong_credentials_end_it_in_one_line(tmp_path: Path) -> None:
    """No row has a prediction, and there is no report."""
    sandbox = Sandbox(client_secret="another")
    rows = rows_of(*(order.uuid for order in sandbox.add_orders(50)))
    sandbox.client_secret = "wrong"
    found = ran(sandbox, of(*rows), tmp_path)
    assert (found.code, found.rows) == (Code.FAILED, [])
    assert found.screen.count("\n") == 1
    assert found.screen.startswith("CDEK refused the credentials")
    assert found.screen.endswith(". 0 rows have a prediction; the rest of orders.csv was not read.\n")


def test_an_input_that_breaks_off_keeps_what_was_read(tmp_path: Path) -> None:
    """The place is told, and so is what the rows before it would cost."""
    sandbox = Sandbox()
    order = sandbox.add_order()

    async def source() -> AsyncIterator[Row]:
        yield Row(2, uuid=order.uuid)
        await asyncio.sleep(1)
        raise Stop("orders.csv, line 3: not UTF-8")

    found = ran(sandbox, source, tmp_path)
    assert (found.code, found.predictions) == (Code.FAILED, {2: "deletable"})
    assert "Deleting these would take about 2 calls" in found.screen
    assert found.screen.splitlines()[-1] == (
        "orders.csv, line 3: not UTF-8. 1 row has a prediction; the rest of orders.csv was not read."
    )


def test_an_input_of_nothing_but_bad_rows_lets_others_go_on(tmp_path: Path) -> None:
    """Ctrl-C and the screen are heard between any two of them."""
    heard: list[int] = []

    async def source() -> AsyncIterator[Row]:
        for n in range(100):
            asyncio.get_running_loop().call_soon(heard.append, n)
            yield Row(n, problem="blank")
        assert len(heard) > 90

    found = ran(Sandbox(), source, tmp_path)
    assert found.code == Code.FAILED
    assert "Deleting these would take no call." in found.screen


def pressed(second: float, rows: list[Row], pause: float = 1.0) -> Source:
    """Rows, one after each pause, during which Ctrl-C is pressed."""

    async def source() -> AsyncIterator[Row]:
        asyncio.get_running_loop().call_later(second, os.kill, os.getpid(), signal.SIGINT)
        for row in rows:
            yield row
            await asyncio.sleep(pause)

    return source


def test_ctrl_c_ends_it_with_what_is_known(tmp_path: Path) -> None:
    """At once, for nothing is left behind; the report has every row that was read."""
    before = signal.getsignal(signal.SIGINT)
    sandbox = Sandbox()
    rows = rows_of(*(order.uuid for order in sandbox.add_orders(50)))
    found = ran(sandbox, pressed(4.5, rows), tmp_path)
    assert (found.code, found.predictions) == (Code.INTERRUPTED, dict.fromkeys(range(2, 7), "deletable"))
    assert found.seconds < 5
    assert "Deleting these would take about 10 calls" in found.screen
    assert found.screen.splitlines()[-1] == (
        "interrupted. 5 rows have a prediction; the rest of orders.csv was not read."
    )
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_heard_while_nothing_is_answered(tmp_path: Path) -> None:
    """And the host that is to blame is named."""
    sandbox = Sandbox(faults=lambda _: Fault("refused"))
    rows = rows_of(*(order.uuid for order in sandbox.add_orders(500)))
    found = ran(sandbox, pressed(100, rows, 0.0), tmp_path)
    assert (found.code, found.rows) == (Code.INTERRUPTED, [])
    assert found.seconds == pytest.approx(100, abs=1)
    assert found.screen.splitlines()[-1] == (
        "interrupted. No answer from api.cdek.ru. 0 rows have a prediction;"
        " the rest of orders.csv was not read."
    )


def test_a_disk_that_fills_ends_it(tmp_path: Path) -> None:
    """The rows before it are whole."""
    sandbox = Sandbox()
    rows = rows_of(*(order.uuid for order in sandbox.add_orders(100)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        found = ran(sandbox, of(*rows), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert found.code == Code.FAILED
    assert 0 < len(found.rows) < 10
    assert f"report {tmp_path}/report.jsonl: file too large. " in found.screen.splitlines()[-1]


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    """`| head` has seen enough."""
    sandbox = Sandbox()
    rows = rows_of(*(order.uuid for order in sandbox.add_orders(1000)))
    out = io.StringIO()
    reader, writer = os.pipe()

    async def main() -> Code:
        with Report(f"/dev/fd/{writer}") as report:
            os.close(reader)
            os.close(writer)
            screen = Screen(Console(file=out, width=200))
            return await rehearse(
                client_of(sandbox),
                screen,
                report,
                of(*rows)(),
                None,
                trial=DELETION,
                rate=200,
                name="orders.csv",
            )

    assert run(main()) == Code.FAILED
    assert len(sandbox.calls["GET"]) < 200
    assert "was not read" not in out.getvalue()


def test_the_screen_shows_where_it_stands() -> None:
    """A header and a second line in quotes are no rows; without a report too."""
    sandbox = Sandbox()
    orders = [sandbox.add_order(), sandbox.add_order(status="REMOVED"), sandbox.add_order(status="SENT")]
    rows = [Row(2, uuid=orders[0].uuid), Row(4, uuid=orders[1].uuid), Row(5, uuid=orders[2].uuid)]

    async def main() -> None:
        async with client_of(sandbox) as client:
            rehearsal = Rehearsal(client, Screen(Console(file=io.StringIO())), None, 6, DELETION)
            assert rehearsal.standing().silent == ""
            await rehearsal.run(of(*rows, Row(6, problem="blank"))(), rate=200)
            stands = rehearsal.standing()
            assert stands.counts == {
                "read": 3,
                "deletable": 1,
                "not deletable": 1,
                "removed already": 1,
                "others": 1,
            }
            assert (stands.calls, stands.steps, stands.whole, stands.silent) == (4, 4, 4, "")

    run(main())
