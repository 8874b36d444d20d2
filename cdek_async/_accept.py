"""What the first answer to a write means, and whether a look after a lost one shows our request."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from uuid import UUID

from attrs import evolve

from cdek_async import _wire
from cdek_async._errors import BadReply, TransportError
from cdek_async._models import Issue, Reply, Request, State, Ticket, Verdict, sent
from cdek_async._operations import KINDS
from cdek_async._outcome import (
    NOT_FOUND,
    Outcome,
    is_not_found,
    is_removed,
    names_missing,
    possible,
    presumed,
    shown,
)

SEVERAL_ORDERS = "several_orders"  # ours: CDEK documents no code for it
SIMILAR = "v2_similar_request_still_processed"
NOT_READY = "v2_entity_not_ready"
INTERNAL = "v2_internal_error"


class Again(Enum):
    """What to do about a write that has no ticket yet."""

    LOOK = auto()
    """It may have been applied: look before anything else."""
    LATER = auto()
    """It was not applied, and will be taken later."""
    SIMILAR = auto()
    """Another request of this type is under way on the order."""


def receive(draft: Ticket, reply: Reply) -> Ticket | Again:
    """The ticket that the first answer to a write gives, or what to do instead.

    A "no" is data and makes a final ticket, whatever its layout: in requests[] or at the top, 400 or 202.
    """
    if reply.status >= 500 or reply.status == 408:  # noqa: PLR2004 - what a gateway says of a lost call
        return Again.LOOK
    if reply.status >= 400:  # noqa: PLR2004
        if reply.data is None or not (errors := _wire.errors_of(reply.data)):
            raise BadReply(
                f"CDEK answered {reply.status} to {draft.kind} without a code of its own: {reply.snippet}",
                status=reply.status,
                snippet=reply.snippet,
            )
        return _no(draft, _turned_down(draft, errors))
    return _noted(draft, reply)


def _noted(draft: Ticket, reply: Reply) -> Ticket | Again:
    """Read a 2xx: noted, unless it says INVALID already or cannot be read."""
    requests = shown(reply, draft.order_uuid)
    if requests is None or reply.data is None:
        return Again.LOOK
    ours = [request for request in requests if request.type.upper() in ("", draft.request_type)]
    if not ours and _wire.errors_of(reply.data):
        return Again.LOOK
    if len(ours) != 1:  # taken note of, but which request is ours only looks can tell
        return draft
    request = ours[0] if ours[0].type == draft.request_type else evolve(ours[0], type=draft.request_type)
    ticket = sent(draft, draft.since, request)
    if request.state == State.INVALID:
        return _no(ticket, request)
    if request.state == State.SUCCESSFUL:
        return _final(ticket, Verdict.OK, request)
    return ticket


def _no(draft: Ticket, request: Request) -> Ticket | Again:
    """Tell CDEK's "no" from the codes that mean something else."""
    codes = {issue.code.lower() for issue in request.errors}
    if INTERNAL in codes:
        return Again.LOOK
    if SIMILAR in codes:
        return Again.SIMILAR
    if NOT_READY in codes:
        return Again.LATER
    if names_missing(request.errors, draft.order_uuid):
        return _final(draft, Verdict.NOT_FOUND, request)
    if codes & NOT_FOUND and KINDS[draft.kind].removal:
        return Again.LOOK  # it names another order, and a deletion has no parts that could be missing
    return _final(draft, Verdict.REJECTED, request)


def _nobodys(_: UUID | None) -> bool:
    return False


def adopt(
    draft: Ticket, reply: Reply, anothers: Callable[[UUID | None], bool] = _nobodys, *, alone: bool = True
) -> Ticket | None:
    """Our request as a look after a lost answer shows it; None: it is not there.

    Two requests that can be ours, one whose age is unknown, or one where two writes were lost (not `alone`)
    leave the write undecided.
    """
    if is_not_found(reply, draft.order_uuid):
        # Never existed, or gone by the attempt whose answer was lost: nobody can tell.
        errors = _wire.errors_of(reply.data or {})
        return _final(draft, Verdict.NOT_FOUND, _turned_down(draft, errors))
    seen = evolve(draft, adopted=True)
    if KINDS[draft.kind].removal and is_removed(reply, draft.order_uuid):
        return _final(seen, Verdict.OK, presumed(draft, State.SUCCESSFUL))
    ours = possible(draft, shown(reply, draft.order_uuid) or ())
    ours = [each for each in ours if not anothers(each.request_uuid)]
    if not ours:
        return None
    only = ours[0]
    if len(ours) > 1 or not alone or draft.since is None or only.date_time is None:
        raise TransportError(
            f"the answer to {draft.kind} of order {seen.order_uuid} was lost, and the order shows"
            f" {len(ours)} requests that may be ours; look at it before sending again",
            undecided=True,
        )
    return evolve(seen, request_uuid=only.request_uuid)


