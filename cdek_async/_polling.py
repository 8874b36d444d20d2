"""Polling, and the loop that looks until it sees."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import tenacity
from attrs import Attribute, evolve, field, frozen

from cdek_async._alarm import Alarm
from cdek_async._deadline import Deadline
from cdek_async._errors import CdekError, Unsettled
from cdek_async._http import passing
from cdek_async._learning import SettleTimes
from cdek_async._models import Ticket
from cdek_async._outcome import Outcome
from cdek_async._retrying import until_next
from cdek_async._schedule import Plan, Sighting

_GROWTH = 1.25
_EARLIEST = 0.4  # seconds; what is usual when CDEK is quick
_LATE = 0.97  # of the orders are settled at a bulk job's first look
_KNOWN = 20  # settle times, before they may shorten what was chosen without them
_CLOSER = 0.1  # of an order's age between two looks that cost nobody anything; else a quarter
_LONG = 0.5  # seconds of sleep that are worth a thought when there is a new plan
_LAST_LOOK = 1.0  # seconds kept before the deadline for a last look to be answered in


def _seconds(_: object, field_of: "Attribute[Any]", value: object) -> None:
    if value is None and field_of.default is None:
        return
    zero = field_of.name in ("wait_initial", "wait_jitter")
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (value > 0 or (zero and value == 0))
    ):
        return
    raise ValueError(f"{field_of.name}: seconds, {'0 or more' if zero else 'more than 0'}, not {value!r}")


@frozen
class Polling:
    """When to look whether an operation has settled; seconds throughout.

    `wait_initial` passes between CDEK's note and the first look, then waits grow to `wait_max`, each with
    up to `wait_jitter` added. Where none of them is given, they are chosen: by lag for a single order, by
    calls for a bulk job, which learns how long CDEK takes. `timeout` bounds the whole of one public call.
    """

    wait_initial: float | None = field(default=None, validator=_seconds)
    wait_max: float | None = field(default=None, validator=_seconds)
    wait_jitter: float | None = field(default=None, validator=_seconds)
    timeout: float = field(default=60.0, validator=_seconds)

    @property
    def learning(self) -> bool:
        """Whether looks are placed by what was seen."""
        return self.wait_initial is None and self.wait_max is None and self.wait_jitter is None

    def filled(self, *, thrifty: bool) -> "Polling":
        """The same with what was not given chosen."""
        # CDEK settles in 0.2 to 0.5 s, in 30 to 60 under load. A look at 3 s finds nearly everything
        # settled: two calls an order. Somebody who waits for one order wants to know sooner.
        initial, longest = (3.0, 45.0) if thrifty else (0.4, 5.0)
        initial = initial if self.wait_initial is None else self.wait_initial
        longest = max(longest, initial) if self.wait_max is None else self.wait_max
        return evolve(self, wait_initial=initial, wait_max=longest, wait_jitter=self.wait_jitter or 0.0)


class Looks(tenacity.wait.wait_base):
    """A schedule of looks at one order, or at any."""

    first: float
    """Seconds from CDEK's note to the first look."""
    thrifty: bool
    """A bulk job's."""
    prompt: bool
    """A look is worth little later."""

    def sleep(self, seconds: float, alarm: Alarm) -> asyncio.Future[None]:
        """What is done when it is time for the next look."""
        return alarm.after(seconds)

    def saw(self, age: float, *, settled: bool | None) -> None:
        """A look at this age told whether it had settled; None: it failed."""

    def over(self) -> None:
        """Nobody looks any more."""


class PlainLooks(Looks):
    """Looks by numbers alone: one serves all orders."""

    def __init__(self, polling: Polling, *, thrifty: bool) -> None:
        chosen = polling.filled(thrifty=thrifty)
        longest = chosen.wait_max or 0.0
        self.first = min(chosen.wait_initial or 0.0, longest)
        self.thrifty, self.prompt = thrifty, not thrifty
        # Growing slowly from the usual settle time: doubling looks too late, and jitter harms
        # looks at one's own orders, which their submits have spread already.
        self._later = tenacity.wait_exponential(
            multiplier=max(self.first, 0.05), exp_base=_GROWTH, max=longest
        ) + tenacity.wait_random(0, chosen.wait_jitter or 0.0)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        """Seconds to the next look."""
        return self._later(retry_state)


plain_looks = lru_cache(PlainLooks)


class SeenLooks(Looks):
    """Looks placed by what was seen of others; of this order they tell, where it has a sighting."""

    _times: SettleTimes
    _sighting: Sighting | None
    _age = 0.0

    def saw(self, age: float, *, settled: bool | None) -> None:
        """A look at this age told whether it had settled; None: it failed."""
        self._age = age
        if self._sighting is not None and settled is not None:
            self._times.observe(self._sighting, age, settled=settled)


class LearnedLooks(SeenLooks):
    """A bulk job's looks, placed by how long others took; a scout's come early, to see that."""

    def __init__(self, polling: Polling, times: SettleTimes, idle: Callable[[], bool]) -> None:
        chosen = polling.filled(thrifty=True)
        self._longest = chosen.wait_max or 0.0
        self._unlearned = chosen.wait_initial or 0.0
        self._times = times
        self._idle = idle
        self._sighting = times.scout()
        self.thrifty, self.prompt = True, self._sighting is not None
        # Half of it finds out in a few steps that CDEK has become quicker, and costs few looks more.
        self.first = max(_EARLIEST, self._late() / 2) if self.prompt else self._expected()

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:  # noqa: ARG002 - tenacity's signature
        """Seconds to the next look."""
        # Where nothing queues, as at a job's end, a closer look takes the place of no other call.
        gap = max(_EARLIEST, self._age * (_CLOSER if self._idle() else _GROWTH - 1))
        return gap if self.prompt else max(gap, self._expected() - self._age)

    def _expected(self) -> float:
        """Seconds after which a look should find the order settled."""
        few = self._times.known < _KNOWN  # and those are the quick ones
        return max(_EARLIEST, self._late(), self._unlearned if few else 0.0)

    def _late(self) -> float:
        """Seconds in which nearly all that were watched have settled."""
        return min(self._times.quantile(_LATE), self._longest)


