import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from cdek_async.cli import main
from cdek_async.cli._sandbox import _why
from tests.cli.terminal import start


def test_a_sandbox_says_how_to_reach_it_and_ends_by_ctrl_c(
    tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it prints for a shell is what a command needs, and its orders can be read."""
    listed = tmp_path / "orders.csv"
    child = start("sandbox", "--port", "0", "--orders", "30", "--seed", "7", "--csv", str(listed))
    with child:
        assert child.stdout
        assert child.stderr
        for _ in range(3):
            found = re.fullmatch(r"export (\w+)=(\S+)\n", child.stdout.readline().decode())
            assert found
            monkeypatch.setenv(*found.groups())
        told = child.stderr.readline().decode()
        one = child.stderr.readline().decode().split()[-1]
        assert told == f"The sandbox serves 30 orders (their uuids are in {listed}). Ctrl-C ends it.\n"
        assert listed.read_text().splitlines()[:2] == ["uuid", one]
        assert len(listed.read_text().splitlines()) == 31
        assert main(["order", one]) == 0
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=20) == (b"", b"")
    assert child.returncode == 0


def test_a_sandbox_without_orders_and_without_a_file(capfd: Any) -> None:
    """It says how to get one, and that a port is taken."""
    child = start("sandbox", "--port", "0", "--orders", "0")
    with child:
        assert child.stdout
        assert child.stderr
        port = child.stdout.readline().decode().strip().rsplit(":", 1)[1]
        told = child.stderr.readline().decode()
        assert told == "The sandbox serves 0 orders (--csv FILE writes their uuids). Ctrl-C ends it.\n"
        assert main(["sandbox", "--port", port]) == 2
        assert (
            f"--port {port}: another program listens there already; 0 takes a free one"
            in capfd.readouterr().err
        )
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
    assert child.returncode == 0


def test_a_port_that_cannot_be_had_has_the_systems_words() -> None:
    """A port below 1024 is not everybody's."""
    assert _why(PermissionError(13, "Permission denied")) == "permission denied"


def test_a_sandbox_that_nobody_reads_is_quiet() -> None:
    """`cdek-async sandbox | true`."""
    reader, writer = os.pipe()
    os.close(reader)
    child = start("sandbox", "--port", "0", stdout=writer)
    os.close(writer)
    _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (1, b"")
