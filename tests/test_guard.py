"""From an order as it was read and the changes wanted to the changes that are safe to send."""

import copy
import json
import re
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdek_async import CdekClient, _wire
from cdek_async._differences import differences
from cdek_async._guard import guarded
from cdek_async._operations import UpdateOrder
from cdek_async._orders import Order, OrderChanges, OrderInfo, Package
from cdek_async.sandbox import Sandbox
from tests import answers
from tests.sandboxed import client_of
from tests.virtual import run

TWO = "16d2a3b4-7182-4c93-a0b5-c6d7e8f90a1b"
THREE = "27e3b4c5-8293-4da4-b1c6-d7e8f90a1b2c"
BOX: dict[str, Any] = answers.PACKAGE
LINE: dict[str, Any] = answers.ITEM
CUP: dict[str, Any] = LINE | {"ware_key": "cup", "name": "Чашка"}
BARE_LINE: dict[str, Any] = {
    name: LINE[name] for name in ("name", "ware_key", "payment", "weight", "amount", "cost")
}
ALONG = {"type": 1, "recipient": answers.CONTACT}


def read(**shown: Any) -> Order:
    """The full order as CDEK shows it, some fields otherwise."""
    return _wire.order_info({"entity": answers.ENTITY | shown}).order


def change(**given: Any) -> OrderChanges:
    """Changes as people write them, in JSON."""
    return _wire.changes_from_json({"uuid": answers.ORDER} | given)


def sent(order: Order, changes: OrderChanges, **options: Any) -> Any:
    """What goes out to CDEK, without the name of the order; None where there is nothing to send."""
    safe = guarded(order, changes, **options)
    if safe is None:
        return None
    plain = json.loads(_wire.dumps(_wire.changes_json(safe)))
    assert plain.pop("uuid") == answers.ORDER
    return plain


