import asyncio
import io
import json
import os
import re
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from rich.console import Console

from cdek_async import Journal, Ticket
from cdek_async.cli._asked import deletion
from cdek_async.cli._bulk import carry_out
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._job import Job
from cdek_async.cli._report import Report
from cdek_async.cli._rows import Row
from cdek_async.cli._screen import Screen
from cdek_async.cli._wishes import Wishes
from cdek_async.sandbox import Call, Fault, Sandbox
from tests.cli.sources import Source, of
from tests.sandboxed import client_of
from tests.virtual import run


@define
class Ran:
    """A job that has run: its exit code, what the screen showed, and what the report holds."""

    code: Code
    screen: str
    rows: list[dict[str, Any]]
    seconds: float
    job: Job

    @property
    def verdicts(self) -> dict[int, str]:
        return {row["line"]: row["verdict"] for row in self.rows}


def ran(
    sandbox: Sandbox,
    source: Source,
    path: Path,
    *,
    lines: int | None = None,
    patience: float = 300,
    **options: Any,
) -> Ran:
    """Carry a job out in virtual time, with a report."""
    out = io.StringIO()

    async def main() -> Ran:
        client = client_of(sandbox, **options)
        loop = asyncio.get_running_loop()
        with Report(str(path / "report.jsonl")) as report:
            job = Job(client, Screen(Console(file=out, width=200)), deletion, report=report, lines=lines)
            code = await carry_out(job, source(), Wishes(orders="", patience=patience), "orders.csv")
            seconds = loop.time()
        file = path / "report.jsonl"  # none, where it would have no rows
        written = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return Ran(code, out.getvalue(), written, seconds, job)

    return run(main())


def test_every_row_has_its_row_in_the_report(tmp_path: Path) -> None:
    """By uuid and by number, whatever became of it; the exit code says that not all went well."""
    sandbox = Sandbox(settle="fixed:1")
    gone, kept = sandbox.add_order(), sandbox.add_order(claims=True)
    numbered = sandbox.add_order(number="N-7")
    unknown = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e02"
    rows = (
        Row(2, uuid=gone.uuid, im_number="N-1"),
        Row(3, uuid=kept.uuid),
        Row(4, uuid=unknown),
        Row(5, uuid="oops"),
        Row(6, im_number="N-7"),
        Row(7, problem="blank"),
    )
    found = ran(sandbox, of(*rows), tmp_path, lines=7)
    assert found.verdicts == {2: "ok", 3: "rejected", 4: "not_found", 5: "unusable", 6: "ok", 7: "unusable"}
    by_line = {row["line"]: row for row in found.rows}
    assert by_line[2]["im_number"] == "N-1"
    assert by_line[6]["uuid"] == numbered.uuid
    assert by_line[5]["errors"] == [{"code": "unusable", "message": "uuid: 'oops' is not a UUID"}]
    assert by_line[3]["errors"][0]["message"]
    assert {order.order_uuid for order in sandbox.applied} == {gone.uuid, numbered.uuid}
    assert found.code == Code.FAILED
    assert "line 3: rejected, error_validate_order_delete_claims_is_not_empty\n" in found.screen
    assert "line 5: unusable, uuid: 'oops' is not a UUID\n" in found.screen
    assert by_line[3]["errors"][0]["message"] not in found.screen
    assert "orders.csv: 6 rows" in found.screen
    assert "line 2" not in found.screen


def test_all_deleted_is_all_well(tmp_path: Path) -> None:
    """Nothing is told but the summary."""
    sandbox = Sandbox()
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(5), 1)]
    found = ran(sandbox, of(*rows), tmp_path)
    assert (found.code, len(found.rows)) == (Code.OK, 5)
    assert re.match(r"orders\.csv: 5 rows, 1\d calls in 0:0", found.screen)


def test_what_stays_open_keeps_its_ticket(tmp_path: Path) -> None:
    """An order that does not settle in time, and an exit code of its own."""
    sandbox = Sandbox(settle="never")
    order = sandbox.add_order()
    found = ran(sandbox, of(Row(2, uuid=order.uuid)), tmp_path, patience=20)
    assert (found.code, found.verdicts) == (Code.UNSETTLED, {2: "unsettled"})
    assert json.loads(found.rows[0]["ticket"])["order_uuid"] == order.uuid


def test_refused_credentials_stop_the_job_and_leave_the_rest_to_do(tmp_path: Path) -> None:
    """One clear line; no row has a verdict that it did not get."""
    sandbox = Sandbox(client_secret="another")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(50), 1)]
    sandbox.client_secret = "wrong"
    found = ran(sandbox, of(*rows), tmp_path)
    assert (found.code, found.rows, sandbox.applied) == (Code.FAILED, [], ())
    assert found.screen.count("\n") == 1
    assert "CDEK refused the credentials" in found.screen
    assert found.screen.endswith(". Nothing was sent.\n")
    assert not (tmp_path / "report.jsonl").exists()  # it would stand in the way of the next run


