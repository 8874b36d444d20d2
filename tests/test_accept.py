"""What a first answer to a write gives, and what a look shows of a write whose answer was lost."""

from typing import Any

import pytest
from attrs import evolve

from cdek_async import BadReply, Issue, Outcome, Request, State, Ticket, TransportError, Verdict
from cdek_async._accept import (
    SIMILAR,
    Again,
    adopt,
    adopt_running,
    crossed,
    receive,
    resolvable,
    resolve,
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
    PERSON,
    THEIRS,
    at,
    body,
    draft,
    missing,
    refuses,
    request,
    shows,
)

DELETION, UPDATE = draft("delete"), draft("update")
BY_NUMBER = draft("update", order_uuid=None)
STATUS = "error_validate_order_delete_status"

OK, REJECTED, GONE = Verdict.OK, Verdict.REJECTED, Verdict.NOT_FOUND


def noted(*requests: dict[str, Any], **other: Any) -> Reply:
    return shows(*requests, status=202, **other)


NOTED: dict[str, tuple[Ticket, Reply, Ticket]] = {
    "a deletion": (
        DELETION,
        noted(request("DELETE", "ACCEPTED", OURS, 0)),
        evolve(DELETION, request_uuid=OURS),
    ),
    "a deletion, by a 200 (2020)": (
        DELETION,
        shows(request("DELETE", "ACCEPTED", OURS, 0)),
        evolve(DELETION, request_uuid=OURS),
    ),
    "an update that waits": (
        UPDATE,
        noted(request("UPDATE", "WAITING", OURS, 0)),
        evolve(UPDATE, request_uuid=OURS),
    ),
    "`errors: []`": (
        UPDATE,
        noted(request("UPDATE", "ACCEPTED", OURS, 0, errors=[])),
        evolve(UPDATE, request_uuid=OURS),
    ),
    "a state of tomorrow": (
        UPDATE,
        noted(request("UPDATE", "PAUSED", OURS, 0)),
        evolve(UPDATE, request_uuid=OURS),
    ),
    "an update by number learns its uuid": (
        BY_NUMBER,
        noted(request("UPDATE", "ACCEPTED", OURS, 0)),
        evolve(BY_NUMBER, request_uuid=OURS, order_uuid=ORDER),
    ),
    "no entity, but our order is known": (
        DELETION,
        noted(request("DELETE", "ACCEPTED", OURS, 0), order=None),
        evolve(DELETION, request_uuid=OURS),
    ),
    "request_uuid missing": (DELETION, noted(request("DELETE", "ACCEPTED", None, 0)), DELETION),
    "a type in lower case": (
        DELETION,
        noted(request("delete", "accepted", OURS, 0)),
        evolve(DELETION, request_uuid=OURS),
    ),
    "no type": (DELETION, noted(request("", "ACCEPTED", OURS, 0)), evolve(DELETION, request_uuid=OURS)),
    "the whole history": (
        DELETION,
        noted(
            CREATED,
            request("UPDATE", "INVALID", THEIRS, -9, "v2_bad"),
            request("DELETE", "ACCEPTED", OURS, 0),
        ),
        evolve(DELETION, request_uuid=OURS),
    ),
    "two of our type: only looks can tell": (
        UPDATE,
        noted(request("UPDATE", "SUCCESSFUL", THEIRS, -9), request("UPDATE", "ACCEPTED", OURS, 0)),
        UPDATE,
    ),
    "none of our type: only looks can tell": (UPDATE, noted(CREATED), UPDATE),
    "no request at all": (UPDATE, noted(), UPDATE),
}


@pytest.mark.parametrize(("sent", "reply", "ticket"), NOTED.values(), ids=NOTED)
def test_what_cdek_took_note_of_has_a_ticket(sent: Ticket, reply: Reply, ticket: Ticket) -> None:
    """A 2xx about our order is a ticket that is not final, with our request's uuid where it was shown."""
    received = receive(sent, reply)
    assert received == ticket
    assert isinstance(received, Ticket)
    assert not received.final


