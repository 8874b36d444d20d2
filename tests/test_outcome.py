"""What an outcome says of itself: why, warnings, the order, and that it can be raised and kept."""

import copy
import json
import pickle
from typing import Any

import pytest
from attrs import evolve

from cdek_async import Issue, Outcome, Rejected, Request, State, Ticket, Verdict
from cdek_async._document import parse
from cdek_async._models import Reply
from cdek_async._outcome import conclude, first_outcome
from tests.replies import (
    CREATED,
    NOT_FOUND,
    ORDER,
    OURS,
    PERSON,
    at,
    body,
    request,
    shows,
    ticket,
)

DELETION, UPDATE = ticket("delete"), ticket("update")
NAMELESS_DELETION, NAMELESS_UPDATE = ticket("delete", request_uuid=None), ticket("update", request_uuid=None)
STATUS = "error_validate_order_delete_status"
ENTITY = {"uuid": str(ORDER)}
GONE_ENTITY = ENTITY | {"statuses": [{"code": "REMOVED"}]}

OK, REJECTED, GONE = Verdict.OK, Verdict.REJECTED, Verdict.NOT_FOUND


def test_a_rejection_says_why() -> None:
    """A "no" bears the request with its errors as CDEK gave them, and the order as the look showed it."""
    outcome = conclude(
        DELETION,
        shows(request("DELETE", "INVALID", OURS, 3, STATUS, "v2_other"), CREATED, statuses=("CREATED",)),
    )
    assert outcome is not None
    assert not outcome.ok
    assert [issue.code for issue in outcome.errors] == [STATUS, "v2_other"]
    assert outcome.errors[0].message == PERSON
    assert outcome.request.date_time == at(3)
    assert outcome.order is not None
    assert outcome.order.order.uuid == ORDER
    assert outcome.order.order.statuses[0].code == "CREATED"
    assert outcome.order is outcome.order


def test_an_order_that_cannot_be_read_is_none() -> None:
    """The verdict stands at the end of the answer; of the rest nothing is made up."""
    done = {"request_uuid": str(OURS), "type": "DELETE", "state": "SUCCESSFUL"}
    text = json.dumps({"entity": ENTITY | {"comment": "x" * 1000}, "requests": [done]})
    outcome = conclude(DELETION, Reply(200, parse(text.replace("xxx", "x\\q", 1).encode(), brief=True)))
    assert outcome is not None
    assert outcome.ok
    assert outcome.order is None


def test_a_vanished_order_after_an_update_says_why() -> None:
    """An update of an order that is gone has CDEK's errors and no order."""
    outcome = conclude(UPDATE, NOT_FOUND)
    assert outcome is not None
    assert not outcome.ok
    assert outcome.request.state is State.INVALID
    assert [issue.code for issue in outcome.errors] == ["v2_entity_not_found"]
    assert outcome.order is None


@pytest.mark.parametrize(
    "reply",
    [
        NOT_FOUND,
        shows(CREATED, statuses=("REMOVED",)),
        shows(request("DELETE", "INVALID", OURS, 1, STATUS), statuses=("REMOVED",)),
    ],
)
def test_a_deletion_that_is_no_longer_shown_succeeded(reply: Reply) -> None:
    """Gone or REMOVED, our request is what we know of it, in the state that this implies, without errors."""
    outcome = conclude(DELETION, reply)
    assert outcome is not None
    assert outcome.ok
    assert outcome.request == Request(OURS, "DELETE", State.SUCCESSFUL)
    assert outcome.errors == ()


def test_the_order_is_read_when_it_is_asked_for() -> None:
    """A poll reads requests only: an order that nobody looks at costs nothing, and breaks nothing."""

    class Untouched(dict[str, object]):
        def items(self) -> Any:
            raise AssertionError("the order was read")

        values = __iter__ = keys = items

    data = body(request("DELETE", "SUCCESSFUL", OURS))
    outcome = conclude(DELETION, Reply(200, data | {"entity": Untouched(uuid=str(ORDER), tariff_code="136")}))
    assert outcome is not None
    assert outcome.ok
    data["entity"]["tariff_code"] = "136"
    seen = conclude(DELETION, Reply(200, data))
    assert seen is not None
    assert seen.order is not None
    assert seen.order.order.tariff_code == 136


def first(*codes: str, kind: str = "update", state: State = State.ACCEPTED) -> Ticket:
    warnings = tuple(Issue(code, PERSON) for code in codes)
    return ticket(kind, request=Request(OURS, kind.upper(), state, at(0), warnings=warnings))


