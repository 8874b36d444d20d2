"""The parts of an order that go both ways: read from CDEK with it, and sent to change it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from attrs import field, frozen

T = TypeVar("T")


class Unset(Enum):
    """The type of `UNSET`: not given. `None`, "" and () are given, and are sent."""

    UNSET = "UNSET"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

Maybe: TypeAlias = T | Unset | None

# What a field's metadata say, for the checks before sending; reading knows none of them.
# Where CDEK's documents disagree, the loosest stands here, and none where one of them has none.
REQUIRED: Final = {"required": True}  # by both the table of 2020 and today's OpenAPI
READ_ONLY: Final = {"read_only": True}  # CDEK's to say: never sent
POSITIVE: Final = {"least": 0}
QUANTITY: Final = {"least": 0, "most": 1_000_000}  # what CDEK calls an integer
NUMBER: Final = {"least": 0, "most": 2**31 - 1}  # a code: int32, city codes may well outgrow a quantity
PRICE: Final = {"least": 0, "most": 50_000_000}


def wanted(annotation: Any) -> Any:
    """The type of a field, without its None and UNSET."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    return next(kind for kind in get_args(annotation) if kind not in (NoneType, Unset))


def most(length: int) -> dict[str, Any]:
    """Metadata of a text or a list that may not be longer."""
    return {"longest": length}


class Private:
    """Shows only what `_shown` names: all else may be a person's, a field added tomorrow too."""

    __slots__ = ()
    _shown: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = [(name, getattr(self, name)) for name in self._shown]
        given = ", ".join(f"{name}={value!r}" for name, value in shown if value not in (UNSET, None))
        return f"{type(self).__name__}({given or '…'})"


def as_uuid(value: UUID | str, path: str = "uuid") -> UUID:
    """Read a uuid given as `UUID` or as text; anything else is a `ValueError` that names `path`."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        # a TypeError to ruff; to whoever reads a file of uuids it is bad input like any other
        raise ValueError(f"{path}: expected a UUID or its text, got {type(value).__name__}")  # noqa: TRY004
    try:
        found = UUID(value)
    except ValueError:
        found = None
    # UUID() also reads braces, stray hyphens and, through int(), "1_0" and Arabic digits
    if found is None or value.lower() not in (str(found), found.hex):
        raise ValueError(f"{path}: {shorten(value)} is not a UUID")
    return found


def shorten(value: str) -> str:
    """Quote a text for one line of an error."""
    return repr(value if len(value) <= _QUOTED else value[:_QUOTED] + "…")


_QUOTED: Final = 40


# Converters take what people naturally pass. They leave alone what they cannot convert, since the parts
# are also what CDEK's answers are read into; the check of OrderChanges then tells with the whole path.


def decimal(value: Maybe[Decimal | float]) -> Maybe[Decimal]:
    """An amount exactly as written: 0.1 is the tenth, not the float beside it."""
    if type(value) in (int, float):  # and no bool
        return Decimal(repr(value) if isinstance(value, float) else cast("int", value))
    return cast("Maybe[Decimal]", value)


def uuid(value: Maybe[UUID | str]) -> Maybe[UUID]:
    """A `UUID` where the text is one."""
    if isinstance(value, str):
        try:
            return as_uuid(value)
        except ValueError:
            pass
    return cast("Maybe[UUID]", value)


def text(value: Maybe[str | int]) -> Maybe[str]:
    """The text of what CDEK's documents call a number here and a text there."""
    return str(value) if type(value) is int else cast("Maybe[str]", value)  # and no bool


def listed(value: Maybe[Sequence[T]]) -> Maybe[tuple[T, ...]]:
    """A tuple of a list; a value that compares and hashes holds no list."""
    return tuple(value) if isinstance(value, list) else cast("Maybe[tuple[T, ...]]", value)


def coordinate(value: Maybe[Decimal | float]) -> Maybe[float]:
    """A float, of a `Decimal` too: JSON's numbers are read as such."""
    return float(value) if isinstance(value, Decimal) else value


@frozen(repr=False)
class Money(Private):
    """An amount and its VAT; the currency is the order's."""

    value: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=REQUIRED | PRICE)
    vat_sum: Maybe[Decimal] = field(default=UNSET, converter=decimal)
    vat_rate: Maybe[int] = field(default=UNSET, metadata=NUMBER)  # percent; the rates change with the law