def test_a_ticket_keeps_the_first_answer() -> None:
    """The warnings of the 202 are nowhere else, and our type is ours even where CDEK left it out."""
    warnings = [{"code": "v2_cost_change_by_tariff", "message": "New tariff"}]
    ticket = receive(UPDATE, noted(request("", "ACCEPTED", OURS, 5, warnings=warnings)))
    assert isinstance(ticket, Ticket)
    assert ticket.request == Request(
        OURS,
        "UPDATE",
        State.ACCEPTED,
        at(5),
        warnings=(Issue("v2_cost_change_by_tariff", "New tariff"),),
    )
    assert ticket.since == UPDATE.since


FINAL: dict[str, tuple[Ticket, Reply, Verdict, list[str]]] = {
    "INVALID in the 202": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0, STATUS)),
        REJECTED,
        [STATUS],
    ),
    "INVALID in the 202, without errors": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0)),
        REJECTED,
        [],
    ),
    "INVALID in the 202, two errors": (
        UPDATE,
        noted(request("UPDATE", "invalid", OURS, 0, "v2_a", "v2_b")),
        REJECTED,
        ["v2_a", "v2_b"],
    ),
    "INVALID while another lives is final all the same": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0, STATUS), request("UPDATE", "ACCEPTED", THEIRS)),
        REJECTED,
        [STATUS],
    ),
    "SUCCESSFUL at once": (UPDATE, noted(request("UPDATE", "SUCCESSFUL", OURS, 0)), OK, []),
    "not found in the 202": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0, errors=[missing()])),
        GONE,
        ["v2_entity_not_found"],
    ),
    "a 400 in requests[]": (
        UPDATE,
        refuses({"code": "v2_field_is_empty", "message": PERSON}, kind="UPDATE"),
        REJECTED,
        ["v2_field_is_empty"],
    ),
    "a 400 in requests[], poorly": (
        UPDATE,
        refuses({"code": "v2_bad_request"}),
        REJECTED,
        ["v2_bad_request"],
    ),
    "a 400 at the top": (
        DELETION,
        Reply(400, {"errors": [{"code": STATUS, "message": PERSON, "additional_code": "0x1E"}]}),
        REJECTED,
        [STATUS],
    ),
    "a 403": (
        DELETION,
        refuses({"code": "v2_entity_forbidden"}, status=403),
        REJECTED,
        ["v2_entity_forbidden"],
    ),
    "a 400, not found": (DELETION, NOT_FOUND, GONE, ["v2_entity_not_found"]),
    "a 404, not found at the top": (
        UPDATE,
        Reply(404, {"errors": [missing()]}),
        GONE,
        ["v2_entity_not_found"],
    ),
    "a 400, not found by number": (
        BY_NUMBER,
        refuses({"code": "V2_Order_Not_Found"}),
        GONE,
        ["V2_Order_Not_Found"],
    ),
    "a code that only begins so": (
        UPDATE,
        refuses({"code": "v2_entity_not_found_city"}),
        REJECTED,
        ["v2_entity_not_found_city"],
    ),
    "a sentence for a code": (
        UPDATE,
        refuses({"code": "The pick-up point doesn't meet the requirements"}),
        REJECTED,
        ["The pick-up point doesn't meet the requirements"],
    ),
}


@pytest.mark.parametrize(("sent", "reply", "verdict", "codes"), FINAL.values(), ids=FINAL)
def test_a_first_answer_can_be_the_last(
    sent: Ticket, reply: Reply, verdict: Verdict, codes: list[str]
) -> None:
    """CDEK's word at once is a final ticket, whatever its layout, with every code and message."""
    ticket = receive(sent, reply)
    assert isinstance(ticket, Ticket)
    assert ticket.final
    assert ticket.verdict is verdict
    assert ticket.request is not None
    assert [issue.code for issue in ticket.request.errors] == codes
    assert ticket.request.type == sent.request_type
    assert ticket.request_uuid == ticket.request.request_uuid
    assert ticket.request.state is (State.SUCCESSFUL if verdict is OK else State.INVALID)


