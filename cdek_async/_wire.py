"""CDEK's JSON <-> values; the only module that knows cattrs.

Reading never raises: a poll must not stop at a field that CDEK adds or spells anew. What cannot be read is
absent, and stays in `OrderInfo.raw`. Writing sends what was given, and nothing else.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from attrs import fields, fields_dict, has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from cdek_async._document import Document
from cdek_async._models import Issue, Request, State
from cdek_async._orders import UNSET, Order, OrderChanges, OrderInfo, RelatedEntity, Unset
from cdek_async._orders_parts import wanted
from cdek_async._scalars import (
    Unreadable,
    read_bool,
    read_date,
    read_decimal,
    read_float,
    read_int,
    read_moment,
    read_text,
    read_uuid,
)

T = TypeVar("T")


def dumps(value: object) -> bytes:
    """Write compact JSON; a `Decimal` becomes the number that it is, not the float beside it."""
    return _json(value).encode()


def _json(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_json(str(key))}:{_json(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, Decimal):
        return _number(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that JSON knows")
    # 1E+3 is JSON too, but 1000 is what everybody reads; an extreme one, written out, would fill the memory
    return format(value, "f") if abs(value.adjusted()) <= _WRITTEN_OUT else str(value)


_WRITTEN_OUT = 40


def requests_of(data: Mapping[str, object]) -> tuple[Request, ...] | None:
    """What CDEK says of the order's requests; None where it says nothing."""
    requests = data.get("requests")
    return _read_requests(requests) if isinstance(requests, list) else None


def has_requests(data: Mapping[str, object]) -> bool:
    """Whether CDEK says anything of the order's requests."""
    return isinstance(data.get("requests"), list)


def _request(data: object) -> Request:
    """Read a request field by field, since it is all that a look needs, and polling is made of looks."""
    if not isinstance(data, dict):
        raise Unreadable
    state = _text(data.get("state"))
    return Request(
        request_uuid=_read(read_uuid, data.get("request_uuid")),  # absent in synchronous failures
        type=_text(data.get("type")),
        state=_STATES.get(state.upper(), state),
        date_time=_read(read_moment, data.get("date_time")),
        errors=_issues(data.get("errors")),
        warnings=_issues(data.get("warnings")),
    )


_STATES: dict[str, State] = {state.value: state for state in State}


_CODE = re.compile(r"[\w.-]{1,80}", re.ASCII)


def _issues(data: object) -> tuple[Issue, ...]:
    """Read errors or warnings; CDEK's document of 2020 has an empty list of them beside a success."""
    return tuple(_issue(each) for each in data if each) if isinstance(data, list) else ()


