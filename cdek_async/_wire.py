"""CDEK's JSON <-> values; the only module that knows cattrs.

Reading never raises: polling must not stop at a field that CDEK adds or spells anew. What cannot be read is
absent, and stays in `OrderInfo.raw`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from attrs import fields, has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from ._models import Issue, Request, State
from ._orders import UNSET, Order, OrderChanges, OrderInfo, RelatedEntity, Unset


def parse(body: bytes) -> dict[str, object] | None:
    """Read one JSON object, fractions as `Decimal`; None where there is none."""
    try:
        data = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        return None
    return data if isinstance(data, dict) else None


def dumps(value: object) -> bytes:
    """Write compact JSON, `Decimal` as the number it is and not the float beside it."""
    return "".join(_pieces(value)).encode()


def _pieces(value: object) -> "list[str]":
    if isinstance(value, Mapping):
        members = (f"{json.dumps(str(key), ensure_ascii=False)}:{''.join(_pieces(member))}" for key, member in value.items())
        return ["{", ",".join(members), "}"]
    if isinstance(value, list | tuple):
        return ["[", ",".join("".join(_pieces(element)) for element in value), "]"]
    if isinstance(value, Decimal):
        return [_number(value)]
    return [json.dumps(value, ensure_ascii=False, allow_nan=False)]


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that JSON knows")
    # JSON reads 1E+3 too, but not everybody who reads JSON; written out, an extreme one would fill the memory
    return format(value, "f") if abs(value.adjusted()) <= _WRITTEN_OUT else str(value)


_WRITTEN_OUT = 40


def requests_of(data: Mapping[str, object]) -> tuple[Request, ...] | None:
    """What CDEK says of the requests; None where it says nothing. Read by hand: every look needs it."""
    requests = data.get("requests")
    if not isinstance(requests, list):
        return None
    return tuple(_request(each) for each in requests if isinstance(each, dict))


_STATES: dict[str, State] = {state.value: state for state in State}


def _request(data: Mapping[str, object]) -> Request:
    state = _text_or_empty(data.get("state"))
    return Request(
        request_uuid=_uuid_or_none(data.get("request_uuid")),
        type=_text_or_empty(data.get("type")),
        state=_STATES.get(state.upper(), state),
        date_time=_moment_or_none(data.get("date_time")),
        errors=_issues(data.get("errors")),
        warnings=_issues(data.get("warnings")),
    )


def _issues(data: object) -> tuple[Issue, ...]:
    """Read errors or warnings; the document of 2020 has an empty list beside a success."""
    return tuple(_issue(each) for each in data if each) if isinstance(data, list) else ()


def _issue(data: object) -> Issue:
    if not isinstance(data, dict):
        return Issue(_text_or_empty(data))
    additional = data.get("additional_code")
    return Issue(
        _text_or_empty(data.get("code")),
        _text_or_empty(data.get("message")),
        None if additional is None else _text_or_empty(additional),
    )


def errors_of(data: Mapping[str, object]) -> tuple[Issue, ...]:
    """Every error of an answer: of each request, and those at the top where CDEK's newer methods put them."""
    of_requests = (issue for request in requests_of(data) or () for issue in request.errors)
    return (*of_requests, *_issues(data.get("errors")))


def removed(data: Mapping[str, object]) -> bool:
    """Whether the order's statuses hold a REMOVED that was not withdrawn."""
    entity = data.get("entity")
    statuses = entity.get("statuses") if isinstance(entity, dict) else None
    return isinstance(statuses, list) and any(
        isinstance(each, dict)
        and _text_or_empty(each.get("code")).upper() == "REMOVED"
        and each.get("deleted") is not True
        for each in statuses
    )


def order_uuid_of(data: Mapping[str, object]) -> UUID | None:
    """The order that an answer is about."""
    entity = data.get("entity")
    return _uuid_or_none(entity.get("uuid")) if isinstance(entity, dict) else None


def order_info(data: Mapping[str, object]) -> OrderInfo:
    """Read CDEK's whole answer about an order."""
    entity, related = data.get("entity"), data.get("related_entities")
    return OrderInfo(
        order=_reader.structure(entity, Order) if isinstance(entity, dict) and entity else Order(),
        requests=requests_of(data) or (),
        related_entities=_reader.structure(related, tuple[RelatedEntity, ...]),
        raw=dict(data),
    )


def changes_json(changes: OrderChanges) -> dict[str, object]:
    """Write what was given, nothing else: no UNSET at any depth, no field that is CDEK's to say."""
    plain: dict[str, object] = _writer.unstructure(changes)
    return plain


