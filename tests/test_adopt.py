"""Which request on an order is ours: after a lost answer, and behind another one that is under way."""

from typing import Any

import pytest
from attrs import evolve

from cdek_async import Issue, Outcome, Request, State, Ticket, TransportError, Verdict
from cdek_async._accept import (
    SIMILAR,
    adopt,
    adopt_running,
    crossed,
    under_way,
)
from cdek_async._models import Reply
from tests.replies import (
    CREATED,
    ELDER,
    NOT_FOUND,
    ORDER,
    OTHER_ORDER,
    OURS,
    THEIRS,
    at,
    draft,
    request,
    shows,
)

DELETION, UPDATE = draft("delete"), draft("update")
STATUS = "error_validate_order_delete_status"

OK, REJECTED, GONE = Verdict.OK, Verdict.REJECTED, Verdict.NOT_FOUND


ADOPTED: dict[str, tuple[Ticket, Reply, Ticket | None]] = {
    "ours, the only one": (
        UPDATE,
        shows(CREATED, request("UPDATE", "ACCEPTED", OURS)),
        evolve(UPDATE, request_uuid=OURS, adopted=True),
    ),
    "ours, settled already": (
        DELETION,
        shows(request("DELETE", "INVALID", OURS, 1, STATUS), CREATED, statuses=("CREATED",)),
        evolve(DELETION, request_uuid=OURS, adopted=True),
    ),
    "ours, beside an elder one": (
        UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", ELDER, -60), request("UPDATE", "ACCEPTED", OURS, -2)),
        evolve(UPDATE, request_uuid=OURS, adopted=True),
    ),
    "ours, without its uuid": (
        UPDATE,
        shows(request("UPDATE", "ACCEPTED")),
        evolve(UPDATE, adopted=True),
    ),
    "ours, in lower case": (
        UPDATE,
        shows(request("update", "accepted", OURS)),
        evolve(UPDATE, request_uuid=OURS, adopted=True),
    ),
    "an elder one only": (UPDATE, shows(request("UPDATE", "SUCCESSFUL", ELDER, -3)), None),
    "one of another type": (UPDATE, shows(request("DELETE", "ACCEPTED", THEIRS)), None),
    "none": (DELETION, shows(CREATED, statuses=("CREATED",)), None),
    "none, and REMOVED was withdrawn": (
        DELETION,
        shows(CREATED, statuses=({"code": "REMOVED", "deleted": True},)),
        None,
    ),
    "an update finds nothing on a REMOVED order": (UPDATE, shows(CREATED, statuses=("REMOVED",)), None),
    "an empty history": (UPDATE, shows(), None),
    "another order's": (DELETION, shows(request("DELETE", "ACCEPTED", OURS), order=OTHER_ORDER), None),
    "another order, REMOVED": (DELETION, shows(order=OTHER_ORDER, statuses=("REMOVED",)), None),
}


@pytest.mark.parametrize(("sent", "reply", "ticket"), ADOPTED.values(), ids=ADOPTED)
def test_adopt(sent: Ticket, reply: Reply, ticket: Ticket | None) -> None:
    """Exactly one request of our type, not older than our submit, is ours; none may be sent again."""
    assert adopt(sent, reply) == ticket


@pytest.mark.parametrize(
    ("sent", "requests", "count"),
    [
        (UPDATE, [request("UPDATE", "ACCEPTED", OURS), request("UPDATE", "ACCEPTED", THEIRS)], 2),
        (DELETION, [request("DELETE", "INVALID", OURS, 1, STATUS), request("DELETE", "ACCEPTED", THEIRS)], 2),
        (UPDATE, [request("UPDATE", "ACCEPTED", OURS, None)], 1),
        (UPDATE, [request("UPDATE", "ACCEPTED", OURS), request("UPDATE", "SUCCESSFUL", ELDER, None)], 2),
        (evolve(UPDATE, since=None), [request("UPDATE", "ACCEPTED", OURS)], 1),
    ],
)
def test_what_may_be_another_is_not_adopted(sent: Ticket, requests: list[dict[str, Any]], count: int) -> None:
    """Several that may be ours, or one of unknown age, leave the write undecided."""
    with pytest.raises(TransportError, match=f"shows {count} requests that may be ours") as caught:
        adopt(sent, shows(*requests, CREATED))
    assert caught.value.undecided
    assert str(ORDER) in str(caught.value)


def test_what_may_be_another_that_was_lost_is_not_adopted() -> None:
    """Two writes were lost and one request is there: nobody can tell whose."""
    with pytest.raises(TransportError, match="shows 1 requests that may be ours") as caught:
        adopt(UPDATE, shows(request("UPDATE", "ACCEPTED", OURS), CREATED), alone=False)
    assert caught.value.undecided
    assert adopt(UPDATE, shows(CREATED), alone=False) is None


