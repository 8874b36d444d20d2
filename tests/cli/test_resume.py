"""Bulk commands over a real socket, with a journal: ended early, gone on with, run again."""

import csv
import json
import os
import shlex
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdek_async.cli import main
from cdek_async.sandbox import Call, Fault, Order
from tests.cli.terminal import environment, finish, served, start
from tests.sandboxed import Blind

HASTY = ("--timeout", "0.4")  # too short for an order that cannot be looked at


class Watched(Blind):
    """It tells when some deletions have arrived."""

    def __init__(self) -> None:
        super().__init__("fixed:0", "server_error", blind=False)
        self.busy = threading.Event()

    def _unseen(self, call: Call) -> Fault | None:
        if len(self.calls["DELETE"]) >= 5:
            self.busy.set()
        return super()._unseen(call)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watched]:
    """A sandbox that the environment and the working directory are set for."""
    sandbox = Watched()
    with served(sandbox) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield sandbox


def write(orders: list[Order], *more: str) -> None:
    Path("orders.csv").write_text("\n".join(["uuid", *(order.uuid for order in orders), *more, ""]))


def report(name: str = "r.csv") -> dict[int, str]:
    with Path(name).open(newline="") as file:
        return {int(row["line"]): row["verdict"] for row in csv.DictReader(file)}


def line_after(err: str, words: str) -> list[str]:
    """The command that is printed after some words."""
    line = next(line for line in err.splitlines() if words in line)
    return shlex.split(line.partition(words)[2])[1:]


def test_the_same_command_again_asks_nobody(sandbox: Watched, capsys: Any) -> None:
    """What has its verdict is told from the journal, and the report is whole again."""
    orders = [*sandbox.add_orders(8), *(sandbox.add_order(claims=True) for _ in range(2))]
    write(orders, "oops")
    command = ["delete", "orders.csv", "--report", "r.csv"]
    assert main(command) == 1
    first, err = report(), capsys.readouterr().err
    assert err.startswith("Journal: orders.csv.")
    assert Counter(first.values()) == {"ok": 8, "rejected": 2, "unusable": 1}
    calls = len(sandbox.calls["DELETE"])
    assert main(command) == 1
    assert report() == first
    assert len(sandbox.calls["DELETE"]) == calls
    err = capsys.readouterr().err
    assert "Going on with orders.csv." in err
    assert ": 10 rows have a verdict already." in err
    assert "orders.csv: 11 rows, 0 calls in 0:00" in err


def test_duplicate_rows_are_one_order(sandbox: Watched) -> None:
    """Each has its row in the report; CDEK is asked once."""
    order = sandbox.add_order()
    write([order] * 5)
    assert main(["delete", "orders.csv", "--report", "r.csv"]) == 0
    assert report() == dict.fromkeys(range(2, 7), "ok")
    assert len(sandbox.calls["DELETE"]) == 1


def test_what_is_unsettled_is_settled_by_the_line_that_is_printed(sandbox: Watched, capsys: Any) -> None:
    """Not sent again; the report says so then."""
    sandbox.blind = True
    write(sandbox.add_orders(3))
    assert main(["delete", "orders.csv", "--report", "r.csv", *HASTY]) == 3
    assert set(report().values()) == {"unsettled"}
    line = line_after(capsys.readouterr().err, "To go on: ")
    assert line[0] == "resume"
    assert line[2:] == ["--report", "r.csv", *HASTY]
    sandbox.blind = False
    assert main(line) == 0
    assert set(report().values()) == {"ok"}
    assert len(sandbox.calls["DELETE"]) == 3
    assert "To go on" not in capsys.readouterr().err


def test_a_limit_is_a_first_bite(sandbox: Watched, capsys: Any) -> None:
    """The rest is for the line that is printed, which has no limit."""
    write(sandbox.add_orders(5))
    assert main(["delete", "orders.csv", "--limit", "2"]) == 0
    err = capsys.readouterr().err
    assert "--limit 2 left rows of orders.csv out." in err
    assert len(sandbox.calls["DELETE"]) == 2
    line = line_after(err, "To go on: ")
    assert "--limit" not in line
    assert main([*line, "--limit", "5"]) == 0
    assert len(sandbox.calls["DELETE"]) == 5
    assert "To go on" not in capsys.readouterr().err


def test_too_many_rejections_stop_a_job_which_can_go_on(sandbox: Watched, capsys: Any) -> None:
    """With its allowance anew: who goes on has looked at what was rejected."""
    write([sandbox.add_order(claims=True) for _ in range(500)])
    command = ["delete", "orders.csv", "--max-rejected", "3", "--concurrency", "2"]
    assert main(command) == 1
    err = capsys.readouterr().err
    assert "--max-rejected 3: more than that were turned down." in err
    first = len(sandbox.calls["DELETE"])
    assert 4 <= first <= 6
    assert main(line_after(err, "To go on: ")) == 1
    assert first + 4 <= len(sandbox.calls["DELETE"]) <= first + 6


