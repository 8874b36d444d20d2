import csv
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cdek_async.cli import main
from cdek_async.cli._report import COLUMNS
from cdek_async.sandbox import Call, Fault, Sandbox
from tests.cli.terminal import environment, finish, served, start

UNKNOWN = "9b5e3a0c-0b1d-4f0a-9b8e-2a1f6d7c5e01"


@pytest.fixture(scope="module")
def url() -> Any:
    with served(Sandbox(settle="fixed:0")) as url:
        yield url


def test_a_file_is_deleted_over_a_real_socket(tmp_path: Path) -> None:
    """Data to standard output, all else to standard error; from a pipe; the sandbox's record agrees."""
    sandbox = Sandbox(settle="fixed:0")
    orders = sandbox.add_orders(20)
    listed = "im_number;uuid\r\n" + "".join(f"N;{order.uuid}\r\n" for order in orders)
    with served(sandbox) as url:
        code, out, err = finish(
            "delete", "-", "--report", "-", given=b"\xef\xbb\xbf" + listed.encode(), env=environment(url)
        )
    assert code == 0
    rows = out.splitlines()
    assert rows[0] == ",".join(COLUMNS)
    assert sorted(row.split(",")[1] for row in rows[1:]) == sorted(order.uuid for order in orders)
    assert sorted(each.order_uuid for each in sandbox.applied) == sorted(order.uuid for order in orders)
    assert err.splitlines()[1].startswith("standard input: 20 rows, 41 calls in 0:0")