def _issue(data: object) -> Issue:
    if not isinstance(data, dict):
        text = _text(data)  # free text is no code: it may say anything of anybody
        return Issue(text) if _CODE.fullmatch(text) else Issue("", text)
    return Issue(
        code=_text(data.get("code")),
        message=_text(data.get("message")),
        additional_code=_read(read_text, data.get("additional_code")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else _read(read_text, value) or ""


def _read(read: Callable[[object], T], value: object) -> T | None:
    if value is None:
        return None
    try:
        return read(value)
    except ValueError:
        return None


def errors_of(data: Mapping[str, object]) -> tuple[Issue, ...]:
    """Every error of an answer: its requests', and those at the top, where CDEK's other methods put them."""
    requests = data.get("requests")
    found = _issues(data.get("errors"))
    for request in reversed(requests) if isinstance(requests, list) else ():
        if isinstance(request, dict) and request.get("errors"):
            found = _issues(request["errors"]) + found
    return found


def removed(data: Mapping[str, object]) -> bool:
    """Whether the order's statuses have a REMOVED that was not withdrawn."""
    if isinstance(data, Document) and not data.may_say(b"REMOVED"):
        return False
    entity = data.get("entity")
    statuses = entity.get("statuses") if isinstance(entity, dict) else None
    return isinstance(statuses, list) and any(_is_removed(each) for each in statuses)


def _is_removed(status: object) -> bool:
    return (
        isinstance(status, dict)
        and _text(status.get("code")).upper() == "REMOVED"
        and not _read(read_bool, status.get("deleted"))
    )


def order_uuid_of(data: Mapping[str, object]) -> UUID | None:
    """The uuid of the order that an answer is about."""
    if isinstance(data, Document):
        return _read(read_uuid, data.order_uuid)
    entity = data.get("entity")
    return _read(read_uuid, entity.get("uuid")) if isinstance(entity, dict) else None


def order_info(data: Mapping[str, object]) -> OrderInfo:
    """Read CDEK's whole answer about an order."""
    entity = data.get("entity")
    return OrderInfo(
        order=_reader.structure(entity, Order) if isinstance(entity, dict) and entity else Order(),
        requests=requests_of(data) or (),
        related_entities=_reader.structure(data.get("related_entities"), tuple[RelatedEntity, ...]),
        raw={name: _plain(value) for name, value in data.items()},
    )


_DEEP = 100  # levels, ten times those of an order; Python bears some hundreds


def _plain(value: object, depth: int = 0) -> object:
    """Write a fraction as the float that json.loads makes of it, so that it dumps and compares."""
    if depth > _DEEP:
        return None
    if isinstance(value, dict):
        return {name: _plain(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, Decimal):
        return None if value.is_nan() else float(value)
    return value


def changes_json(changes: OrderChanges) -> dict[str, object]:
    """Write what was given: no UNSET at any depth, and no field that is CDEK's to say."""
    return cast("dict[str, object]", _writer.unstructure(changes))


def changes_from_json(data: Mapping[str, object]) -> OrderChanges:
    """Read changes as people write them: an unknown field or a bad value is a `ValueError` with its path.

    Fields that are CDEK's to say are known and left out, so that a package may be pasted as CDEK shows it.
    """
    return cast("OrderChanges", _given(data, OrderChanges, ""))


def _given(value: object, kind: Any, path: str) -> object:
    """Build what is meant and pass on what is not: the check of `OrderChanges` tells of it."""
    if isinstance(value, Mapping) and has(kind):
        known = fields_dict(kind)
        for name in value:
            if name not in known:
                raise ValueError(f"{path}{name}: there is no such field in an update")
        return kind(
            **{
                name: _given(member, wanted(known[name].type), f"{path}{name}.")
                for name, member in value.items()
                if not known[name].metadata.get("read_only")
            }
        )
    if isinstance(value, list) and get_origin(kind) is tuple:
        here = path.removesuffix(".")
        return tuple(_given(each, get_args(kind)[0], f"{here}[{index}].") for index, each in enumerate(value))
    if isinstance(value, str) and kind is date:
        return _read(date.fromisoformat, value) or value  # type: ignore[arg-type]
    return value


def _make_reader() -> Converter:
    """Make a converter whose hooks know what "absent" is, so that one bad value costs nothing but itself."""
    converter = Converter(detailed_validation=False)
    for kind, read in _SCALARS.items():
        converter.register_structure_hook(kind, _ignoring_type(read))
    converter.register_structure_hook_factory(has, _read_part)
    converter.register_structure_hook(Request, _ignoring_type(_request))
    converter.register_structure_hook_factory(_is_list, _read_list)
    converter.register_structure_hook_factory(_is_maybe, _read_maybe)
    return converter


_SCALARS: dict[type, Callable[[object], object]] = {
    str: read_text,
    int: read_int,
    float: read_float,
    bool: read_bool,
    Decimal: read_decimal,
    UUID: read_uuid,
    date: read_date,
    datetime: read_moment,
}

Hook = Callable[[object, object], object]


def _ignoring_type(read: Callable[[object], object]) -> Hook:
    return lambda value, _: read(value)


def _is_maybe(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _read_maybe(kind: Any, converter: Converter) -> Hook:
    """Read null as None, and what cannot be read, `{}` for nothing among it, as absent."""
    inner = wanted(kind)
    read = converter.get_structure_hook(inner)
    absent = UNSET if Unset in get_args(kind) else None
    whole = _is_list(inner)  # a list is read without its bad elements, but has to be one

    def maybe(value: object, _: object) -> object:
        if value is None:
            return None
        if whole and not isinstance(value, list):
            return absent
        try:
            return read(value, inner)
        except ValueError:
            return absent

    return maybe


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _read_list(kind: Any, converter: Converter) -> Hook:
    """Read a list without the elements that cannot be read."""
    inner = get_args(kind)[0]
    read = converter.get_structure_hook(inner)

    def several(value: object, _: object) -> object:
        found = []
        for each in value if isinstance(value, list) else ():
            try:
                found.append(read(each, inner))
            except ValueError:
                continue
        return tuple(found)

    return several


def _read_part(kind: Any, converter: Converter) -> Hook:
    read = make_dict_structure_fn(kind, converter)

    def part(value: object, _: object) -> object:
        if not isinstance(value, dict) or not value:
            raise Unreadable
        return read(value, kind)

    return part


_reader = _make_reader()
_REQUESTS = tuple[Request, ...]
_structure_requests = _reader.get_structure_hook(_REQUESTS)


def _read_requests(requests: list[object]) -> tuple[Request, ...]:
    return cast("tuple[Request, ...]", _structure_requests(requests, _REQUESTS))


def _make_writer() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_factory(has, _write_part)
    return converter


def _write_part(kind: Any, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    never: dict[str, Any] = {
        each.name: override(omit=True) for each in fields(kind) if each.metadata.get("read_only")
    }
    return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True, **never)


_writer = _make_writer()


def warm() -> None:
    """Compile cattrs's hooks now (some 10 ms), and not in the middle of somebody's first answer."""
    _reader.get_structure_hook(Order)
    _reader.get_structure_hook(tuple[RelatedEntity, ...])
    _writer.get_unstructure_hook(OrderChanges)
