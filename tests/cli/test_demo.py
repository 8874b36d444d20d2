import asyncio
import csv
import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cdek_async import DeleteOrder
from cdek_async.cli._demo import Faults, compare, demo
from cdek_async.cli._exit import Code
from cdek_async.cli._screen import Screen
from cdek_async.sandbox import Call, Sandbox
from tests.cli.terminal import start
from tests.sandboxed import client_of
from tests.virtual import run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a demo in a child process leaves behind goes with the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_the_demo_deletes_and_agrees_with_the_sandbox() -> None:
    """Over real sockets and through faults; a file of orders and a report stay behind."""
    out = io.StringIO()
    assert demo(Screen(Console(file=out, width=200)), orders=10) == Code.OK
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("A sandbox of CDEK listens at http://127.0.0.1:")
    assert "orders.csv: 10 rows" in out.getvalue()
    assert lines[-2].startswith("The sandbox's own record: 9")
    assert lines[-2].endswith("none of them twice, 1 still there. Every verdict agrees with it.")
    report = Path(lines[-1].split()[-1])
    with report.open(encoding="utf-8") as file:
        verdicts = [row["verdict"] for row in csv.DictReader(file)]
    assert len(verdicts) == 10
    assert set(verdicts) == {"ok", "rejected"}
    shutil.rmtree(report.parent)


def test_the_demo_counts_the_faults_on_the_way() -> None:
    """One call in fifty, and some of them by a lost connection."""
    faults = Faults()
    met = [faults(Call("GET", "/v2/orders/x", {}, {}, b"", 0.0, n)) for n in range(5000)]
    assert faults.met == len([fault for fault in met if fault]) == pytest.approx(100, abs=40)
    assert 0 < faults.dropped < faults.met


class Impatient(io.StringIO):
    """A person who presses Ctrl-C twice as soon as the deletion has begun."""

    def write(self, text: str, /) -> int:
        if "Deleting" in text:
            for seconds in (0.3, 0.4):
                asyncio.get_running_loop().call_later(seconds, os.kill, os.getpid(), signal.SIGINT)
        return super().write(text)


def interrupted() -> None:
    out = Impatient()
    assert demo(Screen(Console(file=out, width=200)), orders=60) == Code.INTERRUPTED
    assert out.getvalue().splitlines()[-1].startswith("Interrupted. ")


def test_the_demo_ends_by_ctrl_c() -> None:
    """Without a comparison, which would have nothing to say; and without a word from what was left open."""
    code = "from tests.cli.test_demo import interrupted; interrupted()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_demo_is_a_command() -> None:
    """Whenever Ctrl-C comes, it ends with 130."""
    with start("demo") as child:
        assert child.stderr
        assert child.stderr.readline().startswith(b"A sandbox of CDEK listens at http://127.0.0.1:")
        child.stderr.readline()
        child.send_signal(signal.SIGINT)
        if child.stderr.readline().startswith(b"Interrupted:"):
            child.send_signal(signal.SIGINT)
        assert b"Traceback" not in child.communicate(timeout=20)[1]
    assert child.returncode == 130


@pytest.mark.parametrize(
    ("verdicts", "agrees", "word"),
    [
        (["ok", "rejected", "not_found"], True, "Every verdict agrees"),
        (["ok", "unsettled", "undecided"], True, "Every verdict agrees"),
        (["unsettled", "failed", "unusable"], True, "Every verdict agrees"),
        (["ok", "ok", "rejected"], False, "1 verdicts are WRONG"),
        (["rejected", "rejected", "ok"], False, "2 verdicts are WRONG"),
        (["ok", "rejected"], False, "1 orders have no verdict"),
    ],
)
def test_verdicts_are_held_against_the_truth(verdicts: list[str], agrees: bool, word: str) -> None:
    """Only the first of three orders was deleted; what claims nothing is never wrong."""
    sandbox = Sandbox(settle="fixed:0")
    uuids = [order.uuid for order in sandbox.add_orders(3)]

    async def main() -> tuple[bool, str]:
        async with client_of(sandbox) as client:
            await client.run(DeleteOrder(uuids[0]))
        return compare(list(zip(uuids, verdicts, strict=False)), uuids, sandbox)

    found, line = run(main())
    assert found is agrees
    assert line.startswith("The sandbox's own record: 1 orders deleted, none of them twice, 2 still there. ")
    assert word in line
