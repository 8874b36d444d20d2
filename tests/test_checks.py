"""What an update may not hold."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

import attrs
import pytest

from cdek_async._orders import (
    UNSET,
    Contact,
    Item,
    Location,
    Money,
    OrderChanges,
    Package,
    Phone,
    Seller,
    Service,
    Threshold,
)
from cdek_async._orders_parts import wanted
from cdek_async._wire import changes_from_json
from tests import answers

MARK = "Ложкина"


def item(**given: Any) -> Item:
    """A line of goods with all that CDEK requires."""
    whole: dict[str, Any] = {
        "name": "Чайник",
        "ware_key": "k",
        "payment": Money(0),
        "cost": 1,
        "weight": 1,
        "amount": 1,
    }
    return Item(**(whole | given))


def package(*items: Item, **given: Any) -> Package:
    """A package with all that CDEK requires."""
    whole: dict[str, Any] = {"number": "1", "weight": 100, "items": items}
    return Package(**(whole | given))


def odd(value: object) -> Any:
    """A value that the type checker would have refused."""
    return value


def change(**given: Any) -> OrderChanges:
    return OrderChanges(uuid=answers.ORDER, **given)


def told(**given: Any) -> str:
    """The line that tells why not."""
    with pytest.raises(ValueError) as caught:
        change(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"tariff_code": "10"}, "tariff_code: expected a whole number, got str"),
        ({"tariff_code": 10.0}, "tariff_code: expected a whole number, got 10.0"),
        ({"tariff_code": True}, "tariff_code: expected a whole number, got bool"),
        ({"tariff_code": -1}, "tariff_code: expected 0 to 2147483647, got -1"),
        ({"tariff_code": 10**5000}, "tariff_code: expected 0 to 2147483647, got int"),
        ({"has_reverse_order": 1}, "has_reverse_order: expected true or false, got 1"),
        ({"has_reverse_order": "да"}, "has_reverse_order: expected true or false, got str"),
        ({"comment": 5}, "comment: expected text, got 5"),
        ({"comment": b"x"}, "comment: expected text, got bytes"),
        (
            {"comment": "a\ud800"},
            "comment: holds half a character (a lone surrogate), which UTF-8 cannot say",
        ),
        ({"services": "SMS"}, "services: expected a list, got str"),
        ({"services": [None]}, "services[0]: expected a Service, got NoneType"),
        ({"services": [Service(code=UNSET), "SMS"]}, "services[1]: expected a Service, got str"),
        ({"delivery_types": ["DOOR", 5]}, "delivery_types[1]: expected text, got 5"),
        ({"sender": "Вера"}, "sender: expected a Contact, got str"),
        ({"sender": Contact(phones=odd(Phone("1")))}, "sender.phones: expected a list, got Phone"),
        (
            {"sender": Contact(phones=[Phone(odd(79990000001))])},
            "sender.phones[0].number: expected text, got 79990000001",
        ),
        ({"recipient": Contact(phones=[Phone("1")] * 11)}, "recipient.phones: at most 10 entries, got 11"),
        (
            {"sender": Contact(passport_date_of_birth=odd("1990-01-02"))},
            "sender.passport_date_of_birth: expected a date, yyyy-MM-dd, got str",
        ),
        (
            {"sender": Contact(passport_date_of_birth=datetime(1990, 1, 2, tzinfo=UTC))},
            "sender.passport_date_of_birth: expected a date, yyyy-MM-dd, got datetime",
        ),
        ({"to_location": Location(city_uuid="x")}, "to_location.city_uuid: 'x' is not a UUID"),
        ({"to_location": Location(fias_guid=odd(5))}, "to_location.fias_guid: expected a UUID, got 5"),
        ({"to_location": Location(latitude=odd("60"))}, "to_location.latitude: expected a number, got str"),
        ({"to_location": Location(latitude=True)}, "to_location.latitude: expected a number, got bool"),
        (
            {"to_location": Location(latitude=float("nan"))},
            "to_location.latitude: nan is not a number that JSON knows",
        ),
        (
            {"delivery_recipient_cost": Money(float("inf"))},
            "delivery_recipient_cost.value: Infinity is not a number that JSON knows",
        ),
        (
            {"delivery_recipient_cost": Money(Decimal("sNaN"))},
            "delivery_recipient_cost.value: sNaN is not a number that JSON knows",
        ),
        (
            {"delivery_recipient_cost": Money(odd("150"))},
            "delivery_recipient_cost.value: expected a number, got str",
        ),
        (
            {"delivery_recipient_cost": Money(Decimal("50000000.01"))},
            "delivery_recipient_cost.value: expected 0 to 50000000, got 50000000.01",
        ),
        (
            {"delivery_recipient_cost": Money(Decimal("1E+999999999"))},
            "delivery_recipient_cost.value: expected 0 to 50000000, got Decimal",
        ),
        (
            {"delivery_recipient_cost_adv": [Threshold(sum=50_000_001)]},
            "delivery_recipient_cost_adv[0].sum: expected 0 to 50000000, got 50000001",
        ),
        ({"packages": [package(weight=-1)]}, "packages[0].weight: expected 0 to 1000000, got -1"),
        ({"packages": [package(weight=1_000_001)]}, "packages[0].weight: expected 0 to 1000000, got 1000001"),
        ({"packages": [package(weight=1.5)]}, "packages[0].weight: expected a whole number, got 1.5"),
        ({"packages": [package(item(amount=0))]}, "packages[0].items[0].amount: expected 1 to 999, got 0"),
        (
            {"packages": [package(item(amount=1000))]},
            "packages[0].items[0].amount: expected 1 to 999, got 1000",
        ),
        ({"packages": [package(item(cost=-1))]}, "packages[0].items[0].cost: expected at least 0, got -1"),
        ({"packages": [package(item(payment=0))]}, "packages[0].items[0].payment: expected a Money, got 0"),
        (
            {"packages": [package(), package(item(), item(name="ы" * 256), number="2")]},
            "packages[1].items[1].name: at most 255 characters, got 256",
        ),
    ],
)
def test_a_field_that_cannot_be_is_told_with_its_path(given: Any, line: Any) -> None:
    """The path from the update's root, the limit, and the number or the type that breaks it."""
    assert told(**given) == line


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"packages": [package(length=1, width=1)]},
            "packages[0]: length, width and height go together, all three or none",
        ),
        (
            {"packages": [package(), package(number="2", height=0, length=None)]},
            "packages[1]: length, width and height go together, all three or none",
        ),
        (
            {"packages": [package(number=str(number)) for number in range(256)]},
            "packages: an order has 1 to 255, got 256",
        ),
        (
            {"packages": [package(number="a"), package(number="b"), package(number="a")]},
            "packages[2].number: the same as packages[0].number, but unique in an order",
        ),
        (
            {"packages": [package(*[item()] * 100), package(*[item()] * 27, number="2")]},
            "packages: an order has at most 126 lines of items, got 127",
        ),
        (
            {"packages": [package(item(), item(marking="0104", amount=2))]},
            "packages[0].items[1].amount: 1 where there is a marking, got 2",
        ),
    ],
)
def test_what_cannot_be_together_is_told_with_its_path(given: Any, line: Any) -> None:
    """Packages and lines are checked against each other."""
    assert told(**given) == line