def adopt_running(draft: Ticket, reply: Reply) -> Ticket | None:
    """The running deletion in place of ours, which asked for the same; it may be older than our submit."""
    if is_not_found(reply, draft.order_uuid):
        return _final(evolve(draft, adopted=True), Verdict.OK, presumed(draft, State.SUCCESSFUL))
    if is_removed(reply, draft.order_uuid):
        return adopt(draft, reply)
    running = under_way(draft, reply)
    if not running:
        return None
    only = running[0] if len(running) == 1 else Request(None, draft.request_type, "")
    return evolve(draft, adopted=True, request_uuid=only.request_uuid, since=only.date_time)


def crossed(outcome: Outcome) -> bool:
    """Turned down, minutes later, only because another request of its type was under way."""
    codes = {issue.code.lower() for issue in outcome.errors}
    return outcome.verdict is Verdict.REJECTED and codes == {SIMILAR}


def under_way(draft: Ticket, reply: Reply) -> list[Request]:
    """The requests of our type that live on the order."""
    requests = shown(reply, draft.order_uuid) or ()
    return [
        request for request in requests if request.type.upper() == draft.request_type and not request.final
    ]


def resolvable(reply: Reply) -> bool:
    """Whether looking for an order by its number was answered: by one, by several, or by a "no"."""
    if reply.data is None:
        return False
    if reply.status >= 400:  # noqa: PLR2004
        return bool(_wire.errors_of(reply.data))
    return bool(_orders(reply.data))


def resolve(draft: Ticket, numbers: Mapping[str, str], reply: Reply) -> Ticket:
    """The order's uuid as the look by number tells it, or CDEK's "no" as a final ticket."""
    data = reply.data or {}
    errors = _wire.errors_of(data)
    if reply.status >= 400:  # noqa: PLR2004
        missing = any(issue.code.lower() in NOT_FOUND for issue in errors)
        return _final(draft, Verdict.NOT_FOUND if missing else Verdict.REJECTED, _turned_down(draft, errors))
    orders = _orders(data)
    if len(orders) > 1:
        issue = Issue(SEVERAL_ORDERS, f"{len(orders)} orders bear this number; name one by its uuid")
        return _final(draft, Verdict.REJECTED, _turned_down(draft, (issue,)))
    if name := another(orders[0], numbers):
        raise BadReply(f"asked for {name}, CDEK showed an order of another one", status=reply.status)
    return evolve(draft, order_uuid=_wire.order_uuid_of({"entity": orders[0]}))


def another(order: Mapping[str, object], numbers: Mapping[str, str]) -> str:
    """The name of the number by which an order is another one than was asked for; "" where none tells."""
    for name, number in numbers.items():
        # GET names the shop's own number `number`; before its CREATE succeeds an order has no cdek_number.
        found = order.get("number" if name == "im_number" else name)
        if found is not None and str(found) != number:
            return name
    return ""


def _orders(data: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The orders that a look by number shows: one, as documented; more is not guessed at."""
    entity = data.get("entity")
    entities = entity if isinstance(entity, list) else [entity]
    return [
        each
        for each in entities
        if isinstance(each, dict) and _wire.order_uuid_of({"entity": each}) is not None
    ]


def _turned_down(draft: Ticket, errors: tuple[Issue, ...]) -> Request:
    return evolve(presumed(draft, State.INVALID), errors=errors)


def _final(draft: Ticket, verdict: Verdict, request: Request) -> Ticket:
    return evolve(draft, verdict=verdict, request_uuid=request.request_uuid, request=request)