def test_what_differs_goes_out_with_type_and_recipient() -> None:
    """Today's API asks for both; a field that is as it is does not go out."""
    changes = change(comment="новое", tariff_code=136, packages=[BOX], sender=answers.CONTACT)
    assert sent(read(), changes) == ALONG | {"comment": "новое"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"comment": "позвонить заранее", "type": 1, "recipient": {"name": "Ложкина Вера"}},
        {"packages": [BOX], "services": None},
    ],
)
def test_where_nothing_differs_there_is_nothing_to_send(given: Any) -> None:
    """None, which no operation takes: the two calls of an empty update are saved."""
    nothing = guarded(read(), change(**given))
    assert nothing is None
    with pytest.raises(ValueError, match="OrderChanges expected"):
        UpdateOrder(nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("names", [{"cdek_number": 1400000001}, {"uuid": answers.ORDER}])
def test_the_order_is_named_as_before(names: Any) -> None:
    """By uuid or cdek_number, whichever the changes name."""
    wanted = OrderChanges(**names, comment="x")
    safe = guarded(read(), wanted)
    assert safe is not None
    assert (safe.uuid, safe.cdek_number) == (wanted.uuid, wanted.cdek_number)


def test_changes_for_another_order_are_refused() -> None:
    """Whatever they change."""
    with pytest.raises(ValueError, match=r"^uuid: the changes are for order"):
        guarded(read(), OrderChanges(uuid=TWO))


def test_all_packages_go_out_with_their_ids_where_one_changes() -> None:
    """CDEK deletes what is not in the list, and takes a package without its id for a new one."""
    boxes = [BOX, BOX | {"number": "2", "package_id": TWO}, BOX | {"number": "3", "package_id": THREE}]
    order = read(packages=boxes)
    wanted = [{"number": "3", "weight": 5}, {"number": "2", "weight": 1200}, BOX]
    assert sent(order, change(packages=wanted)) == ALONG | {
        "packages": [boxes[2] | {"weight": 5}, boxes[1], boxes[0]]
    }


@pytest.mark.parametrize("package_id", [None, ""])
def test_an_id_is_carried_over_for_one_that_was_given_empty(package_id: Any) -> None:
    """A package that CDEK has is never sent without its id."""
    wanted = BOX | {"package_id": package_id, "weight": 5}
    assert sent(read(), change(packages=[wanted])) == ALONG | {"packages": [BOX | {"weight": 5}]}


def test_a_package_as_it_was_read_can_be_listed() -> None:
    """What is CDEK's to say is not sent back."""
    order = read(
        packages=[BOX | {"barcode": "880", "weight_calc": 7}, BOX | {"number": "2", "package_id": TWO}]
    )
    heavier = attrs.evolve(order.packages[1], weight=9)
    safe = sent(order, OrderChanges(uuid=answers.ORDER, packages=[order.packages[0], heavier]))
    assert safe["packages"] == [BOX, BOX | {"number": "2", "package_id": TWO, "weight": 9}]


def test_a_package_that_changes_stays_whole() -> None:
    """Sizes, comment, items and every field of an item that was left out are sent as they are."""
    order = read(packages=[BOX | {"items": [LINE, CUP]}])
    wanted = {
        "number": "box-1",
        "weight": 1300,
        "items": [BARE_LINE | {"ware_key": "cup", "name": "Чаша"}, LINE],
    }
    assert sent(order, change(packages=[wanted]))["packages"] == [
        BOX | {"weight": 1300, "items": [CUP | {"name": "Чаша"}, LINE]}
    ]


def test_a_line_that_is_new_is_sent_as_given() -> None:
    """Nothing of another line gets into it."""
    new = BARE_LINE | {"ware_key": "lamp"}
    assert sent(read(), change(packages=[BOX | {"items": [new, LINE]}]))["packages"][0]["items"] == [
        new,
        LINE,
    ]


def test_what_is_emptied_is_sent_empty() -> None:
    """None, an empty text and an empty list are given, at any depth."""
    wanted = BOX | {
        "comment": "",
        "items": [LINE | {"brand": None}],
        "length": None,
        "width": None,
        "height": None,
    }
    safe = sent(read(), change(comment=None, services=[], delivery_types=[], packages=[wanted]))
    assert safe["packages"] == [wanted]
    assert (safe["comment"], safe["delivery_types"]) == (None, [])


@pytest.mark.parametrize("sizes", [{"length": 0}, {"length": 3, "width": 2, "height": None}, {}])
def test_sizes_that_are_not_all_there_are_left_to_cdek(sizes: Any) -> None:
    """CDEK takes all three or none, but shows what it has."""
    shown = {"number": "1", "weight": 5, "package_id": TWO, "items": None}
    order = read(packages=[shown | sizes])
    assert sent(order, change(packages=[{"number": "1", "weight": 6}]))["packages"] == [
        {"number": "1", "weight": 6, "package_id": TWO}
    ]


def test_a_size_of_nothing_is_a_size() -> None:
    """Zero is there."""
    sizes = {"length": 0, "width": 0, "height": 1}
    order = read(packages=[BOX | sizes])
    assert sent(order, change(packages=[{"number": "box-1", "weight": 6}]))["packages"] == [
        BOX | sizes | {"weight": 6}
    ]


def test_a_sum_and_a_phone_are_not_made_of_two() -> None:
    """The VAT of the old sum is wrong in the new one, and so is the extension of the old phone."""
    line = LINE | {"payment": {"value": 10}}
    safe = sent(
        read(),
        change(
            packages=[BOX | {"items": [line]}],
            delivery_recipient_cost={"value": 9},
            delivery_recipient_cost_adv=[{"threshold": 3000, "sum": 1}],
            sender={"phones": [{"number": "+79990000077"}]},
        ),
    )
    assert safe["packages"] == [BOX | {"items": [line]}]
    assert safe["delivery_recipient_cost"] == {"value": 9}
    assert safe["delivery_recipient_cost_adv"] == [{"threshold": 3000, "sum": 1}]
    assert safe["sender"] == answers.CONTACT | {"phones": [{"number": "+79990000077"}]}


def test_a_service_and_a_seller_stay_whole() -> None:
    """What was left out of them is sent as it is; a service that is not listed goes."""
    order = read(services=[{"code": "A", "parameter": "2"}, {"code": "B"}])
    safe = sent(order, change(services=[{"code": "A"}, {"code": "C"}], seller={"inn": "1"}))
    assert safe["services"] == [{"code": "A", "parameter": "2"}, {"code": "C"}]
    assert safe["seller"] == answers.SELLER | {"inn": "1"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"address": "Лесная, 1"}, {"code": 1207, "address": "Лесная, 1"}),
        ({"postal_code": "1", "code": None}, {"postal_code": "1", "code": 1207}),
        ({"code": 44}, {"code": 44}),
        ({"city": "Самара", "address": "Лесная, 1"}, {"city": "Самара", "address": "Лесная, 1"}),
    ],
)
def test_a_street_stays_in_its_city(wanted: Any, expected: Any) -> None:
    """An address alone is one in the city of before; another city takes nothing over from it."""
    assert sent(read(), change(to_location=wanted))["to_location"] == expected


