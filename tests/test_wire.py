"""CDEK's JSON to values and back."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import _orders, _wire
from cdek_async._document import parse
from cdek_async._models import Issue, Request, State
from cdek_async._orders import UNSET
from cdek_async._orders_parts import wanted
from tests import answers

# --- bytes and JSON ---


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"requests": [{"type"',
        b"[1, 2]",
        b"null",
        b'"text"',
        b"page_not_found",
        '{"name": "Ложкина"}'.encode("cp1251"),
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1e99999999999999999999}',
    ],
)
def test_whatever_is_not_one_json_object_is_nothing(body: Any) -> None:
    """A proxy's page, a cut or absurd body is no answer, and no exception."""
    assert parse(body) is None


def test_fractions_are_read_exactly_and_nan_as_null() -> None:
    """No binary float stands between CDEK's kopecks and ours; what is no number is nothing."""
    assert parse(b'\xef\xbb\xbf{"a": 0.10, "b": 1, "c": NaN, "d": -Infinity}') == {
        "a": Decimal("0.10"),
        "b": 1,
        "c": None,
        "d": None,
    }


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("0.1", b"0.1"),
        ("1E+3", b"1000"),
        ("0", b"0"),
        ("-0.00", b"-0.00"),
        ("1999.990", b"1999.990"),
        ("1E-7", b"0.0000001"),
        ("50000000.000000000000000000001", b"50000000.000000000000000000001"),
        ("123456789012345678901234567890.5", b"123456789012345678901234567890.5"),
        ("1E+999999999", b"1E+999999999"),
        ("1E-999999999", b"1E-999999999"),
    ],
)
def test_a_decimal_is_written_as_the_number_it_is(number: Any, written: Any) -> None:
    """Money leaves as exact as it was given, and an extreme exponent does not fill the memory."""
    assert _wire.dumps(Decimal(number)) == written
    assert Decimal(json.loads(written, parse_float=str, parse_int=str)) == Decimal(number)


def test_json_is_compact_utf8() -> None:
    """One line, Cyrillic as itself, tuples as lists."""
    assert _wire.dumps({"имя": ("Вера", None, True, 1, 0.5, {}), "gs": "\x1d"}) == (
        '{"имя":["Вера",null,true,1,0.5,{}],"gs":"\\u001d"}'.encode()
    )


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("-Infinity"), float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_refused(number: Any) -> None:
    """Nothing is sent that CDEK could not parse."""
    with pytest.raises(ValueError):
        _wire.dumps({"a": [number]})


# --- requests, errors, removed ---


def test_requests_keep_cdeks_order() -> None:
    """The list is a history whose direction is CDEK's affair; nothing is sorted, dropped or merged."""
    assert _wire.requests_of(answers.IN_2020) == (
        Request(
            UUID(answers.CREATE),
            "CREATE",
            State.SUCCESSFUL,
            datetime.fromisoformat("2020-03-20T10:00:01+07:00"),
        ),
        Request(
            UUID(answers.DELETE),
            "DELETE",
            State.SUCCESSFUL,
            datetime(2020, 3, 20, 10, 5, 1, tzinfo=UTC),
            errors=(),
            warnings=(Issue("v2_cost_change_by_tariff", "may cost more"),),
        ),
    )
    requests = _wire.requests_of(answers.TODAY)
    assert requests is not None
    assert [request.type for request in requests] == ["DELETE", "CREATE"]


