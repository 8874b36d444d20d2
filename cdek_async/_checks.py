"""What CDEK's documents forbid in an update, told before anything is sent: one line, with the field's path.

Limits stand beside the fields, in their metadata. Values stay out of the lines, since they may be a person's;
numbers are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from math import isfinite
from typing import Any, get_args, get_origin
from uuid import UUID

from attrs import Attribute, AttrsInstance, fields, has

from cdek_async._orders_parts import UNSET, Package, as_uuid, wanted

MOST_PACKAGES = 255
MOST_LINES = 126


def check(value: AttrsInstance, between: Iterator[str]) -> None:
    """Raise the first fault as a `ValueError`: of single fields, between fields, then what is missing."""
    # lazily: what is between fields may be asked only of fields that are sound
    for fault in chain(_faults(value, ""), between, _missing(value, "")):
        raise ValueError(fault)


def _given(value: AttrsInstance) -> Iterator[tuple["Attribute[Any]", Any]]:
    """The fields that will be sent with something in them."""
    for each in fields(type(value)):
        given = getattr(value, each.name)
        if given not in (UNSET, None) and not each.metadata.get("read_only"):
            yield each, given


def _missing(value: AttrsInstance, path: str) -> Iterator[str]:
    for each in fields(type(value)):
        if each.metadata.get("required") and getattr(value, each.name) in (UNSET, None):
            yield f"{path}{each.name}: CDEK requires it"
    for each, given in _given(value):
        for index, part in enumerate(given if isinstance(given, tuple) else (given,)):
            if has(type(part)):
                at = f"[{index}]" if isinstance(given, tuple) else ""
                yield from _missing(part, f"{path}{each.name}{at}.")


def _faults(value: AttrsInstance, path: str) -> Iterator[str]:
    for each, given in _given(value):
        yield from _faults_of_one(given, wanted(each.type), f"{path}{each.name}", each.metadata)


def _faults_of_one(given: Any, kind: Any, here: str, limits: Mapping[Any, Any]) -> Iterator[str]:
    if get_origin(kind) is tuple:
        if not isinstance(given, tuple):
            yield f"{here}: expected a list, got {_describe(given)}"
        yield from _too_long(len(given), "entries", here, limits)
        for index, element in enumerate(given):
            yield from _faults_of_one(element, get_args(kind)[0], f"{here}[{index}]", {})
    elif has(kind):
        if not isinstance(given, kind):
            yield f"{here}: expected a {kind.__name__}, got {_describe(given)}"
        yield from _faults(given, f"{here}.")
    else:
        yield from _faults_of_scalar(given, kind, here, limits)


def _faults_of_scalar(given: Any, kind: type, here: str, limits: Mapping[Any, Any]) -> Iterator[str]:
    if not _is(given, kind):
        if kind is UUID and isinstance(given, str):
            as_uuid(given, here)
        yield f"{here}: expected {_NAMES[kind]}, got {_describe(given)}"
    if isinstance(given, str):
        yield from _too_long(len(given), "characters", here, limits)
        if any("\ud800" <= character <= "\udfff" for character in given):
            yield f"{here}: holds half a character (a lone surrogate), which UTF-8 cannot say"
    elif isinstance(given, int | float | Decimal):
        yield from _out_of_range(given, here, limits)


_NAMES = {
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    float: "a number",
    bool: "true or false",
    date: "a date, yyyy-MM-dd",
    UUID: "a UUID",
}


def _is(given: Any, kind: type) -> bool:
    """Whether it is of the kind as people mean it: True is no number, a moment is no date."""
    if isinstance(given, bool):
        return kind is bool
    if isinstance(given, int):
        return kind in (int, float)
    return isinstance(given, kind) and not isinstance(given, datetime)


def _describe(given: object) -> str:
    if isinstance(given, int | float | Decimal) and not isinstance(given, bool) and -_FAR < given < _FAR:
        return str(given)
    return type(given).__name__


_FAR = 10**30


def _too_long(length: int, what: str, here: str, limits: Mapping[Any, Any]) -> Iterator[str]:
    longest = limits.get("longest")
    if longest is not None and length > longest:
        yield f"{here}: at most {longest} {what}, got {length}"


def _out_of_range(given: Decimal | float, here: str, limits: Mapping[Any, Any]) -> Iterator[str]:
    if not (given.is_finite() if isinstance(given, Decimal) else isinstance(given, int) or isfinite(given)):
        yield f"{here}: {given} is not a number that JSON knows"
    least, most = limits.get("least"), limits.get("most")
    if (least is not None and given < least) or (most is not None and given > most):
        range_ = f"at least {least}" if most is None else f"{least} to {most}"
        yield f"{here}: expected {range_}, got {_describe(given)}"


def faults_of_packages(packages: Sequence[Package]) -> Iterator[str]:
    """What is wrong between the fields of a package, and between packages."""
    if len(packages) > MOST_PACKAGES:
        yield f"packages: an order has 1 to {MOST_PACKAGES}, got {len(packages)}"
    for index, package in enumerate(packages):
        yield from _faults_of_package(package, f"packages[{index}]")
    numbers = [package.number for package in packages]
    for index, number in enumerate(numbers):
        if number and (first := numbers.index(number)) != index:
            yield f"packages[{index}].number: the same as packages[{first}].number, but unique in an order"
    lines = sum(len(package.items or ()) for package in packages)
    if lines > MOST_LINES:
        yield f"packages: an order has at most {MOST_LINES} lines of items, got {lines}"


def _faults_of_package(package: Package, here: str) -> Iterator[str]:
    given = [size not in (UNSET, None) for size in (package.length, package.width, package.height)]
    if any(given) and not all(given):
        yield f"{here}: length, width and height go together, all three or none"
    for index, item in enumerate(package.items or ()):
        if item.marking and item.amount not in (1, UNSET, None):
            yield f"{here}.items[{index}].amount: 1 where there is a marking, got {item.amount}"
