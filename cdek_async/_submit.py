"""Submission: sends an operation until CDEK has taken note, and never twice blindly."""

import asyncio
from typing import NamedTuple
from uuid import UUID

from attrs import evolve

from cdek_async._accept import Again, adopt, adopt_running, receive, resolvable, resolve, under_way
from cdek_async._deadline import Deadline
from cdek_async._errors import AuthError, CdekError, TransportError, is_undecided
from cdek_async._http import Http
from cdek_async._models import Call, Reply, State, Ticket, Verdict, sent
from cdek_async._operations import Operation, look_call
from cdek_async._outcome import possible, presumed, readable, shown
from cdek_async._pacing import Urgency
from cdek_async._turns import Turns
from cdek_async._watch import Watch

_SENDS = 3  # two more after looks that show nothing of the one before
_LOOKS_AT = (0.0, 1.0, 3.0)  # seconds after a lost answer: a read may lag behind a write
# Seconds between looks at another request that is under way. Once it has settled, ours is sent later than
# its date_time by more than the margin and the whole seconds of both clocks: else it could pass for ours.
_BETWEEN = 4.5


class Doubt(NamedTuple):
    """A write that may have gone out, as a journal has it: `draft`, before `lost_by` on the loop's clock.

    `lost_by` None: in this very life, just now; it is a twin that looks for it, and does not send it again.
    """

    draft: Ticket
    lost_by: float | None


