"""Whether a result is true: what the client said, held against what the sandbox did."""

from collections.abc import Iterator

from cdek_async import (
    AuthError,
    BadReply,
    CdekError,
    OrderInfo,
    OrderNotFound,
    Outcome,
    Ticket,
    TransportError,
    Unsettled,
    Verdict,
)
from cdek_async.sandbox import Request
from tests.simulation.faults import LAG_OF_READ
from tests.simulation.record import INSTANT, SIMILAR, Effort, Exchange, Record, turned_away

_MARGIN = 3.1  # seconds: the client's 2, and the whole seconds of both clocks
_PATIENT = 30.0  # seconds
_PASSING = ("refused", "dns", "too many")


class Judge:
    """Holds every result against the record."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.tickets: list[tuple[Effort, Ticket]] = []
        """What is to settle later."""

    def result(self, effort: Effort, result: Outcome | CdekError, *, ran: bool = True) -> None:
        """What a public call, or a bulk job, said of an operation; `ran`: it was to see it through."""
        if not effort.shared:  # else its twin may still have it done
            effort.over_at = self._record.now()
        effort.judged = True
        self._spoken(result)
        if not isinstance(result, Outcome):
            self._error(effort, result)
            if self._in_peace() and not effort.reborn:
                self._violate(effort, "R8: no verdict, though hardly anything went wrong")
            return
        self._outcome(effort, result)
        if ran and not effort.reborn and {each.code for each in result.errors} == {SIMILAR}:
            self._violate(effort, "R1: rejected only because another one was under way")

    def read(self, effort: Effort, result: OrderInfo | CdekError) -> None:
        """What somebody read."""
        effort.over_at = self._record.now()
        self._spoken(result)
        shown = isinstance(result, OrderInfo) and str(result.order.uuid)
        if isinstance(result, OrderInfo) and (effort.order is None or shown != effort.order.uuid):
            self._violate(effort, "R1: another order was read")
        if isinstance(result, OrderNotFound) and not self._gone(effort):
            self._violate(effort, "R1: OrderNotFound, but the order is there")

    def ticket(self, effort: Effort, ticket: Ticket) -> None:
        """A ticket that nobody has settled yet."""
        kept = ticket.to_json()
        self._quiet(effort, kept, repr(ticket))
        said = (*ticket.request.errors, *ticket.request.warnings) if ticket.request else ()
        if any(issue.message and issue.message in kept for issue in said):
            self._violate(effort, "R6: CDEK's words in a ticket")
        if not ticket.final:
            self.tickets.append((effort, ticket))

    def _in_peace(self) -> bool:
        """Somebody is alone with a CDEK that is well but for one call it did not take, and has time."""
        schedule = self._record.schedule
        timeouts = [*(each.timeout for each in schedule.callers), *(each.timeout for each in schedule.jobs)]
        alone = len(self._record.efforts) == len(timeouts) == 1 and not schedule.strangers
        quiet = not schedule.spells and schedule.closed is None
        wrongs = [each.wrong.name for each in self._record.exchanges if each.wrong]
        mild = not wrongs or (len(wrongs) == 1 and wrongs[0] in _PASSING)
        made = [each for order in self._record.orders if order is not None for each in order.requests]
        swift = all(each.settled_at - each.accepted_at <= timeouts[0] / 2 for each in made)
        return alone and quiet and mild and swift and timeouts[0] >= _PATIENT

    def _violate(self, effort: Effort, text: str) -> None:
        self._record.violate(f"{text} (operation {effort.key}, {effort.asked.what})")

    # -- a verdict -----------------------------------------------------------------------------------------

    def _outcome(self, effort: Effort, outcome: Outcome) -> None:
        _ = self._record.sandbox.applied  # let happen what is due
        match outcome.verdict:
            case Verdict.OK:
                self._ok(effort, outcome)
            case Verdict.REJECTED:
                self._rejected(effort, outcome)
            case Verdict.NOT_FOUND:
                if not self._gone(effort):
                    self._violate(effort, "R1: NOT_FOUND, but the order is there")

    def _ok(self, effort: Effort, outcome: Outcome) -> None:
        if effort.type == "DELETE":
            if effort.order is None or effort.order.current != "REMOVED":
                self._violate(effort, "R1: OK, but the order is not removed")
            return
        self._whose(effort, outcome, "SUCCESSFUL")

    def _rejected(self, effort: Effort, outcome: Outcome) -> None:
        own, unseen = self._record.own(effort), self._unseen(effort, outcome)
        if any(each.state == "SUCCESSFUL" for each in own) and not (effort.doubled or unseen):
            self._violate(effort, "R1: REJECTED, but applied")
        elif (
            effort.type == "DELETE"
            and self._gone(effort)
            and not (effort.noes or unseen or self._hidden(effort))
        ):
            self._violate(effort, "R1: REJECTED, but the order is removed")
        elif not effort.noes:
            self._whose(effort, outcome, "INVALID")

    def _hidden(self, effort: Effort) -> bool:
        """A deletion that succeeded was not shown yet, though ours was, or came after our last look."""
        return any(
            each.seen_from > each.accepted_at or each.accepted_at > effort.looked_at
            for each in self._others(effort)
            if each.state == "SUCCESSFUL"
        )

    def _whose(self, effort: Effort, outcome: Outcome, state: str) -> None:
        """The verdict is our request's, or one's that could not be told from it."""
        own = self._record.own(effort)
        uuid = outcome.request.request_uuid
        if any(each.state == state and (uuid is None or each.uuid == str(uuid)) for each in own):
            return
        if any(each.state == state for each in own) and (effort.doubled or effort.nameless):
            return
        nameless = effort.nameless or self._unseen(effort, outcome)
        admitted = (outcome.adopted or nameless) and not self._shown(effort, own)
        others = [each for each in self._others(effort) if each.state == state]
        if admitted and any(self._could_be_ours(effort, each) for each in others):
            return
        if state == "INVALID" and effort.type == "DELETE" and outcome.adopted and others:
            return  # a running one was adopted, which may be older than our submit
        self._violate(effort, f"R1: {outcome.verdict}, but no request of it is {state}")

    def _unseen(self, effort: Effort, outcome: Outcome) -> bool:
        """What was looked at bears no name, and ours was not shown yet: another one passed for it."""
        own = self._record.own(effort)
        return outcome.request.request_uuid is None and all(each.seen_from > effort.looked_at for each in own)

    def _shown(self, effort: Effort, own: list[Request]) -> bool:
        """Ours was there to be seen when it was looked for: beside another's, neither is to be adopted."""
        if effort.lost_at is None or effort.reborn or effort.nameless or effort.doubled:
            return False
        late = any(each.wrong is not None and each.wrong.name == "lag of read" for each in effort.exchanges)
        by = effort.lost_at - (LAG_OF_READ if late else INSTANT)
        return any(max(each.accepted_at, each.seen_from) < by for each in own if not turned_away(each))

    def _others(self, effort: Effort) -> list[Request]:
        requests = effort.order.requests if effort.order is not None else []
        own = {each.uuid for each in self._record.own(effort)}
        return [each for each in requests if each.type == effort.type and each.uuid not in own]

    def _could_be_ours(self, effort: Effort, request: Request) -> bool:
        """What `adopted` says: it is not older than our send, by the server's clock."""
        since = effort.written_at if effort.written_at is not None else effort.first_at
        since = 0.0 if effort.reborn else since  # what was intended may be much older than what was sent
        moved = request.accepted_at if request.settled_at > self._record.now() else request.settled_at
        if since is None or self._known(effort, request):
            return False
        return moved >= since - _MARGIN - effort.behind

    def _known(self, effort: Effort, request: Request) -> bool:
        """Another operation's of this very client is known to it: by its uuid, or by being in doubt as well.

        While the process lives; of a job with a journal in its next life, too.
        """
        whose = self._record.made.get(request.uuid, (None,))[0]
        if whose is None or effort.nameless or whose.nameless or whose.doubled:
            return False
        if effort.reborn and effort.journaled and whose.journaled and effort.type == "UPDATE":
            return True
        if effort.reborn and not self._record.schedule.cancelling:
            return False
        if whose.noted_at is not None and whose.noted_at <= (effort.lost_at or 0.0):
            return True
        over = whose.over_at is not None and whose.over_at <= (effort.written_at or 0.0)
        return whose.doubted and whose.type == "UPDATE" and over

    def _gone(self, effort: Effort) -> bool:
        """CDEK shows no such order: it was removed, it never was, or it is another account's."""
        order = effort.order
        return order is None or order.current == "REMOVED" or order.client_id != "sandbox"

    # -- no verdict ----------------------------------------------------------------------------------------

    def _error(self, effort: Effort, error: CdekError) -> None:
        if isinstance(error, Unsettled) or error.ticket is not None:
            if error.ticket is None:
                self._violate(effort, "R4: Unsettled without a ticket")
            else:
                self.ticket(effort, error.ticket)
            if isinstance(error, TransportError):
                self._violate(effort, "R4: TransportError, though CDEK took note")
            return
        writes = [each for each in effort.exchanges if each.text.startswith(("DELETE", "PATCH"))]
        if isinstance(error, TransportError) and error.undecided:
            if not effort.reborn and all(_never_left(each, effort) for each in writes):
                self._violate(effort, "R4: undecided, but nothing of it left")
            effort.doubted = True
            return
        what = type(error).__name__
        if not isinstance(error, TransportError | AuthError | BadReply):
            self._violate(effort, f"R4: {what} from a write")
        if self._record.noted(effort) and not effort.doubled:
            self._violate(effort, f"R4: {what} and not undecided, but CDEK took note")
        lost = any(each.result == "lost" and not 400 <= each.status < 500 for each in writes)
        if lost and not (self._record.own(effort) or effort.doubled):
            self._violate(effort, f"R4: {what} and not undecided, but its answer was lost")
        # Nothing came of it: it may be asked anew.
        effort.state, effort.lost_at, effort.lost = "fresh", None, 0

    # -- what it says of persons and secrets ---------------------------------------------------------------

    def _spoken(self, result: Outcome | OrderInfo | CdekError) -> None:
        texts = list(_texts(result) if isinstance(result, BaseException) else [repr(result), str(result)])
        if any(map(self._record.leaks, texts)):
            self._record.violate(f"R6: a secret or a person's data in {type(result).__name__}")

    def _quiet(self, effort: Effort, *texts: str) -> None:
        if any(map(self._record.leaks, texts)):
            self._violate(effort, "R6: a secret or a person's data in a ticket")

    # -- at the end ----------------------------------------------------------------------------------------

    def settled(self, effort: Effort, result: Outcome | CdekError) -> None:
        """What a ticket came to, long after."""
        if isinstance(result, Outcome):
            if effort.reborn and {each.code for each in result.errors} == {SIMILAR}:
                self._whose(effort, result, "INVALID")  # its job's next life sent it again
            else:
                self._outcome(effort, result)
        else:
            self._violate(effort, f"R4: its ticket does not settle: {result}")

    def cannot_settle(self, effort: Effort, ticket: Ticket) -> bool:
        """A request that is stuck, or one without a name among several."""
        order = effort.order
        if order is None or any(each.settled_at > self._record.now() for each in order.requests):
            return True
        same = [each for each in order.requests if each.type == effort.type]
        named = [each for each in same if each.uuid == str(ticket.request_uuid) and not each.nameless]
        return not named and len(same) != 1

    def applied(self) -> None:
        """The client is never the cause of a write applied twice."""
        for effort in self._record.efforts:
            if effort.type == "DELETE" or effort.doubled:
                continue
            own = self._record.own(effort)
            if sum(each.state == "SUCCESSFUL" for each in own) > 1:
                self._violate(effort, "R2: applied twice")


def _texts(error: BaseException | None) -> Iterator[str]:
    """What an error says, and what lies beneath it."""
    if error is not None:
        yield from (repr(error), str(error), *getattr(error, "__notes__", ()))
        yield from _texts(error.__cause__)
        if error.__context__ is not error.__cause__:
            yield from _texts(error.__context__)


def _never_left(write: Exchange, effort: Effort) -> bool:
    """It had ended without a byte sent before anybody had to say something about it."""
    return write.result == "unsent" and effort.over_at is not None and write.ended < effort.over_at - 0.001