@pytest.mark.parametrize(
    "given",
    [
        {"packages": [package(number=str(number)) for number in range(255)]},
        {"packages": [package(*[item()] * 100), package(*[item()] * 26, number="2")]},
        {"packages": [package(item(marking="0104"), item(marking="", amount=999))]},
        {"packages": [package(length=0, width=1_000_000, height=1)]},
        {"packages": [package(length=None, width=None)]},
        {"packages": [package(barcode=5, services="?")], "services": [Service(sum=-1)]},
        {"packages": [package(items=None), package(items=UNSET, number="2")]},
        {"recipient": Contact(phones=[Phone("1")] * 10)},
        {
            "recipient": Contact(
                phones=[Phone("7" * 255)], passport_series="4" * 255, passport_number="4" * 255
            )
        },
        {"seller": Seller(inn="4" * 20)},
        {"comment": "ы" * 3000},
        {"services": [Service("SMS_NOTIFICATIONS_FOR_EXPIRATION_DATE"), Service("TOMORROW", "1")]},
        {"delivery_recipient_cost": Money(50_000_000, vat_rate=22)},
        {"delivery_recipient_cost": Money(0, vat_rate=None), "tariff_code": 0},
        {"to_location": Location(latitude=60, longitude=28.5, payment_limit=-1, code=2_000_000)},
        {"sender": Contact(contragent_type="COOPERATIVE"), "type": 3, "recipient": Contact()},
    ],
)
def test_the_loosest_of_cdeks_limits_holds(given: Any) -> None:
    """What one of CDEK's documents allows is sent: CDEK says no better than we guess."""
    assert change(**given).uuid


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"packages": [package(number=UNSET)]}, "packages[0].number: CDEK requires it"),
        ({"packages": [package(weight=None)]}, "packages[0].weight: CDEK requires it"),
        ({"delivery_recipient_cost": Money(vat_rate=20)}, "delivery_recipient_cost.value: CDEK requires it"),
        *(
            (
                {"packages": [package(item(), item(**{name: missing}))]},
                f"packages[0].items[1].{name}: CDEK requires it",
            )
            for name in ("name", "ware_key", "payment", "weight", "amount", "cost")
            for missing in (UNSET, None)
        ),
        (
            {"packages": [package(item(payment=Money(vat_rate=0)))]},
            "packages[0].items[0].payment.value: CDEK requires it",
        ),
        ({"packages": [Package(), package(weight=-1)]}, "packages[1].weight: expected 0 to 1000000, got -1"),
        ({"packages": [Package(), Package()]}, "packages[0].number: CDEK requires it"),
    ],
)
def test_what_both_documents_require_is_required(given: Any, line: Any) -> None:
    """Told last: what is there is judged before what is not."""
    assert told(**given) == line


