"""One bulk job: each operation run once, and kept on disk where there is a journal."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, NamedTuple

from attrs import evolve

from cdek_async._deadline import Deadline, finished
from cdek_async._engine import Engine
from cdek_async._errors import AuthError, BadReply, CdekError, is_undecided
from cdek_async._journal import Entry, Journal
from cdek_async._models import Ticket
from cdek_async._operations import Operation
from cdek_async._outcome import Outcome, first_outcome
from cdek_async._polling import Polling
from cdek_async._progress import Progress
from cdek_async._submit import Doubt
from cdek_async._watch import Watch

Result = Outcome | CdekError


def _nobody(_: BaseException | None) -> None:
    """Nobody to tell yet."""


class _Unwritten(CdekError):  # noqa: N818 - as the others are named
    """An intent is not on disk, and nothing was sent: no news once its operation was called off."""


class _Sender(Watch):
    """Tells the job when an operation is on its way, and that it has a ticket."""

    __slots__ = ("_progress", "_sent")

    def __init__(self, progress: Progress, sent: Callable[[], None]) -> None:
        self._progress = progress
        self._sent = sent

    def departing(self) -> None:
        self._sent()

    def submitted(self) -> None:
        self._sent()  # it may have been found instead
        self._progress.submitted += 1


class _Recorder(_Sender):
    """Writes down besides what an operation intends, and its ticket."""

    __slots__ = ("_journal", "_position", "key")

    intends = True

    def __init__(
        self,
        progress: Progress,
        sent: Callable[[], None],
        journal: Journal,
        position: int,
    ) -> None:
        super().__init__(progress, sent)
        self._journal = journal
        self._position = position
        self.key = journal.key(position)

    async def intend(self, draft: Ticket) -> None:
        try:
            await self._journal.intend(self._position, draft)
        except OSError as error:
            raise _Unwritten(str(error)) from error

    def called_off(self) -> None:
        self._journal.withdraw(self._position)

    def accepted(self, ticket: Ticket) -> None:
        self._journal.accept(self._position, ticket)


class _Running(NamedTuple):
    """An operation at work, for its twins."""

    departed: asyncio.Future[None]
    result: asyncio.Future[Result]


class Job:
    """What `run_all` does with each operation."""

    def __init__(
        self, engine: Engine, polling: Polling, paused: Callable[[], float], journal: Journal | None
    ) -> None:
        self.progress = Progress()
        self.fail: Callable[[BaseException | None], None] = _nobody
        self._engine = engine
        self._polling = polling
        self._paused = paused
        self._journal = journal
        self._began: float | None = None
        self._positions = count()  # operations are taken up in the order of their source
        self._undecided: set[int] = set()  # positions that ended so in this life; a twin may come
        self._running: dict[int, _Running] = {}

    async def work(self, operation: Operation, sent: Callable[[], None]) -> Result:
        """Run one operation to its result; raises what ends the whole job."""
        # Nobody else has had the journal since.
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
            if self._journal is not None:
                self._remember(self._journal)
        position = next(self._positions)
        self.progress.taken += 1
        try:
            result: Result = await self._outcome(position, operation, sent)
        except BaseException as error:
            if not isinstance(error, CdekError) or isinstance(error, AuthError):
                self.progress.taken -= 1  # called off, or the end of the job: still to do
                raise
            result = error
        self.progress.count(result)
        return result

    def _remember(self, journal: Journal) -> None:
        """What earlier lives knew of the orders that they left in doubt."""
        for each in journal.beside:  # deletions and updates: a row does not tell
            self._engine.turns.recall(each.order_uuid, each.request_uuid, journal.key(each.position))

    def _outcome(
        self, position: int, operation: Operation, sent: Callable[[], None]
    ) -> Coroutine[Any, Any, Result]:
        """Not a coroutine itself: thousands wait here, and each would hold one more."""
        if self._journal is not None:
            return self._journaled(self._journal, position, operation, sent)
        watch = _Sender(self.progress, sent)
        return self._engine.run(operation, self._deadline(), self._polling, watch, bulk=True)

    async def _journaled(
        self, journal: Journal, position: int, operation: Operation, sent: Callable[[], None]
    ) -> Result:
        entry = await journal.claim(position, operation)
        if entry is not None:
            position = entry.position  # its own, or that of a twin: the same operation is run once
            if position in self._running:
                return await self._like_its_twin(position, sent)
        loop = asyncio.get_running_loop()
        departed, result = self._running[position] = _Running(loop.create_future(), loop.create_future())

        def sent_for_all() -> None:
            sent()
            if not departed.done():
                departed.set_result(None)

        try:
            outcome = await self._resumed(journal, position, operation, entry, sent_for_all)
            result.set_result(outcome)
        except CdekError as error:
            result.set_result(error)
            raise
        finally:
            del self._running[position]
            result.cancel()
        return outcome

    async def _like_its_twin(self, position: int, sent: Callable[[], None]) -> Result:
        """Wait for the result of the same operation; once that was sent, this one queues no more either."""
        running = self._running[position]
        await finished(*running)
        sent()
        result = await asyncio.shield(running.result)
        if isinstance(result, AuthError):
            raise result
        return result

    async def _resumed(
        self,
        journal: Journal,
        position: int,
        operation: Operation,
        entry: Entry | None,
        sent: Callable[[], None],
    ) -> Outcome:
        """Go on where the journal says that it stopped, and write down where it ends."""
        if entry is not None and entry.over:
            self._engine.turns.over(entry.over)
        elif entry is not None:
            self._engine.turns.note(entry.ticket.request_uuid, journal.key(position))
        known = None if entry is None else first_outcome(entry.ticket)
        if known is not None:
            sent()
            self.progress.known += 1
            return known
        outcome = await self._asked(journal, position, operation, entry, sent)
        await self._keep(journal, position, outcome)
        return outcome

    async def _asked(
        self,
        journal: Journal,
        position: int,
        operation: Operation,
        entry: Entry | None,
        sent: Callable[[], None],
    ) -> Outcome:
        noted = entry.ticket if entry is not None and entry.accepted else None
        doubt: Doubt | None = None
        if entry is not None and entry.intended and noted is None:
            lost_by = None if position in self._undecided else self._began
            doubt = Doubt(entry.ticket, lost_by)
        watch = _Recorder(self.progress, sent, journal, position)
        try:
            return await self._engine.run(
                operation,
                self._deadline(started=noted is not None),
                self._polling,
                watch,
                bulk=True,
                noted=noted,
                doubt=doubt,
            )
        except _Unwritten as error:
            raise OSError(str(error)) from error
        except CdekError as error:
            if is_undecided(error) or isinstance(error, BadReply):  # which proves nothing to a twin
                self._undecided.add(position)
            raise

    async def _keep(self, journal: Journal, position: int, outcome: Outcome) -> None:
        ticket = evolve(outcome.ticket, verdict=outcome.verdict, request=outcome.request)
        try:
            await journal.settle(position, ticket)
        except OSError as error:
            self.fail(error)  # a full disk ends the job; what is known is told all the same

    def _deadline(self, *, started: bool = False) -> Deadline:
        return Deadline(self._polling.timeout, started=started, paused=self._paused)