@pytest.mark.parametrize(
    ("data", "request_"),
    [
        ({}, Request(None, "", "")),
        ({"type": None, "state": None, "errors": None, "warnings": {}}, Request(None, "", "")),
        ({"state": "PAUSED", "type": "REPAINT"}, Request(None, "REPAINT", "PAUSED")),
        ({"state": "invalid"}, Request(None, "", State.INVALID)),
        ({"request_uuid": "?", "date_time": "soon"}, Request(None, "", "")),
        ({"request_uuid": 5, "date_time": 5, "type": 5}, Request(None, "5", "")),
        (
            {"request_uuid": answers.CREATE.upper(), "date_time": "2026-05-01T07:00:00"},
            Request(UUID(answers.CREATE), "", "", datetime(2026, 5, 1, 7, tzinfo=UTC)),
        ),
        ({"errors": {}}, Request(None, "", "")),
        ({"errors": ["v2_odd"]}, Request(None, "", "", errors=(Issue("v2_odd"),))),
        ({"errors": ["v2.odd-1"]}, Request(None, "", "", errors=(Issue("v2.odd-1"),))),
        ({"errors": ["Позвоните Вере"]}, Request(None, "", "", errors=(Issue("", "Позвоните Вере"),))),
        ({"errors": ["Вера"]}, Request(None, "", "", errors=(Issue("", "Вера"),))),
        ({"errors": ["x" * 81]}, Request(None, "", "", errors=(Issue("", "x" * 81),))),
        ({"errors": [{"code": 404}]}, Request(None, "", "", errors=(Issue("404"),))),
        ({"errors": [{"message": "m"}]}, Request(None, "", "", errors=(Issue("", "m"),))),
        ({"errors": [{}, None, ""]}, Request(None, "", "")),
        (
            {"errors": [{"code": "c", "additional_code": 16}]},
            Request(None, "", "", errors=(Issue("c", "", "16"),)),
        ),
    ],
)
def test_a_request_of_any_shape_is_read(data: Any, request_: Any) -> None:
    """A poll survives whatever stands in a request; a state it does not know stays a text."""
    assert _wire.requests_of({"requests": [data, None, "text", 5]}) == (request_,)


@pytest.mark.parametrize("data", [{}, {"requests": None}, {"requests": {}}, {"requests": "none"}])
def test_no_list_of_requests_is_not_an_empty_one(data: Any) -> None:
    """Where CDEK says nothing about requests, nothing may be concluded from their absence."""
    assert _wire.requests_of(data) is None
    assert _wire.requests_of({"requests": []}) == ()


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (answers.RICH_FAILURE, ["v2_entity_not_found"]),
        (answers.POOR_FAILURE, ["v2_entity_not_found_im_number"]),
        ({"errors": [{"code": "v2_bad_request", "message": "Bad request"}]}, ["v2_bad_request"]),
        (answers.POOR_FAILURE | {"errors": ["top"]}, ["v2_entity_not_found_im_number", "top"]),
        ({"error": "invalid_client", "error_description": "no"}, []),
        ({"reason": "Service Unavailable"}, []),
        (answers.IN_2020, []),
        (answers.TODAY, []),
    ],
)
def test_errors_are_found_in_both_places(data: Any, codes: Any) -> None:
    """Orders answer with errors inside requests, other methods at the top; the gateway's are no errors."""
    assert [issue.code for issue in _wire.errors_of(data)] == codes


def test_an_error_keeps_what_support_asks_for() -> None:
    """The additional code and the message arrive beside the code."""
    (issue,) = _wire.errors_of(answers.RICH_FAILURE)
    assert (issue.message, issue.additional_code) == (
        f"Entity is not found by uuid {answers.ORDER}",
        "0x1A2B",
    )


@pytest.mark.parametrize(
    ("entity", "is_removed"),
    [
        (answers.IN_2020["entity"], True),
        (answers.ENTITY, False),
        ({"statuses": [{"code": "removed"}]}, True),
        ({"statuses": [{"code": "REMOVED", "deleted": False}]}, True),
        ({"statuses": [{"code": "REMOVED", "deleted": True}]}, False),
        ({"statuses": [{"code": "REMOVED", "deleted": "true"}]}, False),
        ({"statuses": [{"code": "REMOVED", "deleted": True}, {"code": "REMOVED"}]}, True),
        ({"statuses": [None, 5, "REMOVED", {}, {"code": None}]}, False),
        ({"statuses": {"code": "REMOVED"}}, False),
        ({"statuses": None}, False),
        ({}, False),
        (None, False),
        ("REMOVED", False),
    ],
)
def test_removed_means_a_status_that_was_not_withdrawn(entity: Any, is_removed: Any) -> None:
    """Wherever it stands in the list; and no shape of it is an exception."""
    assert _wire.removed({"entity": entity}) is is_removed


