"""Values of an order: as CDEK shows it, and what to change about it."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import cast
from uuid import UUID

from attrs import field, frozen

from cdek_async._checks import check, faults_of_packages
from cdek_async._models import Request
from cdek_async._orders_parts import (
    NUMBER,
    UNSET,
    Contact,
    Item,
    Location,
    Maybe,
    Money,
    Package,
    Phone,
    Private,
    ReturnItemDetail,
    Seller,
    Service,
    Threshold,
    Unset,
    as_uuid,
    listed,
    most,
    services,
    text,
)

__all__ = [
    "UNSET",
    "AccompanyingWaybill",
    "Calls",
    "Contact",
    "DelayReason",
    "DeliveryDetail",
    "DeliveryProblem",
    "FailedCall",
    "Item",
    "Location",
    "Maybe",
    "Money",
    "Order",
    "OrderChanges",
    "OrderInfo",
    "Package",
    "PaymentInfo",
    "Phone",
    "RelatedEntity",
    "RescheduledCall",
    "ReturnItemDetail",
    "Seller",
    "Service",
    "Status",
    "Threshold",
    "Unset",
    "as_uuid",
]


@frozen(kw_only=True, repr=False)
class Status(Private):
    """A station of the parcel's journey; not the state of a request, though the words overlap.

    The list of codes is open. `deleted` marks a final status that was withdrawn.
    """

    _shown = ("code", "date_time", "deleted")

    code: str | None = None
    name: str | None = None
    date_time: dt.datetime | None = None
    reason_code: str | None = None
    city: str | None = None
    city_uuid: UUID | None = None
    deleted: bool | None = None


@frozen(kw_only=True, repr=False)
class AccompanyingWaybill(Private):
    """The waybill of a consignment that travels by plane or by car."""

    client_name: str | None = None
    flight_number: str | None = None
    air_waybill_numbers: tuple[str, ...] = ()
    vehicle_numbers: tuple[str, ...] = ()
    vehicle_driver: str | None = None
    planned_departure_date_time: dt.datetime | None = None


@frozen(kw_only=True, repr=False)
class DelayReason(Private):
    """Why an order is late."""

    create_date: dt.datetime | None = None
    description: str | None = None


@frozen(kw_only=True, repr=False)
class PaymentInfo(Private):
    """How the recipient has paid (CARD, CASH) and how much."""

    type: str | None = None
    sum: Decimal | None = None


@frozen(kw_only=True, repr=False)
class DeliveryDetail(Private):
    """Who took the parcel, when, and what it cost."""

    date: dt.date | None = None
    recipient_name: str | None = None
    payment_sum: Decimal | None = None
    delivery_sum: Decimal | None = None
    total_sum: Decimal | None = None
    payment_info: tuple[PaymentInfo, ...] = ()
    delivery_vat_rate: Decimal | None = None
    delivery_vat_sum: Decimal | None = None
    delivery_discount_percent: Decimal | None = None
    delivery_discount_sum: Decimal | None = None


@frozen(kw_only=True, repr=False)
class DeliveryProblem(Private):
    """What the courier ran into."""

    code: str | None = None
    create_date: dt.datetime | None = None


@frozen(kw_only=True, repr=False)
class FailedCall(Private):
    """A call that did not reach the recipient."""

    date_time: dt.datetime | None = None
    reason_code: int | None = None


@frozen(kw_only=True, repr=False)
class RescheduledCall(Private):
    """A call that the recipient has put off to `date_next`, `time_next` (HH:mm)."""

    date_time: dt.datetime | None = None
    date_next: dt.date | None = None
    time_next: str | None = None
    comment: str | None = None


@frozen(kw_only=True, repr=False)
class Calls(Private):
    """Calls to the recipient."""

    failed_calls: tuple[FailedCall, ...] = ()
    rescheduled_calls: tuple[RescheduledCall, ...] = ()


@frozen(kw_only=True, repr=False)
class RelatedEntity(Private):
    """Something that belongs to the order: a return, a waybill, a barcode, a delivery; the types are open."""

    _shown = ("type", "uuid", "cdek_number")

    uuid: UUID | None = None
    type: str | None = None
    url: str | None = None
    create_time: dt.datetime | None = None
    cdek_number: str | None = None
    date: dt.date | None = None
    time_from: str | None = None  # HH:mm
    time_to: str | None = None


@frozen(kw_only=True, repr=False)
class Order(Private):
    """An order as CDEK shows it: what is absent, or cannot be read, is None, and () where it is a list.

    `cdek_number` and much else come only when the CREATE request has succeeded. The direction of `statuses`
    is CDEK's and has changed over the years: ask what it contains, not what stands first.
    """

    _shown = ("uuid", "cdek_number", "number", "tariff_code")

    uuid: UUID | None = None
    type: int | None = None  # 1 online shop, 2 delivery
    additional_order_types: tuple[int, ...] = ()
    is_return: bool | None = None
    is_reverse: bool | None = None
    is_client_return: bool | None = None
    cdek_number: str | None = None
    number: str | None = None
    accompanying_number: str | None = None
    accompanying_waybill: AccompanyingWaybill | None = None
    tariff_code: int | None = None
    comment: str | None = None
    shipment_point: str | None = None
    delivery_point: str | None = None
    date_invoice: dt.date | None = None
    keep_free_until: dt.datetime | None = None
    shipper_name: str | None = None
    shipper_address: str | None = None
    delivery_recipient_cost: Money | None = None
    delivery_recipient_cost_adv: tuple[Threshold, ...] = ()
    sender: Contact | None = None
    seller: Seller | None = None
    recipient: Contact | None = None
    from_location: Location | None = None
    to_location: Location | None = None
    services: tuple[Service, ...] = ()
    packages: tuple[Package, ...] = ()
    statuses: tuple[Status, ...] = ()
    delivery_mode: str | None = None
    has_reverse_order: bool | None = None
    delay_reasons: tuple[DelayReason, ...] = ()
    delivery_types: tuple[str, ...] = ()
    planned_delivery_date: dt.date | None = None
    delivery_detail: DeliveryDetail | None = None
    transacted_payment: bool | None = None
    delivery_problem: tuple[DeliveryProblem, ...] = ()
    developer_key: str | None = None
    calls: Calls | None = None


@frozen(kw_only=True, repr=False)
class OrderInfo(Private):
    """CDEK's whole answer about an order; `raw` is the answer as it came, unknown fields included."""

    _shown = ("order", "requests", "related_entities")

    order: Order
    requests: tuple[Request, ...] = ()
    related_entities: tuple[RelatedEntity, ...] = ()
    raw: dict[str, object] = field(factory=dict, hash=False)