@pytest.mark.parametrize(
    ("announced", "concluded", "merged"),
    [
        ((), (), []),
        (("price",), (), ["price"]),
        ((), ("point",), ["point"]),
        (("price", "point"), ("point",), ["point", "price"]),
        (("price",), ("price",), ["price"]),
    ],
)
def test_warnings_of_the_first_answer_are_kept(
    announced: tuple[str, ...], concluded: tuple[str, ...], merged: list[str]
) -> None:
    """A changed price is announced in the 202 only: an outcome has those warnings and the verdict's."""
    warnings = [{"code": code, "message": PERSON} for code in concluded]
    outcome = conclude(first(*announced), shows(request("UPDATE", "SUCCESSFUL", OURS, warnings=warnings)))
    assert outcome is not None
    assert [issue.code for issue in outcome.warnings] == merged


def test_warnings_without_a_first_answer() -> None:
    """A ticket that was adopted has seen no first answer, and warns of what the look shows."""
    outcome = conclude(UPDATE, shows(request("UPDATE", "SUCCESSFUL", OURS, warnings=[{"code": "price"}])))
    assert outcome is not None
    assert outcome.warnings == (Issue("price"),)


def test_a_ticket_that_was_kept_repeats_no_warning() -> None:
    """A ticket's JSON has codes only: a warning that comes again with its message is the same one."""
    kept = Ticket.from_json(first("price", "point").to_json())
    warnings = [{"code": "price", "message": PERSON}]
    outcome = conclude(kept, shows(request("UPDATE", "SUCCESSFUL", OURS, 1, warnings=warnings)))
    assert outcome is not None
    assert outcome.warnings == (Issue("price", PERSON), Issue("point"))


@pytest.mark.parametrize("adopted", [True, False])
def test_adopted_says_how_we_know(adopted: bool) -> None:
    """An outcome says when its request was found by a look and not by its request_uuid."""
    outcome = conclude(evolve(DELETION, adopted=adopted), NOT_FOUND)
    assert outcome is not None
    assert outcome.adopted is adopted


def test_a_final_ticket_has_its_outcome() -> None:
    """A first answer that was final needs no look; one that was not has no outcome yet."""
    assert first_outcome(DELETION) is None
    request_ = Request(None, "DELETE", State.INVALID, errors=(Issue(STATUS, PERSON),))
    outcome = first_outcome(ticket(verdict=REJECTED, request=request_))
    assert outcome == Outcome(ticket(verdict=REJECTED), REJECTED, request_)
    assert outcome is not None
    assert outcome.order is None
    bare = first_outcome(ticket(verdict=OK))
    assert bare is not None
    assert bare.ok
    assert bare.request == Request(OURS, "DELETE", "")


@pytest.mark.parametrize(
    ("verdict", "codes", "says"),
    [
        (REJECTED, ("v2_a", "v2_b"), f"delete of order {ORDER} was rejected: v2_a, v2_b"),
        (REJECTED, (), f"delete of order {ORDER} was rejected: no code given"),
        (GONE, ("v2_gone",), f"delete of order {ORDER} found no such order: v2_gone"),
    ],
)
def test_raise_for_state_raises_a_no(verdict: Verdict, codes: tuple[str, ...], says: str) -> None:
    """A "no" is data until one asks for an error; that names the order, the verdict and every code."""
    request_ = Request(OURS, "DELETE", State.INVALID, errors=tuple(Issue(code, PERSON) for code in codes))
    outcome = Outcome(DELETION, verdict, request_)
    with pytest.raises(Rejected) as caught:
        outcome.raise_for_state()
    assert str(caught.value) == says
    assert caught.value.verdict is verdict
    assert caught.value.request is request_
    assert caught.value.ticket is DELETION


def test_raise_for_state_passes_a_yes_on() -> None:
    """A "yes" is handed on, so that it can be chained."""
    outcome = Outcome(DELETION, OK, Request(OURS, "DELETE", State.SUCCESSFUL))
    assert outcome.raise_for_state() is outcome


def test_an_outcome_is_a_value_that_travels() -> None:
    """Outcomes compare, pickle and copy with the order they saw, and show no person."""
    reply = shows(request("DELETE", "INVALID", OURS, 1, STATUS), CREATED)
    outcome = conclude(DELETION, reply)
    assert outcome == conclude(DELETION, reply)
    assert outcome is not None
    for again in (pickle.loads(pickle.dumps(outcome)), copy.deepcopy(outcome), copy.copy(outcome)):  # noqa: S301 - our own bytes
        assert again == outcome
        assert again.order == outcome.order
        assert again.errors == outcome.errors
    assert "Синицын" not in repr(outcome)
