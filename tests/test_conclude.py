"""conclude, by a table of what CDEK shows in a look."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import Request, State, Ticket, Verdict
from cdek_async._models import Reply
from cdek_async._outcome import conclude, find, is_not_found, possible, readable
from cdek_async._wire import requests_of
from tests.replies import (
    CREATED,
    ELDER,
    NOT_FOUND,
    ORDER,
    OTHER_ORDER,
    OURS,
    THEIRS,
    at,
    body,
    missing,
    refuses,
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

TABLE: dict[str, tuple[Ticket, Reply, Verdict | None]] = {
    # where our request stands in the history, and in which state
    "deleted, oldest first (2020)": (
        DELETION,
        shows(CREATED, request("DELETE", "SUCCESSFUL", OURS), statuses=("ACCEPTED", "CREATED", "REMOVED")),
        OK,
    ),
    "deleted, newest first (2026)": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", OURS), CREATED, statuses=("REMOVED", "CREATED", "ACCEPTED")),
        OK,
    ),
    "deleted, the statuses lag behind": (DELETION, shows(request("DELETE", "SUCCESSFUL", OURS), CREATED), OK),
    "updated between two others": (
        UPDATE,
        shows(
            request("UPDATE", "INVALID", THEIRS, 9, "v2_field_is_empty"),
            request("UPDATE", "SUCCESSFUL", OURS),
            request("UPDATE", "INVALID", ELDER, -99, "v2_field_is_empty"),
            CREATED,
        ),
        OK,
    ),
    "success with `errors: []` (2020)": (
        UPDATE,
        shows(CREATED, request("UPDATE", "SUCCESSFUL", OURS, errors=[], warnings=[])),
        OK,
    ),
    "success with errors: the state decides": (
        UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", OURS, 1, "v2_internal_error")),
        OK,
    ),
    "INVALID without errors: the state decides": (
        UPDATE,
        shows(request("UPDATE", "INVALID", OURS)),
        REJECTED,
    ),
    "INVALID with `errors: []`": (UPDATE, shows(request("UPDATE", "INVALID", OURS, errors=[])), REJECTED),
    "a deletion turned down": (
        DELETION,
        shows(request("DELETE", "INVALID", OURS, 1, STATUS), CREATED),
        REJECTED,
    ),
    "an update turned down": (
        UPDATE,
        shows(CREATED, request("UPDATE", "INVALID", OURS, 1, "v2_update_forbidden")),
        REJECTED,
    ),
    "a deletion that hangs for a day": (
        NAMELESS_DELETION,
        shows(
            request("DELETE", "ACCEPTED", None, 86_400),
            request("CREATE", "SUCCESSFUL", None, -3600),
            statuses=("CREATED", "ACCEPTED"),
        ),
        None,
    ),
    "a creation turned down beside a good update": (
        UPDATE,
        shows(request("CREATE", "INVALID", ELDER, -3600, "v2_bad"), request("UPDATE", "SUCCESSFUL", OURS)),
        OK,
    ),
    "accepted": (UPDATE, shows(request("UPDATE", "ACCEPTED", OURS), CREATED), None),
    "accepted, and its order's status says ACCEPTED too": (
        DELETION,
        shows(request("DELETE", "ACCEPTED", OURS), statuses=("ACCEPTED",)),
        None,
    ),
    "waiting for another": (UPDATE, shows(request("UPDATE", "WAITING", OURS), CREATED), None),
    "not shown yet": (UPDATE, shows(CREATED), None),
    "an empty history": (UPDATE, shows(), None),
    # open lists: states, types, codes in any case
    "a state of tomorrow": (UPDATE, shows(request("UPDATE", "PAUSED", OURS)), None),
    "no state": (UPDATE, shows(request("UPDATE", "", OURS)), None),
    "a null state": (UPDATE, shows(request("UPDATE", "", OURS, state=None)), None),
    "a state that is a number": (UPDATE, shows(request("UPDATE", "", OURS, state=3)), None),
    "a state in lower case": (UPDATE, shows(request("UPDATE", "successful", OURS)), OK),
    "a type in lower case": (NAMELESS_UPDATE, shows(request("update", "Invalid")), REJECTED),
    "types of tomorrow": (
        NAMELESS_UPDATE,
        shows(
            request("AUDIT", "INVALID"), request("UPDATE", "SUCCESSFUL"), request("CREATE_REFUSAL", "INVALID")
        ),
        OK,
    ),
    "ours bears no type": (UPDATE, shows(request("", "SUCCESSFUL", OURS)), OK),
    "an odd code": (UPDATE, shows(request("UPDATE", "INVALID", OURS, 1, "Some English sentence.")), REJECTED),
    "an unreadable date": (UPDATE, shows(request("UPDATE", "SUCCESSFUL", OURS, date_time="tomorrow")), OK),
    "dates of all the years": (
        NAMELESS_UPDATE,
        shows(
            request("UPDATE", "INVALID", date_time="2026-05-04T18:59+0700"),
            request("UPDATE", "SUCCESSFUL", date_time="2026-05-04T12:00:01.608716Z"),
        ),
        OK,
    ),
    # request_uuid missing in our ticket, or in what a look shows
    "by type alone": (NAMELESS_UPDATE, shows(request("UPDATE", "SUCCESSFUL"), CREATED), OK),
    "by type alone, its uuid shown at last": (
        NAMELESS_UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", OURS)),
        OK,
    ),
    "shown without its uuid": (UPDATE, shows(request("UPDATE", "INVALID"), CREATED), REJECTED),
    "shown without its uuid, beside another's": (
        UPDATE,
        shows(request("UPDATE", "INVALID", THEIRS), request("UPDATE", "SUCCESSFUL")),
        OK,
    ),
    "another's only": (UPDATE, shows(request("UPDATE", "SUCCESSFUL", THEIRS)), None),
    "another's and an elder one": (
        UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", THEIRS), request("UPDATE", "SUCCESSFUL", None, -60)),
        None,
    ),
    "an elder one only": (NAMELESS_UPDATE, shows(request("UPDATE", "INVALID", None, -60), CREATED), None),
    "an elder one beside ours": (
        NAMELESS_UPDATE,
        shows(request("UPDATE", "INVALID", ELDER, -60), request("UPDATE", "SUCCESSFUL", None, 0), CREATED),
        OK,
    ),
    "its date_time has moved on": (NAMELESS_UPDATE, shows(request("UPDATE", "SUCCESSFUL", None, 40_000)), OK),
    "two seconds older: CDEK's clocks": (
        NAMELESS_UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", None, -2)),
        OK,
    ),
    "three seconds older": (NAMELESS_UPDATE, shows(request("UPDATE", "SUCCESSFUL", None, -3)), None),
    "two that may be ours": (
        NAMELESS_UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", None, 1), request("UPDATE", "INVALID", None, 2)),
        None,
    ),
    "two that may be ours, one of them without a date": (
        NAMELESS_UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", None, 1), request("UPDATE", "INVALID", None, None)),
        None,
    ),
    "one of unknown age": (NAMELESS_UPDATE, shows(request("UPDATE", "SUCCESSFUL", None, None)), None),
    "the submit's time unknown, one of the type": (
        evolve(NAMELESS_UPDATE, since=None),
        shows(request("UPDATE", "INVALID", None, None), CREATED),
        None,
    ),
    "the submit's time unknown, two of the type": (
        evolve(NAMELESS_UPDATE, since=None),
        shows(request("UPDATE", "SUCCESSFUL", None, 1), request("UPDATE", "SUCCESSFUL", None, -9)),
        None,
    ),
    # several deletions of one order
    "ours turned down while another lives": (
        DELETION,
        shows(request("DELETE", "INVALID", OURS, 1, STATUS), request("DELETE", "ACCEPTED", THEIRS)),
        None,
    ),
    "ours, which bears no type, turned down while another lives": (
        DELETION,
        shows(request("", "INVALID", OURS), request("DELETE", "ACCEPTED", THEIRS)),
        None,
    ),
    "ours turned down while another waits, in lower case": (
        DELETION,
        shows(request("delete", "waiting", THEIRS), request("DELETE", "INVALID", OURS, 1, STATUS)),
        None,
    ),
    "ours turned down, another in a state of tomorrow": (
        DELETION,
        shows(request("DELETE", "PAUSED", THEIRS), request("DELETE", "INVALID", OURS, 1, STATUS)),
        None,
    ),
    "ours turned down after another succeeded": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", THEIRS), request("DELETE", "INVALID", OURS, 1, STATUS)),
        None,
    ),
    "ours turned down after another was": (
        DELETION,
        shows(
            request("DELETE", "INVALID", THEIRS, -9, STATUS), request("DELETE", "INVALID", OURS, 1, STATUS)
        ),
        REJECTED,
    ),
    "ours turned down while an update lives": (
        DELETION,
        shows(request("UPDATE", "ACCEPTED", THEIRS), request("DELETE", "INVALID", OURS, 1, STATUS)),
        REJECTED,
    ),
    "our update turned down while another lives": (
        UPDATE,
        shows(request("UPDATE", "ACCEPTED", THEIRS), request("UPDATE", "INVALID", OURS, 1, "v2_bad_request")),
        REJECTED,
    ),
    # REMOVED
    "REMOVED, ours not shown": (DELETION, shows(CREATED, statuses=("CREATED", "REMOVED")), OK),
    "REMOVED, ours still accepted": (
        DELETION,
        shows(request("DELETE", "ACCEPTED", OURS), statuses=("REMOVED", "CREATED")),
        OK,
    ),
    "REMOVED by another's deletion": (
        DELETION,
        shows(
            request("DELETE", "SUCCESSFUL", THEIRS),
            request("DELETE", "INVALID", OURS, 1, STATUS),
            statuses=("removed",),
        ),
        OK,
    ),
    "REMOVED, withdrawn": (
        DELETION,
        shows(
            request("DELETE", "ACCEPTED", OURS), statuses=({"code": "REMOVED", "deleted": True}, "CREATED")
        ),
        None,
    ),
    "REMOVED, not withdrawn": (
        DELETION,
        shows(request("DELETE", "ACCEPTED", OURS), statuses=({"code": "REMOVED", "deleted": False},)),
        OK,
    ),
    "REMOVED, withdrawn, and ours turned down": (
        DELETION,
        shows(
            request("DELETE", "INVALID", OURS, 1, STATUS), statuses=({"code": "REMOVED", "deleted": "true"},)
        ),
        REJECTED,
    ),
    "REMOVED says nothing of an update": (
        UPDATE,
        shows(request("UPDATE", "ACCEPTED", OURS), statuses=("REMOVED",)),
        None,
    ),
    "an update of a REMOVED order": (
        UPDATE,
        shows(request("UPDATE", "SUCCESSFUL", OURS), statuses=("REMOVED",)),
        OK,
    ),
    "statuses never decide": (UPDATE, shows(CREATED, statuses=("INVALID", "DELIVERED")), None),
    "statuses that are none": (DELETION, shows(CREATED, statuses=(5, None, [], {"code": 2})), None),
    "REMOVED, without requests": (DELETION, Reply(200, {"entity": GONE_ENTITY}), OK),
    "REMOVED, and requests that are null": (
        DELETION,
        Reply(200, {"entity": GONE_ENTITY, "requests": None}),
        OK,
    ),
    "REMOVED, and requests that are no list": (
        DELETION,
        Reply(200, {"entity": GONE_ENTITY, "requests": {}}),
        OK,
    ),
    "REMOVED, but another order": (DELETION, shows(order=OTHER_ORDER, statuses=("REMOVED",)), None),
    # no such order
    "not found after our deletion": (DELETION, NOT_FOUND, OK),
    "not found after our update": (UPDATE, NOT_FOUND, GONE),
    "not found, poorly (no type, no message)": (
        DELETION,
        refuses({"code": "v2_entity_not_found_im_number"}),
        OK,
    ),
    "not found, by its number": (
        UPDATE,
        refuses({"code": "v2_order_not_found", "message": "Order not found by cdek_number 7"}),
        GONE,
    ),
    "not found, at the top": (UPDATE, Reply(400, {"errors": [missing()], "warnings": []}), GONE),
    "not found, in capitals": (
        DELETION,
        refuses(missing() | {"code": "V2_ENTITY_NOT_FOUND", "message": str(ORDER).upper()}),
        OK,
    ),
    "not found, as 404": (DELETION, refuses(missing(), status=404), OK),
    "not found, of another order": (DELETION, refuses(missing(OTHER_ORDER)), None),
    "not found, of several, ours among them": (
        DELETION,
        refuses(missing(OTHER_ORDER), missing(ORDER)),
        OK,
    ),
    "not found, with a code that only begins so": (
        DELETION,
        refuses({"code": "v2_entity_not_found_city"}),
        None,
    ),
    "not found, in a 200 beside the order": (
        DELETION,
        Reply(200, body(CREATED) | {"errors": [missing()]}),
        None,
    ),
    "not found, in a 500": (DELETION, refuses(missing(), status=500), None),
    "a 400 with another code": (DELETION, refuses({"code": "v2_internal_error", "message": "x"}), None),
    "a page that was not found": (DELETION, Reply(404, {"reason": "page_not_found"}), None),
    # no verdict at all
    "another order's answer": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", OURS), order=OTHER_ORDER),
        None,
    ),
    "an answer that names no order": (DELETION, shows(request("DELETE", "SUCCESSFUL", OURS), order=None), OK),
    "an order whose uuid is unreadable": (
        DELETION,
        Reply(200, {"entity": {"uuid": "?"}, "requests": [request("DELETE", "SUCCESSFUL", OURS)]}),
        OK,
    ),
    "HTML": (DELETION, Reply(200, None), None),
    "HTML in a 404": (DELETION, Reply(404, None), None),
    "{}": (DELETION, Reply(200, {}), None),
    "{} in a 400": (DELETION, Reply(400, {}), None),
    "requests that are no list": (DELETION, Reply(200, {"entity": ENTITY, "requests": {"a": 1}}), None),
    "requests that are none": (
        DELETION,
        Reply(200, {"entity": ENTITY, "requests": [None, 1, "x", []]}),
        None,
    ),
    "an entity that is none": (
        DELETION,
        Reply(200, {"entity": [], "requests": [request("DELETE", "SUCCESSFUL", OURS)]}),
        OK,
    ),
    "a 500 that shows our request": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", OURS), status=500),
        None,
    ),
    "a 302 that shows our request": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", OURS), status=302),
        None,
    ),
    "a 400 that shows our request": (
        DELETION,
        shows(request("DELETE", "SUCCESSFUL", OURS), status=400),
        None,
    ),
    "a 202 is as good as a 200": (UPDATE, shows(request("UPDATE", "SUCCESSFUL", OURS), status=202), OK),
}


@pytest.mark.parametrize(("asked", "reply", "verdict"), TABLE.values(), ids=TABLE)
def test_conclude(asked: Ticket, reply: Reply, verdict: Verdict | None) -> None:
    """A look proves a verdict, or it proves nothing and one asks again."""
    outcome = conclude(asked, reply)
    assert (outcome and outcome.verdict) == verdict
    if outcome is not None:
        assert outcome.ticket is asked
        assert outcome.request.request_uuid in (OURS, None)
        assert outcome.request.type.upper() in ("", asked.request_type)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(Decimal("1.5")),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["entity", "requests", "errors", "uuid", "state", "type", "statuses", "code"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from([200, 202, 302, 400, 404, 500]),
    st.sampled_from([DELETION, UPDATE, NAMELESS_DELETION]),
)
def test_garbage_is_no_verdict(data: Any, status: int, asked: Ticket) -> None:
    """Whatever JSON comes back, a look neither raises nor takes it for our request's end."""
    assert conclude(asked, Reply(status, data if isinstance(data, dict) else None)) is None