@pytest.mark.parametrize("sent", [DELETION, UPDATE])
def test_not_found_after_a_lost_answer_is_not_found(sent: Ticket) -> None:
    """Nobody can tell a wrong uuid from an order that the lost attempt deleted: a verdict of its own."""
    ticket = adopt(sent, NOT_FOUND)
    assert ticket is not None
    assert ticket.verdict is GONE
    assert ticket.request is not None
    assert [issue.code for issue in ticket.request.errors] == ["v2_entity_not_found"]


@pytest.mark.parametrize("requests", [(), (request("DELETE", "ACCEPTED", THEIRS),)])
def test_removed_settles_a_lost_deletion(requests: tuple[dict[str, Any], ...]) -> None:
    """A REMOVED order is what was asked for, whoever removed it."""
    for settle in (adopt, adopt_running):
        ticket = settle(DELETION, shows(*requests, CREATED, statuses=("REMOVED", "CREATED")))
        assert ticket is not None
        assert (ticket.verdict, ticket.adopted) == (OK, True)
        assert ticket.request == Request(None, "DELETE", State.SUCCESSFUL)


RUNNING: dict[str, tuple[Reply, Ticket | None]] = {
    "one, older than our submit": (
        shows(CREATED, request("DELETE", "ACCEPTED", THEIRS, -600)),
        evolve(DELETION, adopted=True, request_uuid=THEIRS, since=at(-600)),
    ),
    "one, beside a failed one": (
        shows(request("DELETE", "WAITING", THEIRS, 1), request("DELETE", "INVALID", ELDER, 0, STATUS)),
        evolve(DELETION, adopted=True, request_uuid=THEIRS, since=at(1)),
    ),
    "one, without its uuid": (
        shows(request("DELETE", "ACCEPTED", None, -600)),
        evolve(DELETION, adopted=True, since=at(-600)),
    ),
    "one, in a state of tomorrow": (
        shows(request("delete", "PAUSED", THEIRS, -600)),
        evolve(DELETION, adopted=True, request_uuid=THEIRS, since=at(-600)),
    ),
    "two: REMOVED or not found will tell": (
        shows(request("DELETE", "ACCEPTED", THEIRS, -600), request("DELETE", "ACCEPTED", ELDER, -700)),
        evolve(DELETION, adopted=True, since=None),
    ),
    "none": (shows(CREATED), None),
    "another order, REMOVED": (shows(order=OTHER_ORDER, statuses=("REMOVED",)), None),
    "one that has failed": (shows(request("DELETE", "INVALID", THEIRS, -600, STATUS)), None),
    "one of another type": (shows(request("UPDATE", "ACCEPTED", THEIRS)), None),
}


@pytest.mark.parametrize(("reply", "ticket"), RUNNING.values(), ids=RUNNING)
def test_adopt_running(reply: Reply, ticket: Ticket | None) -> None:
    """The running deletion asked for the same, and may be older than our submit."""
    assert adopt_running(DELETION, reply) == ticket


def test_not_found_behind_a_running_deletion_is_deleted() -> None:
    """Where CDEK said that a deletion was under way, "no such order" is its success."""
    ticket = adopt_running(DELETION, NOT_FOUND)
    assert ticket is not None
    assert (ticket.verdict, ticket.adopted, ticket.request_uuid) == (OK, True, None)


@pytest.mark.parametrize(
    ("reply", "live"),
    [
        (
            shows(CREATED, request("UPDATE", "ACCEPTED", THEIRS), request("update", "WAITING", OURS)),
            [THEIRS, OURS],
        ),
        (shows(request("UPDATE", "PAUSED", THEIRS)), [THEIRS]),
        (shows(request("UPDATE", "SUCCESSFUL", THEIRS), request("UPDATE", "INVALID", OURS)), []),
        (shows(request("DELETE", "ACCEPTED", THEIRS)), []),
        (shows(request("UPDATE", "ACCEPTED", THEIRS), order=OTHER_ORDER), []),
        (NOT_FOUND, []),
    ],
)
def test_under_way(reply: Reply, live: list[Any]) -> None:
    """What lives on the order is of our type and in no final state."""
    assert [each.request_uuid for each in under_way(UPDATE, reply)] == live


@pytest.mark.parametrize(
    ("verdict", "codes", "is_crossed"),
    [
        (REJECTED, (SIMILAR,), True),
        (REJECTED, (SIMILAR.upper(), SIMILAR), True),
        (REJECTED, (SIMILAR, "v2_update_forbidden"), False),
        (REJECTED, ("v2_update_forbidden",), False),
        (REJECTED, (), False),
        (OK, (SIMILAR,), False),
        (GONE, (SIMILAR,), False),
    ],
)
def test_crossed(verdict: Verdict, codes: tuple[str, ...], is_crossed: bool) -> None:
    """Turned down only because another was under way is worth one more attempt; any other reason is not."""
    request_ = Request(OURS, "UPDATE", State.INVALID, errors=tuple(Issue(code) for code in codes))
    assert crossed(Outcome(evolve(UPDATE, request_uuid=OURS), verdict, request_)) is is_crossed
