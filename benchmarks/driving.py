"""Starts the processes of a benchmark, one side after the other, and asks them what happened."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from benchmarks.terms import Address, Done, Job, Manner, Now, Plan, Record


class BenchmarkError(Exception):
    """A benchmark whose figures would be worth nothing; its text is one line for a person."""


def command(main: Callable[[], None]) -> None:
    """Run a script; ends with one line and exit code 1 where its figures would be worth nothing."""
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"benchmark failed: {error}")


class Run(NamedTuple):
    """One side's job, as it says and as it was."""

    done: Done
    record: Record
    server_cpu: float  # seconds, during the job


class Server:
    """The sandbox's process."""

    def __init__(self, plan: Plan, asked: IO[str], answers: IO[str]) -> None:
        self._asked, self._answers = asked, answers
        self.address: Address = self._ask(json.dumps(plan))

    def now(self) -> Now:
        began = time.monotonic()
        now: Now = self._ask("now")
        if not began <= now["clock"] <= time.monotonic():
            raise BenchmarkError("time.monotonic() differs between processes here: no lag can be measured")
        return now

    def record(self) -> Record:
        record: Record = self._ask("record")
        return record

    def _ask(self, line: str) -> Any:
        print(line, file=self._asked, flush=True)
        answer = self._answers.readline()
        if not answer:
            raise BenchmarkError("the sandbox's process ended early")
        return json.loads(answer)


@contextlib.contextmanager
def served(plan: Plan) -> Iterator[Server]:
    """Serve a fresh sandbox as long as the block lasts."""
    with subprocess.Popen(
        _module("served"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Server(plan, process.stdin, process.stdout)
        finally:
            process.stdin.close()  # it ends when there is nothing more to hear


def run(side: str, plan: Plan, manner: Manner) -> Run:
    """Let a side do its job against a sandbox of its own; one that fails is a `BenchmarkError`."""
    with served(plan) as server:
        before = server.now()["cpu"]
        job = Job(address=server.address, **manner)
        child = subprocess.run(
            _module(side), input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=False
        )
        if child.returncode:
            raise BenchmarkError(f"the side {side!r} ended with exit code {child.returncode}")
        done: Done = json.loads(child.stdout)
        server_cpu = server.now()["cpu"] - before
        return Run(done, server.record(), server_cpu)


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}"]
