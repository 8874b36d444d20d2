"""Engine: an operation's whole way, from its submit to its outcome."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from math import inf

from cdek_async._accept import crossed
from cdek_async._alarm import Alarm
from cdek_async._deadline import Deadline
from cdek_async._errors import CdekError, TransportError, Unsettled
from cdek_async._http import Http
from cdek_async._learning import SettleTimes
from cdek_async._models import Ticket
from cdek_async._operations import KINDS, Operation, look_call
from cdek_async._outcome import Outcome, conclude, first_outcome, readable
from cdek_async._pacing import Urgency
from cdek_async._polling import LearnedLooks, Looks, Polling, PromptLooks, plain_looks, poll
from cdek_async._submit import Doubt, Submission, busy, named
from cdek_async._turns import Turns
from cdek_async._watch import Watch

_OPERATIONS = tuple(KINDS.values())
_HURRY = 15.0  # seconds before its deadline, or half its time, in which a look does not let others pass


class Engine:
    """What one client has under way."""

    def __init__(self, http: Http, host: str, account: str, usable: Callable[[], None]) -> None:
        self.turns = Turns()
        self._http = http
        self._host = host
        self._account = account
        self._usable = usable
        self._times: dict[str, SettleTimes] = defaultdict(SettleTimes)  # by kind of operation
        self._submissions: set[asyncio.Task[Ticket]] = set()
        self._alarm = Alarm()
        self._closed = False
        self._look = self._look_once  # bound once, and not for each of the thousands that wait

    async def run(
        self,
        operation: Operation,
        deadline: Deadline,
        polling: Polling,
        watch: Watch,
        *,
        bulk: bool = False,
        noted: Ticket | None = None,
        doubt: Doubt | None = None,
    ) -> Outcome:
        """Submit and settle; of an earlier life, `noted` is the ticket, `doubt` what may have gone out."""
        ticket = noted or await self.submit(operation, deadline, watch, bulk=bulk, doubt=doubt)
        watch.submitted()
        elapsed = 0.0 if noted is None else inf
        outcome = await self.settle(ticket, deadline, polling, bulk=bulk, elapsed=elapsed)
        if not crossed(outcome):
            return outcome
        maybe = not _surely_ours(outcome)  # if that was another one's, ours may have been applied
        if maybe and not operation.removal:
            self.turns.doubt(ticket.order_uuid, watch.key)
            raise TransportError(
                f"{operation.kind} of {named(operation)}: what may have been it was turned down, for another"
                " request was under way; look at the order before sending again",
                undecided=True,
            )
        # Turned down only because another request of its type was under way: wait for that, once.
        if outcome.request.request_uuid:
            self.turns.over(outcome.request.request_uuid)
        lost = Doubt(self._draft(operation, ticket), asyncio.get_running_loop().time()) if maybe else None
        ticket = await self.submit(operation, deadline, watch, bulk=bulk, doubt=lost, turned_away=ticket)
        outcome = await self.settle(ticket, deadline, polling, bulk=bulk)
        if crossed(outcome):
            raise busy(named(operation), undecided=maybe or not _surely_ours(outcome))
        return outcome

    async def submit(
        self,
        operation: Operation,
        deadline: Deadline,
        watch: Watch,
        *,
        bulk: bool = False,
        doubt: Doubt | None = None,
        turned_away: Ticket | None = None,
    ) -> Ticket:
        """Submit in a task of its own: when the caller leaves, what was sent is followed to its ticket.

        `turned_away`: what became of it before, for which it waits until the other request is over.
        """
        if not isinstance(operation, _OPERATIONS):
            raise TypeError(f"an operation expected, such as DeleteOrder, not {type(operation).__name__}")
        self._usable()
        submission = Submission(
            self._http,
            self.turns,
            operation,
            doubt.draft if doubt else self._draft(operation, turned_away),
            deadline,
            Urgency.BULK if bulk else Urgency.SINGLE,
            watch,
            similar=turned_away is not None and doubt is None,
            doubt=doubt,
        )
        task = asyncio.create_task(submission.run())
        self._submissions.add(task)
        heard = False
        try:
            await deadline.wait(task)
            heard = task.done()
        finally:
            if heard:
                self._submissions.discard(task)
            elif task.done():
                self._over(task)
            else:
                task.add_done_callback(self._over)
                submission.abandon()
                if not submission.in_doubt:
                    task.cancel()
        if task.done() and not task.cancelled():
            return task.result()
        why = "the client was closed" if task.done() else f"no answer within {deadline.seconds:g} s"
        raise TransportError(
            f"{operation.kind} of {named(operation)}: {why}",
            undecided=submission.in_doubt,
            lasting=task.done(),
        )

    def settle(
        self,
        ticket: Ticket,
        deadline: Deadline,
        polling: Polling,
        *,
        bulk: bool = False,
        elapsed: float = 0.0,
    ) -> Awaitable[Outcome]:
        """Look until there is an outcome; `elapsed`: seconds since CDEK took note.

        Not a coroutine itself: thousands wait here, and each would hold one more.
        """
        outcome = first_outcome(ticket)
        if outcome is not None:
            return _known(outcome)
        if self._closed:
            raise _closed(ticket)
        looks = self._schedule(ticket.kind, polling, bulk, elapsed)
        return poll(ticket, self._look, looks, elapsed, deadline, self._alarm)

    def _schedule(self, kind: str, polling: Polling, bulk: bool, elapsed: float) -> Looks:
        if polling.learning and bulk and not elapsed:
            return LearnedLooks(polling, self._times[kind], self._idle)
        if polling.learning and not bulk and elapsed < inf:
            return PromptLooks(self._times[kind], elapsed)
        return plain_looks(polling, thrifty=bulk)

    async def _look_once(self, ticket: Ticket, deadline: Deadline, looks: Looks) -> Outcome | None:
        urgency = Urgency.SINGLE
        if looks.thrifty:
            can_wait = not looks.prompt and deadline.remaining() > max(_HURRY, deadline.seconds / 2)
            urgency = Urgency.LOOK if can_wait else Urgency.PROMPT
        if self._closed:
            raise _closed(ticket)
        try:
            reply = await self._http.look(
                look_call(ticket.order_uuid, {}, brief=True),
                deadline,
                urgency,
                lambda reply: readable(reply, ticket.order_uuid),
            )
        except CdekError:
            if self._closed:
                raise _closed(ticket) from None
            raise
        outcome = conclude(ticket, reply)
        if outcome is None and self._closed:
            raise _closed(ticket)
        return outcome

    def _idle(self) -> bool:
        return self._http.idle

    async def farewell(self, seconds: float = 10.0) -> None:
        """Wait for the answers to what was sent."""
        if self._submissions:
            await asyncio.wait(self._submissions, timeout=seconds)

    async def aclose(self) -> None:
        """End what is still under way: what CDEK took note of keeps its ticket."""
        self._closed = True
        self._alarm.wake_all()
        tasks = list(self._submissions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _over(self, task: asyncio.Task[Ticket]) -> None:
        """End a submission: if its caller has left, a CdekError is of no use to anybody, a defect is told."""
        self._submissions.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, CdekError):
            what = "a submission whose caller had left failed"
            context = {"message": what, "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    def _draft(self, operation: Operation, before: Ticket | None) -> Ticket:
        uuid, since = (before.order_uuid, before.since) if before else (operation.order_uuid, None)
        return Ticket(self._host, self._account, operation.kind, uuid, None, operation.request_type, since)


def _surely_ours(outcome: Outcome) -> bool:
    uuid = outcome.ticket.request_uuid
    return uuid is not None and uuid == outcome.request.request_uuid and not outcome.adopted


def _closed(ticket: Ticket) -> Unsettled:
    return Unsettled(
        f"{ticket.kind} of order {ticket.order_uuid}: no verdict, the client was closed; "
        "settle its ticket later",
        ticket=ticket,
    )


async def _known(outcome: Outcome) -> Outcome:
    return outcome
