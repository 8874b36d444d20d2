"""Values of an order."""

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin
from uuid import UUID

import attrs
import pytest

from cdek_async import _orders, _wire
from cdek_async._models import Request
from cdek_async._orders import UNSET, Order, OrderChanges, OrderInfo, Package
from cdek_async._orders_parts import wanted
from tests import answers

CLASSES = [
    kind
    for kind in vars(_orders).values()
    if isinstance(kind, type) and attrs.has(kind) and kind is not Request
]
SHOWN = {
    "Order": {"uuid", "cdek_number", "number", "tariff_code"},
    "OrderChanges": {"uuid", "cdek_number", "number", "tariff_code"},
    "Status": {"code", "date_time", "deleted"},
    "RelatedEntity": {"type", "uuid", "cdek_number"},
}
"""What a repr may show: nothing of it is a person's."""

MARK = "Ёж"  # as short as the shortest limit
MARKS: dict[Any, Any] = {
    str: MARK,
    int: 31,
    float: 59.31,
    Decimal: Decimal("31.31"),
    bool: True,
    date: date(1931, 3, 1),
    datetime: datetime(1931, 3, 1, tzinfo=UTC),
    UUID: UUID(int=0x31313131),
}


def filled(kind: Any, spared: set[str] | None = None) -> Any:
    """A value with a mark in every field, and in every field of its parts."""
    inner = wanted(kind)
    if get_origin(inner) is tuple:
        return (filled(get_args(inner)[0]),)
    if inner is Request:
        return Request(None, "GET", "INVALID")
    if get_origin(inner) is dict:
        return {MARK: MARK}
    if attrs.has(inner):
        spared = SHOWN.get(inner.__name__, set())
        return inner(
            **{each.name: filled(each.type) for each in attrs.fields(inner) if each.name not in spared},
            **({"uuid": answers.ORDER} if inner is OrderChanges else {}),
            **({"code": "CREATED"} if inner is _orders.Status else {}),
        )
    return MARKS[inner]


def leaked(text: str) -> bool:
    return any(mark in text for mark in (MARK, "31", "True"))


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not OrderChanges])
def test_no_repr_shows_a_person(kind: Any) -> None:
    """Names, phones, addresses stay out of logs, whatever field is added tomorrow."""
    value = filled(kind)
    assert leaked(str(attrs.asdict(value))), "no mark was planted"
    for text in (repr(value), str(value), f"{[value]}"):
        assert not leaked(text.replace(answers.ORDER, "")), text


def test_no_repr_of_changes_shows_a_person() -> None:
    """The same holds for what is sent; the order itself is named."""
    marked = {name: filled(kind) for name, kind in fields_of_changes().items()}
    for given in marked.items():
        text = repr(OrderChanges(uuid=answers.ORDER, **dict([given])))
        assert text == f"OrderChanges(uuid=UUID('{answers.ORDER}'))"


def fields_of_changes() -> dict[str, Any]:
    """Those that a repr hides, without the packages, which have to make sense together."""
    hidden = [each for each in attrs.fields(OrderChanges) if each.name not in SHOWN["OrderChanges"]]
    return {each.name: each.type for each in hidden if each.name != "packages"}


def test_a_repr_names_the_order() -> None:
    """What tells one order from another is there, and only what is known."""
    order = Order(uuid=UUID(answers.ORDER), cdek_number="14", tariff_code=136, comment=MARK)
    assert repr(order) == f"Order(uuid=UUID('{answers.ORDER}'), cdek_number='14', tariff_code=136)"
    assert repr(Order()) == "Order(…)"
    assert (
        repr(OrderInfo(order=Order(), raw={MARK: 1}))
        == "OrderInfo(order=Order(…), requests=(), related_entities=())"
    )
    assert repr(_orders.Contact(name=MARK)) == "Contact(…)"


