"""What changes would do to an order, in words and for machines."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cdek_async import (
    UNSET,
    Contact,
    Item,
    Location,
    Money,
    Order,
    OrderChanges,
    Package,
    Phone,
    Service,
)
from cdek_async.cli._preview import preview, value

ORDER = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e01"
GIVEN: dict[str, Any] = {
    "name": "Лампа",
    "ware_key": "L1",
    "payment": Money(0),
    "weight": 10,
    "amount": 1,
    "cost": 5,
}
ITEM = Item(**GIVEN, used=False)
SENT = Item(**GIVEN)
AS_JSON = (
    '{"name": "Лампа", "ware_key": "L1", "payment": {"value": 0}, "weight": 10, "amount": 1,'
    ' "cost": 5, "used": false}'
)


def order(**fields: Any) -> Order:
    return Order(uuid=UUID(ORDER), **fields)


def effects(read: Order, **changes: Any) -> list[str]:
    return list(preview(read, OrderChanges(uuid=ORDER, **changes)).effects())


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (None, "nothing"),
        (UNSET, "nothing"),
        ((), "nothing"),
        ("", '""'),
        ("nothing", '"nothing"'),
        ('a "b"', r'"a \"b\""'),
        (0, "0"),
        (False, "false"),
        (Decimal("10.50"), "10.50"),
        (dt.date(2026, 3, 4), '"2026-03-04"'),
        (UUID(ORDER), f'"{ORDER}"'),
        ("a\x1b[31m\r\n\tb", r'"a\u001b[31m\r\n\tb"'),
        ("a\x9b\u202e\xa0\u2028", r'"a\u009b\u202e\u00a0\u2028"'),
        ("\U000e0041\ud800", r'"\U000e0041\ud800"'),
        (
            Service("COURIER", "2", Decimal(7)),
            '{"code": "COURIER", "parameter": "2"}',
        ),
        (Contact(name="А", phones=[Phone("7900")]), '{"name": "А", "phones": [{"number": "7900"}]}'),
    ],
)
def test_a_value_is_written_as_json(given: object, written: str) -> None:
    """Without what CDEK alone says; what cannot be seen, or drives a terminal, is shown by its code."""
    assert value(given) == written
    assert value(given).isprintable()


def test_what_differs_is_shown_with_both_values() -> None:
    """In the order of CDEK's fields; what is given as it is already is not."""
    read = order(comment="a", tariff_code=137, to_location=Location(code=44, address="old"))
    given = {"comment": "b", "tariff_code": 137, "to_location": Location(address="new"), "number": None}
    assert effects(read, **given) == ['comment: "a" -> "b"', 'to_location.address: "old" -> "new"']
    assert effects(read, comment=None) == ['comment: "a" -> nothing']


def test_packages_that_are_not_listed_come_first() -> None:
    """They are marked by their number, else by CDEK's id; new ones are told, too."""
    read = order(packages=(Package(number="1", package_id="p1"), Package(package_id="p2")), comment="a")
    found = preview(read, OrderChanges(uuid=ORDER, comment="b", packages=[Package(number="=3", weight=1)]))
    assert list(found.effects()) == [
        'package "1" would be DELETED: it is not in the list',
        'package "p2" would be DELETED: it is not in the list',
        'comment: "a" -> "b"',
        'package "=3" would be added',
    ]
    assert list(found.details()) == [
        ("package_deleted", '"1"'),
        ("package_deleted", '"p2"'),
        ("comment", '"a" -> "b"'),
        ("package_added", '"=3"'),
    ]


def test_a_package_without_a_name_is_marked_too() -> None:
    """CDEK may show neither number nor id."""
    assert effects(order(packages=(Package(weight=3),)), packages=[Package(number="1", weight=1)])[0] == (
        "package nothing would be DELETED: it is not in the list"
    )


def test_an_order_that_shows_no_package_says_nothing_of_them() -> None:
    """Its packages could not be read, or it is not created yet."""
    with pytest.raises(ValueError, match="packages: the order shows none"):
        preview(order(), OrderChanges(uuid=ORDER, packages=[Package(number="1", weight=1)]))


@pytest.mark.parametrize(
    ("read", "given", "left_out"),
    [
        (
            {"recipient": Contact(name="А", phones=[Phone("7900", "12")], email="a@example.org")},
            {"recipient": Contact(name="А", phones=[Phone("+7900")])},
            [("recipient.email", '"a@example.org"'), ("recipient.phones[0].additional", '"12"')],
        ),
        # CDEK fills a missing company with the name; one of its own would be lost.
        ({"sender": Contact(name="А", company="А")}, {"sender": Contact(name="Б")}, []),
        (
            {"sender": Contact(name="А", company="ООО")},
            {"sender": Contact(name="А")},
            [("sender.company", '"ООО"')],
        ),
        ({"sender": None}, {"sender": Contact(name="А")}, []),
        (
            {"delivery_recipient_cost": Money(5, 1, 20)},
            {"delivery_recipient_cost": Money(5)},
            [("delivery_recipient_cost.vat_sum", "1"), ("delivery_recipient_cost.vat_rate", "20")],
        ),
        ({"delivery_recipient_cost": Money(5, 0)}, {"delivery_recipient_cost": Money(5)}, []),
        # A place is completed by CDEK.
        ({"to_location": Location(code=44, city="Москва")}, {"to_location": Location(address="x")}, []),
        (
            {"packages": (Package(number="1", weight=5, length=1, package_id="p", items=(ITEM,)),)},
            {"packages": [Package(number="1", weight=5, package_id="p")]},
            [
                ("packages[0].length", "1"),
                ("packages[0].items[0]", AS_JSON),
            ],
        ),
        # A false is what is there without it, and the comment is CDEK's own.
        (
            {"packages": (Package(number="1", package_id="p", items=(ITEM,), comment="приложена опись"),)},
            {"packages": [Package(number="1", weight=5, package_id="p", items=[SENT])]},
            [],
        ),
        (
            {"services": (Service("SMS"), Service("INSURANCE", "5.00"))},
            {"services": [Service("SMS")]},
            [],
        ),
    ],
)
def test_what_is_left_out_of_a_part_is_told(
    read: dict[str, Any], given: dict[str, Any], left_out: list[tuple[str, str]]
) -> None:
    """Nobody knows whether CDEK keeps it; what is left out of the changes themselves stays as it is."""
    found = preview(order(comment="stays", **read), OrderChanges(uuid=ORDER, **given))
    assert list(found.left_out) == left_out
    told = [f"{path}: {old if len(old) < 81 else old[:80] + '…'} left out" for path, old in left_out]
    assert list(found.effects())[len(found.changed) :] == told
    assert list(found.details())[len(found.changed) :] == [
        (path, f"{old} left out") for path, old in left_out
    ]


def test_a_change_is_not_left_out_as_well() -> None:
    """Each field is told once."""
    read = order(recipient=Contact(name="А", email="a@example.org"))
    found = preview(read, OrderChanges(uuid=ORDER, recipient=Contact(name="Б", email=None)))
    assert [path for path, _, _ in found.changed] == ["recipient.name", "recipient.email"]
    assert found.left_out == ()


def test_long_values_are_short_on_the_screen_and_whole_for_machines() -> None:
    """A line is for people."""
    found = preview(order(comment="a" * 500), OrderChanges(uuid=ORDER, comment="b"))
    assert list(found.effects()) == [f'comment: "{"a" * 79}… -> "b"']
    assert list(found.details()) == [("comment", f'"{"a" * 500}" -> "b"')]
