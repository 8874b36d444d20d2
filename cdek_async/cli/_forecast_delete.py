"""What a deletion would come to, by what a look at the order showed."""

from collections.abc import Sequence

from cdek_async import CdekError, Operation, OrderInfo, Request
from cdek_async.cli._asked import deletion
from cdek_async.cli._forecast import (
    ACCEPTED,
    NO_ORDER,
    REMOVED,
    Forecast,
    Journey,
    Prediction,
    Trial,
    being_created,
    journey,
    of_error,
    under_way,
    without_status,
)


def forecast(seen: OrderInfo | CdekError) -> Forecast:
    """What a deletion of an order would come to, by what a look at it showed."""
    if isinstance(seen, CdekError):
        return of_error(seen, Prediction.NOT_DELETABLE)
    found = journey(seen)
    if found.removed:
        return Forecast(Prediction.GONE, REMOVED, "removed already")
    if found.moved:
        return Forecast(Prediction.NOT_DELETABLE, found.moved, f"its status; {_ONLY_CREATED}")
    return (
        under_way(seen.requests, "DELETE", "CREATE_REFUSAL")
        or _turned_down(seen.requests)
        or _by_status(found, seen.requests)
    )


def _turned_down(requests: Sequence[Request]) -> Forecast | None:
    """Operations in a warehouse and claims do not show, except by a deletion that failed of them."""
    codes = [error.code for each in requests if each.type.upper() == "DELETE" for error in each.errors]
    code = next((code for code in codes if code.lower() in _HIDDEN), None)
    if code is None:
        return None
    return Forecast(Prediction.NOT_DELETABLE, code, "an earlier deletion was rejected so")


def _by_status(found: Journey, requests: Sequence[Request]) -> Forecast:
    if found.created:
        return Forecast(Prediction.DELETABLE)
    if (creation := being_created(requests)) is not None:
        return creation
    if found.accepted:
        return Forecast(Prediction.NOT_DELETABLE, ACCEPTED, f"its status; {_ONLY_CREATED}")
    return without_status()


_ONLY_CREATED = "CDEK deletes an order in CREATED only"
_HIDDEN = {
    "error_validate_order_delete_documents_in_warehouse_is_not_empty",
    "error_validate_order_delete_claims_is_not_empty",
}


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


def _calls(found: Forecast, operation: Operation) -> int:
    return calls_of(found, by_number=operation.order_uuid is None)


DELETION = Trial(
    verb="Deleting",
    done="deleted",
    words={
        Prediction.DELETABLE: "deletable",
        Prediction.GONE: "removed already",
        Prediction.NOT_DELETABLE: "not deletable",
        **NO_ORDER,
    },
    fine=frozenset({Prediction.DELETABLE, Prediction.GONE}),
    untold=Prediction.DELETABLE,
    coded=Prediction.NOT_DELETABLE,
    shown=(Prediction.DELETABLE, Prediction.NOT_DELETABLE, Prediction.GONE),
    ask=lambda row: (deletion(row), forecast),
    calls=_calls,
    proviso="Predictions: operations in a warehouse and claims, which stand in the way, do not show.",
)
