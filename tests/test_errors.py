"""The error tree: what each error is, what it carries across processes, and what it never says."""

import copy
import pickle
from collections.abc import Callable

import pytest

from cdek_async import (
    AuthError,
    BadReply,
    CdekError,
    Issue,
    OrderNotFound,
    Outcome,
    Rejected,
    Request,
    State,
    TransportError,
    Unsettled,
    Verdict,
)
from tests.replies import ORDER, OURS, PERSON, at, ticket

REQUEST = Request(OURS, "DELETE", State.INVALID, at(2), errors=(Issue("v2_update_forbidden", PERSON),))

ERRORS = [
    CdekError("something failed", lasting=True, ticket=ticket()),
    TransportError("no answer", undecided=True, ticket=ticket()),
    TransportError("TLS failed", lasting=True),
    AuthError("refused", lasting=True),
    BadReply("answered 302", status=302, snippet="12 bytes, text/html", lasting=True, ticket=ticket()),
    OrderNotFound("no such order"),
    Rejected("was rejected", request=REQUEST, verdict=Verdict.REJECTED, ticket=ticket()),
    Unsettled("no verdict within 60 s", ticket=ticket()),
]


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])  # noqa: S301 - our own bytes
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_pickles_and_copies(error: CdekError, again: Callable[[CdekError], CdekError]) -> None:
    """An error that crosses a process or is copied says and knows all that it did."""
    twin = again(error)
    assert type(twin) is type(error)
    assert twin is not error
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_one_line(error: CdekError) -> None:
    """An error prints the one line it was given, whatever classes it inherits from."""
    assert str(error) == error.args[0]
    assert len(str(error).splitlines()) == 1
    assert repr(error) == f"{type(error).__name__}({str(error)!r})"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_keeps_its_cause(error: CdekError) -> None:
    """What an error was raised from stays its cause."""
    cause = ConnectionResetError("reset")
    with pytest.raises(CdekError) as caught:
        raise copy.copy(error) from cause
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (CdekError, {Exception}),
        (TransportError, {CdekError}),
        (AuthError, {CdekError}),
        (BadReply, {CdekError}),
        (OrderNotFound, {CdekError, LookupError}),
        (Rejected, {CdekError}),
        (Unsettled, {CdekError, TimeoutError}),
    ],
)
def test_the_tree(kind: type[CdekError], parents: set[type[Exception]]) -> None:
    """Each error is what the tree says, so that one `except` catches what its author means."""
    assert set(kind.__bases__) == parents


def test_what_an_error_knows_unless_told() -> None:
    """By default a failure may pass, is decided, and comes before any ticket."""
    error = TransportError("no answer")
    assert (error.undecided, error.lasting, error.ticket) == (False, False, None)
    bad = BadReply("answered 404", status=404)
    assert (bad.status, bad.snippet, bad.lasting, bad.ticket) == (404, "", False, None)
    assert Unsettled("no verdict", ticket=ticket()).ticket == ticket()


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.NOT_FOUND])
def test_a_rejection_prints_codes_and_no_message(verdict: Verdict) -> None:
    """CDEK's messages, which may echo a recipient, stay in `Issue.message`; an error prints codes."""
    outcome = Outcome(ticket(), verdict, REQUEST)
    with pytest.raises(Rejected) as caught:
        outcome.raise_for_state()
    for text in (str(caught.value), repr(caught.value), repr(vars(caught.value))):
        assert "v2_update_forbidden" in text or text.startswith("{")
        assert "Синицын" not in text
        assert "7999" not in text
    assert str(ORDER) in str(caught.value)
    assert caught.value.request.errors[0].message == PERSON
