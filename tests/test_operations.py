"""Operations: which uuids and numbers name an order, what goes over the wire, what may be sent twice."""

import copy
import json
import pickle
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import DeleteOrder, Item, Money, OrderChanges, Package, UpdateOrder, Verdict
from cdek_async._models import Call
from cdek_async._operations import KINDS, Operation, find_params, look_call, to_number
from cdek_async._orders_parts import as_uuid
from tests.replies import ORDER, OTHER_ORDER

TEXT = str(ORDER)


@pytest.mark.parametrize("given_as", [ORDER, TEXT, TEXT.upper(), ORDER.hex, ORDER.hex.upper(), TEXT.title()])
def test_a_uuid_is_given_as_uuid_or_text(given_as: UUID | str) -> None:
    """A uuid in any case, with its hyphens or without, names the same order."""
    assert as_uuid(given_as) == ORDER
    assert DeleteOrder(given_as) == DeleteOrder(ORDER)
    assert OrderChanges(uuid=given_as).uuid == ORDER


NOT_UUIDS = [
    "",
    " ",
    "x",
    "../x",
    "../../v2/oauth/token",
    TEXT + "/../x",
    TEXT + "?x=1",
    TEXT + "#",
    TEXT + "\n",
    " " + TEXT,
    "{" + TEXT + "}",
    "urn:uuid:" + TEXT,
    TEXT[:-1],
    TEXT + "0",
    TEXT.replace("-", "_"),
    TEXT.replace("-", "", 1),
    "-".join(ORDER.hex[index : index + 4] for index in range(0, 32, 4)),
    "-" + TEXT,
    TEXT.replace("5", "٥"),
    TEXT.replace("5", "５"),
    "0x" + ORDER.hex[:30],
    ORDER.hex[:15] + "_" + ORDER.hex[16:],
    "+" + ORDER.hex[1:],
    TEXT.encode(),
    ORDER.bytes,
    ORDER.int,
    5,
    5.0,
    True,
    [TEXT],
    {"uuid": TEXT},
    object,
]


@pytest.mark.parametrize("wrong", NOT_UUIDS, ids=repr)
def test_what_is_no_uuid_is_refused_before_anything_is_sent(wrong: Any) -> None:
    """What is no uuid, a path above all, is a ValueError in one line that names the place."""
    for build in (as_uuid, DeleteOrder, lambda value: OrderChanges(uuid=value)):
        with pytest.raises(ValueError, match=r"\Auuid: .+\Z") as caught:
            build(wrong)
        assert len(str(caught.value)) < 120


@given(st.text() | st.binary() | st.integers())
def test_no_text_becomes_another_path(value: Any) -> None:
    """Whatever is given as a uuid, the path has one uuid in it, or there is none."""
    try:
        call = DeleteOrder(value).call(as_uuid(value))
    except ValueError:
        return
    assert call is not None
    assert call.path == f"/v2/orders/{UUID(value)}"


@pytest.mark.parametrize(
    ("given_as", "number"),
    [
        ("1400000001", "1400000001"),
        (1400000001, "1400000001"),
        (" shop-7 ", "shop-7"),
        ("№ 7/б", "№ 7/б"),
        ("7?x=1&y", "7?x=1&y"),
        ("9" * 255, "9" * 255),
    ],
)
def test_a_number_is_text_or_a_whole_number(given_as: str | int, number: str) -> None:
    """CDEK hands numbers out as text and as numbers; both name the same order."""
    assert to_number(given_as, "im_number") == number
    assert DeleteOrder(im_number=given_as).im_number == number
    assert DeleteOrder(cdek_number=given_as).numbers == {"cdek_number": number}


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "  ",
        "\n",
        "7\n8",
        "7\x00",
        "\ud800",
        "9" * 256,
        True,
        -1,
        0,
        10**255,
        10**6000,
        7.0,
        b"7",
        [7],
        {},
        ORDER,
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_is_no_number_is_refused(wrong: Any) -> None:
    """What cannot be an order's number is a ValueError in one line that names the place."""
    for name in ("cdek_number", "im_number"):
        with pytest.raises(ValueError, match=rf"\A{name}: not an order number: .+\Z") as caught:
            DeleteOrder(**{name: wrong})
        assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"uuid": None},
        {"uuid": ORDER, "cdek_number": "7"},
        {"uuid": ORDER, "im_number": "7"},
        {"cdek_number": "7", "im_number": "7"},
        {"uuid": ORDER, "cdek_number": "7", "im_number": "7"},
    ],
)
def test_a_deletion_names_its_order_once(names: dict[str, Any]) -> None:
    """An order is named by exactly one of its names: two might name two orders."""
    with pytest.raises(ValueError, match="exactly one of uuid, cdek_number and im_number"):
        DeleteOrder(**names)


def update(**fields: Any) -> UpdateOrder:
    known: dict[str, Any] = {"uuid": ORDER}
    return UpdateOrder(OrderChanges(**known | fields))


def package(**fields: Any) -> Package:
    known: dict[str, Any] = {"number": "1", "weight": 500}
    return Package(**known | fields)


