"""Starts the canned server and the sides that call it, and asks what both cost."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, TypedDict

from benchmarks.driving import BenchmarkError


class Spent(TypedDict):
    """The server's cost until now."""

    cpu: float  # seconds
    calls: int
    most: int  # connections at once, since it was last asked


class Canned:
    """The canned server's process."""

    def __init__(self, asked: IO[str], answers: IO[str]) -> None:
        self._asked, self._answers = asked, answers
        self.base_url = f"http://127.0.0.1:{json.loads(self._line())['port']}"

    def now(self) -> Spent:
        print("now", file=self._asked, flush=True)
        spent: Spent = json.loads(self._line())
        return spent

    def side(self, module: str, name: str, *arguments: object) -> dict[str, float]:
        """What a side says of itself when it has done its job."""
        command = [sys.executable, "-m", f"benchmarks.{module}", name, self.base_url, *map(str, arguments)]
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if child.returncode:
            raise BenchmarkError(f"the side {name!r} ended with exit code {child.returncode}")
        done: dict[str, float] = json.loads(child.stdout)
        return done

    def _line(self) -> str:
        line = self._answers.readline()
        if not line:
            raise BenchmarkError("the server's process ended early")
        return line


@contextlib.contextmanager
def canned() -> Iterator[Canned]:
    """Serve as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.canned"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Canned(process.stdin, process.stdout)
        finally:
            process.stdin.close()  # it ends when there is nothing more to hear
