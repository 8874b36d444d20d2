"""Counts of a bulk job for people: by verdict, and rejections by code."""

from collections import Counter

from attrs import define, field

from cdek_async.cli._exit import Code
from cdek_async.cli._report import UNUSABLE, Entry

OTHER_CODES = "other codes"
_MAX_CODES = 50
_LONGEST_CODE = 80
_BAD = ("rejected", "not_found", "failed", UNUSABLE)
_OPEN = ("unsettled", "undecided")


def count_code(codes: Counter[str], code: str) -> None:
    """Count one more of it; CDEK's list is open, our memory is not."""
    known = code[:_LONGEST_CODE]
    codes[known if known in codes or len(codes) < _MAX_CODES else OTHER_CODES] += 1


@define
class Tally:
    """What a job has come to so far."""

    rows: int = 0
    verdicts: Counter[str] = field(factory=Counter)
    codes: Counter[str] = field(factory=Counter)

    def add(self, entry: Entry) -> None:
        """Count one row that has its verdict."""
        self.verdicts[entry.verdict] += 1
        if entry.verdict == "rejected":
            for code in sorted({code for code, _ in entry.errors} or {"no code given"}):
                count_code(self.codes, code)

    @property
    def open(self) -> int:
        """Rows that are not what they will be."""
        return sum(self.verdicts[verdict] for verdict in (*_OPEN, "failed"))

    @property
    def code(self) -> Code:
        """The exit code that the verdicts call for: what went wrong counts more than what is still open."""
        if any(self.verdicts[verdict] for verdict in _BAD):
            return Code.FAILED
        return Code.UNSETTLED if any(self.verdicts[verdict] for verdict in _OPEN) else Code.OK
