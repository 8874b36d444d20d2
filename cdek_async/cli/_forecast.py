"""The forecast: what CDEK would probably answer to a write, and how a dry run tells it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from attrs import frozen

from cdek_async import BadReply, CdekError, Operation, OrderInfo, OrderNotFound, Request, State
from cdek_async._accept import SEVERAL_ORDERS
from cdek_async._orders import Status
from cdek_async.cli._reads import Seen
from cdek_async.cli._rows import Row


class Prediction(StrEnum):
    """What an operation would probably come to; never a promise: CDEK decides when it is asked."""

    DELETABLE = "deletable"
    GONE = "gone"
    """The order is removed already."""
    NOT_DELETABLE = "not_deletable"
    WOULD_CHANGE = "would_change"
    NOTHING_TO_CHANGE = "nothing_to_change"
    """The order is as it is wanted; the update is sent all the same."""
    WOULD_DELETE_PACKAGES = "would_delete_packages"
    NOT_CHANGEABLE = "not_changeable"
    NOT_FOUND = "not_found"
    """CDEK shows no such order: a wrong number, another account's, or one deleted long ago."""
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"
    """It could not be read, or what it shows says nothing of what the operation would meet."""


@frozen
class Forecast:
    """A prediction with its reason: `code` is CDEK's, or an error's name; `why` is in our own words."""

    prediction: Prediction
    code: str = ""
    why: str = ""
    seen: bool = True
    """The look showed the order."""
    effects: tuple[str, ...] = ()
    """What it would do to the order, in words."""
    details: tuple[tuple[str, str], ...] = ()
    """The same for machines: pairs of a field, or of what is done, and its values."""
    partial: bool = False
    """It leaves out something that CDEK may empty."""


Foretell = Callable[[Seen], Forecast]


@frozen(kw_only=True)
class Trial:
    """A command as its dry run knows it: what it asks, what it predicts, and how that is told."""

    verb: str
    """As in "Deleting these would take …"."""
    done: str
    words: Mapping[Prediction, str]
    """The predictions that there are, in their order; the first is told even where it never comes."""
    fine: frozenset[Prediction]
    """Nothing stands in the way."""
    untold: Prediction
    """Counted only: orders of which there is nothing to say."""
    coded: Prediction
    """Counted by its codes, too."""
    shown: tuple[Prediction, ...]
    """Those that are counted on the screen, while it runs."""
    ask: Callable[[Row], tuple[Operation, Foretell]]
    """From a row to its operation, and to what a look at the order foretells; raises `ValueError`."""
    calls: Callable[[Forecast, Operation], int]
    """How many calls the operation would take."""
    proviso: str
    """What the predictions cannot know."""


NO_ORDER = {
    Prediction.NOT_FOUND: "not found",
    Prediction.NOT_OURS: "not ours",
    Prediction.UNKNOWN: "unknown",
}


def of_error(error: CdekError, no: Prediction) -> Forecast:
    """What is foretold by a look that showed no order; `no`: that it is there, and not fit for it."""
    if isinstance(error, OrderNotFound):
        return Forecast(Prediction.NOT_FOUND, type(error).__name__, str(error), seen=False)
    code = next((code for code in _codes_of(error) if code.lower() in _ANSWERS), None)
    if code is None:
        return Forecast(Prediction.UNKNOWN, type(error).__name__, str(error), seen=False)
    ours, why = _ANSWERS[code.lower()]
    return Forecast(no if ours else Prediction.NOT_OURS, code, why, seen=False)


def _codes_of(error: CdekError) -> list[str]:
    """CDEK's codes, with which the message of an answer that showed no order ends."""
    listed = _CODES.search(str(error)) if isinstance(error, BadReply) else None
    return listed[1].split(", ") if listed else []


_CODES = re.compile(r".* (?:with|but) (.+)$", re.DOTALL)
_ANSWERS = {
    "v2_entity_forbidden": (False, "the order of another client"),
    "v2_order_forbidden": (False, "the order of another client"),
    "v2_entity_invalid": (True, "its creation failed"),
    SEVERAL_ORDERS: (True, "several orders bear this number"),
    "error_validate_online_shop_number_departure_is_not_unique": (True, "several orders bear this number"),
}


@frozen
class Journey:
    """How far an order has come."""

    created: bool
    accepted: bool
    removed: bool
    moved: str
    """The code of the newest status beyond CREATED, if there is one."""


def journey(info: OrderInfo) -> Journey:
    """Read the statuses, a history whose direction has changed over the years: what counts is what it holds.

    An order that has been beyond CREATED does not come back to it.
    """
    statuses = [each for each in info.order.statuses if each.code and not each.deleted]
    codes = {_code(each) for each in statuses}
    deleted = any(each.type.upper() == "DELETE" and each.state == State.SUCCESSFUL for each in info.requests)
    beyond = [each for each in statuses if _code(each) not in (CREATED, ACCEPTED)]
    moved = max(beyond, key=lambda each: each.date_time or _NEVER, default=None)
    return Journey(
        created=CREATED in codes,
        accepted=ACCEPTED in codes,
        removed=REMOVED in codes or deleted,
        moved=_code(moved) if moved else "",
    )


def _code(status: Status) -> str:
    return (status.code or "").upper()


ACCEPTED, CREATED, REMOVED = "ACCEPTED", "CREATED", "REMOVED"
_NEVER = datetime.min.replace(tzinfo=UTC)


def under_way(requests: Sequence[Request], *types: str) -> Forecast | None:
    """A request may take a day; what another write meets then, or after a refusal, is not documented."""
    for each in requests:
        if each.type.upper() in types and each.state != State.INVALID:
            return Forecast(Prediction.UNKNOWN, each.type, f"its {each.type} request is {each.state}")
    return None


def being_created(requests: Sequence[Request]) -> Forecast | None:
    """The order is not complete yet."""
    if any(each.type.upper() == "CREATE" and not each.final for each in requests):
        return Forecast(Prediction.UNKNOWN, "CREATE", "CDEK has not finished creating it")
    return None


def without_status() -> Forecast:
    """Nothing is known of how far it has come."""
    return Forecast(Prediction.UNKNOWN, "no status", "CDEK shows no status of it")
