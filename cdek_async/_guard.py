"""From an order as it was read and the changes wanted to the changes that are safe to send."""

from collections.abc import Iterator
from typing import Any, Final

from attrs import evolve

from cdek_async._differences import (
    ABSENT,
    Differences,
    differences,
    packages_meant,
    partners_of,
    writable,
)
from cdek_async._orders import Order, OrderChanges
from cdek_async._orders_parts import UNSET, Contact, Item, Location, Package, Seller, Service, shorten


def guarded(order: Order, changes: OrderChanges, *, drop_packages: bool = False) -> OrderChanges | None:
    """Make changes safe to send to the order that `get_order(...).order` shows; None: nothing is to be sent.

    What does not differ is left out, but for `type` and `recipient`, which today's API asks for. Where a
    package, an item, a contact, a seller or a service changes, what was left out of it is sent as it is:
    CDEK may take the part for the whole. A package that exists bears its `package_id`. `ValueError`: the
    changes are for another order; a package of the order is not listed, unless `drop_packages`; it cannot be
    told which package is meant; what has to be sent as the order shows it is not what CDEK takes.
    """
    found = differences(order, changes)
    if not drop_packages:
        _refuse_to_drop(order, changes, found)
    if not found:
        return None
    fields = _sent_along(order, changes)
    for name in _fields_of(found):
        if name == "packages":
            fields[name] = _packages(order, changes)
        else:
            fields[name] = _whole(getattr(order, name), getattr(changes, name))
    return OrderChanges(uuid=changes.uuid, cdek_number=changes.cdek_number, **fields)


def _fields_of(found: Differences) -> set[str]:
    """The fields of an update that the differences lie in."""
    of_packages = {"packages"} if found.packages_added or found.packages_deleted else set()
    return of_packages | {each.path.partition(".")[0].partition("[")[0] for each in found.changed}


def _refuse_to_drop(order: Order, changes: OrderChanges, found: Differences) -> None:
    for package in found.packages_deleted:
        name = shorten(str(package.number or package.package_id or "without a number"))
        raise ValueError(f"packages: {name} is not among them and would be deleted; drop_packages allows it")
    if changes.packages and not order.packages:
        raise ValueError("packages: the order shows none, so it cannot be told which would be deleted")


def _packages(order: Order, changes: OrderChanges) -> tuple[Package, ...]:
    """All of them: CDEK deletes a package that is not in the list, and takes one without its id for new."""
    found = []
    for index, position in enumerate(packages_meant(order, changes)):
        package = (changes.packages or ())[index]
        if position is not None:
            read = order.packages[position]
            package = evolve(_whole(read, package), package_id=read.package_id)
            if not read.package_id:
                raise ValueError(f"packages[{index}].package_id: CDEK shows none until the order is created")
        found.append(package)
    return tuple(found)


def _sent_along(order: Order, changes: OrderChanges) -> dict[str, Any]:
    """What today's API asks for with every update; of 2020's it is no part, so that it can be left out."""
    given = {"type": changes.type, "recipient": _whole(order.recipient, changes.recipient)}
    shown = {"type": order.type, "recipient": _whole(order.recipient, Contact())}
    carried = {name: value for name, value in shown.items() if _taken(name, value)}
    return carried | {name: value for name, value in given.items() if value is not UNSET}


def _taken(name: str, shown: Any) -> bool:
    """Whether CDEK would take what it shows: nobody wants it changed, so it is not worth a refusal."""
    if isinstance(shown, Contact) and not (shown.name and all(each.number for each in shown.phones or ())):
        return False
    alone: dict[str, Any] = {"cdek_number": "1", name: shown}
    try:
        OrderChanges(**alone)
    except ValueError:
        return False
    return shown not in ABSENT


def _whole(old: Any, new: Any) -> Any:
    """The new value with what it leaves out as the old one has it."""
    if isinstance(new, tuple):
        partners = partners_of(new, old or ())
        return tuple(
            each if position is None else _whole(old[position], each)
            for each, position in zip(new, partners, strict=True)
        )
    if old in ABSENT:
        return new
    if isinstance(new, Location):
        return _in_its_city(old, new)
    if not isinstance(new, _AMENDED):
        return new
    return evolve(new, **{name: value for name, value in _members(old, new) if value not in ABSENT})


# Not a sum with its VAT nor a phone with its extension: half of the old one would be wrong in the new.
_AMENDED: Final = (Contact, Seller, Service, Package, Item)


def _members(old: Any, new: Any) -> Iterator[tuple[str, Any]]:
    """What the old value says where the new one says nothing, and the parts of the new one made whole."""
    for name in writable(type(new)):
        shown, given = getattr(old, name), getattr(new, name)
        if given is not UNSET:
            yield name, _whole(shown, given)
        elif not _left_to_cdek(old, new, name):
            yield name, shown


def _left_to_cdek(old: Any, new: Any, name: str) -> bool:
    """Whether a field of the old value would be wrong beside the new one."""
    if isinstance(old, Contact):  # CDEK fills a missing company with the name
        return name == "company" and old.company == old.name and new.name not in (UNSET, old.name)
    sizes = ("length", "width", "height")  # CDEK takes all three or none
    return name in sizes and any(getattr(old, size) in ABSENT for size in sizes)


def _in_its_city(old: Location, new: Location) -> Location:
    """A street is completed by its city; what names a place of its own is sent as given."""
    named = {name for name in writable(Location) if getattr(new, name) not in ABSENT}
    return evolve(new, code=old.code) if named <= _WITHIN_A_CITY and old.code else new


_WITHIN_A_CITY: Final = {"address", "postal_code", "longitude", "latitude"}
