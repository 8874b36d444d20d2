import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from cdek_async.cli._confirm import confirm, harmless
from cdek_async.cli._exit import Stop


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://api.cdek.ru", False),
        ("https://int.cdek-express.cn", False),
        ("https://api.edu.cdek.ru", True),
        ("https://api.edu.cdek.ru.example.org", False),
        ("https://proxy.example.org/cdek", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://192.168.0.5", False),
    ],
)
def test_only_test_orders_are_deleted_without_asking(url: str, safe: bool) -> None:
    """CDEK's test environment and this machine; all else may be production."""
    assert harmless(url) is safe


CHILD = """
import fcntl, os, sys, termios
terminal = int(sys.argv[1])
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
if sys.argv[2] == "stdin":
    os.dup2(terminal, 0)
from cdek_async.cli._confirm import confirm
from cdek_async.cli._run import ended
sys.exit(ended(lambda: confirm("This deletes the orders.", stdin_is_taken=sys.argv[2] == "pipe")))
"""


def answered(answer: bytes, stdin: str) -> tuple[int, str]:
    """The exit code and what stood on standard error, when a person answers on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", CHILD, str(theirs), stdin],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[theirs],
        start_new_session=True,
    ) as child:
        os.close(theirs)
        os.write(ours, answer)
        _, err = child.communicate(timeout=20)
    os.close(ours)
    return child.returncode, err.decode()


@pytest.mark.parametrize(
    ("answer", "stdin", "code"),
    [(b"y\n", "stdin", 0), ("ДА\n".encode(), "pipe", 0), (b"\n", "stdin", 1), (b"no\n", "pipe", 1)],
)
def test_a_person_is_asked_on_the_terminal(answer: bytes, stdin: str, code: int) -> None:
    """Also when standard input is the list of orders; anything but yes is no."""
    end = "" if code == 0 else "cdek-async: Nothing was sent.\n"
    assert answered(answer, stdin) == (code, f"This deletes the orders. [y/N] {end}")


def test_a_terminal_that_is_not_standard_input_does_not_count() -> None:
    """Input from a file or cron: nobody may be there, though a terminal is."""
    code, err = answered(b"y\n", "elsewhere")
    assert code == 2
    assert err == "cdek-async: This deletes the orders. Without a terminal to ask on, say so with --yes.\n"


def test_without_a_terminal_there_is_nobody_to_ask(capfd: Any) -> None:
    """A list of orders from a pipe, and no terminal at all."""
    code = "from tests.cli.test_confirm import alone; alone()"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, start_new_session=True, check=False
    )
    assert (done.returncode, capfd.readouterr().err) == (0, "")


def alone() -> None:
    with pytest.raises(Stop, match="with --yes"):
        confirm("This deletes the orders.", stdin_is_taken=True)
