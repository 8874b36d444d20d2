"""What proofs share: a job under proof, how a proof fails, and a job let finish."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from tests.proofs import asked
from tests.proofs.judge import Findings, judge
from tests.proofs.life import Life
from tests.proofs.remote import Remote
from tests.proofs.terms import Record

REPORT = "report.csv"
_LIVES = 3


class Disproved(Exception):  # noqa: N818 - it is no error of the program's
    """Something does not hold."""


@frozen
class Case:
    """A job: its folder, its sandbox, and what its input asks for."""

    folder: Path
    remote: Remote
    kind: Literal["DELETE", "UPDATE"]
    asked: Sequence[asked.Asked]

    @classmethod
    def deletions(cls, folder: Path, remote: Remote, rng: random.Random) -> "Case":
        """Of every order of a sandbox, in `orders.csv`."""
        rows = asked.deletions(folder / "orders.csv", remote.record()["orders"], rng)
        return cls(folder, remote, "DELETE", rows)

    @classmethod
    def changes(cls, folder: Path, remote: Remote, rng: random.Random) -> "Case":
        """Of every order of a sandbox, in `changes.jsonl`."""
        rows = asked.changes(folder / "changes.jsonl", remote.record()["orders"], rng)
        return cls(folder, remote, "UPDATE", rows)

    @property
    def operations(self) -> int:
        """How many there are: a row that says the same as another is none of its own."""
        return len({row.uuid or row.line for row in self.asked if row.usable})

    def judged(self, *, complete: bool = True) -> Findings:
        """Its report as it is, held against the sandbox's record."""
        report, record = self.folder / REPORT, self.remote.record()
        return judge(self.kind, self.asked, report, record, complete=complete)


def held(condition: object, otherwise: str) -> None:
    """Go on only where something holds."""
    if not condition:
        raise Disproved(otherwise)


def arrived(record: Record) -> frozenset[str]:
    """The orders about which a write has arrived."""
    return frozenset(one["uuid"] for one in record["arrivals"])


def finished(folder: Path, remote: Remote, words: list[str]) -> int:
    """Run a job, then the line that it prints as long as it prints one; how many lives that took."""
    for n in range(1, _LIVES + 1):
        with Life(folder, remote.url, *words) as life:
            code = life.ends()
            held(code in (0, 1, 3) and "Traceback" not in life.told, f"it ended with {code}: {life.told}")
            words = life.line()
            if not words:
                return n
    return _LIVES