@pytest.mark.parametrize(
    ("data", "uuid"),
    [
        (answers.TODAY, UUID(answers.ORDER)),
        (answers.RICH_FAILURE, None),
        ({"entity": None}, None),
        ({"entity": []}, None),
        ({"entity": {}}, None),
        ({"entity": {"uuid": "?"}}, None),
    ],
)
def test_the_order_of_an_answer(data: Any, uuid: Any) -> None:
    """Its uuid, where the answer has one."""
    assert _wire.order_uuid_of(data) == uuid


# --- a whole answer ---


def plain(value: object) -> Any:
    """A value as CDEK would write it, without what is absent."""
    if attrs.has(type(value)):
        members = {each.name: getattr(value, each.name) for each in attrs.fields(type(value))}  # type: ignore[arg-type]
        return {name: plain(member) for name, member in members.items() if member not in (UNSET, None, ())}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S%z")
    if isinstance(value, date | UUID):
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


def names(kind: Any) -> Any:
    """Every field of a class and of the classes in it."""
    inner = wanted(kind)
    if getattr(inner, "__origin__", None) is tuple:
        return names(inner.__args__[0])
    if not attrs.has(inner):
        return None
    return {each.name: names(each.type) for each in attrs.fields(inner)}


def read(data: object) -> _orders.OrderInfo:
    """Read an answer as it comes: through bytes."""
    parsed = parse(json.dumps(data).encode())
    assert parsed is not None
    return _wire.order_info(parsed)


def test_every_field_that_cdek_documents_reaches_its_value() -> None:
    """Nothing of a full answer is left to `raw` alone."""
    info = read(answers.TODAY)
    assert plain(info.order) == answers.ENTITY
    assert [plain(each) for each in info.related_entities] == answers.TODAY["related_entities"]
    assert info.requests == _wire.requests_of(answers.TODAY)


def test_the_full_answer_is_full() -> None:
    """The fixture of the test above has every field that the values have, so none goes untested."""
    expected = names(_orders.Order)
    expected["seller"].pop("giis_subdivision_id")  # CDEK knows it of items only
    for name in ("sum", "total_sum", "discount_percent", "discount_sum", "vat_rate", "vat_sum", "parameter"):
        expected["packages"]["services"].pop(name)  # a package's service is a code
    assert answers.names_in(answers.ENTITY) == expected
    assert answers.names_in(answers.RELATED) == names(_orders.RelatedEntity)


def test_money_is_decimal_and_numbers_are_text() -> None:
    """Amounts are exact, and an order's number is not for arithmetic."""
    order = read({"entity": answers.ENTITY | {"cdek_number": 1400000001}}).order
    assert order.cdek_number == "1400000001"
    assert order.delivery_detail is not None
    assert (order.delivery_detail.payment_sum, type(order.delivery_detail.payment_sum)) == (
        Decimal("150.5"),
        Decimal,
    )


def test_the_answer_of_2020_is_read() -> None:
    """Codes as text, statuses oldest first, no related entities; what is not documented stays in raw."""
    info = read(answers.IN_2020)
    place = info.order.from_location
    assert place is not None
    assert (place.code, place.region_code, place.sub_region, place.city) == (12345, 906, "", UNSET)
    assert [status.code for status in info.order.statuses] == ["ACCEPTED", "CREATED", "REMOVED"]
    assert info.order.packages[0].length == 0
    assert info.related_entities == ()
    assert info.raw == answers.IN_2020
    assert json.loads(json.dumps(info.raw)) == answers.IN_2020


@pytest.mark.parametrize("answer", [answers.ECHO, answers.ENRICHED])
def test_an_order_is_read_while_it_is_being_made(answer: Any) -> None:
    """Before it has a number, its own fields are None, its lists empty; parts say UNSET; `{}` is nothing."""
    order = read(answer).order
    assert order.uuid == UUID(answers.ORDER)
    assert (order.cdek_number, order.calls, order.delivery_detail, order.services) == (None, None, None, ())
    assert (order.packages[0].package_id, order.packages[0].items) == (UNSET, UNSET)