class PromptLooks(SeenLooks):
    """Looks at an order that somebody waits for, placed by what was seen of others."""

    thrifty, prompt = False, True
    _alarm: Alarm
    _sleeper: asyncio.Future[None]
    _due: float
    _began: float

    def __init__(self, times: SettleTimes, elapsed: float) -> None:
        self._times = times
        self._age = elapsed
        self.first = times.next_look(0.0)
        # Of an order that is taken up later nobody knows since when exactly CDEK has had it.
        self._sighting = None if elapsed else Sighting()

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:  # noqa: ARG002 - tenacity's signature
        """Seconds to the next look."""
        return self._times.next_look(self._age) - self._age

    def sleep(self, seconds: float, alarm: Alarm) -> asyncio.Future[None]:
        """What is done when it is time for the next look; a long sleep may become shorter."""
        sleeper = alarm.after(seconds)
        if seconds > _LONG:
            now = asyncio.get_running_loop().time()
            self._alarm, self._sleeper = alarm, sleeper
            self._due, self._began = now + seconds, now - self._age
            self._times.sleepers.add(self)
        return sleeper

    def replanned(self, plan: Plan) -> None:
        """Those who sleep longest went to sleep when least was known."""
        now = asyncio.get_running_loop().time()
        due = self._began + plan.after(now - self._began)
        if due < self._due:
            self._due = due
            self._alarm.wake(self._sleeper, due - now)

    def saw(self, age: float, *, settled: bool | None) -> None:
        """A look at this age told whether it had settled; None: it failed."""
        super().saw(age, settled=settled)
        self._times.sleepers.discard(self)

    def over(self) -> None:
        """Nobody looks any more."""
        self._times.sleepers.discard(self)


Look = Callable[[Ticket, Deadline, Looks], Awaitable[Outcome | None]]


async def poll(  # noqa: PLR0917 - what one wait is about
    ticket: Ticket, look: Look, looks: Looks, elapsed: float, deadline: Deadline, alarm: Alarm
) -> Outcome:
    """Look until the outcome is there; `elapsed`: seconds since CDEK took note.

    A look that fails is no verdict and no reason to stop; when time is up, `Unsettled` has it as its cause.
    What is raised bears the ticket.
    """
    noted = (
        deadline.now() - elapsed
    )  # its clock stands still in an outage, which says nothing of CDEK's speed
    attempt = 0
    found: Outcome | float = _clipped(looks.first - elapsed, deadline)
    # Thousands wait here: what a look needs is made for it and gone before the next.
    try:
        while not isinstance(found, Outcome):
            await looks.sleep(found, alarm)
            attempt += 1
            found = await _attempt(ticket, look, looks, noted, deadline, attempt)
    except CdekError as error:
        error.ticket = ticket
        raise
    finally:
        looks.over()
    return found


async def _attempt(  # noqa: PLR0917 - what one look is about
    ticket: Ticket, look: Look, looks: Looks, noted: float, deadline: Deadline, number: int
) -> Outcome | float:
    """One look: the outcome, or the seconds to the next look."""
    try:
        seen = await look(ticket, deadline, looks)
    except Exception as failure:  # noqa: BLE001 - the rule below raises it again, unless it may pass
        looks.saw(deadline.now() - noted, settled=None)
        return _until_next(ticket, looks, deadline, number, failure)
    looks.saw(deadline.now() - noted, settled=seen is not None)
    return _until_next(ticket, looks, deadline, number) if seen is None else seen


def _until_next(
    ticket: Ticket, looks: Looks, deadline: Deadline, number: int, failure: Exception | None = None
) -> float:
    """Seconds to the next look, as tenacity's rule has it; raises what looking again cannot mend."""
    try:
        return until_next(_RETRYING, number, failure, looks, deadline)
    except tenacity.RetryError:
        raise _unsettled(ticket, deadline) from failure


def _next_wait(state: tenacity.RetryCallState) -> float:
    looks, deadline = state.args
    return _clipped(looks(state), deadline)


def _out_of_time(state: tenacity.RetryCallState) -> bool:
    deadline: Deadline = state.args[1]
    return deadline.remaining() <= _reserve(deadline)


_RETRYING = tenacity.Retrying(
    wait=_next_wait,
    stop=_out_of_time,
    retry=tenacity.retry_if_result(lambda seen: seen is None) | tenacity.retry_if_exception(passing),
)


def _clipped(seconds: float, deadline: Deadline) -> float:
    return max(0.0, min(seconds, deadline.remaining() - _reserve(deadline)))


def _unsettled(ticket: Ticket, deadline: Deadline) -> Unsettled:
    return Unsettled(
        f"{ticket.kind} of order {ticket.order_uuid}: no verdict within {deadline.seconds:g} s; "
        "settle its ticket later",
        ticket=ticket,
    )


def _reserve(deadline: Deadline) -> float:
    return min(_LAST_LOOK, deadline.seconds / 10)
