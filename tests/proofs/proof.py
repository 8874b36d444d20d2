"""What proofs share: how one fails, what arrived, and a job let finish."""

from pathlib import Path

from tests.proofs.life import Life
from tests.proofs.remote import Remote
from tests.proofs.terms import Record

_LIVES = 3


class Disproved(Exception):  # noqa: N818 - it is no error of the program's
    """Something does not hold."""


def held(condition: object, otherwise: str) -> None:
    """Go on only where something holds."""
    if not condition:
        raise Disproved(otherwise)


def arrived(record: Record) -> frozenset[str]:
    """The orders about which a write has arrived."""
    return frozenset(one["uuid"] for one in record["arrivals"])


def finished(folder: Path, remote: Remote, words: list[str]) -> int:
    """Run a job, and the line that it prints as long as it prints one; how many lives that took."""
    for n in range(1, _LIVES + 1):
        with Life(folder, remote.url, *words) as life:
            code = life.ends()
            held(code in (0, 1, 3) and "Traceback" not in life.told, f"it ended with {code}: {life.told}")
            words = life.line()
            if not words:
                return n
    return _LIVES
