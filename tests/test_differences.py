"""What changes would change about an order as it was read."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from cdek_async import _wire
from cdek_async._differences import Difference, differences
from cdek_async._orders import (
    Contact,
    Item,
    Location,
    Money,
    Order,
    OrderChanges,
    Package,
    Phone,
    Seller,
    Service,
)
from tests import answers

OTHER = "16d2a3b4-7182-4c93-a0b5-c6d7e8f90a1b"
BOX: dict[str, Any] = answers.PACKAGE
LINE: dict[str, Any] = answers.ITEM


def read(**shown: Any) -> Order:
    """The full order as CDEK shows it, some fields otherwise."""
    return _wire.order_info({"entity": answers.ENTITY | shown}).order


def change(**given: Any) -> OrderChanges:
    """Changes as people write them, in JSON."""
    return _wire.changes_from_json({"uuid": answers.ORDER} | given)


def told(order: Order, changes: OrderChanges) -> list[tuple[str, object, object]]:
    return [(each.path, each.old, each.new) for each in differences(order, changes).changed]


def test_what_was_left_out_is_not_compared() -> None:
    """A change that names only the order changes nothing."""
    found = differences(read(), change())
    assert not found
    assert (found.changed, found.packages_added, found.packages_deleted) == ((), (), ())


def test_what_cdek_shows_is_no_difference() -> None:
    """Every field of an update given as GET shows it."""
    shown = {name: answers.ENTITY[name] for name in answers.CHANGES}
    del shown["shipment_point"], shown["delivery_point"]
    whole = change(**shown, from_location=answers.LOCATION, to_location=answers.LOCATION)
    assert not differences(read(), whole)
    assert not differences(read(), change(shipment_point="PRM1", delivery_point="VBG2"))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"delivery_recipient_cost": {"value": 150.50}}, {}),
        ({"delivery_recipient_cost": {"value": 150}}, {"delivery_recipient_cost": {"value": "150.0"}}),
        ({"recipient": {"phones": [{"number": "8 (999)"}]}}, {"recipient": {"phones": [{"number": "8999"}]}}),
        (
            {"recipient": {"phones": [{"number": "+7 999 000-00-01"}]}},
            {"recipient": {"phones": [{"number": "79990000001"}]}},
        ),
        ({"seller": {"phone": "+79990000003"}}, {"seller": {"phone": "79990000003"}}),
        (
            {"services": [{"code": "PACKAGE_1", "parameter": "10"}]},
            {"services": [{"code": "PACKAGE_1", "parameter": "10.00", "sum": 5}]},
        ),
        (
            {"services": [{"code": "SMS"}, {"code": "CALL_1"}]},
            {"services": [{"code": "INSURANCE", "parameter": "1"}, {"code": "CALL_1"}, {"code": "SMS"}]},
        ),
        ({"services": []}, {"services": [{"code": "INSURANCE"}]}),
        ({"to_location": {"address": "наб. Гагарина, 5"}}, {}),
        ({"comment": ""}, {"comment": None}),
        ({"comment": None}, {"comment": ""}),
        ({"services": None}, {"services": []}),
        ({"recipient": None}, {"recipient": {}}),
        ({"packages": [BOX]}, {"packages": [BOX | {"comment": "приложена опись"}]}),
        ({"packages": [BOX | {"package_id": None}]}, {}),
        (
            {"delivery_recipient_cost_adv": [{"threshold": 1, "sum": 5}, {"threshold": 2, "sum": 6}]},
            {"delivery_recipient_cost_adv": [{"threshold": 2, "sum": 6}, {"threshold": 1, "sum": 5}]},
        ),
        (
            {"packages": [BOX | {"items": [LINE, LINE]}]},
            {"packages": [BOX | {"items": [LINE, LINE | {"ware_key": "kettle-1_a1B2c3D"}]}]},
        ),
        (
            {"packages": [BOX | {"items": [LINE, LINE | {"ware_key": "cup"}]}]},
            {"packages": [BOX | {"items": [LINE | {"ware_key": "cup"}, LINE]}]},
        ),
    ],
)
def test_another_spelling_is_no_difference(given: Any, shown: Any) -> None:
    """What CDEK shows otherwise than it takes it, adds or overwrites by itself, is no change of ours."""
    assert told(read(**shown), change(**given)) == []


@pytest.mark.parametrize(
    ("given", "shown", "line"),
    [
        ({"comment": "новое"}, {}, ("comment", "позвонить заранее", "новое")),
        ({"comment": None}, {}, ("comment", "позвонить заранее", None)),
        ({"type": 2}, {}, ("type", 1, 2)),
        ({"has_reverse_order": False}, {"has_reverse_order": None}, ("has_reverse_order", None, False)),
        ({"has_reverse_order": False}, {}, ("has_reverse_order", True, False)),
        ({"sender": {"name": "Вера"}}, {"sender": {}}, ("sender.name", None, "Вера")),
        ({"sender": {"name": "Вера"}}, {"sender": {"email": "a"}}, ("sender.name", None, "Вера")),
        ({"sender": {"email": None}}, {}, ("sender.email", "vera@mayak.example", None)),
        (
            {"sender": {"phones": [{"number": "+7"}]}},
            {"sender": {"phones": [{"number": "нет"}]}},
            ("sender.phones[0].number", "нет", "+7"),
        ),
        ({"seller": {"phone": "нет"}}, {"seller": {"phone": "?"}}, ("seller.phone", "?", "нет")),
        (
            {"delivery_recipient_cost": {"value": 0}},
            {"delivery_recipient_cost": {}},
            ("delivery_recipient_cost.value", None, Decimal(0)),
        ),
        ({"seller": None}, {"seller": {"name": "ИП"}}, ("seller", Seller(name="ИП"), None)),
        ({"delivery_types": ["DOOR", "PVZ"]}, {}, ("delivery_types[1]", None, "PVZ")),
        ({"delivery_types": ["PVZ"]}, {}, ("delivery_types[0]", "DOOR", "PVZ")),
        ({"delivery_types": None}, {}, ("delivery_types[0]", "DOOR", None)),
        (
            {"services": [{"code": "SMS"}]},
            {"services": []},
            ("services[0]", None, Service("SMS")),
        ),
        (
            {"services": [{"code": "B"}]},
            {"services": [{"code": "A"}, {"code": "B"}]},
            ("services[0]", Service("A"), None),
        ),
        (
            {"services": [{"code": "A", "parameter": "x"}]},
            {"services": [{"code": "A", "parameter": "y"}]},
            ("services[0].parameter", "y", "x"),
        ),
        (
            {"packages": [BOX | {"items": [LINE | {"cost": 5}]}]},
            {},
            ("packages[0].items[0].cost", Decimal("1999.99"), Decimal(5)),
        ),
        (
            {"packages": [BOX | {"items": [LINE | {"payment": {"value": 1}}]}]},
            {},
            ("packages[0].items[0].payment.value", Decimal("150.5"), Decimal(1)),
        ),
        ({"packages": [BOX | {"number": "2"}]}, {}, ("packages[0].number", "box-1", "2")),
        ({"packages": [BOX | {"comment": "x"}]}, {}, ("packages[0].comment", "хрупкое", "x")),
        (
            {"delivery_recipient_cost_adv": [answers.THRESHOLD | {"sum": 7}]},
            {},
            ("delivery_recipient_cost_adv[0].sum", Decimal("120.25"), Decimal(7)),
        ),
    ],
)
def test_a_difference_is_told_with_its_path(given: Any, shown: Any, line: Any) -> None:
    """Where, from what, to what; an absent value is None, and an element that goes has no new one."""
    assert told(read(**shown), change(**given)) == [line]


def test_a_list_is_compared_element_by_element() -> None:
    """A line of goods is known by its ware_key, wherever it stands; what is new and what goes is told."""
    cup, lamp = LINE | {"ware_key": "cup"}, LINE | {"ware_key": "lamp"}
    order = read(packages=[BOX | {"items": [LINE, cup]}])
    found = differences(
        order, change(packages=[BOX | {"items": [lamp, cup | {"amount": 3, "marking": None}]}])
    )
    assert [(each.path, type(each.old), type(each.new)) for each in found.changed] == [
        ("packages[0].items[0]", type(None), Item),
        ("packages[0].items[1].marking", str, type(None)),
        ("packages[0].items[1].amount", int, int),
        ("packages[0].items[0]", Item, type(None)),
    ]


def test_a_ware_key_may_end_like_one_of_cdek() -> None:
    """It is the second of two equal ones only where the first one is there."""
    order = read(packages=[BOX | {"items": [LINE | {"ware_key": "kettle-1_a1B2c3D"}]}])
    found = differences(order, change(packages=[BOX]))
    assert [each.path for each in found.changed] == ["packages[0].items[0]", "packages[0].items[0]"]


def test_what_is_cdeks_to_say_is_not_compared() -> None:
    """A package read a while ago can be listed, though its barcode has changed."""
    old = attrs.evolve(read().packages[0], barcode="another", weight_calc=1)
    assert not differences(read(), OrderChanges(uuid=answers.ORDER, packages=[old]))


def test_packages_are_known_by_their_id_and_else_by_their_number() -> None:
    """The list replaces CDEK's: what is not in it is deleted, what stands for none of CDEK's is new."""
    shown = [
        BOX | {"package_id": f"id-{number}", "number": number} for number in ("one", "two", "three", "four")
    ]
    order = read(packages=shown)
    by_number = shown[2] | {"weight": 5}
    del by_number["package_id"]
    renamed = shown[0] | {"number": "new name"}
    new = {"number": "five", "weight": 10}
    found = differences(order, change(packages=[by_number, new, renamed]))
    assert [(each.path, each.new) for each in found.changed] == [
        ("packages[0].weight", 5),
        ("packages[2].number", "new name"),
    ]
    assert found.packages_added == (Package(number="five", weight=10),)
    assert found.packages_deleted == (order.packages[1], order.packages[3])
    assert found


def test_a_package_more_or_less_is_a_difference() -> None:
    """Even where no field of another one changes."""
    order = read(packages=[BOX, BOX | {"number": "box-2", "package_id": OTHER}])
    found = differences(order, change(packages=[BOX]))
    assert bool(found) is True
    assert found.changed == ()
    assert bool(differences(read(), change(packages=[BOX, {"number": "2", "weight": 1}]))) is True


@pytest.mark.parametrize(
    ("given", "shown", "line"),
    [
        (
            [{"number": "box-1", "weight": 1}],
            [BOX, BOX | {"package_id": OTHER}],
            "packages[0].number: the order has 2 packages of number 'box-1'",
        ),
        (
            [{"number": "a", "weight": 1, "package_id": "1"}],
            [BOX | {"package_id": "1"}, BOX | {"package_id": "1"}],
            "packages[0].package_id: the order has 2 packages of package_id '1'",
        ),
        (
            [{"number": "a", "weight": 1, "package_id": OTHER}],
            [BOX],
            f"packages[0].package_id: the order has no package of package_id '{OTHER}'",
        ),
        (
            [BOX | {"number": "2"}, {"number": "box-1", "weight": 1}],
            [BOX],
            "packages[1]: stands for the same package as packages[0]",
        ),
    ],
)
def test_a_package_that_cannot_be_told_is_an_error(given: Any, shown: Any, line: Any) -> None:
    """Nothing is guessed about packages."""
    with pytest.raises(ValueError) as caught:
        differences(read(packages=shown), change(packages=given))
    assert str(caught.value) == line


def test_packages_without_a_number_are_nobodys() -> None:
    """CDEK shows no number, and none is given: these are two packages, as far as anybody knows."""
    order = read(packages=[{"weight": 1, "number": ""}])
    found = differences(order, change(packages=[{"weight": 1, "number": ""}]))
    assert (len(found.packages_added), len(found.packages_deleted)) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            OrderChanges(uuid=OTHER, comment="x"),
            f"uuid: the changes are for order {OTHER}, but {answers.ORDER} was read",
        ),
        (
            OrderChanges(uuid=answers.ORDER, cdek_number=7),
            "cdek_number: the changes are for order 7, but 1400000001 was read",
        ),
    ],
)
def test_changes_for_another_order_are_an_error(changes: Any, line: Any) -> None:
    """Its packages and its values are not those of this one."""
    with pytest.raises(ValueError) as caught:
        differences(read(), changes)
    assert str(caught.value) == line


def test_an_order_that_does_not_show_its_name_is_an_error() -> None:
    """It cannot be told that the changes are for it; one of two names is enough."""
    with pytest.raises(ValueError, match=r"^uuid, cdek_number: the order as read does not show"):
        differences(Order(uuid=read().uuid), OrderChanges(cdek_number="1400000001"))
    both = OrderChanges(uuid=answers.ORDER, cdek_number="1400000001")
    assert not differences(Order(cdek_number="1400000001"), both)
    assert not differences(Order(uuid=read().uuid), both)


def test_no_value_shows_in_a_repr() -> None:
    """They may be a person's: a log that shows differences shows paths, and packages by nothing."""
    box: dict[str, Any] = {"number": "Ложкина", "weight": 1}
    changes = change(
        packages=[box], recipient={"name": "Ложкина Анна", "phones": [{"number": "+79995554433"}]}
    )
    found = differences(read(), changes)
    assert found.changed
    assert found.packages_added
    assert "recipient.name" in repr(found)
    assert not [word for word in ("Ложкина", "79995554433", "Вера", "box-1") if word in repr(found)]


def test_differences_are_values() -> None:
    """They compare, hash and cannot be changed, nested parts included."""
    one, other = (differences(read(), change(sender=None, comment="x")) for _ in "ab")
    assert one == other
    assert hash(one) == hash(other)
    assert one.changed[0] == Difference("comment", "позвонить заранее", "x")
    with pytest.raises(AttributeError):
        one.changed = ()  # type: ignore[misc]


def test_the_parts_built_by_hand_compare_as_those_read_from_json() -> None:
    """Floats, ints and lists are what people naturally pass."""
    changes = OrderChanges(
        uuid=answers.ORDER,
        delivery_recipient_cost=Money(150.5, vat_rate=20),
        recipient=Contact(phones=[Phone("+79990000001", "12"), Phone("+79990000002")]),
        to_location=Location(latitude=60.3661, payment_limit=-1),
    )
    assert not differences(read(), changes)