class Submission:
    """One operation on its way to a ticket."""

    def __init__(  # noqa: PLR0917 - what one submission needs, once
        self,
        http: Http,
        turns: Turns,
        operation: Operation,
        draft: Ticket,
        deadline: Deadline,
        urgency: Urgency,
        watch: Watch,
        *,
        similar: bool = False,
        doubt: Doubt | None = None,
    ) -> None:
        self._http = http
        self._turns = turns
        self._operation = operation
        self._draft = draft
        self._deadline = deadline
        self._urgency = urgency
        self._watch = watch
        self._call: Call | None = None
        self._first = Again.LOOK if doubt else Again.SIMILAR if similar else None
        self._sends_left = 1 if doubt and doubt.lost_by is None else _SENDS
        self._waited = False
        # An earlier look showed the order: one that CDEK had taken note of it for, or one by its number.
        self._seen = similar or (doubt is not None and operation.order_uuid is None)
        self._elder: set[UUID] = set()
        self._elder_runs = False  # as the last look showed it
        self._no: Ticket | None = None
        self._abandoned = False
        self._lost = doubt is not None
        self._lost_by = doubt.lost_by if doubt else None  # a write of our own is lost when it is lost
        self.in_doubt = self._lost
        """A write is on its way, or its answer was lost."""

    def abandon(self) -> None:
        """The caller has left: nothing more is sent; what was sent is followed to its ticket."""
        self._abandoned = True

    async def run(self) -> Ticket:
        """The ticket; raises `TransportError` (see `undecided`), `AuthError` or `BadReply`."""
        try:
            self._call = self._operation.call(self._draft.order_uuid)
            if self._call is None:
                await self._find_order()
            if self._draft.final:
                return self._draft
            if self._turns.taken(self._draft.order_uuid) or self._turns.doubted(self._draft.order_uuid):
                self._lost_by = None  # its own earlier life may have lost it in this very client, just now
            turn = await self._turns.wait(self._draft.order_uuid, self._deadline)
            try:
                ticket = await self._until_noted()
                self._turns.note(ticket.request_uuid, self._watch.key)
                # A late copy of a lost one may yet come; who comes back for one that he left may not see it.
                if (self._lost and not ticket.adopted) or (self._abandoned and self._watch.key):
                    self._turns.doubt(ticket.order_uuid, self._watch.key)
            finally:
                turn.release()
        except BaseException as error:
            self._failed(error)
            raise
        if ticket.verdict in (None, Verdict.OK):
            self._watch.accepted(ticket)
        return ticket

    def _failed(self, error: BaseException) -> None:
        if not self.in_doubt:
            self._watch.called_off()  # its next life need not look it up, nor take another's request for it
        if self._lost:
            self._turns.doubt(self._draft.order_uuid, self._watch.key)
        if self._lost and isinstance(error, CdekError) and not is_undecided(error):
            # Whatever went wrong later, the write whose answer was lost may have been applied.
            raise TransportError(
                f"{self._name()}: its answer was lost; then {error}", undecided=True
            ) from error

    async def _find_order(self) -> None:
        """Look the order up by its number: no answer to a write tells whose number its order bears."""
        call = look_call(None, self._operation.numbers)
        reply = await self._http.read(call, self._deadline, self._urgency, resolvable)
        self._draft = resolve(self._draft, self._operation.numbers, reply)
        self._seen = not self._draft.final
        self._call = self._operation.call(self._draft.order_uuid)
        self._note_elder(reply)

    async def _until_noted(self) -> Ticket:
        step: Ticket | Again
        if self._first is None:
            step = await self._http.retried_write(self._send, self._deadline)
        else:
            step = self._first
        while not isinstance(step, Ticket):
            ticket = await (self._after_lost() if step is Again.LOOK else self._after_similar())
            if ticket is not None:
                step = ticket
            else:
                step = await self._http.retried_write(self._send, self._deadline)
        return step

    async def _send(self) -> Ticket | Again:
        """Send once and read the first answer; raises where nothing was applied."""
        assert self._call is not None  # noqa: S101 - whatever it needs has been looked up
        if self._abandoned:
            raise asyncio.CancelledError
        if self._watch.intends:
            await self._intend()
        try:
            reply = await self._http.send(
                self._call, self._deadline, self._urgency, self._depart, self._returned
            )
        except (AuthError, TransportError) as error:
            if not is_undecided(error):
                self.in_doubt = self._lost
                raise
            step: Ticket | Again = Again.LOOK
        else:
            step = self._after_all(receive(self._draft, reply))
        if step is Again.LOOK:
            self._lost = True
        self.in_doubt = self._lost
        if step is Again.LATER:
            raise TransportError(f"{self._name()}: CDEK says that the order is not ready for it yet")
        return step

    async def _intend(self) -> None:
        """Have it written down that it goes out, with a token: who waits for one has sent nothing."""
        await self._http.authenticate()
        if self._abandoned:
            raise asyncio.CancelledError
        if not self._lost:
            self._draft = sent(self._draft, self._http.clock.now())
        await self._watch.intend(self._draft)

    def _after_all(self, step: Ticket | Again) -> Ticket | Again:
        """A "no" to a second send may be about what the first one did: look again before it counts."""
        if self._lost and isinstance(step, Ticket) and step.verdict in (Verdict.REJECTED, Verdict.NOT_FOUND):
            self._no = step
            return Again.LOOK
        return step

    def _depart(self) -> None:
        """Right before the wire, every time."""
        if self._abandoned:
            raise asyncio.CancelledError
        if not self._lost:
            # Anew at each send, until one is lost: what was there before that one is not ours.
            self._draft = sent(self._draft, self._http.clock.now())
        self._watch.departing()  # may still call it off
        self.in_doubt = True

    def _returned(self) -> None:
        """It came back unapplied, and is sent again with another token."""
        self.in_doubt = self._lost

    async def _after_lost(self) -> Ticket | None:
        """Look for the write whose answer was lost; None: it is not there and may be sent again."""
        ticket = await self._find_ours() or self._no
        if ticket is not None:
            return ticket
        self._sends_left -= 1
        if self._abandoned or not self._sends_left or not self._operation.repeatable:
            raise TransportError(
                f"{self._name()}: its answer was lost, and it does not show on the order", undecided=True
            )
        return None

    async def _find_ours(self) -> Ticket | None:
        loop = asyncio.get_running_loop()
        lost_at = loop.time() if self._lost_by is None else self._lost_by
        self._lost_by = None
        for moment in _LOOKS_AT:
            late = loop.time() >= lost_at + _LOOKS_AT[-1]
            await self._sleep(lost_at + moment - loop.time())
            ticket = self._shown_by(await self._look())
            if ticket is not None or late:
                return ticket
        return None

    def _shown_by(self, reply: Reply) -> Ticket | None:
        """Ours, if it is there; an order that is not, but was before our lost deletion, is deleted."""
        # Of deletions one is as good as another.
        alone = self._operation.removal or not self._turns.in_doubt(self._draft.order_uuid, self._watch.key)
        ticket = adopt(self._draft, reply, self._anothers, alone=alone)
        if ticket is None or ticket.verdict is not Verdict.NOT_FOUND:
            self._seen = True
        elif self._seen and self._operation.removal:
            request = presumed(ticket, State.SUCCESSFUL)
            return evolve(ticket, verdict=Verdict.OK, adopted=True, request=request)
        return ticket

    async def _after_similar(self) -> Ticket | None:
        """Another request of our type is under way on the order; None: not any more, so send again."""
        if self._lost:
            met = self._elder_runs  # which may be over before the next look
            ticket = await self._find_ours()
            while ticket is None and not met and not self._running_elder(reply := await self._look()):
                # Only ours can be meant, but what is not shown yet could be taken for another's later.
                ticket = self._shown_by(reply)
                if ticket is None:
                    await self._sleep(_BETWEEN)
            if ticket is not None:
                return ticket
        if self._operation.removal:
            return await self._another_removal()
        if self._waited:
            raise busy(self._order(), undecided=False)
        self._waited = running = True
        while running:
            running = bool(under_way(self._draft, await self._look()))
            await self._sleep(_BETWEEN)
        return None

    async def _another_removal(self) -> Ticket | None:
        """The deletion that CDEK speaks of: the same thing was asked for, it is as good as ours."""
        for pause in (0.0, _BETWEEN):  # it may show late
            await self._sleep(pause)
            ticket = adopt_running(self._draft, await self._look())
            if ticket is not None:
                return ticket
        return None

    async def _look(self) -> Reply:
        uuid = self._draft.order_uuid
        reply = await self._http.read(
            look_call(uuid, {}),
            self._deadline,
            self._urgency,
            lambda reply: readable(reply, uuid),
            to_the_end=True,
        )
        self._note_elder(reply)
        self._elder_runs = self._running_elder(reply)
        return reply

    def _note_elder(self, reply: Reply) -> None:
        """Requests that were there before ours was sent: their date_time may yet become newer than it."""
        known = shown(reply, self._draft.order_uuid) or ()
        ours = possible(self._draft, known) if self._lost else ()
        self._elder.update(each.request_uuid for each in known if each.request_uuid and each not in ours)

    def _running_elder(self, reply: Reply) -> bool:
        return any(self._anothers(each.request_uuid) for each in under_way(self._draft, reply))

    def _anothers(self, request_uuid: UUID | None) -> bool:
        """Whether a request is known to be older than ours, or another operation's of this client."""
        return request_uuid in self._elder or self._turns.anothers(request_uuid, self._watch.key)

    async def _sleep(self, seconds: float) -> None:
        if seconds >= self._deadline.remaining():
            raise TransportError(f"{self._name()}: time was up", undecided=self._lost)
        await asyncio.sleep(max(0.0, seconds))

    def _name(self) -> str:
        return f"{self._operation.kind} of {self._order()}"

    def _order(self) -> str:
        return named(self._operation, self._draft.order_uuid)


def busy(order: str, *, undecided: bool) -> TransportError:
    """Another request of the same type is under way, a second time."""
    what = f"{order}: CDEK is still busy with another request of this type"
    return TransportError(what, undecided=undecided)


def named(operation: Operation, order_uuid: UUID | None = None) -> str:
    """The order that an operation is about, in an error's words."""
    numbers = " ".join(f"{name} {number}" for name, number in operation.numbers.items())
    return f"order {order_uuid or operation.order_uuid or numbers}"