NOT_YET: dict[str, tuple[Ticket, Reply, Again]] = {
    "500": (DELETION, Reply(500, None), Again.LOOK),
    "500 with a no in it": (DELETION, refuses({"code": STATUS}, status=500), Again.LOOK),
    "503": (DELETION, Reply(503, {"reason": "Service Unavailable"}), Again.LOOK),
    "504": (UPDATE, Reply(504, None), Again.LOOK),
    "408": (UPDATE, Reply(408, None), Again.LOOK),
    "HTML in a 200": (DELETION, Reply(200, None), Again.LOOK),
    "an empty 202": (DELETION, Reply(202, {}), Again.LOOK),
    "a 202 without requests": (DELETION, Reply(202, {"entity": {"uuid": str(ORDER)}}), Again.LOOK),
    "a 202 about another order": (
        DELETION,
        noted(request("DELETE", "ACCEPTED", OURS), order=OTHER_ORDER),
        Again.LOOK,
    ),
    "a 202 about no order that we know": (
        BY_NUMBER,
        noted(request("UPDATE", "ACCEPTED", OURS), order=None),
        Again.LOOK,
    ),
    "a 202 with errors and nothing of our type": (
        UPDATE,
        Reply(202, body() | {"errors": [{"code": "v2_bad"}]}),
        Again.LOOK,
    ),
    "a 202 with errors of another type": (
        UPDATE,
        noted(request("CREATE", "INVALID", ELDER, -9, "v2_bad")),
        Again.LOOK,
    ),
    "an internal error is as a 5xx": (DELETION, refuses({"code": "v2_internal_error"}), Again.LOOK),
    "an internal error in the 202": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0, "V2_INTERNAL_ERROR")),
        Again.LOOK,
    ),
    "an internal error at the top": (
        UPDATE,
        Reply(400, {"errors": [{"code": "v2_internal_error"}, {"code": "v2_bad_request"}]}),
        Again.LOOK,
    ),
    "not ready": (UPDATE, refuses({"code": "v2_entity_not_ready"}), Again.LATER),
    "not ready, in the 202": (
        UPDATE,
        noted(request("UPDATE", "INVALID", OURS, 0, "v2_entity_not_ready")),
        Again.LATER,
    ),
    "similar": (UPDATE, refuses({"code": SIMILAR, "message": f"Similar request {THEIRS}"}), Again.SIMILAR),
    "similar, in the 202": (DELETION, noted(request("DELETE", "INVALID", OURS, 0, SIMILAR)), Again.SIMILAR),
    "similar, at the top, in capitals": (
        DELETION,
        Reply(409, {"errors": [{"code": SIMILAR.upper()}]}),
        Again.SIMILAR,
    ),
}


