import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cdek_async.cli._stderr import StandardError


class Gone(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Gone(), None])
def test_what_cannot_be_written_is_forgotten(stream: io.StringIO | None, capsys: Any) -> None:
    """A dropped ssh line, a reader that left, a stream that was closed: what it tells of goes on."""
    before, sys.stderr = sys.stderr, stream
    try:
        file = StandardError()
        assert file.write("hello") == 5
        file.flush()
        assert not file.isatty()
    finally:
        sys.stderr = before
    assert capsys.readouterr().err == ""


def test_what_can_be_written_is(capsys: Any) -> None:
    """As it is."""
    file = StandardError()
    file.write("hello")
    file.flush()
    assert capsys.readouterr().err == "hello"
    assert file.encoding.lower().startswith("utf")


def test_a_full_disk_under_standard_error_ends_nothing() -> None:
    """The command's exit code is its own."""
    code = "from cdek_async.cli._screen import screen; screen().say('a'); raise SystemExit(7)"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stderr=full, check=False)  # noqa: S603
    assert done.returncode == 7
