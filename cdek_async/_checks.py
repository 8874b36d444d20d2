"""What CDEK's documents forbid in an update, told before anything is sent: one line, with the field's path."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from attrs import AttrsInstance, fields, has

from ._orders_parts import UNSET, Package, Unset

_NAMES = {
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    float: "a number",
    bool: "True or False",
    date: "a date",
    UUID: "a UUID or its text",
}


def check(value: AttrsInstance, path: str = "") -> None:
    """Check a value and all it holds; the first fault is a `ValueError` that names its path.

    Values stay out of the text, since they may be a person's, except numbers, which are not.
    """
    for attribute in fields(type(value)):
        given = getattr(value, attribute.name)
        here = f"{path}.{attribute.name}" if path else attribute.name
        if attribute.metadata.get("required") and given in (UNSET, None):
            raise ValueError(f"{here}: CDEK requires it")
        if given in (UNSET, None) or attribute.metadata.get("read_only"):
            continue
        _check_one(given, wanted(attribute.type), here, attribute.metadata)


def wanted(annotation: Any) -> Any:
    """The type of an annotation, without its None and UNSET."""
    return _wanted(annotation)


@cache
def _wanted(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    return next(part for part in get_args(annotation) if part not in (NoneType, Unset))


def _check_one(given: Any, kind: Any, here: str, limits: Mapping[Any, Any]) -> None:
    if get_origin(kind) is tuple:
        if not isinstance(given, tuple):
            raise ValueError(f"{here}: expected a list, got {type(given).__name__}")
        _check_length(len(given), "entries", here, limits)
        for index, element in enumerate(given):
            _check_one(element, get_args(kind)[0], f"{here}[{index}]", {})
    elif has(kind):
        if not isinstance(given, kind):
            raise ValueError(f"{here}: expected a {kind.__name__}, got {type(given).__name__}")
        check(given, here)
    else:
        _check_scalar(given, kind, here, limits)


def _check_scalar(given: Any, kind: type, here: str, limits: Mapping[Any, Any]) -> None:
    if not _is(given, kind):
        raise ValueError(f"{here}: expected {_NAMES[kind]}, got {type(given).__name__}")
    if isinstance(given, str):
        _check_length(len(given), "characters", here, limits)
        if not given.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise ValueError(f"{here}: holds half a character (a lone surrogate), which UTF-8 cannot say")
    elif isinstance(given, int | float | Decimal):
        _check_range(given, here, limits)


def _is(given: Any, kind: type) -> bool:
    """Whether it is of the kind, as people mean it: True is no number, a moment is no date."""
    if kind is float:
        kind = int | float  # type: ignore[assignment]
    if isinstance(given, bool):
        return kind is bool
    return isinstance(given, kind) and not isinstance(given, datetime)


def _check_length(length: int, what: str, here: str, limits: Mapping[Any, Any]) -> None:
    longest = limits.get("longest")
    if longest is not None and length > longest:
        raise ValueError(f"{here}: at most {longest} {what}, got {length}")


def _check_range(given: Decimal | float, here: str, limits: Mapping[Any, Any]) -> None:
    if not isfinite(given):
        raise ValueError(f"{here}: {given} is not a number that JSON knows")
    least, most = limits.get("least"), limits.get("most")
    if (least is not None and given < least) or (most is not None and given > most):
        range_ = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{here}: expected {range_}, got {given}")


def check_packages(packages: Sequence[Package]) -> None:
    """Check what holds between the fields of packages, and between packages."""
    if not 1 <= len(packages) <= MOST_PACKAGES:
        raise ValueError(f"packages: an order has 1 to {MOST_PACKAGES}, got {len(packages)}")
    for fault in _package_faults(packages):
        raise ValueError(fault)


MOST_PACKAGES = 255
MOST_LINES = 126


def _package_faults(packages: Sequence[Package]) -> Iterator[str]:
    lines = 0
    numbers: dict[object, int] = {}
    for index, package in enumerate(packages):
        here = f"packages[{index}]"
        sizes = (package.length, package.width, package.height)
        if any(size in (UNSET, None) for size in sizes) and any(size not in (UNSET, None) for size in sizes):
            yield f"{here}: length, width and height go together, all three or none"
        first = numbers.setdefault(package.number, index)
        if first != index:
            yield f"{here}.number: the same as packages[{first}].number, but unique in an order"
        for line, item in enumerate(package.items or ()):
            if item.marking and item.amount != 1:
                yield f"{here}.items[{line}].amount: 1 where there is a marking, got {item.amount}"
        lines += len(package.items or ())
    if lines > MOST_LINES:
        yield f"packages: an order has at most {MOST_LINES} lines of items, got {lines}"