@pytest.mark.parametrize("shown", [{}, {"city": "Самара"}, {"code": None, "city": "Самара"}, None])
def test_a_street_without_a_known_city_is_sent_as_given(shown: Any) -> None:
    """An order that shows no place, or none of CDEK's list."""
    order = read(to_location=shown)
    assert sent(order, change(to_location={"address": "x"}))["to_location"] == {"address": "x"}


@pytest.mark.parametrize(
    ("company", "given", "kept"),
    [
        ("ООО Маяк", {"name": "Ложкина Анна"}, True),
        ("Ложкина Вера", {"name": "Ложкина Анна"}, False),
        ("Ложкина Вера", {"name": "Ложкина Вера", "email": "v@mayak.example"}, True),
        ("Ложкина Вера", {"email": "v@mayak.example"}, True),
    ],
)
def test_a_recipient_given_in_part_is_amended(company: Any, given: Any, kept: Any) -> None:
    """What was left out stays, but for a company that is CDEK's copy of the name that changes."""
    contact = answers.CONTACT | {"company": company}
    expected = contact | given
    if not kept:
        del expected["company"]
    assert sent(read(recipient=contact), change(recipient=given)) == {"type": 1, "recipient": expected}


def test_a_phone_goes_out_as_it_was_given() -> None:
    """CDEK shows it without its plus, and asks for one."""
    order = read(recipient={"name": "Вера", "phones": [{"number": "79990000001"}]})
    phones = [{"number": "+79990000001"}]
    safe = sent(order, change(recipient={"phones": phones}, comment="x"))
    assert safe["recipient"] == {"name": "Вера", "phones": phones}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": 2}, ALONG | {"type": 2}),
        ({"type": None}, ALONG | {"type": None}),
        ({"recipient": None}, {"type": 1, "recipient": None}),
        ({"recipient": {"phones": answers.CONTACT["phones"]}, "comment": ""}, ALONG | {"comment": ""}),
        ({"recipient": answers.CONTACT, "type": 1, "comment": ""}, ALONG | {"comment": ""}),
    ],
)
def test_type_and_recipient_are_the_changes_own_where_given(given: Any, expected: Any) -> None:
    """The order's are only for those who left them out."""
    assert sent(read(), change(**given)) == expected


@pytest.mark.parametrize(
    "shown",
    [
        {"type": None, "recipient": None},
        {"type": -5, "recipient": {"phones": [{"number": "+7"}]}},
        {"type": "?", "recipient": {"name": "Вера", "phones": [{"additional": "5"}]}},
        {"type": 10**12, "recipient": {"name": "В" * 256}},
    ],
)
def test_what_cdek_would_not_take_is_not_sent_along(shown: Any) -> None:
    """Nobody asked to change it, so it is no reason to refuse the changes."""
    assert sent(read(**shown), change(comment="x")) == {"comment": "x"}


