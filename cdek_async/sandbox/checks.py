"""What CDEK refuses at once: the static checks of a PATCH or POST body."""

import math
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cdek_async.sandbox.fields import CREATE, UPDATE, Fields, Leaf
from cdek_async.sandbox.layouts import issue

Issue = dict[str, str]
Body = dict[str, Any]


def checked_update(body: Body) -> tuple[Body, list[Issue]]:
    """The update in CDEK's own types without what CDEK does not know, and all that is wrong with it."""
    if not body.get("uuid") and not body.get("cdek_number"):
        return {}, [issue("v2_order_number_empty")]
    return _checked(body, UPDATE)


def checked_order(body: Body) -> tuple[Body, list[Issue]]:
    """The new order, and all that is wrong with it, in the same way."""
    return _checked(body, CREATE)


def _checked(body: Body, fields: Fields) -> tuple[Body, list[Issue]]:
    issues: list[Issue] = []
    known = _object(body, fields, "", issues)
    return known, issues or list(_across(known))


def _across(body: Body) -> Iterator[Issue]:
    """What no single field can show."""
    if body.get("shipment_point") and body.get("from_location"):
        yield issue("v2_shipment_address_multivalued")
    if body.get("delivery_point") and body.get("to_location"):
        yield issue("v2_delivery_address_multivalued")
    packages = body.get("packages") or []
    if sum(len(package.get("items") or []) for package in packages) > MOST_ITEMS:
        yield issue("v2_number_items_is_more_126")


MOST_ITEMS = 126


def _object(given: Body, fields: Fields, path: str, issues: list[Issue]) -> Body:
    """The known fields of an object; an unknown one is passed over, as CDEK does."""
    result = {}
    for marked, kind in fields.items():
        name = marked.removesuffix("!")
        if name in given:
            result[name] = _value(given[name], kind, path + name, issues)
        if name != marked and result.get(name) in (None, "", []):
            issues.append(issue("v2_field_is_empty", path + name))
    return result


def _value(given: Any, kind: Any, path: str, issues: list[Issue]) -> Any:  # noqa: PLR0911  one per kind
    """The value in the type that the table wants; None and "" are how a field is emptied."""
    match kind, given:
        case (dict() | list(), None | ""):
            return None
        case _, None | "":
            return given
        case list(), list():
            return [
                _value(_MISFIT if one is None else one, kind[0], f"{path}[{index}]", issues)
                for index, one in enumerate(given)
            ]
        case dict(), dict():
            return _object(given, kind, path + ".", issues)
        case Leaf.UUID, str():
            uuid = canonical(given)
            if uuid is None:
                issues.append(issue("v2_invalid_format", given, path))
            return uuid
        case Leaf(), int() | float() | str() if kind is not Leaf.UUID:
            try:
                return _scalar(given, kind)
            except ValueError:
                pass
    issues.append(issue("v2_invalid_value_type", path))
    return {}


_MISFIT = object()  # fits no kind: an element of a list cannot be empty


def _scalar(given: float | str, kind: Leaf) -> float | str:
    """Numbers are taken as text too: CDEK's own example sends `"tariff_code": "10"`."""
    if isinstance(given, bool) is not (kind is Leaf.FLAG):
        raise ValueError(given)
    match kind:
        case Leaf.TEXT:
            return str(given)
        case Leaf.FLAG:
            return given
        case Leaf.NUMBER if math.isfinite(float(given)):
            return float(given)
        case Leaf.INT if not isinstance(given, float):
            return int(given)
        case _:
            raise ValueError(given)


def canonical(text: str) -> str | None:
    """A uuid in lower case, or None for anything that is not written like one."""
    try:
        return str(UUID(text)) if len(text) == _LENGTH_OF_A_UUID else None
    except ValueError:
        return None


_LENGTH_OF_A_UUID = 36