# --- what CDEK sends ---------------------------------------------------------------------------------------------


def _text_or_empty(value: object) -> str:
    try:
        return _text(value)
    except ValueError:
        return ""


def _uuid_or_none(value: object) -> UUID | None:
    try:
        return _uuid(value)
    except ValueError:
        return None


def _moment_or_none(value: object) -> datetime | None:
    try:
        return _moment(value)
    except ValueError:
        return None


def _text(value: object, _: object = None) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError


def _uuid(value: object, _: object = None) -> UUID:
    if isinstance(value, str):
        return UUID(value)
    raise ValueError


def _moment(value: object, _: object = None) -> datetime:
    """Read `+0000`, `+07:00`, `Z`, with microseconds or without seconds; without a zone it is UTC, as CDEK's are."""
    if not isinstance(value, str):
        raise ValueError
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(value: object, _: object = None) -> date:
    if not isinstance(value, str):
        raise ValueError
    return datetime.fromisoformat(value).date()


def _decimal(value: object, _: object = None) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:
        raise ValueError from error
    if not number.is_finite():
        raise ValueError
    return number


def _float(value: object, _: object = None) -> float:
    number = float(_decimal(value))
    if not isfinite(number):
        raise ValueError
    return number


def _int(value: object, _: object = None) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _decimal(value)
    if abs(number) >= _LARGEST or number != (whole := int(number)):
        raise ValueError
    return whole


_LARGEST = 2**63  # 1E+999999999 is a number, too; as an int it would fill the memory


def _bool(value: object, _: object = None) -> bool:
    if isinstance(value, bool):
        return value
    found = _BOOLS.get(value.lower() if isinstance(value, str) else "")
    if found is None:
        raise ValueError
    return found


_BOOLS = {"true": True, "false": False}


def _is_optional(type_: Any) -> bool:
    return get_origin(type_) in (Union, UnionType)


def _optional(type_: Any, converter: Converter) -> Callable[[object, object], object]:
    """Read what may be absent: null is None; what cannot be read, `{}` among it, is absent."""
    members = get_args(type_)
    (wanted,) = (member for member in members if member not in (NoneType, Unset))
    read = converter.get_structure_hook(wanted)
    absent = UNSET if Unset in members else None

    def optional(value: object, _: object) -> object:
        if value is None:
            return None
        try:
            return read(value, wanted)
        except ValueError:
            return absent

    return optional


def _is_tuple(type_: Any) -> bool:
    return get_origin(type_) is tuple


def _tuple(type_: Any, converter: Converter) -> Callable[[object, object], object]:
    """Read a list, without the elements that cannot be read."""
    wanted = get_args(type_)[0]
    read = converter.get_structure_hook(wanted)

    def several(value: object, _: object) -> object:
        if not isinstance(value, list):
            return ()
        found = []
        for each in value:
            try:
                found.append(read(each, wanted))
            except ValueError:
                continue
        return tuple(found)

    return several


def _part(type_: Any, converter: Converter) -> Callable[[object, object], object]:
    read = make_dict_structure_fn(type_, converter)

    def part(value: object, _: object) -> object:
        if not isinstance(value, dict) or not value:
            raise ValueError
        return read(value, type_)

    return part


def _make_reader() -> Converter:
    converter = Converter(detailed_validation=False)
    for type_, hook in (
        (str, _text),
        (int, _int),
        (float, _float),
        (bool, _bool),
        (Decimal, _decimal),
        (UUID, _uuid),
        (date, _date),
        (datetime, _moment),
    ):
        converter.register_structure_hook(type_, hook)
    converter.register_structure_hook_factory(has, _part)
    converter.register_structure_hook_factory(_is_tuple, _tuple)
    converter.register_structure_hook_factory(_is_optional, _optional)
    return converter


_reader = _make_reader()


# --- what we send ------------------------------------------------------------------------------------------------


def _writable(type_: Any, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    ours: dict[str, Any] = {each.name: override(omit=True) for each in fields(type_) if each.metadata.get("read_only")}
    return make_dict_unstructure_fn(type_, converter, _cattrs_omit_if_default=True, **ours)


def _make_writer() -> Converter:
    converter = Converter(unstruct_collection_overrides={tuple: list})
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_factory(has, _writable)
    return converter


_writer = _make_writer()


def warm() -> None:
    """Compile cattrs's hooks (some 10 ms) now, and not in the middle of somebody's first answer."""
    _reader.get_structure_hook(Order)
    _reader.get_structure_hook(tuple[RelatedEntity, ...])
    _writer.get_unstructure_hook(OrderChanges)
