from datetime import UTC, datetime
from typing import Any

import pytest

from cdek_async import (
    BadReply,
    CdekError,
    Issue,
    Order,
    OrderInfo,
    OrderNotFound,
    Request,
    State,
    TransportError,
)
from cdek_async._orders import Status
from cdek_async.cli._forecast import Forecast, Prediction
from cdek_async.cli._forecast_delete import calls_of, forecast

CLAIM = "error_validate_order_delete_claims_is_not_empty"
STATUS = "error_validate_order_delete_status"


def at(minute: int) -> datetime:
    return datetime(2026, 3, 4, 5, minute, tzinfo=UTC)


def shown(*statuses: str | Status, requests: tuple[Request, ...] = ()) -> OrderInfo:
    """An order with its statuses, a minute apart, oldest first."""
    made = [
        each if isinstance(each, Status) else Status(code=each, date_time=at(minute))
        for minute, each in enumerate(statuses)
    ]
    return OrderInfo(order=Order(statuses=tuple(made)), requests=requests)


def request(kind: str, state: State | str, *codes: str) -> Request:
    return Request(None, kind, state, at(30), errors=tuple(Issue(code, "text") for code in codes))


NEW = ("ACCEPTED", "CREATED")


@pytest.mark.parametrize(
    ("info", "prediction", "code"),
    [
        (shown(*NEW), "deletable", ""),
        (shown("created"), "deletable", ""),
        (shown(*NEW, requests=(request("CREATE", "PENDING_REVIEW"),)), "deletable", ""),
        (shown(*NEW, requests=(request("UPDATE", State.ACCEPTED),)), "deletable", ""),
        (shown(*NEW, requests=(request("DELETE", State.INVALID, STATUS),)), "deletable", ""),
        (shown(*NEW, requests=(request("CREATE_REFUSAL", State.INVALID),)), "deletable", ""),
        (shown(*NEW, Status(code="DELIVERED", deleted=True)), "deletable", ""),
        (shown(*NEW, Status()), "deletable", ""),
        (shown(*NEW, "REMOVED"), "gone", "REMOVED"),
        (shown("removed", "CREATED", "DELIVERED"), "gone", "REMOVED"),
        (shown(*NEW, requests=(request("delete", State.SUCCESSFUL),)), "gone", "REMOVED"),
        (shown(*NEW, "DELIVERED", requests=(request("DELETE", State.SUCCESSFUL),)), "gone", "REMOVED"),
        (shown(*NEW, "RECEIVED_AT_SHIPMENT_WAREHOUSE"), "not_deletable", "RECEIVED_AT_SHIPMENT_WAREHOUSE"),
        (shown(*NEW, "ON_ITS_WAY", "DELIVERED"), "not_deletable", "DELIVERED"),
        (shown(*NEW, "DELIVERED", Status(code="ON_ITS_WAY")), "not_deletable", "DELIVERED"),
        (shown(*NEW, "BRAND_NEW"), "not_deletable", "BRAND_NEW"),
        (shown("ACCEPTED", "INVALID"), "not_deletable", "INVALID"),
        (shown("ACCEPTED"), "not_deletable", "ACCEPTED"),
        (shown("ACCEPTED", requests=(request("CREATE", State.SUCCESSFUL),)), "not_deletable", "ACCEPTED"),
        (shown(*NEW, requests=(request("DELETE", State.INVALID, CLAIM.upper()),)), "not_deletable", CLAIM),
        (
            shown(*NEW, "DELIVERED", requests=(request("DELETE", State.ACCEPTED),)),
            "not_deletable",
            "DELIVERED",
        ),
        (shown(*NEW, Status(code="REMOVED", deleted=True), "SENT"), "not_deletable", "SENT"),
        (shown(*NEW, requests=(request("DELETE", State.ACCEPTED),)), "unknown", "DELETE"),
        (shown(*NEW, requests=(request("DELETE", "PENDING_REVIEW"),)), "unknown", "DELETE"),
        (shown(*NEW, requests=(request("CREATE_REFUSAL", State.SUCCESSFUL),)), "unknown", "CREATE_REFUSAL"),
        (shown("ACCEPTED", requests=(request("CREATE", State.WAITING),)), "unknown", "CREATE"),
        (shown(requests=(request("CREATE", State.ACCEPTED),)), "unknown", "CREATE"),
        (shown(), "unknown", "no status"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_an_order_foretells_its_deletion(
    info: OrderInfo, prediction: str, code: str, *, turned: bool
) -> None:
    """By what its history holds, whichever way it is turned; what CDEK leaves open is unknown."""
    if turned:
        order = Order(statuses=info.order.statuses[::-1])
        info = OrderInfo(order=order, requests=info.requests[::-1])
    found = forecast(info)
    assert (found.prediction, found.code.lower(), found.seen) == (prediction, code.lower(), True)
    assert bool(found.why) == (prediction != "deletable")


def test_of_several_requests_the_living_one_counts() -> None:
    """A deletion that was rejected for a claim may be under way again."""
    old, new = request("DELETE", State.INVALID, CLAIM), request("DELETE", State.WAITING)
    for requests in ((old, new), (new, old)):
        assert forecast(shown(*NEW, requests=requests)).prediction == "unknown"


def bad(message: str) -> BadReply:
    return BadReply(message, status=400)


@pytest.mark.parametrize(
    ("error", "prediction", "code"),
    [
        (OrderNotFound("CDEK knows no order 7"), "not_found", "OrderNotFound"),
        (bad("GET /v2/orders/7: answered 400 with v2_entity_forbidden"), "not_ours", "v2_entity_forbidden"),
        (bad("im_number a but b: CDEK shows no single order, but x, V2_ORDER_FORBIDDEN"), "not_ours", None),
        (bad("GET /v2/orders/7: answered 400 with v2_entity_invalid"), "not_deletable", "v2_entity_invalid"),
        (bad("im_number 7: CDEK shows no single order, but several_orders"), "not_deletable", None),
        (bad("GET /v2/orders/7: answered 400 with v2_bad_request"), "unknown", "BadReply"),
        (bad("im_number a but v2_entity_forbidden, b: but v2_bad_request"), "unknown", "BadReply"),
        (bad("asked for im_number, CDEK showed an order of another one"), "unknown", "BadReply"),
        (TransportError("GET: failed with v2_entity_forbidden"), "unknown", "TransportError"),
    ],
)
def test_an_answer_without_an_order_says_why(error: CdekError, prediction: str, code: str | None) -> None:
    """By its codes, compared whole; what could not be read is unknown, with the error's line."""
    found = forecast(error)
    assert (found.prediction, found.seen) == (prediction, False)
    assert found.code == (code or str(error).split()[-1])
    assert found.why == str(error) or prediction.startswith("not_")


@pytest.mark.parametrize(
    ("prediction", "seen", "by_uuid", "by_number"),
    [
        ("deletable", True, 2, 3),
        ("not_deletable", True, 2, 3),
        ("not_deletable", False, 1, 1),
        ("gone", True, 1, 2),
        ("not_found", False, 1, 1),
        ("not_ours", False, 1, 1),
        ("unknown", True, 2, 3),
        ("unknown", False, 2, 3),
    ],
)
def test_what_a_deletion_costs(prediction: Any, seen: bool, by_uuid: int, by_number: int) -> None:
    """A DELETE, a look at what was noted, a look more for a number: unless that says no."""
    found = Forecast(Prediction(prediction), seen=seen)
    assert calls_of(found, by_number=False) == by_uuid
    assert calls_of(found, by_number=True) == by_number