def test_what_was_rejected_is_asked_again_when_told_to(sandbox: Watched) -> None:
    """A claim was closed, say; what is deleted is left alone."""
    orders = [sandbox.add_order(), sandbox.add_order(claims=True)]
    write(orders)
    command = ["delete", "orders.csv", "--report", "r.csv"]
    assert main(command) == 1
    orders[1].claims = False
    assert main(command) == 1
    assert main([*command, "--retry-rejected"]) == 0
    assert report() == {2: "ok", 3: "ok"}
    assert len(sandbox.calls["DELETE"]) == 3


def test_another_process_is_turned_away(sandbox: Watched, capsys: Any) -> None:
    """Its journal and its report are left alone."""
    sandbox.blind = True
    write(sandbox.add_orders(3))
    with start("delete", "orders.csv", "--report", "r.csv", env=dict(os.environ)) as child:
        assert child.stderr
        assert child.stderr.readline().startswith(b"Journal: ")
        assert main(["delete", "orders.csv", "--report", "r.csv"]) == 2
        assert "this journal is in use by another process" in capsys.readouterr().err
        sandbox.blind = False
        child.communicate(timeout=20)
    assert child.returncode == 0
    assert set(report().values()) == {"ok"}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_ends_well_and_the_line_goes_on(sandbox: Watched, name: str) -> None:
    """What is in flight has its time; then it keeps its ticket in the journal and in the report."""
    sandbox.blind = True
    write(sandbox.add_orders(100))
    command = ["delete", "orders.csv", "--report", "r.csv", "--grace", "0.3", "--rate", "50"]
    with start(*command, env=dict(os.environ)) as child:
        assert child.stderr
        child.stderr.readline()
        assert sandbox.busy.wait(30)
        child.send_signal(getattr(signal, name))
        err = child.communicate(timeout=20)[1].decode()
    assert child.returncode == 130
    assert "Interrupted: nothing more is sent, what is in flight may take 0.3 s" in err
    sent = len(sandbox.calls["DELETE"])
    assert 5 <= len(report()) <= sent < 100
    assert set(report().values()) <= {"unsettled", "undecided"}
    sandbox.blind = False
    code, _, err = finish(*line_after(err, "To go on: "), env=dict(os.environ))
    assert (code, Counter(report().values())) == (0, {"ok": 100})
    assert len(sandbox.calls["DELETE"]) == 100


def test_orders_are_changed_in_bulk(sandbox: Watched, capsys: Any) -> None:
    """With the same report and journal; a line that is no change is told, and sends nothing."""
    orders = sandbox.add_orders(3)
    lines = [json.dumps({"uuid": order.uuid, "comment": f"{n}"}) for n, order in enumerate(orders)]
    Path("changes.jsonl").write_text("\n".join([*lines, "{}"]))
    assert main(["update", "changes.jsonl", "--report", "r.csv"]) == 1
    assert report() == {1: "ok", 2: "ok", 3: "ok", 4: "unusable"}
    err = capsys.readouterr().err
    assert "updated" in err
    assert "deleted" not in err
    assert len(sandbox.calls["PATCH"]) == 3
    assert main(["update", "changes.jsonl", "--report", "r.csv"]) == 1
    assert len(sandbox.calls["PATCH"]) == 3


def test_a_dry_run_sends_nothing_and_keeps_nothing(sandbox: Watched, capsys: Any) -> None:
    """It says what would become of the orders, and what that would cost; also of the first only."""
    write([*sandbox.add_orders(3), sandbox.add_order(status="DELIVERED")])
    assert main(["delete", "orders.csv", "--dry-run", "--report", "r.csv"]) == 1
    assert report() == {2: "deletable", 3: "deletable", 4: "deletable", 5: "not_deletable"}
    assert "about 8 calls" in capsys.readouterr().err
    assert main(["delete", "orders.csv", "--dry-run", "--limit", "3"]) == 0
    assert not sandbox.calls["DELETE"]
    assert sorted(path.name for path in Path().iterdir()) == ["orders.csv", "r.csv"]


def test_a_job_whose_last_row_was_one_too_many_has_every_verdict(sandbox: Watched, capsys: Any) -> None:
    """And nothing to go on with."""
    write([sandbox.add_order(claims=True)])
    assert main(["delete", "orders.csv", "--max-rejected", "0"]) == 1
    err = capsys.readouterr().err
    assert "more than that were turned down. Every row of orders.csv has its verdict." in err
    assert "To go on" not in err


def test_another_accounts_journal_is_left_alone(
    sandbox: Watched, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit code 2, and no line that would resume it."""
    write(sandbox.add_orders(1))
    assert main(["delete", "orders.csv"]) == 0
    monkeypatch.setenv("CDEK_CLIENT_ID", "other")
    assert main(["delete", "orders.csv"]) == 2
    err = capsys.readouterr().err
    assert err.endswith(": made for another account. Nothing was sent.\n")


def test_an_allowance_that_is_none_is_bad_usage(sandbox: Watched, capsys: Any) -> None:
    """Before anything is read or sent."""
    assert main(["delete", "orders.csv", "--max-rejected", "some"]) == 2
    expected = "--max-rejected: a number or a share such as 5% expected, not 'some'"
    assert capsys.readouterr().err == f"cdek-async: {expected}\n"
    assert not sandbox.calls
