"""The preview: what changes would do to an order as it was read, in words and for machines."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import evolve, frozen, has

from cdek_async import Order, OrderChanges
from cdek_async._differences import ABSENT, Difference, differences, writable
from cdek_async._orders_parts import UNSET, Location, Package


@frozen
class Preview:
    """What an update would do; false where that is nothing."""

    deleted: tuple[str, ...]
    """Names of the packages that are not listed."""
    added: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]
    """A path, and the values before and after."""
    left_out: tuple[tuple[str, str], ...]
    """A path within a part that is sent without it, and the value that it has."""

    def effects(self) -> Iterator[str]:
        """In words, the worst first."""
        for name in self.deleted:
            yield f"package {_short(name)} would be DELETED: it is not in the list"
        for path, old, new in self.changed:
            yield f"{path}: {_short(old)} -> {_short(new)}"
        for name in self.added:
            yield f"package {_short(name)} would be added"
        for path, old in self.left_out:
            yield f"{path}: {_short(old)} left out"

    def details(self) -> Iterator[tuple[str, str]]:
        """For machines, and whole."""
        yield from (("package_deleted", name) for name in self.deleted)
        yield from ((path, f"{old} -> {new}") for path, old, new in self.changed)
        yield from (("package_added", name) for name in self.added)
        yield from ((path, f"{old} left out") for path, old in self.left_out)


def preview(order: Order, changes: OrderChanges) -> Preview:
    """Compare what is asked for with the order; `ValueError` where that cannot be told."""
    found = differences(order, changes)
    if changes.packages and not order.packages:
        raise ValueError("packages: the order shows none, so it cannot be told which would be deleted")
    return Preview(
        tuple(map(_name, found.packages_deleted)),
        tuple(map(_name, found.packages_added)),
        tuple((each.path, value(each.old), value(each.new)) for each in found.changed),
        tuple((each.path, value(each.old)) for each in _left_out(order, changes, found.changed)),
    )


def _left_out(order: Order, changes: OrderChanges, changed: tuple[Difference, ...]) -> Iterator[Difference]:
    """What would go if CDEK took a part that is sent for the whole of it; nobody knows whether it does.

    Only a place is completed from what is sent of it, and a contact's company from its name.
    """
    fields = {name: _emptied(getattr(changes, name)) for name in writable(OrderChanges)}
    for each in differences(order, evolve(changes, **fields)).changed:
        contact = getattr(order, each.path.removesuffix(".company"), None)
        by_name = contact is not None and each.path.endswith(".company") and contact.name == each.old
        if each.old and not by_name and each not in changed:  # nobody misses a 0 or a false
            yield each


def _emptied(part: Any) -> Any:
    if isinstance(part, tuple):
        return tuple(map(_emptied, part))
    if not has(type(part)) or isinstance(part, Location):
        return part
    given = {name: getattr(part, name) for name in writable(type(part))}
    return evolve(part, **{name: None if each is UNSET else _emptied(each) for name, each in given.items()})


def _name(package: Package) -> str:
    return value(package.number or package.package_id)


def value(given: object) -> str:
    """A value as JSON writes it, and what cannot be seen as its code: two that look alike may differ."""
    if given in ABSENT and given != "":
        return "nothing"
    return "".join(each if each.isprintable() else _escaped(each) for each in _json(given))


def _json(given: Any) -> str:
    if isinstance(given, tuple):
        return f"[{', '.join(map(_json, given))}]"
    if has(type(given)):
        fields = {name: getattr(given, name) for name in writable(type(given))}
        given = {name: each for name, each in fields.items() if each not in ABSENT}
        return "{" + ", ".join(f"{_json(name)}: {_json(each)}" for name, each in given.items()) + "}"
    if isinstance(given, Decimal):
        return str(given)
    return json.dumps(str(given) if isinstance(given, UUID | dt.date) else given, ensure_ascii=False)


def _escaped(each: str) -> str:
    return f"\\u{ord(each):04x}" if ord(each) <= _BASIC else f"\\U{ord(each):08x}"


_BASIC = 0xFFFF


def _short(written: str) -> str:
    return written if len(written) <= _SHOWN else written[:_SHOWN] + "…"


_SHOWN = 80
