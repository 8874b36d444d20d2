"""What changes would change about an order as it was read: a comparison that knows CDEK's habits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import AttrsInstance, field, fields, frozen, has

from cdek_async._orders import Order, OrderChanges
from cdek_async._orders_parts import (
    UNSET,
    Item,
    Package,
    Phone,
    Private,
    Seller,
    Service,
    Threshold,
    shorten,
)
from cdek_async._scalars import read_decimal

# CDEK: "optional elements may be absent or empty"; a part reads what is absent as UNSET, an order as None.
ABSENT: Final = (UNSET, None, "", ())


@frozen
class Difference:
    """One field that would change: at `path`, from `old` to `new`; None where there is none.

    An index is that of the list in the changes, or, where an element goes, that of the list as read. The
    values may be a person's: show them to who asked, and log none.
    """

    path: str
    old: object = field(repr=False)
    new: object = field(repr=False)


@frozen(repr=False)
class Differences(Private):
    """What an update would change, in the order of CDEK's fields; false where that is nothing.

    `packages_deleted` are those of the order that `packages` of the changes does not list.
    """

    _shown = ("changed", "packages_added", "packages_deleted")

    changed: tuple[Difference, ...] = ()
    packages_added: tuple[Package, ...] = ()
    packages_deleted: tuple[Package, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.packages_added or self.packages_deleted)


def differences(order: Order, changes: OrderChanges) -> Differences:
    """Compare what was given with what `get_order(...).order` shows; what was left out is not compared.

    The same amount, phone or number in another spelling is no difference, nor is what CDEK adds or overwrites
    by itself. `ValueError`: the changes are for another order, or it cannot be told which package is meant.
    """
    check_same_order(order, changes)
    partners = packages_meant(order, changes)
    kept = {position for position in partners if position is not None}
    wanted = changes.packages or ()
    gone = [each for position, each in enumerate(order.packages) if position not in kept] if wanted else []
    return Differences(
        tuple(_of_order(order, changes, partners)),
        tuple(new for new, position in zip(wanted, partners, strict=True) if position is None),
        tuple(gone),
    )


def check_same_order(order: Order, changes: OrderChanges) -> None:
    """Raise `ValueError` unless the changes name the order that was read."""
    same = False
    for name in ("uuid", "cdek_number"):
        read, named = getattr(order, name), getattr(changes, name)
        if read and named and read != named:
            raise ValueError(f"{name}: the changes are for order {named}, but {read} was read")
        same = same or bool(read and named)
    if not same:
        raise ValueError("uuid, cdek_number: the order as read does not show the one that the changes name")


def packages_meant(order: Order, changes: OrderChanges) -> list[int | None]:
    """For each package of the changes the position of the one it stands for; None where it is a new one."""
    found: list[int | None] = []
    for index, package in enumerate(changes.packages or ()):
        position = _package_meant(order.packages, package, f"packages[{index}]")
        if position is not None and position in found:
            first = found.index(position)
            raise ValueError(f"packages[{index}]: stands for the same package as packages[{first}]")
        found.append(position)
    return found


def _package_meant(read: Sequence[Package], package: Package, here: str) -> int | None:
    name = "package_id" if package.package_id else "number"
    value = getattr(package, name)
    same = [position for position, each in enumerate(read) if value and getattr(each, name) == value]
    if len(same) > 1:
        raise ValueError(f"{here}.{name}: the order has {len(same)} packages of {name} {shorten(value)}")
    if not same and name == "package_id":
        raise ValueError(f"{here}.package_id: the order has no package of package_id {shorten(value)}")
    return same[0] if same else None


def partners_of(new: Sequence[Any], old: Sequence[Any]) -> list[int | None]:
    """For each element of a list the position of the one it stands for: by its key, else by its place."""
    waiting: dict[object, list[int]] = {}
    for position, key in enumerate(_keys(old)):
        waiting.setdefault(key, []).append(position)
    found = [waiting.get(key) for key in _keys(new)]
    return [positions.pop(0) if positions else None for positions in found]


_KEYS: Final[Mapping[type, str]] = {Item: "ware_key", Service: "code", Threshold: "threshold"}


def _keys(parts: Sequence[Any]) -> list[object]:
    keys = [
        getattr(each, _KEYS[type(each)]) if type(each) in _KEYS else index for index, each in enumerate(parts)
    ]
    # The second of two equal ware_keys in a package becomes `{ware_key}_` and seven random characters.
    return [
        key[:-8] if isinstance(key, str) and key[-8:-7] == "_" and key[:-8] in keys else key for key in keys
    ]


def writable(kind: type[AttrsInstance]) -> Iterator[str]:
    """The names of the fields that can be sent."""
    return (each.name for each in fields(kind) if not each.metadata.get("read_only"))


Spelled = Callable[[Any], object]


def _as_is(value: object) -> object:
    return value


def _digits(phone: object) -> object:
    """CDEK keeps a phone without its plus."""
    return (isinstance(phone, str) and "".join(filter(str.isdecimal, phone))) or phone


def _number(parameter: object) -> object:
    """A service's parameter is a text, in which CDEK writes 10 as 10.00."""
    try:
        return read_decimal(parameter)
    except ValueError:
        return parameter


_SPELLED: Final[Mapping[tuple[type, str], Spelled]] = {
    (Phone, "number"): _digits,
    (Seller, "phone"): _digits,
    (Service, "parameter"): _number,
}


def _of_order(order: Order, changes: OrderChanges, partners: list[int | None]) -> Iterator[Difference]:
    for name in writable(OrderChanges):
        if name == "packages":
            for index, position in enumerate(partners):
                if position is not None:
                    package = (changes.packages or ())[index]
                    yield from _of_members(f"packages[{index}].", order.packages[position], package)
        elif name not in ("uuid", "cdek_number"):
            yield from _of_field(name, getattr(order, name), getattr(changes, name))


def _of_members(path: str, old: object, new: AttrsInstance) -> Iterator[Difference]:
    kind = type(new)
    for name in writable(kind):
        if name in ("package_id", _KEYS.get(kind)) or (name == "comment" and _overwritten(old)):
            continue
        before = UNSET if old is None else getattr(old, name)
        yield from _of_field(f"{path}{name}", before, getattr(new, name), _SPELLED.get((kind, name), _as_is))


def _overwritten(package: object) -> bool:
    """Whether CDEK has put "an inventory is enclosed" over the comment, as it does where there are items."""
    return isinstance(package, Package) and package.comment == "приложена опись"


def _of_field(path: str, old: Any, new: Any, spelled: Spelled = lambda value: value) -> Iterator[Difference]:
    old = None if old is UNSET else old
    if new is UNSET:
        return
    if has(type(new)):
        yield from _of_members(f"{path}.", old, new)
    elif isinstance(old, tuple) or isinstance(new, tuple):
        yield from _of_elements(path, old or (), new or ())
    elif spelled(old) != spelled(new) and not (old in ABSENT and new in ABSENT):
        yield Difference(path, old, new)


def _of_elements(path: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Difference]:
    partners = partners_of(new, old)
    for index, position in enumerate(partners):
        here = f"{path}[{index}]"
        if position is None:
            yield Difference(here, None, new[index])
        else:
            yield from _of_field(here, old[position], new[index])
    for position, each in enumerate(old):
        if position not in partners and not _of_cdek(each):
            yield Difference(f"{path}[{position}]", each, None)


def _of_cdek(part: object) -> bool:
    """Whether CDEK adds it by itself: an insurance of the items' cost, to the orders of shops."""
    return isinstance(part, Service) and part.code == "INSURANCE"
