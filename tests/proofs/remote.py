"""The sandbox's process, from outside: what it saw, and what it is to do."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.proofs.surroundings import ROOT, bare
from tests.proofs.terms import Plan, Record, Shot


class Remote:
    """One sandbox in a process of its own: what befalls a client does not touch it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url: str = self._heard()

    def record(self) -> Record:
        """Everything that it knows now."""
        record: Record = self._ask("record")
        return record

    def aim(self, shot: Shot | None) -> None:
        """Have a process get a signal at a call to come; None: not any more."""
        self._ask(shot)

    def close(self) -> None:
        """Stop listening, cut the connections, and keep the orders."""
        self._ask("close")

    def open(self) -> None:
        """Listen again, on the same port."""
        self._ask("open")

    def freeze(self) -> None:
        """Stop the whole process: connections stand, and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _ask(self, question: object) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sandbox's process has ended")
        return json.loads(line)


@contextmanager
def sandbox(
    orders: int,
    seed: int,
    *,
    settle: str = "lognormal:0.5,1",
    faults: float = 0.02,
    locked: float = 0.1,
) -> Iterator[Remote]:
    """A sandbox for as long as the block lasts; 2 % of the calls go wrong, a tenth cannot be deleted."""
    plan: Plan = {"orders": orders, "settle": settle, "faults": faults, "locked": locked, "seed": seed}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.proofs.served"],
        cwd=ROOT,
        env=bare(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the proofs, which then end it
    ) as process:
        try:
            assert process.stdin
            process.stdin.write(json.dumps(plan) + "\n")
            process.stdin.flush()
            yield Remote(process)
        finally:
            process.kill()
