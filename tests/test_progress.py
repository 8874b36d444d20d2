"""The counts of a bulk job: each result is in exactly one of them."""

import pytest

from cdek_async import (
    AuthError,
    BadReply,
    CdekError,
    Outcome,
    Progress,
    Request,
    State,
    TransportError,
    Unsettled,
    Verdict,
)
from cdek_async._progress import word_of
from tests.replies import ticket


def outcome(verdict: Verdict) -> Outcome:
    return Outcome(ticket(), verdict, Request(None, "DELETE", State.SUCCESSFUL))


RESULTS: list[tuple[Outcome | CdekError, str]] = [
    (outcome(Verdict.OK), "ok"),
    (outcome(Verdict.REJECTED), "rejected"),
    (outcome(Verdict.NOT_FOUND), "not_found"),
    (Unsettled("no verdict", ticket=ticket()), "unsettled"),
    (TransportError("lost", undecided=True), "undecided"),
    (TransportError("not sent"), "failed"),
    (BadReply("odd", status=404), "failed"),
    (AuthError("refused"), "failed"),
]


@pytest.mark.parametrize(("result", "word"), RESULTS)
def test_each_result_has_one_word(result: Outcome | CdekError, word: str) -> None:
    """A result is named by its verdict, or by why there is none, and counted under that name only."""
    progress = Progress(taken=3, submitted=2)
    progress.count(result)
    assert word_of(result) == word
    assert progress == Progress(taken=3, submitted=2, **{word: 1})
    assert (progress.done, progress.waiting) == (1, 2)


def test_what_is_done_does_not_wait() -> None:
    """Taken operations either wait or are done."""
    progress = Progress(taken=10)
    assert (progress.done, progress.waiting) == (0, 10)
    for result, _ in RESULTS:
        progress.count(result)
    assert (progress.done, progress.waiting) == (8, 2)
    assert progress.failed == 3