def limited(kind: Any, path: str = "") -> Any:
    """Every text field of an update: its path and its limit."""
    for each in attrs.fields(wanted(kind)):
        inner, here = wanted(each.type), f"{path}{each.name}"
        if each.metadata.get("read_only"):
            continue
        if get_origin(inner) is tuple and attrs.has(get_args(inner)[0]):
            yield from limited(get_args(inner)[0], f"{here}[0].")
        elif attrs.has(inner):
            yield from limited(inner, f"{here}.")
        elif inner is str:
            yield here, each.metadata.get("longest")


def with_text(path: str, text: str) -> dict[str, Any]:
    """A JSON of changes that has the text at the path."""
    data: Any = text
    for step in reversed(path.split(".")):
        data = {step.removesuffix("[0]"): [data] if step.endswith("[0]") else data}
    whole: dict[str, Any] = {"uuid": answers.ORDER} | data
    return whole


LIMITED = [(path, limit) for path, limit in limited(OrderChanges) if limit]


def test_there_are_limits() -> None:
    """The tests below have something to try."""
    assert len(LIMITED) > 50


@pytest.mark.parametrize(("path", "limit"), LIMITED)
def test_a_text_that_is_too_long_is_told_without_the_text(path: Any, limit: Any) -> None:
    """Names, phones and addresses stay out of errors: the path, the limit and the length do."""
    text = (MARK * limit)[: limit + 1]
    with pytest.raises(ValueError) as caught:
        changes_from_json(with_text(path, text))
    assert str(caught.value) == f"{path}: at most {limit} characters, got {limit + 1}"


PERSONAL = [
    ("tariff_code", "a whole number"),
    ("recipient.passport_date_of_birth", "a date, yyyy-MM-dd"),
    ("packages[0].items[0].weight", "a whole number"),
    ("packages[0].items[0].cost", "a number"),
    ("packages[0].items[0].used", "true or false"),
]


@pytest.mark.parametrize(("path", "wants"), PERSONAL)
def test_a_text_in_the_wrong_field_is_told_without_the_text(path: Any, wants: Any) -> None:
    """A column that slipped may be anybody's name."""
    with pytest.raises(ValueError) as caught:
        changes_from_json(with_text(path, MARK))
    assert str(caught.value) == f"{path}: expected {wants}, got str"