@pytest.mark.parametrize("data", [answers.TODAY, answers.IN_2020, answers.ECHO])
def test_an_order_travels(data: Any) -> None:
    """It pickles, copies, compares and hashes, so that it goes into queues, sets and processes."""
    info = _wire.order_info(data)
    for other in (pickle.loads(pickle.dumps(info)), copy.deepcopy(info)):  # noqa: S301 - our own bytes
        assert other == info
        assert hash(other) == hash(info)
    assert info != _wire.order_info(answers.RICH_FAILURE)


def test_changes_travel() -> None:
    """So do changes, with what was not given still not given."""
    changes = _wire.changes_from_json(answers.CHANGES | {"comment": None})
    other = pickle.loads(pickle.dumps(changes))  # noqa: S301 - our own bytes
    assert (other, hash(other)) == (changes, hash(changes))
    assert (other.from_location, other.comment) == (UNSET, None)
    assert len({changes, other}) == 1


def test_values_are_frozen() -> None:
    """A value that was checked stays as it was checked."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        OrderChanges(uuid=answers.ORDER).comment = "x"  # type: ignore[misc]


def test_every_change_is_optional() -> None:
    """The order's name alone is a valid, if idle, update; either name will do, and both are kept."""
    assert OrderChanges(uuid=answers.ORDER).uuid == UUID(answers.ORDER)
    assert OrderChanges(cdek_number=1400000001).cdek_number == "1400000001"
    assert OrderChanges(uuid=None, cdek_number="14").uuid is UNSET
    assert OrderChanges(uuid=answers.ORDER, cdek_number="").cdek_number is UNSET
    both = OrderChanges(uuid=UUID(answers.ORDER), cdek_number="14")
    assert _wire.changes_json(both) == {"uuid": answers.ORDER, "cdek_number": "14"}


def test_a_point_may_take_the_place_of_an_address() -> None:
    """Two that exclude each other may stand together when one of them is emptied."""
    changes = OrderChanges(
        uuid=answers.ORDER,
        shipment_point="PRM1",
        from_location=None,
        delivery_point="",
        to_location=_orders.Location(code=1),
    )
    assert changes.from_location is None


ONE = Package(number="1", weight=100)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "uuid, cdek_number: one of them must name the order"),
        ({"uuid": None, "cdek_number": ""}, "uuid, cdek_number: one of them must name the order"),
        ({"uuid": "1400000001"}, "uuid: '1400000001' is not a UUID"),
        ({"uuid": 5}, "uuid: expected a UUID or its text, got int"),
        ({"cdek_number": True}, "cdek_number: expected text, got bool"),
        ({"cdek_number": []}, "uuid, cdek_number: one of them must name the order"),
        ({"cdek_number": "1" * 41}, "cdek_number: at most 40 characters, got 41"),
        (
            {"shipment_point": "PRM1", "from_location": _orders.Location(code=1)},
            "shipment_point: not together with from_location",
        ),
        (
            {"delivery_point": "PRM1", "to_location": _orders.Location(code=1)},
            "delivery_point: not together with to_location",
        ),
        ({"packages": None}, "packages: None or an empty list would delete every package; leave it out"),
        ({"packages": []}, "packages: None or an empty list would delete every package; leave it out"),
        ({"packages": ()}, "packages: None or an empty list would delete every package; leave it out"),
        ({"packages": {}}, "packages: expected a list, got dict"),
        ({"packages": ONE}, "packages: expected a list, got Package"),
        (
            {"packages": [ONE, ONE]},
            "packages[1].number: the same as packages[0].number, but unique in an order",
        ),
    ],
)
def test_changes_that_cannot_be_are_refused(given: Any, line: Any) -> None:
    """In one line, before anything is sent."""
    named = {"cdek_number", "uuid"} & given.keys() or not given
    with pytest.raises(ValueError) as caught:
        OrderChanges(**(given if named else {"uuid": answers.ORDER} | given))
    assert str(caught.value) == line
