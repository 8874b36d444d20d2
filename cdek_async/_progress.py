"""What a bulk job has done so far, in counts."""

from attrs import define

from cdek_async._errors import CdekError, Unsettled, is_undecided
from cdek_async._outcome import Outcome


@define
class Progress:
    """Counts of a bulk job; each operation that was sent ends in exactly one of the last six."""

    taken: int = 0
    submitted: int = 0
    known: int = 0
    """Of those with a result, the ones that a journal had it of."""
    ok: int = 0
    rejected: int = 0
    not_found: int = 0
    unsettled: int = 0
    undecided: int = 0
    failed: int = 0

    @property
    def waiting(self) -> int:
        """Operations that were taken and have no result yet."""
        return self.taken - self.done

    @property
    def done(self) -> int:
        """Operations with a result."""
        return self.ok + self.rejected + self.not_found + self.unsettled + self.undecided + self.failed

    def count(self, result: Outcome | CdekError) -> None:
        """Add one result."""
        word = word_of(result)
        setattr(self, word, getattr(self, word) + 1)


def word_of(result: Outcome | CdekError) -> str:
    """The name of the count that a result belongs to: a verdict, or why there is none."""
    if isinstance(result, Outcome):
        return str(result.verdict)
    if isinstance(result, Unsettled):
        return "unsettled"
    if is_undecided(result):
        return "undecided"
    return "failed"