@pytest.mark.parametrize(
    ("one", "same", "another"),
    [
        (DeleteOrder(ORDER), DeleteOrder(TEXT), DeleteOrder(OTHER_ORDER)),
        (DeleteOrder(cdek_number="7"), DeleteOrder(cdek_number=7), DeleteOrder(im_number="7")),
        (update(comment=""), update(comment=""), update()),
        (update(packages=[package()]), update(packages=(package(),)), update(packages=[package(weight=1)])),
    ],
)
def test_operations_are_values(one: Operation, same: Operation, another: Operation) -> None:
    """Operations compare and hash by what they ask, and survive pickle and copy."""
    assert one == same
    assert one != another
    assert len({one, same, another}) == 2
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own bytes
    assert copy.deepcopy(one) == one
    with pytest.raises(AttributeError):
        one.uuid = None  # type: ignore[attr-defined]


def test_kinds_lead_from_a_ticket_back_to_its_operation() -> None:
    """Each operation stands in KINDS under its kind, with what the engine may conclude of it."""
    assert {name: (kind.request_type, kind.gone, kind.removal) for name, kind in KINDS.items()} == {
        "delete": ("DELETE", Verdict.OK, True),
        "update": ("UPDATE", Verdict.NOT_FOUND, False),
    }


def test_a_deletion_is_a_delete_by_uuid() -> None:
    """A deletion needs the order's uuid; by number there is no call before it was looked up."""
    assert DeleteOrder(ORDER).call(ORDER) == Call("DELETE", f"/v2/orders/{TEXT}", write=True)
    assert DeleteOrder(ORDER).order_uuid == ORDER
    assert DeleteOrder(ORDER).numbers == {}
    by_number = DeleteOrder(cdek_number="7")
    assert by_number.order_uuid is None
    assert by_number.call(None) is None
    assert by_number.call(ORDER) == DeleteOrder(ORDER).call(ORDER)


@pytest.mark.parametrize(
    ("operation", "order", "numbers", "body"),
    [
        (update(comment="x"), ORDER, {}, {"uuid": TEXT, "comment": "x"}),
        (
            update(uuid=None, cdek_number=1400000001, type=1),
            None,
            {"cdek_number": "1400000001"},
            {"cdek_number": "1400000001", "type": 1},
        ),
        (
            update(cdek_number="1400000001"),
            ORDER,
            {"cdek_number": "1400000001"},
            {"uuid": TEXT, "cdek_number": "1400000001"},
        ),
        (
            update(comment=None, shipment_point="", services=()),
            ORDER,
            {},
            {"uuid": TEXT, "comment": None, "shipment_point": "", "services": []},
        ),
        (
            update(packages=[package(package_id="p-1", items=[])]),
            ORDER,
            {},
            {"uuid": TEXT, "packages": [{"number": "1", "weight": 500, "package_id": "p-1", "items": []}]},
        ),
    ],
)
def test_an_update_is_a_patch_of_what_was_given(
    operation: UpdateOrder, order: UUID | None, numbers: dict[str, str], body: dict[str, Any]
) -> None:
    """An update names its order in the body, by uuid or cdek_number, and sends what was given, no more.

    But not before its uuid is known.
    """
    assert operation.call(None) is None
    for known in (ORDER, OTHER_ORDER):
        call = operation.call(known)
        assert call is not None
        assert (call.method, call.path, dict(call.params)) == ("PATCH", "/v2/orders", {})
        assert call.write
        assert call.content_type == "application/json"
        assert json.loads(call.body) == body
    assert operation.order_uuid == order
    assert operation.numbers == numbers


def test_money_goes_over_the_wire_as_it_was_written() -> None:
    """A tenth is sent as 0.1, not as the float beside it."""
    item = Item(name="Чай", ware_key="t", payment=Money(value=0.1), weight=5, amount=1, cost=2.5)
    call = update(packages=[package(items=[item])]).call(ORDER)
    assert call is not None
    assert b'"value":0.1}' in call.body
    assert "Чай".encode() in call.body


@pytest.mark.parametrize(
    ("operation", "repeatable"),
    [
        (DeleteOrder(ORDER), True),
        (DeleteOrder(im_number="7"), True),
        (update(), True),
        (update(comment="x", services=()), True),
        (update(packages=[package(package_id="p-1")]), True),
        (update(packages=[package(package_id="p-1"), package(number="2", package_id="p-2")]), True),
        (update(packages=[package()]), False),
        (update(packages=[package(package_id="")]), False),
        (update(packages=[package(package_id=None)]), False),
        (update(packages=[package(package_id="p-1"), package(number="2")]), False),
    ],
)
def test_an_update_that_adds_a_package_is_not_repeatable(operation: Operation, repeatable: bool) -> None:
    """A package without package_id is a new one: sent twice it would be added twice."""
    assert operation.repeatable is repeatable


def test_an_order_is_looked_at_by_uuid_or_number() -> None:
    """A look is a GET of the order's own path, or a query by the one number that is known."""
    assert look_call(ORDER, {"cdek_number": "7"}) == Call("GET", f"/v2/orders/{TEXT}")
    numbers = find_params(cdek_number=None, im_number="a&b")
    assert look_call(None, numbers) == Call("GET", "/v2/orders", params={"im_number": "a&b"})
    assert not look_call(None, numbers).write


@pytest.mark.parametrize("wrong", [None, {}, {"uuid": TEXT}, ORDER, TEXT, DeleteOrder(ORDER)])
def test_an_update_takes_changes_only(wrong: Any) -> None:
    """What is no OrderChanges is refused before anything is sent, by the name of the field."""
    with pytest.raises(ValueError, match=r"\Achanges: an OrderChanges expected, not \w+\Z"):
        UpdateOrder(wrong)