@pytest.fixture
def _environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_environment")
def test_what_is_not_there_is_no_success(tmp_path: Path, capsys: Any) -> None:
    """Exit code 1, the line in question, and a report."""
    orders, report = tmp_path / "orders.txt", tmp_path / "report.jsonl"
    orders.write_text(f"{UNKNOWN}\noops\n")
    assert main(["delete", str(orders), "--report", str(report)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "line 1: not found, v2_entity_not_found\n" in err
    assert "line 2: unusable, uuid: 'oops' is not a UUID\n" in err
    assert report.read_text().count("\n") == 2


@pytest.mark.usefixtures("_environment")
def test_a_file_without_rows_is_all_well(tmp_path: Path, capsys: Any) -> None:
    """There was nothing to do, and it was done."""
    orders = tmp_path / "orders.csv"
    orders.write_text("uuid\n\n")
    assert main(["delete", str(orders)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == f"{orders}: no rows"


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    ("content", "options", "line"),
    [
        (b"", [], "orders.csv: empty"),
        ("uuid;имя\n".encode("cp1251") + b"\n", [], "orders.csv, line 1: not UTF-8"),
        (b"uuid\n" * 3 + b"\xff\n", [], "orders.csv, line 4: not UTF-8"),
        (b"a,b\n", [], "orders.csv, line 1: no column uuid or cdek_number or im_number in 'a,b'"),
        (b"n\n12\n", ["--column", "n"], "orders.csv, line 2: '12' is no uuid: say with --by"),
        (b"uuid\n", ["--report", "/dev/full"], "report /dev/full: no space left on device"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(
    content: bytes, options: list[str], line: str, tmp_path: Path, capsys: Any
) -> None:
    """Exit code 2 says that nothing was."""
    orders = tmp_path / "orders.csv"
    orders.write_bytes(content)
    assert main(["delete", str(orders), *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err


@pytest.mark.usefixtures("_environment")
def test_a_report_over_its_own_input_is_refused(tmp_path: Path) -> None:
    """The list of orders would be gone."""
    orders = tmp_path / "orders.csv"
    orders.write_text(f"uuid\n{UNKNOWN}\n")
    assert main(["delete", str(orders), "--report", str(orders)]) == 2
    assert orders.read_text() == f"uuid\n{UNKNOWN}\n"


@pytest.mark.parametrize("listed", ["orders.csv", "-"])
def test_production_needs_a_yes(listed: str, tmp_path: Path) -> None:
    """The host and the size of the file are named, and nothing is sent."""
    orders = tmp_path / "orders.csv"
    orders.write_text(f"uuid\n{UNKNOWN}\n")
    given = str(orders) if listed != "-" else listed
    code, out, err = finish(
        "delete",
        given,
        given=orders.read_bytes(),
        env=environment("https://cdek.invalid"),
        start_new_session=True,
    )
    name = "standard input" if listed == "-" else f"{orders} (about 1 order)"
    assert (code, out) == (2, "")
    assert err == (
        f"cdek-async: This deletes the orders of {name} at https://cdek.invalid."
        " Without a terminal to ask on, say so with --yes.\n"
    )


@pytest.mark.usefixtures("_environment")
def test_yes_asks_nobody(tmp_path: Path, url: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that speaks no TLS is found out by trying."""
    monkeypatch.setenv("CDEK_BASE_URL", url.replace("http://127.0.0.1", "https://0.0.0.0"))
    orders = tmp_path / "orders.csv"
    orders.write_text(f"uuid\n{UNKNOWN}\n")
    assert main(["delete", str(orders), "--yes"]) == 1
    error = capsys.readouterr().err
    assert "line 2: failed, POST /v2/oauth/token: no answer from 0.0.0.0:" in error
    assert " (TLS failed: " in error


def interrupted(presses: int, slow: float) -> tuple[int, str, str, int]:
    """A deletion interrupted when its first DELETE has arrived; exit code, output, errors, DELETEs."""
    arrived = threading.Event()

    def plan(call: Call) -> Fault | None:
        if call.kind != "DELETE":
            return None
        arrived.set()
        return Fault("slow", slow)

    sandbox = Sandbox(faults=plan)
    # None of them is there, so that each has its verdict at once.
    listed = "".join(f"{UUID(int=n, version=4)}\n" for n in range(200))
    with served(sandbox) as url:
        child = start("delete", "-", "--report", "-", "--rate", "20", env=environment(url))
        assert child.stdin
        assert child.stderr
        child.stdin.write(listed.encode())
        child.stdin.flush()  # and it stays open: more may come
        assert arrived.wait(10)
        child.send_signal(signal.SIGINT)
        told = child.stderr.readline() + child.stderr.readline()
        for _ in range(presses - 1):
            child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=8)  # a client that is closed waits 10 s for its answers
    return child.returncode, out.decode(), (told + err).decode(), len(sandbox.calls["DELETE"])


def test_ctrl_c_ends_a_command_well() -> None:
    """Though its input is still open: what was sent is told, exit code 130, no traceback."""
    code, out, err, sent = interrupted(1, slow=0.1)
    lines = err.splitlines()
    assert code == 130
    assert lines[0] == "standard input can be read only once: this job cannot be resumed"
    assert lines[1].startswith("Interrupted: nothing more is sent")
    assert lines[-1].startswith(f"Interrupted. {sent} row{' has' if sent == 1 else 's have'} a verdict")
    assert len(out.splitlines()) == sent + 1 < 100


def test_ctrl_c_twice_ends_a_command_at_once() -> None:
    """With calls that hang: no waiting, and no traceback from what is left of them."""
    code, out, err, _ = interrupted(2, slow=300)
    assert code == 130
    assert {row["verdict"] for row in csv.DictReader(out.splitlines())} == {"undecided"}
    assert err.splitlines()[-1].startswith("Interrupted. 0 rows have a verdict; the rest of standard input")


def test_ctrl_c_before_the_first_line_is_one_line() -> None:
    """Standard input says nothing yet."""
    with start("delete", "-", env=environment()) as child:
        assert child.stdin
        assert child.stderr
        # When it has taken the first byte of these it is past its imports and waits for the end of a line.
        os.write(child.stdin.fileno(), b"u" * 65536)
        os.write(child.stdin.fileno(), b"u")
        while not select.select([child.stderr], [], [], 0.1)[0]:
            child.send_signal(signal.SIGINT)
        assert child.stderr.read() == b"cdek-async: interrupted\n"
    assert child.returncode == 130


def test_a_reader_that_leaves_is_no_traceback(url: str) -> None:
    """`cdek-async delete … --report - | head -1`."""
    reader, writer = os.pipe()
    child = start("delete", "-", "--report", "-", stdout=writer, env=environment(url))
    os.close(writer)
    assert child.stdin
    child.stdin.write(f"{UNKNOWN}\n".encode())
    child.stdin.flush()
    assert os.read(reader, 4) == b"line"
    os.close(reader)
    _, err = child.communicate(f"{UNKNOWN}\n".encode() * 3, timeout=20)
    assert child.returncode == 1
    assert "Traceback" not in err.decode()
    assert err.decode().rstrip().splitlines()[-1].startswith("  not found")


def test_standard_input_that_is_closed_is_one_line() -> None:
    """`<&-`."""
    command = f"{shlex.quote(sys.executable)} -m cdek_async delete - <&-"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, env=environment(), check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (2, b"cdek-async: standard input: bad file descriptor\n")
