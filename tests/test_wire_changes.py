"""Changes of an order to CDEK's JSON, and from the JSON that people write."""

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest

from cdek_async import _orders, _wire
from cdek_async._document import parse
from cdek_async._orders import OrderChanges
from cdek_async._orders_parts import wanted
from tests import answers


def written(changes: OrderChanges) -> Any:
    """What CDEK would read."""
    return json.loads(_wire.dumps(_wire.changes_json(changes)))


FULL_CHANGES = [
    answers.CHANGES,
    {"uuid": answers.ORDER, "from_location": answers.LOCATION, "to_location": answers.LOCATION},
]


@pytest.mark.parametrize("data", FULL_CHANGES)
def test_every_field_of_an_update_reaches_the_wire(data: Any) -> None:
    """What people write is what CDEK gets, down to the last field, and nothing besides."""
    parsed = parse(json.dumps(data).encode())
    assert parsed is not None
    assert written(_wire.changes_from_json(parsed)) == data


def test_the_full_update_is_full() -> None:
    """The fixtures of the test above have every field of an update that is not CDEK's to say."""
    expected = writable(OrderChanges)
    expected["seller"].pop("giis_subdivision_id")
    assert answers.names_in(FULL_CHANGES[0] | FULL_CHANGES[1]) == expected


def writable(kind: Any) -> Any:
    inner = wanted(kind)
    if getattr(inner, "__origin__", None) is tuple:
        return writable(inner.__args__[0])
    if not attrs.has(inner):
        return None
    return {
        each.name: writable(each.type) for each in attrs.fields(inner) if not each.metadata.get("read_only")
    }


def test_not_given_none_and_empty_are_three_things() -> None:
    """A field left out is not sent at any depth; None, an empty text and an empty list are."""
    changes = OrderChanges(
        uuid=answers.ORDER,
        comment=None,
        number="",
        services=(),
        delivery_recipient_cost_adv=[],
        sender=_orders.Contact(company="", email=None, phones=[]),
        recipient=None,
    )
    assert _wire.changes_json(changes) == {
        "uuid": answers.ORDER,
        "comment": None,
        "number": "",
        "services": [],
        "delivery_recipient_cost_adv": [],
        "sender": {"company": "", "email": None, "phones": []},
        "recipient": None,
    }


def test_false_and_zero_are_given() -> None:
    """Falsy is not absent."""
    changes = OrderChanges(
        uuid=answers.ORDER, has_reverse_order=False, delivery_recipient_cost=_orders.Money(0, vat_rate=0)
    )
    assert written(changes) == {
        "uuid": answers.ORDER,
        "has_reverse_order": False,
        "delivery_recipient_cost": {"value": 0, "vat_rate": 0},
    }


def test_a_package_that_was_read_can_be_sent_as_it_is() -> None:
    """Update what you have read: the fields that are CDEK's to say stay behind."""
    order = _wire.order_info(answers.TODAY).order
    changes = OrderChanges(
        uuid=answers.ORDER, packages=order.packages, services=order.services, recipient=order.recipient
    )
    assert written(changes) == {
        "uuid": answers.ORDER,
        "packages": [answers.PACKAGE],
        "services": [{"code": "INSURANCE", "parameter": "1999.99"}],
        "recipient": answers.CONTACT,
    }


def test_money_is_sent_exactly() -> None:
    """A Decimal, a whole number and a float arrive as they were written."""
    money = _orders.Money(Decimal("0.10"), vat_sum=0.1)
    changes = OrderChanges(cdek_number="1", delivery_recipient_cost=money)
    assert _wire.dumps(_wire.changes_json(changes)) == (
        b'{"cdek_number":"1","delivery_recipient_cost":{"value":0.10,"vat_sum":0.1}}'
    )


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"uuid": answers.ORDER, "colour": "red"}, "colour: there is no such field in an update"),
        ({"uuid": answers.ORDER, "print": "x"}, "print: there is no such field in an update"),
        (
            {"uuid": answers.ORDER, "packages": [{"items": [{}, {"nmae": "Вера"}]}]},
            "packages[0].items[1].nmae: there is no such field in an update",
        ),
        (
            {"uuid": answers.ORDER, "sender": {"phones": [{"numer": "1"}]}},
            "sender.phones[0].numer: there is no such field in an update",
        ),
        (
            {"uuid": answers.ORDER, "tariff_code": "10"},
            "tariff_code: expected a whole number, got str",
        ),
        ({"uuid": answers.ORDER, "packages": {}}, "packages: expected a list, got dict"),
        ({"uuid": answers.ORDER, "packages": [5]}, "packages[0]: expected a Package, got 5"),
        ({"uuid": answers.ORDER, "sender": "Вера"}, "sender: expected a Contact, got str"),
        ({"uuid": answers.ORDER, "sender": []}, "sender: expected a Contact, got list"),
        ({"uuid": answers.ORDER, "comment": {"a": 1}}, "comment: expected text, got dict"),
        (
            {"uuid": answers.ORDER, "sender": {"passport_date_of_birth": "1.2.1990"}},
            "sender.passport_date_of_birth: expected a date, yyyy-MM-dd, got str",
        ),
        ({"comment": "x"}, "uuid, cdek_number: one of them must name the order"),
    ],
)
def test_an_update_that_is_not_one_is_told_with_its_path(data: Any, line: Any) -> None:
    """Strictly: a misspelt field would silently change nothing, or delete what it was to keep."""
    with pytest.raises(ValueError) as caught:
        _wire.changes_from_json(data)
    assert str(caught.value) == line


def test_null_and_empty_are_read_as_given() -> None:
    """A line of JSON says "not given" by silence, too."""
    data: dict[str, Any] = {
        "cdek_number": 1400000001,
        "comment": None,
        "services": [],
        "seller": {},
        "number": "",
    }
    changes = _wire.changes_from_json(data)
    assert changes == OrderChanges(
        cdek_number="1400000001", comment=None, services=(), seller=_orders.Seller(), number=""
    )


def test_what_is_cdeks_to_say_may_be_pasted() -> None:
    """A package copied from CDEK's answer is an update; even odd values of what is not sent do no harm."""
    package = answers.ENTITY["packages"][0] | {
        "weight_calc": "?",
        "services": [{"code": "X", "colour": "red"}],
    }
    data = parse(json.dumps({"uuid": answers.ORDER, "packages": [package]}).encode())
    assert data is not None
    assert written(_wire.changes_from_json(data)) == {"uuid": answers.ORDER, "packages": [answers.PACKAGE]}
