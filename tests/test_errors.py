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


def through_pickle(error: CdekError) -> CdekError:
    """As an error comes back from another process."""
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(twin, CdekError)
    return twin


AGAIN = [through_pickle, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("again", AGAIN)
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


def caused(cause: BaseException) -> CdekError:
    """An error that was raised from something."""
    error = TransportError("no answer")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("cause", [ConnectionResetError(104, "reset"), AuthError("refused", lasting=True)])
def test_a_cause_travels(cause: Exception, again: Callable[[CdekError], CdekError]) -> None:
    """Python's own errors and ours survive as causes, and what was under way beside them stays hidden."""
    twin = again(caused(cause))
    assert type(twin.__cause__) is type(cause)
    assert str(twin.__cause__) == str(cause)
    assert twin.__suppress_context__


class Foreign(Exception):  # noqa: N818 - an adjective, as our errors are
    """Of a library: it may hold a request with its token, and may not pickle at all."""

    def __reduce__(self) -> str:
        raise TypeError("this does not pickle")


@pytest.mark.parametrize("again", AGAIN)
def test_of_a_librarys_error_only_its_name_travels(again: Callable[[CdekError], CdekError]) -> None:
    """A cause that may hold a secret, or cannot be pickled, is told by its name."""
    twin = again(caused(Foreign("Bearer s3cret")))
    assert repr(twin.__cause__) == "CdekError('Foreign')"


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


@pytest.mark.parametrize("code", ["two\nlines", "escape\x1b[31m", "x" * 5000])
def test_a_strange_code_leaves_one_short_line(code: str) -> None:
    """The list of codes is open, and some of them are sentences: an error prints a line of them at most."""
    request = Request(OURS, "DELETE", State.INVALID, errors=(Issue(code),) * 20)
    with pytest.raises(Rejected) as caught:
        Outcome(ticket(), Verdict.REJECTED, request).raise_for_state()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1200


def test_an_order_without_a_uuid_is_not_called_none() -> None:
    """What was looked up by number and is not there has no uuid to be named by."""
    request = Request(None, "DELETE", State.INVALID, errors=(Issue("v2_entity_not_found_im_number"),))
    found = ticket(order_uuid=None, verdict=Verdict.NOT_FOUND, request=request)
    with pytest.raises(Rejected, match="delete of an order found no such order"):
        Outcome(found, Verdict.NOT_FOUND, request).raise_for_state()