def test_an_input_that_breaks_off_keeps_what_was_sent(tmp_path: Path) -> None:
    """What was in flight settles and is reported, then the place is told."""
    sandbox = Sandbox()
    order = sandbox.add_order()

    async def source() -> AsyncIterator[Row]:
        yield Row(2, uuid=order.uuid)
        await asyncio.sleep(1)
        raise Stop("orders.csv, line 3: not UTF-8")

    found = ran(sandbox, source, tmp_path)
    assert (found.code, found.verdicts) == (Code.FAILED, {2: "ok"})
    assert found.screen.splitlines()[-1] == (
        "orders.csv, line 3: not UTF-8. 1 row has a verdict; the rest of orders.csv is still to do."
    )


def test_an_input_of_nothing_but_bad_rows_lets_others_go_on(tmp_path: Path) -> None:
    """Ctrl-C and the screen are heard between any two of them."""
    heard: list[int] = []

    async def source() -> AsyncIterator[Row]:
        for n in range(100):
            asyncio.get_running_loop().call_soon(heard.append, n)
            yield Row(n, problem="blank")
        assert len(heard) > 90

    assert ran(Sandbox(), source, tmp_path).code == Code.FAILED


def press_at(second: float) -> None:
    asyncio.get_running_loop().call_later(second, os.kill, os.getpid(), signal.SIGINT)


def pressed(*seconds: float, rows: list[Row]) -> Source:
    """Rows during whose job Ctrl-C is pressed; one row a second."""

    async def source() -> AsyncIterator[Row]:
        for second in seconds:
            press_at(second)
        for row in rows:
            yield row
            await asyncio.sleep(1)

    return source


def test_ctrl_c_lets_what_is_in_flight_settle(tmp_path: Path) -> None:
    """Nothing more is sent, the report has every order that was, and the handler is given back."""
    before = signal.getsignal(signal.SIGINT)
    sandbox = Sandbox(settle="fixed:10")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(50), 1)]
    found = ran(sandbox, pressed(4.5, rows=rows), tmp_path)
    assert found.code == Code.INTERRUPTED
    assert found.verdicts == dict.fromkeys(range(1, 6), "ok")
    assert len(sandbox.calls["DELETE"]) == 5
    assert "Interrupted: nothing more is sent, what is in flight may take 30 s" in found.screen
    assert found.screen.splitlines()[-1] == (
        "Interrupted. 5 rows have a verdict; the rest of orders.csv is still to do."
    )
    assert signal.getsignal(signal.SIGINT) is before


def test_rows_that_were_read_and_not_sent_are_still_to_do(tmp_path: Path) -> None:
    """An input that was read to its end has not all its verdicts for that."""
    sandbox = Sandbox(settle="fixed:1")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(50), 1)]

    async def source() -> AsyncIterator[Row]:
        press_at(4.5)
        for row in rows:
            yield row

    found = ran(sandbox, source, tmp_path, rate=1)
    assert found.code == Code.INTERRUPTED
    assert 0 < len(found.verdicts) < 10
    assert not found.job.complete
    assert found.screen.splitlines()[-1].endswith("the rest of orders.csv is still to do.")


@pytest.mark.parametrize(
    ("presses", "until"), [((4.5,), 34.5), ((4.5, 6.0), 6.0), ((4.5, 6.0, 6.0, 6.1), 6.0)]
)
def test_patience_after_ctrl_c_has_an_end(tmp_path: Path, presses: tuple[float, ...], until: float) -> None:
    """Thirty seconds after the first, at once after a second; what has no verdict keeps its ticket."""
    sandbox = Sandbox(settle="never")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(50), 1)]
    found = ran(sandbox, pressed(*presses, rows=rows), tmp_path)
    assert found.code == Code.INTERRUPTED
    assert found.verdicts == dict.fromkeys(range(1, 6), "unsettled")
    assert all(Ticket.from_json(row["ticket"]).request_uuid for row in found.rows)
    assert found.seconds == pytest.approx(until, abs=0.5)
    assert "Interrupted. 0 rows have a verdict; the rest of orders.csv is still to do." in found.screen