@pytest.mark.parametrize(
    "data",
    [{}, {"entity": None}, {"entity": {}}, {"entity": []}, {"entity": "text", "related_entities": {}}],
)
def test_an_answer_without_an_order_is_an_empty_order(data: Any) -> None:
    """A phase without an entity, a failure or rubbish is read as an order of which nothing is known."""
    info = read(data)
    assert (info.order, info.requests, info.related_entities) == (_orders.Order(), (), ())
    assert json.loads(json.dumps(info.raw)).keys() == data.keys()


def test_a_value_that_cannot_be_read_costs_only_itself() -> None:
    """The rest of its object and of its list is read; the value is absent and stays in raw."""
    entity: dict[str, Any] = {
        "uuid": "not a uuid",
        "tariff_code": "10",
        "type": [],
        "comment": None,
        "services": {},
        "statuses": [{"code": "CREATED", "date_time": "soon"}, "rubbish", {}, None],
        "packages": [
            {
                "number": 5,
                "weight": "heavy",
                "length": "12.0",
                "items": {},
                "comment": None,
                "services": [{}],
            },
        ],
        "sender": {},
        "recipient": "Вера",
        "has_reverse_order": "yes",
        "additional_order_types": ["2", "x", 6],
    }
    order = read({"entity": entity}).order
    assert (order.uuid, order.tariff_code, order.type, order.comment) == (None, 10, None, None)
    assert order.statuses == (_orders.Status(code="CREATED"),)
    assert order.packages == (_orders.Package(number="5", length=12, comment=None, services=()),)
    assert (order.sender, order.recipient, order.has_reverse_order, order.services) == (None, None, None, ())
    assert order.additional_order_types == (2, 6)


def test_reading_checks_nothing() -> None:
    """Limits are for what we send; CDEK may break its own."""
    order = read(
        {
            "entity": {
                "recipient": {"name": "ы" * 300},
                "packages": [{"weight": -5}] * 300,
                "delivery_point": "",
            }
        }
    ).order
    assert order.recipient == _orders.Contact(name="ы" * 300)
    assert len(order.packages) == 300


KNOWN = sorted(
    {name for kind in vars(_orders).values() if isinstance(kind, type) and attrs.has(kind)
     for name in attrs.fields_dict(kind)}
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-05-01T07:00:00+0000", "2026-05-01", answers.ORDER, "10", "1E+999999999", "true"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)


@given(entity=JSON, requests=JSON, related=JSON, errors=JSON)
def test_no_json_breaks_the_reading(entity: Any, requests: Any, related: Any, errors: Any) -> None:
    """Whatever CDEK sends tomorrow: an object of JSON is read, and its moments compare."""
    data = {"entity": entity, "requests": requests, "related_entities": related, "errors": errors}
    info = _wire.order_info(data)
    assert json.loads(json.dumps(info.raw)).keys() == data.keys()
    _wire.errors_of(data)
    _wire.removed(data)
    _wire.order_uuid_of(data)
    moments = [request.date_time for request in info.requests if request.date_time]
    sorted(moments)
    hash(info.order)
    hash(info.requests)


def test_json_deeper_than_python_bears_is_cut_off() -> None:
    """A thousand levels of brackets are 2 kB, and no order has ten."""
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    assert json.loads(json.dumps(_wire.order_info({"entity": {"comment": deep}}).raw))


@given(part=st.sampled_from(sorted(answers.ENTITY)), value=JSON)
def test_no_json_in_a_single_field_breaks_the_others(part: Any, value: Any) -> None:
    """An order with one odd field is that order without it."""
    order = _wire.order_info({"entity": answers.ENTITY | {part: value}}).order
    whole = _wire.order_info({"entity": answers.ENTITY}).order
    assert attrs.evolve(order, **{part: getattr(whole, part)}) == whole


@given(st.binary(max_size=60))
def test_no_bytes_break_the_parsing(body: Any) -> None:
    """An object or nothing, never an exception."""
    parsed = parse(body)
    assert parsed is None or isinstance(parsed, dict)


def test_warming_up_changes_nothing() -> None:
    """It may be called at any time, and again."""
    _wire.warm()
    _wire.warm()
    assert plain(read(answers.TODAY).order) == answers.ENTITY