def test_a_recipient_without_phones_is_sent_along() -> None:
    """A name is all that the API requires."""
    assert sent(read(recipient={"name": "Вера"}), change(comment="x"))["recipient"] == {"name": "Вера"}


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ({"number": "2", "package_id": TWO}, "'2'"),
        ({"package_id": TWO}, f"'{TWO}'"),
        ({"weight": 7}, "'without a number'"),
    ],
)
def test_no_package_is_dropped_unless_told_to(package: Any, name: str) -> None:
    """A list is the whole list, for CDEK too: one that lacks a package is more often a slip than a wish."""
    order = read(packages=[BOX, package])
    for kept in (BOX, BOX | {"weight": 9}):
        with pytest.raises(ValueError) as caught:
            guarded(order, change(packages=[kept]))
        assert str(caught.value).startswith(f"packages: {name} is not among them and would be deleted;")
    assert sent(order, change(packages=[BOX]), drop_packages=True) == ALONG | {"packages": [BOX]}


def test_a_package_that_is_new_has_no_id() -> None:
    """It goes out beside all the others."""
    new = {"number": "2", "weight": 10}
    assert sent(read(), change(packages=[new, {"number": "box-1", "weight": 1200}])) == ALONG | {
        "packages": [new, BOX]
    }


def test_packages_of_an_order_that_shows_none_are_refused() -> None:
    """Every order has some: which would be deleted cannot be told."""
    order = read(packages=[])
    with pytest.raises(ValueError, match=r"^packages: the order shows none"):
        guarded(order, change(packages=[{"number": "2", "weight": 10}]))
    assert sent(order, change(packages=[{"number": "2", "weight": 10}]), drop_packages=True)["packages"]
    assert sent(order, change(comment="x")) == ALONG | {"comment": "x"}


@pytest.mark.parametrize("package_id", [None, "", {}])
def test_packages_without_ids_are_refused(package_id: Any) -> None:
    """In the first seconds of an order CDEK shows none, and would take every package for a new one."""
    order = read(packages=[BOX | {"package_id": package_id}])
    wanted = BOX | {"package_id": None}
    with pytest.raises(ValueError, match=r"^packages\[0\]\.package_id: CDEK shows none"):
        guarded(order, change(packages=[wanted | {"weight": 9}]))
    assert sent(order, change(packages=[wanted], comment="x")) == ALONG | {"comment": "x"}


def test_what_cdek_shows_and_would_not_take_is_told_with_its_path() -> None:
    """A line that lost its price on the way is not sent without one."""
    order = read(packages=[BOX | {"items": [LINE | {"cost": "?"}]}])
    with pytest.raises(ValueError, match=r"^packages\[0\]\.items\[0\]\.cost: CDEK requires it"):
        guarded(order, change(packages=[{"number": "box-1", "weight": 9}]))


# -- any order, any changes ------------------------------------------------------------------------------

ODD: Any = st.sampled_from([None, "", "?", 0, -1, 10**30, 1.5, True, [], {}, [None], [{}], "1", "again"])


