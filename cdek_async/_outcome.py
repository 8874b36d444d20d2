"""Outcome, and conclude(ticket, reply): the one pure rule that finds it."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Self
from uuid import UUID

from attrs import evolve, field, frozen

from cdek_async import _wire
from cdek_async._errors import Rejected
from cdek_async._models import Issue, Reply, Request, State, Ticket, Verdict
from cdek_async._operations import KINDS, Operation
from cdek_async._orders import OrderInfo

NOT_FOUND = {"v2_entity_not_found", "v2_entity_not_found_im_number", "v2_order_not_found"}
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_MARGIN = timedelta(seconds=2)  # the Date header has whole seconds, and so has date_time


@frozen
class Outcome:
    """The final word on an operation; there is none for an operation that is still under way."""

    ticket: Ticket
    verdict: Verdict
    request: Request
    _data: Mapping[str, object] | None = field(default=None, eq=False, repr=False)

    @property
    def ok(self) -> bool:
        """CDEK did it."""
        return self.verdict is Verdict.OK

    @property
    def adopted(self) -> bool:
        """The request was found by a look after a lost reply, not by its request_uuid."""
        return self.ticket.adopted

    @property
    def errors(self) -> tuple[Issue, ...]:
        """Why CDEK turned it down."""
        return self.request.errors

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The verdict's, and those of the first answer: a changed price is announced there only."""
        first = self.ticket.request.warnings if self.ticket.request else ()
        # A ticket that was kept has codes only: the same code is the same warning.
        codes = {issue.code for issue in self.request.warnings}
        return self.request.warnings + tuple(issue for issue in first if issue.code not in codes)

    @cached_property
    def order(self) -> OrderInfo | None:
        """The order as the last reply showed it, if one did."""
        return _wire.order_info(self._data) if self._data else None

    def raise_for_state(self) -> Self:
        """Raise `Rejected` unless ok."""
        if self.ok:
            return self
        codes = ", ".join(_shown_code(issue.code) for issue in self.errors[:9]) or "no code given"
        word = "was rejected" if self.verdict is Verdict.REJECTED else "found no such order"
        order = f"order {self.ticket.order_uuid}" if self.ticket.order_uuid else "an order"
        raise Rejected(
            f"{self.ticket.kind} of {order} {word}: {codes}",
            request=self.request,
            verdict=self.verdict,
            ticket=self.ticket,
        )


def _shown_code(code: str) -> str:
    """A code as one line bears it: the list of codes is open, and some of CDEK's are sentences."""
    return (code if code.isprintable() else ascii(code))[:100]


def conclude(ticket: Ticket, reply: Reply) -> Outcome | None:
    """The outcome that this reply to a look proves; None: ask again."""
    kind = KINDS[ticket.kind]
    if is_not_found(reply, ticket.order_uuid):
        return Outcome(ticket, kind.gone, _absent(ticket, kind, reply))
    requests = shown(reply, ticket.order_uuid) or ()
    request = find(ticket, requests)
    if request is not None and request.state == State.SUCCESSFUL:
        return Outcome(ticket, Verdict.OK, request, reply.data)
    if kind.removal and is_removed(reply, ticket.order_uuid):
        return Outcome(ticket, Verdict.OK, presumed(ticket, State.SUCCESSFUL), reply.data)
    if request is None or not request.final:
        return None
    if kind.removal and _sibling(kind, requests):
        return None  # the order is or will be gone; REMOVED or "not found" will say so
    return Outcome(ticket, Verdict.REJECTED, request, reply.data)


def first_outcome(ticket: Ticket) -> Outcome | None:
    """The outcome of a ticket that CDEK's first answer settled already."""
    if ticket.verdict is None:
        return None
    return Outcome(ticket, ticket.verdict, ticket.request or presumed(ticket, ""))


def find(ticket: Ticket, requests: Sequence[Request]) -> Request | None:
    """Our request in an order's history: by request_uuid; without one, the only one it can be.

    Never by position: the history is shown oldest first (2020) or newest first (2026).
    """
    if ticket.request_uuid is not None:
        for request in requests:
            if request.request_uuid == ticket.request_uuid:
                return request
        # GET has been seen to show requests without their uuids: one of those may be ours.
        requests = [request for request in requests if request.request_uuid is None]
    ours = possible(ticket, requests)
    return ours[0] if len(ours) == 1 and ours[0].date_time and ticket.since else None


def possible(ticket: Ticket, requests: Sequence[Request]) -> list[Request]:
    """The requests that can be ours: of our type, and not known to be older than our submit.

    `date_time` tells when the current state was set, so it moves forward only: never too old by mistake.
    """
    oldest = ticket.since and ticket.since - _MARGIN
    return [
        request
        for request in requests
        if request.type.upper() == ticket.request_type
        and (oldest is None or request.date_time is None or request.date_time >= oldest)
    ]


def is_not_found(reply: Reply, order_uuid: UUID | None) -> bool:
    """CDEK says that there is no such order: a 400 (not 404) with one of three codes."""
    if reply.data is None or not 400 <= reply.status < 500:  # noqa: PLR2004 - the 4xx
        return False
    return names_missing(_wire.errors_of(reply.data), order_uuid)


def names_missing(errors: Sequence[Issue], order_uuid: UUID | None) -> bool:
    """Whether errors say that this order is missing: a message that names another answers another call."""
    missing = [issue for issue in errors if issue.code.lower() in NOT_FOUND]
    named = {uuid for issue in missing for uuid in _uuids_in(issue.message)}
    return bool(missing) and (not named or order_uuid is None or order_uuid in named)


def readable(reply: Reply, order_uuid: UUID | None) -> bool:
    """Whether a look was answered at all: by the order, or by "there is no such order"."""
    data = _about(reply, order_uuid)
    if data is None:
        return is_not_found(reply, order_uuid)
    return _wire.has_requests(data) or _wire.removed(data)


def is_removed(reply: Reply, order_uuid: UUID | None) -> bool:
    """Whether a look shows this very order as REMOVED: the one status that decides."""
    data = _about(reply, order_uuid)
    return data is not None and _wire.removed(data)


def shown(reply: Reply, order_uuid: UUID | None) -> tuple[Request, ...] | None:
    """The history that a look shows; None unless it is a readable answer about this very order."""
    data = _about(reply, order_uuid)
    return None if data is None else _wire.requests_of(data)


def _about(reply: Reply, order_uuid: UUID | None) -> Mapping[str, object] | None:
    """What a 2xx says, unless it is about another order."""
    if reply.data is None or not 200 <= reply.status < 300:  # noqa: PLR2004 - the 2xx
        return None
    entity_uuid = _wire.order_uuid_of(reply.data)
    return None if order_uuid and entity_uuid and entity_uuid != order_uuid else reply.data


def _uuids_in(text: str) -> set[UUID]:
    return {UUID(match) for match in _UUID.findall(text)}


def _sibling(kind: type[Operation], requests: Sequence[Request]) -> bool:
    """Whether another DELETE of the order lives or succeeded."""
    return any(other.type.upper() == kind.request_type and other.state != State.INVALID for other in requests)


def _absent(ticket: Ticket, kind: type[Operation], reply: Reply) -> Request:
    if kind.gone is Verdict.OK:
        return presumed(ticket, State.SUCCESSFUL)
    errors = _wire.errors_of(reply.data or {})
    return evolve(presumed(ticket, State.INVALID), errors=errors)


def presumed(ticket: Ticket, state: State | str) -> Request:
    """Our request where CDEK no longer shows it: what we know, in the state that the verdict implies."""
    return Request(ticket.request_uuid, ticket.request_type, state)