def _named_uuid(value: UUID | str | Unset | None) -> UUID | Unset:
    """Here None names no order, and is not sent."""
    return UNSET if value is None or isinstance(value, Unset) else as_uuid(value)


def _named_number(value: str | int | Unset | None) -> str | Unset:
    return UNSET if value is None or value == "" else cast("str | Unset", text(value))


def _packages(value: Sequence[Package] | Unset) -> tuple[Package, ...] | Unset:
    if value is None or (isinstance(value, list | tuple) and not value):
        raise ValueError("packages: None or an empty list would delete every package; leave it out")
    return cast("tuple[Package, ...] | Unset", listed(value))


def _thresholds(value: Maybe[Sequence[Threshold]]) -> Maybe[tuple[Threshold, ...]]:
    return listed(value)


def _texts(value: Maybe[Sequence[str]]) -> Maybe[tuple[str, ...]]:
    return listed(value)


@frozen(kw_only=True, repr=False)
class OrderChanges(Private):
    """What to change about the order that `uuid` or `cdek_number` names; of both, CDEK goes by `uuid`.

    A field left out stays as it is; one given as None, "" or () is sent so. A list replaces CDEK's whole
    list: a package that is not among `packages` is deleted. Bad input is a `ValueError` with the field's
    path. Today's OpenAPI requires `type` and `recipient`; CDEK takes note of updates without them, but both
    are safest sent.
    """

    _shown = ("uuid", "cdek_number", "number", "tariff_code")

    uuid: UUID | Unset = field(default=UNSET, converter=_named_uuid)
    cdek_number: str | Unset = field(default=UNSET, converter=_named_number, metadata=most(40))
    type: Maybe[int] = field(default=UNSET, metadata=NUMBER)  # 1 online shop, 2 delivery
    number: Maybe[str] = field(default=UNSET, metadata=most(40))
    accompanying_number: Maybe[str] = UNSET
    tariff_code: Maybe[int] = field(default=UNSET, metadata=NUMBER)
    comment: Maybe[str] = UNSET
    shipment_point: Maybe[str] = UNSET
    delivery_point: Maybe[str] = UNSET
    delivery_recipient_cost: Maybe[Money] = UNSET
    delivery_recipient_cost_adv: Maybe[tuple[Threshold, ...]] = field(default=UNSET, converter=_thresholds)
    sender: Maybe[Contact] = UNSET
    seller: Maybe[Seller] = UNSET
    recipient: Maybe[Contact] = UNSET
    from_location: Maybe[Location] = UNSET
    to_location: Maybe[Location] = UNSET
    services: Maybe[tuple[Service, ...]] = field(default=UNSET, converter=services)
    packages: tuple[Package, ...] | Unset = field(default=UNSET, converter=_packages)
    has_reverse_order: Maybe[bool] = UNSET
    delivery_types: Maybe[tuple[str, ...]] = field(default=UNSET, converter=_texts)

    def __attrs_post_init__(self) -> None:
        if not self.uuid and not self.cdek_number:
            raise ValueError("uuid, cdek_number: one of them must name the order")
        check(self, between=self._faults())

    def _faults(self) -> Iterator[str]:
        if self.shipment_point and self.from_location:
            yield "shipment_point: not together with from_location"
        if self.delivery_point and self.to_location:
            yield "delivery_point: not together with to_location"
        if self.packages:
            yield from faults_of_packages(self.packages)