def paths(value: Any) -> list[tuple[Any, ...]]:
    """The way to every member of a JSON."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [way for name, member in members for way in ((name,), *((name, *rest) for rest in paths(member)))]


def bent(value: Any, faults: Any) -> Any:
    """A JSON with odd members at some places; an element may be there twice, a member be gone."""
    value = copy.deepcopy(value)
    for way, odd in faults:
        place: Any = value
        for step in way[:-1]:
            place = place[step] if isinstance(place, dict | list) and way_on(place, step) else None
        if isinstance(place, dict | list) and way_on(place, way[-1]):
            if odd != "again":
                place[way[-1]] = copy.deepcopy(odd)
            elif isinstance(place, list):
                place.append(copy.deepcopy(place[way[-1]]))
            else:
                del place[way[-1]]
    return value


def way_on(place: Any, step: Any) -> bool:
    return step in place if isinstance(place, dict) else isinstance(step, int) and step < len(place)


def faults(value: Any) -> Any:
    """Up to five places of a JSON, each with what is odd there."""
    return st.lists(st.tuples(st.sampled_from(paths(value)), ODD), max_size=5)


def some(entity: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in entity.items() if name in names}


SHOWN = answers.ENTITY | {
    "packages": [
        BOX | {"items": [LINE, CUP]},
        BOX | {"number": "2", "package_id": TWO, "items": [CUP], "comment": "приложена опись"},
    ]
}
GIVEN = answers.CHANGES | {
    "comment": "новое",
    "seller": {"name": "ИП"},
    "recipient": {"name": "Ада", "phones": [{"number": "+7 999"}]},
    "services": [{"code": "INSURANCE"}, {"code": "SMS", "parameter": "2"}],
    "packages": [
        {"number": "2", "weight": 7},
        {"number": "3", "weight": 7, "items": [BARE_LINE]},
        BOX | {"weight": 8, "items": [BARE_LINE | {"amount": 2, "marking": None}, CUP]},
    ],
}
NAMES = st.sets(st.sampled_from(sorted(GIVEN)))


@settings(max_examples=300, deadline=None)
@given(faults(SHOWN), faults(GIVEN), NAMES, st.booleans())
def test_odd_orders_are_guarded_or_refused(shown: Any, wanted: Any, names: Any, drop: Any) -> None:
    """Whatever CDEK shows: no error but a refusal, no package lost, nothing sent that nobody asked for."""
    order = _wire.order_info({"entity": bent(SHOWN, shown) | {"uuid": answers.ORDER}}).order
    names -= {"uuid", "cdek_number"}
    try:
        changes = change(**some(bent(GIVEN, wanted), names))
    except ValueError:
        return
    refusal = ""
    safe = None
    try:
        safe = guarded(order, changes, drop_packages=drop)
    except ValueError as error:
        refusal = str(error)
    if refusal:
        assert re.split(r"\W", refusal)[0] in names
        return
    assert (safe is None) == (not differences(order, changes))
    if safe is None:
        return
    assert set(_wire.changes_json(safe)) <= names | {"uuid", "type", "recipient"}
    ids = {package.package_id for package in order.packages}
    if safe.packages and not drop:
        assert ids == {package.package_id for package in safe.packages if package.package_id}


def applied(entity: Any, changes: OrderChanges) -> Any:
    """The order as CDEK shows it after an update: what is sent replaces what was there, whole."""
    after = entity | json.loads(_wire.dumps(_wire.changes_json(changes)))
    for number, package in enumerate(after["packages"]):
        package.setdefault("package_id", f"new-{number}")
    return after


@settings(max_examples=100, deadline=None)
@given(NAMES)
def test_after_the_update_nothing_is_left_to_do(names: Any) -> None:
    """What was wanted is there, and what was not mentioned is as it was, though CDEK replaces whole parts."""
    order = _wire.order_info({"entity": SHOWN}).order
    changes = change(**some(GIVEN, names - {"uuid", "cdek_number"}))
    safe = guarded(order, changes)
    if safe is None:
        return
    after = _wire.order_info({"entity": applied(SHOWN, safe)}).order
    assert guarded(after, changes) is None
    untouched = set(SHOWN) - names
    assert [
        name for name in untouched if writable(getattr(after, name, 0)) != writable(getattr(order, name, 0))
    ] == []
    if "packages" in names:
        boxes = {package.package_id: package for package in after.packages}
        assert writable(boxes[TWO]) == writable(attrs.evolve(order.packages[1], weight=7))
        assert boxes[BOX["package_id"]].items[1] == order.packages[0].items[1]  # type: ignore[index]


def writable(value: Any) -> Any:
    """A value without what is CDEK's to say."""
    return (
        attrs.asdict(value, filter=lambda each, _: not each.metadata.get("read_only"))
        if attrs.has(type(value))
        else value
    )


