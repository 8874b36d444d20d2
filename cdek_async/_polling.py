"""Polling, and the loop that looks until it sees."""

import asyncio
from collections.abc import Awaitable, Callable

import tenacity
from attrs import evolve, field, frozen
from attrs.validators import ge, gt, optional

from cdek_async._deadline import Deadline
from cdek_async._errors import Unsettled
from cdek_async._http import passing
from cdek_async._models import Ticket
from cdek_async._outcome import Outcome

_GROWTH = 1.25
_LAST_LOOK = 1.0  # seconds kept before the deadline for a last look to be answered in


@frozen
class Polling:
    """When to look whether an operation has settled; seconds throughout.

    `wait_initial` passes between CDEK's note and the first look, then waits grow to `wait_max`, each with
    up to `wait_jitter` added. Where they are not given, they are chosen: by lag for a single order, by
    calls for a bulk job. `timeout` bounds the whole of one public call.
    """

    wait_initial: float | None = field(default=None, validator=optional(ge(0)))
    wait_max: float | None = field(default=None, validator=optional(gt(0)))
    wait_jitter: float | None = field(default=None, validator=optional(ge(0)))
    timeout: float = field(default=60.0, validator=gt(0))

    def filled(self, *, thrifty: bool) -> "Polling":
        """The same with what was not given chosen."""
        # CDEK settles in 0.2 to 0.5 s, in 30 to 60 under load. A look at 3 s finds nearly everything
        # settled: two calls an order. Somebody who waits for one order wants to know sooner.
        initial, longest = (3.0, 30.0) if thrifty else (0.4, 5.0)
        initial = initial if self.wait_initial is None else self.wait_initial
        longest = max(longest, initial) if self.wait_max is None else self.wait_max
        return evolve(self, wait_initial=initial, wait_max=longest, wait_jitter=self.wait_jitter or 0.0)


class Looks(tenacity.wait.wait_base):
    """A plain schedule of looks; a learned one is another wait strategy in its place."""

    def __init__(self, polling: Polling, *, thrifty: bool) -> None:
        chosen = polling.filled(thrifty=thrifty)
        self.first = min(chosen.wait_initial or 0.0, chosen.wait_max or 0.0)
        # Growing slowly from the usual settle time: doubling looks too late, and jitter harms
        # looks at one's own orders, which their submits have spread already.
        self._later = tenacity.wait_exponential(
            multiplier=max(self.first, 0.05), exp_base=_GROWTH, max=chosen.wait_max or 0.0
        ) + tenacity.wait_random(0, chosen.wait_jitter or 0.0)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        """Seconds to the next look."""
        return self._later(retry_state)


async def poll(
    ticket: Ticket,
    look: Callable[[], Awaitable[Outcome | None]],
    looks: Looks,
    elapsed: float,
    deadline: Deadline,
) -> Outcome:
    """Look until the outcome is there; `elapsed`: seconds since CDEK took note.

    A look that fails is no verdict and no reason to stop; when time is up, `Unsettled` has it as its cause.
    """

    def clipped(state: tenacity.RetryCallState) -> float:
        return max(0.0, min(looks(state), deadline.remaining() - _reserve(deadline)))

    def out_of_time(_: tenacity.RetryCallState) -> bool:
        return deadline.remaining() <= _reserve(deadline)

    await asyncio.sleep(max(0.0, min(looks.first - elapsed, deadline.remaining() - _reserve(deadline))))
    seen: Outcome | None = None

    async def once() -> bool:
        nonlocal seen
        seen = await look()
        return seen is None

    # One AsyncRetrying per wait: shared, it returns None when an attempt suspends.
    retrying = tenacity.AsyncRetrying(
        sleep=asyncio.sleep,
        wait=clipped,
        stop=out_of_time,
        retry=tenacity.retry_if_result(bool) | tenacity.retry_if_exception(passing),
    )
    try:
        await retrying(once)
    except tenacity.RetryError as stopped:
        failure = stopped.last_attempt.exception()
        raise _unsettled(ticket, deadline) from failure
    assert seen is not None  # noqa: S101 - tenacity let it through
    return seen


def _unsettled(ticket: Ticket, deadline: Deadline) -> Unsettled:
    return Unsettled(
        f"{ticket.kind} of order {ticket.order_uuid}: no verdict within {deadline.seconds:g} s; "
        "settle its ticket later",
        ticket=ticket,
    )


def _reserve(deadline: Deadline) -> float:
    return min(_LAST_LOOK, deadline.seconds / 10)