@frozen(repr=False)
class Threshold(Private):
    """The delivery charge of goods that cost up to `threshold` whole units of currency."""

    threshold: Maybe[int] = field(default=UNSET, metadata=NUMBER)
    sum: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=PRICE)
    vat_sum: Maybe[Decimal] = field(default=UNSET, converter=decimal)
    vat_rate: Maybe[int] = field(default=UNSET, metadata=NUMBER)


@frozen(repr=False)
class Phone(Private):
    """A phone in international form (+7…), with an extension or a note."""

    number: Maybe[str] = field(default=UNSET, metadata=most(255))
    additional: Maybe[str] = field(default=UNSET, metadata=most(255))


def phones(value: Maybe[Sequence[Phone]]) -> Maybe[tuple[Phone, ...]]:
    return listed(value)


@frozen(kw_only=True, repr=False)
class Contact(Private):
    """The sender or the recipient."""

    company: Maybe[str] = field(default=UNSET, metadata=most(255))
    name: Maybe[str] = field(default=UNSET, metadata=most(255))
    contragent_type: Maybe[str] = field(default=UNSET, metadata=most(255))
    passport_series: Maybe[str] = field(default=UNSET, metadata=most(255))
    passport_number: Maybe[str] = field(default=UNSET, metadata=most(255))
    passport_date_of_issue: Maybe[date] = UNSET
    passport_organization: Maybe[str] = field(default=UNSET, metadata=most(255))
    tin: Maybe[str] = field(default=UNSET, metadata=most(12))
    passport_date_of_birth: Maybe[date] = UNSET
    email: Maybe[str] = field(default=UNSET, metadata=most(255))
    phones: Maybe[tuple[Phone, ...]] = field(default=UNSET, converter=phones, metadata=most(10))
    passport_requirements_satisfied: Maybe[bool] = field(default=UNSET, metadata=READ_ONLY)


@frozen(kw_only=True, repr=False)
class Seller(Private):
    """Who really sells: of a whole order, or of one item (`giis_subdivision_id` is for items)."""

    name: Maybe[str] = field(default=UNSET, metadata=most(255))
    inn: Maybe[str] = field(default=UNSET, metadata=most(20))
    phone: Maybe[str] = field(default=UNSET, metadata=most(255))
    ownership_form: Maybe[str] = field(default=UNSET, converter=text)
    address: Maybe[str] = field(default=UNSET, metadata=most(255))
    giis_subdivision_id: Maybe[str] = UNSET


@frozen(kw_only=True, repr=False)
class Location(Private):
    """A place, as CDEK knows it and as a courier finds it."""

    code: Maybe[int] = field(default=UNSET, metadata=NUMBER)  # of CDEK's list of cities
    city_uuid: Maybe[UUID] = field(default=UNSET, converter=uuid)
    city: Maybe[str] = field(default=UNSET, metadata=most(255))
    fias_guid: Maybe[UUID] = field(default=UNSET, converter=uuid)
    kladr_code: Maybe[str] = field(default=UNSET, metadata=most(255))
    country_code: Maybe[str] = field(default=UNSET, metadata=most(2))
    country: Maybe[str] = field(default=UNSET, metadata=most(255))
    region: Maybe[str] = field(default=UNSET, metadata=most(255))
    region_code: Maybe[int] = field(default=UNSET, metadata=NUMBER)
    fias_region_guid: Maybe[UUID] = field(default=UNSET, converter=uuid)
    kladr_region_code: Maybe[str] = field(default=UNSET, metadata=most(255))
    sub_region: Maybe[str] = field(default=UNSET, metadata=most(255))
    longitude: Maybe[float] = field(default=UNSET, converter=coordinate)
    latitude: Maybe[float] = field(default=UNSET, converter=coordinate)
    time_zone: Maybe[str] = UNSET
    payment_limit: Maybe[Decimal] = field(default=UNSET, converter=decimal)
    address: Maybe[str] = field(default=UNSET, metadata=most(255))
    postal_code: Maybe[str] = field(default=UNSET, metadata=most(255))