def test_a_disk_that_fills_stops_the_job_and_loses_no_verdict(tmp_path: Path) -> None:
    """The rows before it are whole in the file, the others are told; what is in flight settles."""
    sandbox = Sandbox(settle="fixed:0")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(100), 1)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        found = ran(sandbox, pressed(rows=rows), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert found.code == Code.FAILED
    told = [line for line in found.screen.splitlines() if line.count(",") == 8]
    lines = {row["line"] for row in found.rows} | {int(line.split(",")[0]) for line in told}
    assert found.rows
    assert told
    assert lines == set(range(1, len(sandbox.calls["DELETE"]) + 1))
    assert len(lines) < 20
    last = found.screen.splitlines()[-1]
    assert last.startswith(
        f"report {tmp_path}/report.jsonl: file too large. {len(lines)} rows have a verdict"
    )


def test_a_reader_that_leaves_ends_the_job_quietly(tmp_path: Path) -> None:
    """`| head` has seen enough: nothing more is sent, and nothing is said about it."""
    sandbox = Sandbox(settle="fixed:0")
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(100), 1)]
    out = io.StringIO()
    reader, writer = os.pipe()

    async def main() -> Code:
        with Report(f"/dev/fd/{writer}") as report:
            os.close(reader)
            os.close(writer)
            job = Job(client_of(sandbox), Screen(Console(file=out, width=200)), deletion, report=report)
            return await carry_out(job, pressed(rows=rows)(), Wishes(orders=""), "orders.csv")

    assert run(main()) == Code.FAILED
    assert len(sandbox.calls["DELETE"]) < 20
    assert "report" not in out.getvalue()
    assert "still to do" not in out.getvalue()


def test_the_screen_shows_where_the_job_stands(tmp_path: Path) -> None:
    """A header and a second line in quotes are no rows; an order that was never submitted does not wait."""
    sandbox = Sandbox(settle="never", faults=lambda call: _refused(call, sandbox))
    first, second = sandbox.add_order(), sandbox.add_order()
    source = of(Row(2, uuid=first.uuid), Row(4, uuid="oops"), Row(5, uuid=second.uuid))
    found = ran(sandbox, source, tmp_path, lines=5, patience=15)
    line = next(line for line in found.screen.splitlines() if line.startswith("submitted"))
    assert line.startswith("submitted 1, deleted 0, rejected 0, waiting 1, errors 2, ")
    assert found.verdicts == {2: "unsettled", 4: "unusable", 5: "failed"}
    assert found.job._standing().total == 3


def _refused(call: Call, sandbox: Sandbox) -> Fault | None:
    """The second order's DELETE never gets through."""
    again = call.kind == "DELETE" and len(sandbox.calls["DELETE"]) > 1
    return Fault("refused") if again else None


def test_one_order_is_counted_in_the_singular(tmp_path: Path) -> None:
    """For what is the commonest job of all."""
    sandbox = Sandbox(settle="fixed:0")
    found = ran(sandbox, of(Row(1, uuid=sandbox.add_order().uuid)), tmp_path)
    assert "orders.csv: 1 row, " in found.screen


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """While it is waited for, and at the end; not a table of zeros alone."""
    sandbox = Sandbox(faults=lambda _: Fault("refused"))
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(20), 1)]
    found = ran(sandbox, pressed(15, 16, rows=rows), tmp_path)
    host = found.job.client.base_url.removeprefix("https://")
    assert f", no answer from {host}; waiting\n" in found.screen
    assert f". No answer from {host}. 0 rows have a verdict;" in found.screen.splitlines()[-1]


class Interrupted(Journal):
    """One during whose opening Ctrl-C is pressed."""

    async def open(self, host: str, account: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await super().open(host, account)


def test_ctrl_c_before_there_is_anything_to_stop_sends_nothing(tmp_path: Path) -> None:
    """It is not forgotten."""
    sandbox = Sandbox()
    rows = [Row(n, uuid=order.uuid) for n, order in enumerate(sandbox.add_orders(50), 1)]
    out = io.StringIO()

    async def main() -> Code:
        client, journal = client_of(sandbox), Interrupted(tmp_path / "j")
        job = Job(client, Screen(Console(file=out, width=200)), deletion, journal=journal)
        return await carry_out(job, of(*rows)(), Wishes(orders=""), "orders.csv")

    assert asyncio.run(main()) == Code.INTERRUPTED
    assert not sandbox.calls["DELETE"]
    assert "Nothing was sent." in out.getvalue()


def test_what_nobody_foresaw_is_not_taken_for_the_journals(tmp_path: Path) -> None:
    """A job without one passes it on, to be told as a defect."""

    async def broken() -> AsyncIterator[Row]:
        raise OSError("of something else")
        yield Row(1)

    with pytest.raises(OSError, match="of something else"):
        ran(Sandbox(), broken, tmp_path)
