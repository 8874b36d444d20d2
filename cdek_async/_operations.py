"""What can be asked of CDEK: one small class per operation."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol
from uuid import UUID

from attrs import field, frozen

from cdek_async import _wire
from cdek_async._models import Call, Verdict
from cdek_async._orders import OrderChanges
from cdek_async._orders_parts import as_uuid, shorten


class Operation(Protocol):
    """One thing that can be asked: what it sends, and what the engine may conclude and repeat.

    A new operation is one frozen class of this shape and its name in `KINDS`.
    """

    kind: ClassVar[str]
    request_type: ClassVar[str]
    gone: ClassVar[Verdict]
    """What "no such order" means once CDEK had taken note."""
    removal: ClassVar[bool]
    """Whether a REMOVED order is what was asked for, whoever removed it."""

    @property
    def order_uuid(self) -> UUID | None: ...

    @property
    def numbers(self) -> Mapping[str, str]:
        """What finds the order by GET /v2/orders when its uuid is not known."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether CDEK having it twice does no more than having it once."""
        ...

    def call(self, order_uuid: UUID | None) -> Call | None:
        """The write; None when it cannot be made without the order's uuid."""
        ...


def to_number(value: str | int, name: str) -> str:
    """An order's number as text; CDEK hands `cdek_number` out as text and as a number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**MAX_NUMBER:
        value = str(value)
    text = value.strip() if isinstance(value, str) else ""
    if not text or not text.isprintable() or len(text) > MAX_NUMBER:
        shown = shorten(value) if isinstance(value, str) else type(value).__name__
        raise ValueError(f"{name}: not an order number: {shown}")
    return text


MAX_NUMBER = 255


def _maybe_uuid(value: UUID | str | None) -> UUID | None:
    return None if value is None else as_uuid(value)


def _cdek_number(value: str | int | None) -> str | None:
    return None if value is None else to_number(value, "cdek_number")


def _im_number(value: str | int | None) -> str | None:
    return None if value is None else to_number(value, "im_number")


@frozen
class DeleteOrder:
    """Delete an order that has not moved yet: DELETE /v2/orders/{uuid}.

    Give one of `uuid`, `cdek_number` and `im_number`; by number it is looked up first, one call more.
    Never falls back to refusal, which CDEK bills.
    """

    kind: ClassVar[str] = "delete"
    request_type: ClassVar[str] = "DELETE"
    gone: ClassVar[Verdict] = Verdict.OK
    removal: ClassVar[bool] = True

    uuid: UUID | None = field(default=None, converter=_maybe_uuid)
    cdek_number: str | None = field(default=None, converter=_cdek_number, kw_only=True)
    im_number: str | None = field(default=None, converter=_im_number, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if [self.uuid, self.cdek_number, self.im_number].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("DeleteOrder: give exactly one of uuid, cdek_number and im_number")

    @property
    def order_uuid(self) -> UUID | None:
        return self.uuid

    @property
    def numbers(self) -> Mapping[str, str]:
        return find_params(cdek_number=self.cdek_number, im_number=self.im_number)

    @property
    def repeatable(self) -> bool:
        return True

    def call(self, order_uuid: UUID | None) -> Call | None:
        return None if order_uuid is None else Call("DELETE", f"/v2/orders/{order_uuid}", write=True)


def _is_changes(_: object, __: object, value: OrderChanges) -> None:
    if not isinstance(value, OrderChanges):
        raise ValueError(f"changes: an OrderChanges expected, not {type(value).__name__}")  # noqa: TRY004


@frozen
class UpdateOrder:
    """Change an order that has not moved yet: PATCH /v2/orders.

    By number it is looked up first, one call more: CDEK's note names an order by its uuid, and only where it
    is known can it be told from the note to another call.
    """

    kind: ClassVar[str] = "update"
    request_type: ClassVar[str] = "UPDATE"
    gone: ClassVar[Verdict] = Verdict.NOT_FOUND
    removal: ClassVar[bool] = False

    changes: OrderChanges = field(validator=_is_changes)

    @property
    def order_uuid(self) -> UUID | None:
        return self.changes.uuid or None

    @property
    def numbers(self) -> Mapping[str, str]:
        return find_params(cdek_number=self.changes.cdek_number or None, im_number=None)

    @property
    def repeatable(self) -> bool:
        # A package without package_id is a new one: sent twice, it is added twice.
        return all(package.package_id for package in self.changes.packages or ())

    def call(self, order_uuid: UUID | None) -> Call | None:
        if order_uuid is None:
            return None
        return Call("PATCH", "/v2/orders", body=_wire.dumps(_wire.changes_json(self.changes)), write=True)


def look_call(order_uuid: UUID | None, numbers: Mapping[str, str], *, brief: bool = False) -> Call:
    """The GET that shows an order with its requests."""
    if order_uuid is not None:
        return Call("GET", f"/v2/orders/{order_uuid}", brief=brief)
    return Call("GET", "/v2/orders", params=numbers)


def find_params(*, cdek_number: str | None, im_number: str | None) -> Mapping[str, str]:
    """The query of GET /v2/orders."""
    pairs: dict[str, Any] = {"cdek_number": cdek_number, "im_number": im_number}
    return {name: value for name, value in pairs.items() if value is not None}


KINDS: Mapping[str, type[Operation]] = {cls.kind: cls for cls in (DeleteOrder, UpdateOrder)}
