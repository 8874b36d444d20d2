import asyncio
import os
import shlex
import subprocess
import sys
from typing import Any

import pytest
from cyclopts import CycloptsError

from cdek_async import TransportError
from cdek_async.cli import main
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._run import ended
from tests.cli.terminal import finish


def raising(error: BaseException) -> Any:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (Stop("no such file"), 2, "no such file"),
        (Stop("no", Code.FAILED), 1, "no"),
        (CycloptsError(msg="Unknown option"), 2, "Unknown option (see --help)"),
        (TransportError("no network"), 1, "no network"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (asyncio.CancelledError(), 130, "interrupted"),
        (RuntimeError("Ivan, +7 900"), 1, "a defect, please report it: RuntimeError at test_run.py:20"),
    ],
)
def test_whatever_ends_a_command_is_one_line(error: BaseException, code: int, line: str, capsys: Any) -> None:
    """Never a traceback; of what nobody foresaw, not even the text, which may hold anything."""
    assert ended(raising(error)) == code
    assert capsys.readouterr() == ("", f"cdek-async: {line}\n")


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (3, 3)])
def test_a_command_that_ends_well_has_its_own_code(result: int | None, code: int) -> None:
    """None is 0."""
    assert ended(lambda: result) == code


def test_nobody_has_to_read() -> None:
    """A standard output that was closed is quiet, one that cannot be flushed later too."""
    code, _, err = finish("--version")
    assert (code, err) == (0, "")
    reader, writer = os.pipe()
    os.close(reader)
    code, _, err = finish("--version", stdout=writer)
    os.close(writer)
    assert (code, err) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ([], ["delete", "order", "demo", "sandbox", "CDEK_CLIENT_SECRET", "130 interrupted"]),
        (["--help"], ["delete", "order", "demo", "sandbox"]),
        (
            ["delete", "--help"],
            ["ORDERS", "--column", "--by", "--report", "--rate", "--timeout", "--concurrency", "--yes"],
        ),
        (["order", "--help"], ["--cdek-number", "--im-number", "--json"]),
        (
            ["sandbox", "--help"],
            [
                "--port",
                "--orders",
                "--settle",
                "--faults",
                "--seed",
                "--csv",
                "Ctrl-C ends it with exit code 0",
            ],
        ),
        (["demo", "--help"], ["1,000 orders"]),
    ],
)
def test_help_names_everything(arguments: list[str], texts: list[str], capsys: Any) -> None:
    """On standard output, with exit code 0."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for text in texts:
        assert text in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["remove"], 'Unknown command "remove"'),
        (["delete"], 'Command "delete" parameter ORDERS requires an argument'),
        (["delete", "a", "b"], "one file at a time: b is too much (see --help)"),
        (["order", "a", "b", "c"], "one order at a time: b c is too much (see --help)"),
        (["demo", "a"], "no arguments expected: a is too much (see --help)"),
        (["delete", "a", "--report", ""], 'Invalid value "" for --report. A name is expected'),
        (["delete", "a", "--column", ""], 'Invalid value "" for --column. A name is expected'),
        (
            ["delete", "--nope"],
            'Invalid value "--nope" for ORDERS. an option? A file of that name is ./--nope',
        ),
        (["delete", "a", "--report", "--yes"], 'Invalid value "--yes" for --report.'),
        (["delete", "a", "--by", "name"], 'Invalid value "name" for --by. Choose from: "uuid"'),
        (["delete", "a", "--rate", "fast"], 'Invalid value for --rate: unable to convert "fast"'),
        (["delete", "a", "--rate", "0"], "--rate: more than 0 and at most 100,000, not 0"),
        (["delete", "a", "--timeout", "nan"], "--timeout: more than 0 and at most 604,800, not nan"),
        (["delete", "a", "--concurrency", "-1"], "--concurrency: more than 0 and at most 1,000,000, not -1"),
        (["sandbox", "--settle", "x"], "settle law 'x'"),
        (["sandbox", "--faults", "2"], "faults: 2.0 is not a share between 0 and 1"),
        (["sandbox", "--orders", "-1"], "--orders: at least 0, not -1"),
        (["sandbox", "--csv", "/nowhere/x"], "/nowhere/x: no such file or directory"),
        (["sandbox", "--port", "99999"], "--port: 0 to 65535, not 99999"),
        (["sandbox", "--port", "-1"], "--port: 0 to 65535, not -1"),
        (["sandbox", "--csv", "/etc/passwd"], "/etc/passwd: exists already, and is not written over"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], line: str, capsys: Any) -> None:
    """It names what is wrong, and the exit code is 2."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"cdek-async: {line}")


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_a_missing_extra_is_named_with_its_cure(missing: str) -> None:
    """The library is installed without it."""
    code = f"import sys; sys.modules[{missing!r}] = None; from cdek_async.cli import main; sys.exit(main())"
    import subprocess  # noqa: PLC0415

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"cdek-async: {missing}")
    assert done.stderr.endswith("pip install 'cdek-async[cli]'\n")


@pytest.mark.parametrize(
    ("redirected", "code", "line"),
    [
        ("--version >/dev/full", 1, "cdek-async: standard output: no space left on device\n"),
        ("--help >/dev/full", 1, "cdek-async: standard output: no space left on device\n"),
        ("demo --nope >&-", 2, None),
        ("--nope 2>&-", 2, ""),
        ("--version >&-", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_one_line(redirected: str, code: int, line: str | None) -> None:
    """A full disk, a closed stream: no defect of ours, and nothing from the interpreter's own end."""
    command = f"{shlex.quote(sys.executable)} -m cdek_async {redirected}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == line or (line is None and done.stderr.count("\n") == 1)
