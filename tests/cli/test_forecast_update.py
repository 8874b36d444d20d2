"""What an order foretells of its update."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cdek_async import (
    BadReply,
    CdekError,
    Contact,
    Issue,
    Order,
    OrderChanges,
    OrderInfo,
    OrderNotFound,
    Package,
    Request,
    State,
    TransportError,
    UpdateOrder,
)
from cdek_async._orders import Status
from cdek_async.cli._asked import ChangesRow
from cdek_async.cli._forecast import Forecast, Prediction
from cdek_async.cli._forecast_update import UPDATE, calls_of, forecast

ORDER = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e01"
NEW = ("ACCEPTED", "CREATED")
ONE, TWO = (
    Package(number="1", weight=1, package_id="p1"),
    Package(number="2", weight=1, package_id="p2"),
)


def shown(*statuses: str | Status, requests: tuple[Request, ...] = (), **fields: Any) -> OrderInfo:
    made = [
        each
        if isinstance(each, Status)
        else Status(code=each, date_time=datetime(2026, 3, 4, 5, n, tzinfo=UTC))
        for n, each in enumerate(statuses)
    ]
    fields = {"comment": "a", "packages": (ONE, TWO)} | fields
    return OrderInfo(order=Order(uuid=UUID(ORDER), statuses=tuple(made), **fields), requests=requests)


def request(kind: str, state: State | str, *codes: str) -> Request:
    return Request(None, kind, state, None, errors=tuple(Issue(code, "text") for code in codes))


def changes(**fields: Any) -> OrderChanges:
    return OrderChanges(uuid=ORDER, **fields)


@pytest.mark.parametrize(
    ("info", "prediction", "code"),
    [
        (shown(*NEW), "would_change", ""),
        (
            shown(*NEW, requests=(request("UPDATE", State.INVALID, "v2_update_forbidden"),)),
            "would_change",
            "",
        ),
        (shown(*NEW, requests=(request("UPDATE", State.SUCCESSFUL),)), "would_change", ""),
        (shown(*NEW, requests=(request("DELETE", State.INVALID),)), "would_change", ""),
        (shown(*NEW, Status(code="DELIVERED", deleted=True)), "would_change", ""),
        (shown(*NEW, requests=(request("CREATE", State.ACCEPTED),)), "would_change", ""),
        (shown(*NEW, "DELIVERED"), "not_changeable", "DELIVERED"),
        (shown("ACCEPTED", "INVALID"), "not_changeable", "INVALID"),
        (shown(*NEW, "REMOVED"), "not_changeable", "REMOVED"),
        (shown(*NEW, requests=(request("DELETE", State.SUCCESSFUL),)), "not_changeable", "REMOVED"),
        (shown(*NEW, requests=(request("update", State.ACCEPTED),)), "unknown", "update"),
        (shown(*NEW, requests=(request("UPDATE", "PENDING_REVIEW"),)), "unknown", "UPDATE"),
        (shown(*NEW, requests=(request("DELETE", State.WAITING),)), "unknown", "DELETE"),
        (shown(*NEW, requests=(request("CREATE_REFUSAL", State.SUCCESSFUL),)), "unknown", "CREATE_REFUSAL"),
        (shown("ACCEPTED", requests=(request("CREATE", State.ACCEPTED),)), "unknown", "CREATE"),
        (shown("ACCEPTED"), "unknown", "ACCEPTED"),
        (shown(), "unknown", "no status"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_an_order_foretells_its_update(info: OrderInfo, prediction: str, code: str, *, turned: bool) -> None:
    """By what its history holds, whichever way it is turned; what it would do is told where it may."""
    if turned:
        info = OrderInfo(order=shown(*info.order.statuses[::-1]).order, requests=info.requests[::-1])
    found = forecast(changes(comment="b"), info)
    assert (found.prediction, found.code, found.seen) == (prediction, code, True)
    assert bool(found.why) == (prediction != "would_change")
    may = prediction != "not_changeable"
    assert found.effects == (('comment: "a" -> "b"',) if may else ())
    assert found.details == ((("comment", '"a" -> "b"'),) if may else ())


@pytest.mark.parametrize(
    ("given", "read", "prediction", "code"),
    [
        ({"comment": "a"}, {}, "nothing_to_change", ""),
        ({"packages": [ONE, TWO]}, {}, "nothing_to_change", ""),
        ({"packages": [ONE, TWO, Package(number="3", weight=1)]}, {}, "would_change", ""),
        ({"packages": [ONE]}, {}, "would_delete_packages", ""),
        (
            {"packages": [Package(number="1", weight=1)]},
            {},
            "would_delete_packages",
            "v2_package_id_is_empty",
        ),
        ({"packages": [ONE, Package(number="2", weight=1)]}, {}, "not_changeable", "v2_package_id_is_empty"),
        (
            {"packages": [Package(number="1", weight=1)]},
            {"packages": (Package(number="1", weight=1),)},
            "unknown",
            "packages[0].package_id",
        ),
        ({"packages": [ONE]}, {"packages": ()}, "unknown", "changes"),
        ({"packages": [Package(number="1", weight=1, package_id="p9")]}, {}, "unknown", "changes"),
        ({"cdek_number": "7", "comment": "b"}, {"cdek_number": "8"}, "unknown", "changes"),
        ({"recipient": Contact(name="А")}, {"recipient": Contact(name="А", tin="1")}, "unknown", "left_out"),
        ({"recipient": Contact(name="Б")}, {"recipient": Contact(name="А", tin="1")}, "would_change", ""),
    ],
)
def test_the_changes_foretell_it_too(
    given: dict[str, Any], read: dict[str, Any], prediction: str, code: str
) -> None:
    """A package that would be deleted comes before all doubts."""
    found = forecast(changes(**given), shown(*NEW, **read))
    assert (found.prediction, found.code) == (prediction, code)
    assert found.partial == ("tin" in str(found.details))


def test_a_package_is_marked_in_an_order_of_which_nothing_is_sure() -> None:
    """It may be taken, and then the package is gone."""
    found = forecast(changes(packages=[ONE]), shown(*NEW, requests=(request("UPDATE", State.WAITING),)))
    assert (found.prediction, found.why) == ("would_delete_packages", "its UPDATE request is WAITING")
    assert found.effects == ('package "2" would be DELETED: it is not in the list',)


@pytest.mark.parametrize(
    ("error", "prediction"),
    [
        (OrderNotFound("CDEK knows no order 7"), "not_found"),
        (BadReply("GET /v2/orders/7: answered 400 with v2_entity_forbidden", status=400), "not_ours"),
        (BadReply("GET /v2/orders/7: answered 400 with v2_entity_invalid", status=400), "not_changeable"),
        (TransportError("GET: answered 503"), "unknown"),
    ],
)
def test_an_answer_without_an_order_says_why(error: CdekError, prediction: str) -> None:
    """As it does before a deletion."""
    found = forecast(changes(comment="b"), error)
    assert (found.prediction, found.seen, found.effects) == (prediction, False, ())


@pytest.mark.parametrize(
    ("prediction", "code", "seen", "calls"),
    [
        ("would_change", "", True, 2),
        ("nothing_to_change", "", True, 2),
        ("would_delete_packages", "", True, 2),
        ("not_changeable", "DELIVERED", True, 2),
        ("not_changeable", "REMOVED", True, 1),
        ("not_changeable", "INVALID", True, 1),
        ("not_changeable", "v2_entity_invalid", False, 1),
        ("not_found", "", False, 1),
        ("not_ours", "", False, 1),
        ("unknown", "UPDATE", True, 2),
        ("unknown", "", False, 2),
    ],
)
def test_what_an_update_costs(prediction: Any, code: str, seen: bool, calls: int) -> None:
    """A PATCH, and a look at what was noted: also where nothing would change. By number a look before it,
    whose "no" is the end."""
    found = Forecast(Prediction(prediction), code, seen=seen)
    by_uuid = OrderChanges(uuid="4a1f0c5e-1f7c-4f0a-8d3b-6b9e2c7d8f01")
    assert calls_of(found, UpdateOrder(by_uuid)) == calls
    goes_on = seen or prediction == "unknown"
    assert calls_of(found, UpdateOrder(OrderChanges(cdek_number="7"))) == (calls + 1 if goes_on else 1)


def test_a_row_is_asked_for_with_its_own_forecast() -> None:
    """One that cannot be changes says why."""
    operation, foretell = UPDATE.ask(ChangesRow(1, changes=changes(comment="b")))
    assert operation.order_uuid == UUID(ORDER)
    assert foretell(shown(*NEW)).prediction == "would_change"
    with pytest.raises(ValueError, match="not JSON"):
        UPDATE.ask(ChangesRow(1, problem="not JSON"))
