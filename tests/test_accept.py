"""What a first answer to a write gives, and what a look by number leads to."""

from typing import Any

import pytest
from attrs import evolve

from cdek_async import BadReply, Issue, Request, State, Ticket, Verdict
from cdek_async._accept import (
    SIMILAR,
    Again,
    receive,
    resolvable,
    resolve,
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
    "a 400, not found in capitals": (
        UPDATE,
        refuses({"code": "V2_Order_Not_Found"}),
        GONE,
        ["V2_Order_Not_Found"],
    ),
    "another uuid is not found: a part of the update": (
        UPDATE,
        refuses(missing(OTHER_ORDER)),
        REJECTED,
        ["v2_entity_not_found"],
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
    "another order is not found": (DELETION, refuses(missing(OTHER_ORDER)), Again.LOOK),
    "another order is not found, in the 202": (
        DELETION,
        noted(request("DELETE", "INVALID", OURS, 0, errors=[missing(OTHER_ORDER)])),
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