# -- against the sandbox ---------------------------------------------------------------------------------


async def with_two_packages(client: CdekClient, sandbox: Sandbox) -> OrderInfo:
    """An order whose second package was added by a guarded update."""
    uuid = sandbox.add_order().uuid
    info = await client.get_order(uuid)
    second = Package(number="2", weight=700, items=info.order.packages[0].items)
    changes = guarded(info.order, OrderChanges(uuid=uuid, packages=[*info.order.packages, second]))
    assert changes is not None
    assert (await client.run(UpdateOrder(changes))).ok
    return await client.get_order(uuid)


def writables(order: Order) -> dict[str, Any]:
    """Every field that can be sent; the packages by their ids."""
    shown: dict[str, Any] = {name: writable(getattr(order, name)) for name in answers.CHANGES}
    return shown | {"packages": {each.package_id: writable(each) for each in order.packages}}


def test_a_guarded_update_changes_what_was_wanted_and_nothing_else() -> None:
    """Read, guard, run, read again: all packages with their ids, the price announced; CDEK replaces lists."""

    async def main() -> None:
        sandbox = Sandbox()
        async with client_of(sandbox) as client:
            before = (await with_two_packages(client, sandbox)).order
            number, weight = before.packages[0].number, before.packages[0].weight
            wanted = OrderChanges(
                uuid=before.uuid,
                comment="Позвонить за час",
                tariff_code=before.tariff_code,
                packages=[Package(number="2", weight=900), Package(number=number, weight=weight)],
            )
            changes = guarded(before, wanted)
            assert changes is not None
            outcome = await client.run(UpdateOrder(changes))
            assert outcome.ok
            assert [warning.code for warning in outcome.warnings] == ["v2_cost_change_by_parameters"]
            after = (await client.get_order(str(before.uuid))).order
        expected: dict[str, Any] = writables(before) | {"comment": "Позвонить за час"}
        assert len(expected["packages"]) == 2
        expected["packages"][before.packages[1].package_id]["weight"] = 900
        assert writables(after) == expected
        assert guarded(after, wanted) is None

    run(main())


def test_the_same_update_without_the_guard_does_harm() -> None:
    """What the guard is for: the sandbox deletes what is not listed, and takes a part for the whole."""

    async def main() -> None:
        sandbox = Sandbox()
        async with client_of(sandbox) as client:
            before = (await with_two_packages(client, sandbox)).order
            first = before.packages[0]
            alone = Package(number=first.number, weight=first.weight, package_id=first.package_id)
            wanted = OrderChanges(uuid=before.uuid, packages=[alone])
            with pytest.raises(ValueError, match=r"^packages: '2' is not among them"):
                guarded(before, wanted)
            assert (await client.run(UpdateOrder(wanted))).ok
            after = (await client.get_order(str(before.uuid))).order
        assert [(each.package_id, each.items) for each in after.packages if each.items] == []
        assert len(after.packages) == 1

    run(main())


def test_a_package_is_dropped_where_told_to() -> None:
    """The one, and the other stays whole."""

    async def main() -> None:
        sandbox = Sandbox()
        async with client_of(sandbox) as client:
            before = (await with_two_packages(client, sandbox)).order
            wanted = OrderChanges(uuid=before.uuid, packages=[before.packages[1]])
            changes = guarded(before, wanted, drop_packages=True)
            assert changes is not None
            assert (await client.run(UpdateOrder(changes))).ok
            after = (await client.get_order(str(before.uuid))).order
        assert writable(after.packages[0]) == writable(before.packages[1])
        assert len(after.packages) == 1

    run(main())