@pytest.mark.parametrize(("sent", "reply", "again"), NOT_YET.values(), ids=NOT_YET)
def test_what_is_neither_note_nor_no(sent: Ticket, reply: Reply, again: Again) -> None:
    """An answer that may hide an applied write is looked after; "later" and "similar" are no "no"."""
    assert receive(sent, reply) is again


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, None, snippet="9 bytes, text/html"),
        Reply(404, {"reason": "page_not_found"}, snippet="JSON with the keys: reason"),
        Reply(400, {"errors": []}),
        Reply(400, {"requests": [{"type": "DELETE", "state": "INVALID"}]}),
        Reply(405, {}),
    ],
)
def test_a_4xx_without_a_code_is_no_answer_of_cdeks(reply: Reply) -> None:
    """A 4xx in which CDEK says nothing is a BadReply with its status and what it looked like."""
    with pytest.raises(BadReply, match=rf"\ACDEK answered {reply.status} to delete .+") as caught:
        receive(DELETION, reply)
    assert caught.value.status == reply.status
    assert caught.value.snippet == reply.snippet
    assert not caught.value.lasting


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
    "ours, of an order known by number": (
        BY_NUMBER,
        shows(request("UPDATE", "ACCEPTED", OURS)),
        evolve(BY_NUMBER, request_uuid=OURS, adopted=True, order_uuid=ORDER),
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


@pytest.mark.parametrize("sent", [DELETION, UPDATE, BY_NUMBER])
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


BY_CDEK_NUMBER, BY_SHOP_NUMBER = {"cdek_number": "1400000001"}, {"im_number": "shop-7"}


def found(*entities: dict[str, Any]) -> Reply:
    return Reply(200, {"entity": entities[0] if len(entities) == 1 else list(entities), "requests": []})


@pytest.mark.parametrize(
    ("reply", "answered"),
    [
        (found({"uuid": str(ORDER)}), True),
        (found({"uuid": str(ORDER)}, {"uuid": str(OTHER_ORDER)}), True),
        (Reply(200, {"entity": [{"uuid": str(ORDER)}]}), True),
        (found({"uuid": "?"}), False),
        (found({"cdek_number": "1400000001"}), False),
        (Reply(200, {"entity": [], "requests": []}), False),
        (Reply(200, {"requests": []}), False),
        (Reply(200, {"entity": "x"}), False),
        (Reply(200, None), False),
        (Reply(400, None), False),
        (Reply(400, {}), False),
        (refuses({"code": "v2_entity_not_found_im_number"}), True),
        (Reply(400, {"errors": [{"code": "v2_parameters_empty"}]}), True),
    ],
)
def test_a_look_by_number_is_answered(reply: Reply, answered: bool) -> None:
    """One order, several, or CDEK's "no" answer a look by number; nothing else does."""
    assert resolvable(reply) is answered


@pytest.mark.parametrize(
    ("numbers", "entity"),
    [
        (BY_CDEK_NUMBER, {"cdek_number": "1400000001", "number": "another"}),
        (BY_CDEK_NUMBER, {"cdek_number": 1400000001}),
        (BY_CDEK_NUMBER, {"number": "shop-7"}),
        (BY_SHOP_NUMBER, {"number": "shop-7", "cdek_number": "1400000001", "im_number": "another"}),
        (BY_SHOP_NUMBER, {"number": None}),
        (BY_SHOP_NUMBER, {}),
    ],
)
def test_a_number_is_resolved(numbers: dict[str, str], entity: dict[str, Any]) -> None:
    """The order that CDEK shows for a number is the one; before its CREATE succeeds it may bear none."""
    by_number = draft("delete", order_uuid=None)
    for reply in (
        found(entity | {"uuid": str(ORDER)}),
        Reply(200, {"entity": [entity | {"uuid": str(ORDER)}]}),
    ):
        assert resolve(by_number, numbers, reply) == evolve(by_number, order_uuid=ORDER)


@pytest.mark.parametrize(
    ("numbers", "entity"),
    [(BY_CDEK_NUMBER, {"cdek_number": "1400000002"}), (BY_SHOP_NUMBER, {"number": "shop-8"})],
)
def test_an_order_of_another_number_is_not_touched(numbers: dict[str, str], entity: dict[str, Any]) -> None:
    """An order that bears another number than was asked for is a BadReply, before anything is sent."""
    with pytest.raises(BadReply, match=next(iter(numbers))) as caught:
        resolve(draft("delete", order_uuid=None), numbers, found(entity | {"uuid": str(ORDER)}))
    assert caught.value.status == 200


@pytest.mark.parametrize(
    ("reply", "verdict", "codes"),
    [
        (refuses({"code": "v2_entity_not_found_im_number"}), GONE, ["v2_entity_not_found_im_number"]),
        (refuses({"code": "V2_ORDER_NOT_FOUND", "message": str(THEIRS)}), GONE, ["V2_ORDER_NOT_FOUND"]),
        (Reply(400, {"errors": [{"code": "v2_entity_not_found"}]}), GONE, ["v2_entity_not_found"]),
        (refuses({"code": "v2_order_forbidden"}), REJECTED, ["v2_order_forbidden"]),
        (found({"uuid": str(ORDER)}, {"uuid": str(OTHER_ORDER)}), REJECTED, ["several_orders"]),
    ],
)
def test_a_number_that_leads_to_no_single_order(reply: Reply, verdict: Verdict, codes: list[str]) -> None:
    """No order, a "no", or several under one number are a final ticket: nothing is guessed, nothing sent."""
    ticket = resolve(draft("delete", order_uuid=None), BY_SHOP_NUMBER, reply)
    assert ticket.verdict is verdict
    assert ticket.order_uuid is None
    assert ticket.request is not None
    assert [issue.code for issue in ticket.request.errors] == codes
    assert ticket.request.state is State.INVALID