def test_our_request_is_found_wherever_it_stands() -> None:
    """By its uuid it is ours, at whichever end of the history."""
    ours, theirs = request("UPDATE", "SUCCESSFUL", OURS, -999), request("UPDATE", "INVALID", THEIRS)
    for history in ([ours, theirs, CREATED], [CREATED, theirs, ours], [theirs, ours, CREATED]):
        found = find(UPDATE, requests_of({"requests": history}) or ())
        assert found is not None
        assert found.request_uuid == OURS


@pytest.mark.parametrize(
    ("seconds", "count"), [(-2.001, 0), (-2, 1), (-1.999, 1), (0, 1), (99_999, 1), (None, 1)]
)
def test_a_margin_of_two_seconds(seconds: float | None, count: int) -> None:
    """Whole seconds of two clocks may put a request up to 2 s before its submit, no more."""
    one = Request(None, "UPDATE", State.ACCEPTED, None if seconds is None else at(seconds))
    assert len(possible(NAMELESS_UPDATE, [one])) == count


@pytest.mark.parametrize(
    ("reply", "order", "gone"),
    [
        (NOT_FOUND, ORDER, True),
        (NOT_FOUND, None, True),
        (NOT_FOUND, OTHER_ORDER, False),
        (shows(CREATED), ORDER, False),
        (Reply(400, None), ORDER, False),
    ],
)
def test_not_found_is_about_one_order(reply: Reply, order: UUID | None, gone: bool) -> None:
    """Only an answer about this very order says that there is none; asked by number, any does."""
    assert is_not_found(reply, order) == gone


@pytest.mark.parametrize(
    ("reply", "answered"),
    [
        (shows(CREATED), True),
        (shows(), True),
        (NOT_FOUND, True),
        (refuses(missing(OTHER_ORDER)), False),
        (refuses({"code": "v2_invalid_format"}), False),
        (shows(CREATED, order=OTHER_ORDER), False),
        (Reply(200, {"entity": GONE_ENTITY}), True),
        (shows(order=OTHER_ORDER, statuses=("REMOVED",)), False),
        (Reply(200, {}), False),
        (Reply(200, None), False),
    ],
)
def test_a_look_is_readable_when_it_was_answered(reply: Reply, answered: bool) -> None:
    """The order's history, REMOVED, or "there is no such order", is an answer; nothing else is."""
    assert readable(reply, ORDER) is answered
