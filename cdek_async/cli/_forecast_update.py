"""What an update would come to, by what a look at the order showed."""

from functools import partial

from attrs import evolve

from cdek_async import CdekError, Operation, Order, OrderChanges, OrderInfo
from cdek_async._differences import packages_meant
from cdek_async.cli._asked import update
from cdek_async.cli._forecast import (
    ACCEPTED,
    NO_ORDER,
    REMOVED,
    Forecast,
    Foretell,
    Journey,
    Prediction,
    Trial,
    being_created,
    journey,
    of_error,
    under_way,
    without_status,
)
from cdek_async.cli._preview import Preview, preview
from cdek_async.cli._rows import Row


def forecast(changes: OrderChanges, seen: OrderInfo | CdekError) -> Forecast:
    """What an update would come to, and do to the order, by what a look at it showed."""
    if isinstance(seen, CdekError):
        return of_error(seen, Prediction.NOT_CHANGEABLE)
    found = journey(seen)
    if found.removed:
        return Forecast(Prediction.NOT_CHANGEABLE, REMOVED, "removed already")
    if found.moved:
        return Forecast(Prediction.NOT_CHANGEABLE, found.moved, f"its status; {_ONLY_EARLY}")
    try:
        shown = preview(seen.order, changes)
        doubt = _doubt(found, seen, changes)
    except ValueError as error:
        return Forecast(Prediction.UNKNOWN, "changes", str(error))
    likely = doubt or _by_effect(shown)
    if likely.prediction is Prediction.NOT_CHANGEABLE and not shown.deleted:
        return likely
    return evolve(
        likely,
        # Whatever else is open: this is what nobody gets back.
        prediction=Prediction.WOULD_DELETE_PACKAGES if shown.deleted else likely.prediction,
        effects=tuple(shown.effects()),
        details=tuple(shown.details()),
        partial=bool(shown.left_out),
    )


def _doubt(found: Journey, seen: OrderInfo, changes: OrderChanges) -> Forecast | None:
    """What leaves open whether CDEK would take the update, or speaks against it."""
    return (
        # What an update under way changes does not show yet.
        under_way([each for each in seen.requests if not each.final], "UPDATE")
        or under_way(seen.requests, "DELETE", "CREATE_REFUSAL")
        or _by_status(found, seen)
        or _without_id(seen.order, changes)
    )


def _by_status(found: Journey, seen: OrderInfo) -> Forecast | None:
    if found.created:
        return None
    if (creation := being_created(seen.requests)) is not None:
        return creation
    if found.accepted:
        # The method's page says CREATED, the text of v2_update_forbidden CREATED or ACCEPTED.
        return Forecast(Prediction.UNKNOWN, ACCEPTED, "its status; CDEK's documents disagree about it")
    return without_status()


def _without_id(order: Order, changes: OrderChanges) -> Forecast | None:
    """CDEK wants the `package_id` of a package that exists, and has been seen to lose one without it."""
    for index, position in enumerate(packages_meant(order, changes)):
        if position is None or (changes.packages or ())[index].package_id:
            continue
        here = f"packages[{index}].package_id"
        if order.packages[position].package_id:
            return Forecast(
                Prediction.NOT_CHANGEABLE,
                "v2_package_id_is_empty",
                f"{here}: missing, though the package exists",
            )
        return Forecast(Prediction.UNKNOWN, here, f"{here}: CDEK shows none until the order is created")
    return None


def _by_effect(shown: Preview) -> Forecast:
    if shown.changed or shown.added:
        return Forecast(Prediction.WOULD_CHANGE)
    if shown.left_out:
        return Forecast(Prediction.UNKNOWN, "left_out", "CDEK may take a part for the whole")
    return Forecast(Prediction.NOTHING_TO_CHANGE)


def calls_of(found: Forecast, operation: Operation) -> int:
    """How many calls the update would take: a look for its uuid, the PATCH, a look at what became of it.

    A "no" to the first look is the last call. That there is no order any more, or that its creation failed,
    shows at once; that its status forbids an update, later.
    """
    by_number = operation.order_uuid is None
    if found.prediction is Prediction.UNKNOWN:
        return by_number + 2
    if by_number and not found.seen:
        return 1
    return by_number + 1 + (found.seen and found.code not in (REMOVED, "INVALID"))


def _ask(row: Row) -> tuple[Operation, Foretell]:
    operation = update(row)
    return operation, partial(forecast, operation.changes)


_ONLY_EARLY = "CDEK changes an order in CREATED or ACCEPTED only"

UPDATE = Trial(
    verb="Updating",
    done="changed",
    words={
        Prediction.WOULD_CHANGE: "would change",
        Prediction.NOTHING_TO_CHANGE: "nothing to change",
        Prediction.WOULD_DELETE_PACKAGES: "would delete packages",
        Prediction.NOT_CHANGEABLE: "not changeable",
        **NO_ORDER,
    },
    fine=frozenset({Prediction.WOULD_CHANGE, Prediction.NOTHING_TO_CHANGE}),
    untold=Prediction.NOTHING_TO_CHANGE,
    coded=Prediction.NOT_CHANGEABLE,
    shown=(Prediction.WOULD_CHANGE, Prediction.NOTHING_TO_CHANGE, Prediction.WOULD_DELETE_PACKAGES),
    ask=_ask,
    calls=calls_of,
    proviso=(
        "Predictions, by each order as it is now: whether CDEK takes the new values, and what they cost, does"
        " not show."
    ),
)
