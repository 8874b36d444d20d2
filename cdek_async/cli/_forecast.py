"""The forecast: what CDEK would probably answer to a deletion, by what a look at the order showed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from attrs import frozen

from cdek_async import BadReply, CdekError, OrderInfo, OrderNotFound, Request, State
from cdek_async._accept import SEVERAL_ORDERS
from cdek_async._orders import Status


class Prediction(StrEnum):
    """What a deletion would probably come to; never a promise: CDEK decides when it is asked."""

    DELETABLE = "deletable"
    GONE = "gone"
    """The order is removed already."""
    NOT_DELETABLE = "not_deletable"
    NOT_FOUND = "not_found"
    """CDEK shows no such order: a wrong number, another account's, or one deleted long ago."""
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"
    """It could not be read, or what it shows says nothing of what a deletion would meet."""


@frozen
class Forecast:
    """A prediction with its reason: `code` is CDEK's, or an error's name; `why` is in our own words."""

    prediction: Prediction
    code: str = ""
    why: str = ""
    seen: bool = True
    """The look showed the order."""


def forecast(seen: OrderInfo | CdekError) -> Forecast:
    """What a deletion of an order would come to, by what a look at it showed."""
    if isinstance(seen, OrderInfo):
        return _of_order(seen)
    if isinstance(seen, OrderNotFound):
        return Forecast(Prediction.NOT_FOUND, type(seen).__name__, str(seen), seen=False)
    code = next((code for code in _codes_of(seen) if code.lower() in _ANSWERS), None)
    if code is None:
        return Forecast(Prediction.UNKNOWN, type(seen).__name__, str(seen), seen=False)
    prediction, why = _ANSWERS[code.lower()]
    return Forecast(prediction, code, why, seen=False)


def calls_of(found: Forecast, *, by_number: bool) -> int:
    """How many calls the deletion would take: a look for its uuid, the DELETE, a look at what became of it.

    A "no" to the first look is the last call. That the status forbids a deletion, and that a request was
    taken note of, shows later; that there is no order, or that it is another's, at once.
    """
    if by_number and not found.seen and found.prediction is not Prediction.UNKNOWN:
        return 1
    noted = found.prediction in (Prediction.DELETABLE, Prediction.UNKNOWN) or (
        found.prediction is Prediction.NOT_DELETABLE and found.seen
    )
    return by_number + 1 + noted


def _of_order(info: OrderInfo) -> Forecast:
    # The statuses are a history whose direction has changed over the years: what counts is what it holds.
    statuses = [each for each in info.order.statuses if each.code and not each.deleted]
    codes = {_code(each) for each in statuses}
    deletions = [each for each in info.requests if each.type.upper() == "DELETE"]
    if _REMOVED in codes or any(each.state == State.SUCCESSFUL for each in deletions):
        return Forecast(Prediction.GONE, _REMOVED, "removed already")
    moved = _newest([each for each in statuses if _code(each) not in (_CREATED, _ACCEPTED)])
    if moved is not None:  # an order that has been beyond CREATED does not come back to it
        return Forecast(Prediction.NOT_DELETABLE, _code(moved), f"its status; {_ONLY_CREATED}")
    return _under_way(info.requests) or _turned_down(deletions) or _by_status(codes, info.requests)


def _under_way(requests: Sequence[Request]) -> Forecast | None:
    """A deletion may take a day; what another one meets then, or beside a refusal, is not documented."""
    for each in requests:
        if each.type.upper() in ("DELETE", "CREATE_REFUSAL") and each.state != State.INVALID:
            why = f"its {each.type} request is {each.state}"
            return Forecast(Prediction.UNKNOWN, each.type, why)
    return None


def _turned_down(deletions: Sequence[Request]) -> Forecast | None:
    """Operations in a warehouse and claims do not show, except by a deletion that failed of them."""
    codes = [error.code for each in deletions for error in each.errors]
    code = next((code for code in codes if code.lower() in _HIDDEN), None)
    if code is None:
        return None
    return Forecast(Prediction.NOT_DELETABLE, code, "an earlier deletion was rejected so")


def _by_status(codes: set[str], requests: Sequence[Request]) -> Forecast:
    if _CREATED in codes:
        return Forecast(Prediction.DELETABLE)
    if any(each.type.upper() == "CREATE" and not each.final for each in requests):
        return Forecast(Prediction.UNKNOWN, "CREATE", "CDEK has not finished creating it")
    if _ACCEPTED in codes:
        return Forecast(Prediction.NOT_DELETABLE, _ACCEPTED, f"its status; {_ONLY_CREATED}")
    return Forecast(Prediction.UNKNOWN, "no status", "CDEK shows no status of it")


def _newest(statuses: Sequence[Status]) -> Status | None:
    return max(statuses, key=lambda each: each.date_time or _NEVER, default=None)


def _code(status: Status) -> str:
    return (status.code or "").upper()


def _codes_of(error: CdekError) -> list[str]:
    """CDEK's codes, with which the message of an answer that showed no order ends."""
    listed = _CODES.search(str(error)) if isinstance(error, BadReply) else None
    return listed[1].split(", ") if listed else []


_ACCEPTED, _CREATED, _REMOVED = "ACCEPTED", "CREATED", "REMOVED"
_ONLY_CREATED = "CDEK deletes an order in CREATED only"
_NEVER = datetime.min.replace(tzinfo=UTC)
_CODES = re.compile(r".* (?:with|but) (.+)$", re.DOTALL)
_HIDDEN = {
    "error_validate_order_delete_documents_in_warehouse_is_not_empty",
    "error_validate_order_delete_claims_is_not_empty",
}
_ANSWERS = {
    "v2_entity_forbidden": (Prediction.NOT_OURS, "the order of another client"),
    "v2_order_forbidden": (Prediction.NOT_OURS, "the order of another client"),
    "v2_entity_invalid": (Prediction.NOT_DELETABLE, "its creation failed"),
    SEVERAL_ORDERS: (Prediction.NOT_DELETABLE, "several orders bear this number"),
    "error_validate_online_shop_number_departure_is_not_unique": (
        Prediction.NOT_DELETABLE,
        "several orders bear this number",
    ),
}