@frozen(repr=False)
class Service(Private):
    """An additional service: its code, and what the code asks for: a count, a length, a phone, a sum.

    The list of codes is open; codes longer than the 16 characters of CDEK's schema are in use.
    """

    code: Maybe[str] = UNSET
    parameter: Maybe[str] = field(default=UNSET, converter=text)
    sum: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)
    total_sum: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)
    discount_percent: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)
    discount_sum: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)
    vat_rate: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)
    vat_sum: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=READ_ONLY)


def services(value: Maybe[Sequence[Service]]) -> Maybe[tuple[Service, ...]]:
    return listed(value)


@frozen(kw_only=True, repr=False)
class ReturnItemDetail(Private):
    """Of an item that comes back: the order it went out with."""

    direct_order_number: Maybe[str] = UNSET
    direct_order_uuid: Maybe[UUID] = field(default=UNSET, converter=uuid)
    direct_package_number: Maybe[str] = UNSET


@frozen(kw_only=True, repr=False)
class Item(Private):
    """One line of goods in a package; weights in grams and prices are of a single piece."""

    name: Maybe[str] = field(default=UNSET, metadata=REQUIRED | most(255))
    ware_key: Maybe[str] = field(default=UNSET, metadata=REQUIRED | most(50))
    marking: Maybe[str] = UNSET
    payment: Maybe[Money] = field(default=UNSET, metadata=REQUIRED)  # on delivery; 0 where prepaid
    weight: Maybe[int] = field(default=UNSET, metadata=REQUIRED | QUANTITY)
    weight_gross: Maybe[int] = field(default=UNSET, metadata=QUANTITY)
    amount: Maybe[int] = field(default=UNSET, metadata=REQUIRED | {"least": 1, "most": 999})
    name_i18n: Maybe[str] = field(default=UNSET, metadata=most(255))
    brand: Maybe[str] = field(default=UNSET, metadata=most(255))
    country_code: Maybe[str] = field(default=UNSET, metadata=most(2))
    material: Maybe[str] = UNSET
    wifi_gsm: Maybe[bool] = UNSET
    url: Maybe[str] = field(default=UNSET, metadata=most(255))
    seller: Maybe[Seller] = UNSET
    cost: Maybe[Decimal] = field(default=UNSET, converter=decimal, metadata=REQUIRED | POSITIVE)
    feacn_code: Maybe[str] = field(default=UNSET, metadata=most(255))
    jewel_uin: Maybe[str] = UNSET
    used: Maybe[bool] = UNSET
    delivery_amount: Maybe[int] = field(default=UNSET, metadata=READ_ONLY)
    excise: Maybe[bool] = field(default=UNSET, metadata=READ_ONLY)
    return_item_detail: Maybe[ReturnItemDetail] = field(default=UNSET, metadata=READ_ONLY)


def items(value: Maybe[Sequence[Item]]) -> Maybe[tuple[Item, ...]]:
    return listed(value)


@frozen(kw_only=True, repr=False)
class Package(Private):
    """One parcel of an order: grams and centimetres.

    `package_id` is CDEK's and comes from a GET: send it with a package that exists, and none with a new one.
    """

    number: Maybe[str] = field(default=UNSET, metadata=REQUIRED | most(255))  # unique in the order
    weight: Maybe[int] = field(default=UNSET, metadata=REQUIRED | QUANTITY)
    length: Maybe[int] = field(default=UNSET, metadata=QUANTITY)
    width: Maybe[int] = field(default=UNSET, metadata=QUANTITY)
    height: Maybe[int] = field(default=UNSET, metadata=QUANTITY)
    comment: Maybe[str] = field(default=UNSET, metadata=most(255))
    items: Maybe[tuple[Item, ...]] = field(default=UNSET, converter=items)
    package_id: Maybe[str] = UNSET
    barcode: Maybe[str] = field(default=UNSET, metadata=READ_ONLY)
    weight_volume: Maybe[int] = field(default=UNSET, metadata=READ_ONLY)
    weight_calc: Maybe[int] = field(default=UNSET, metadata=READ_ONLY)
    services: Maybe[tuple[Service, ...]] = field(default=UNSET, converter=services, metadata=READ_ONLY)
