"""Calls with a token: replayed once when it was refused, retried where nothing was applied."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from math import inf
from typing import Any, Protocol, TypeVar

import tenacity

from cdek_async import _wire
from cdek_async._accept import INTERNAL, NOT_READY
from cdek_async._deadline import Deadline
from cdek_async._errors import AuthError, BadReply, CdekError, TransportError, Unsettled
from cdek_async._exchange import LONGEST_RETRY_AFTER, TOO_MANY, ServerClock, Wire
from cdek_async._models import Call, Reply
from cdek_async._pacing import RetryQuota, Urgency
from cdek_async._retrying import until_next

T = TypeVar("T")

_ATTEMPTS = 4  # of a read that nobody polls
# Documented without a layout: look for the code anywhere in an answer that shows no order.
_AUTH = {"v2_token_expired", "v2_authorization_incorrect", "unauthorized"}
_NOT_NOW = {INTERNAL, NOT_READY}


class Credentials(Protocol):
    """The OAuth token, as far as calls need it."""

    async def token(self) -> str:
        """The token to send."""
        ...

    def current(self, token: str) -> bool:
        """Whether it still is."""
        ...

    def refused(self, token: str) -> None:
        """CDEK did not take it."""
        ...

    @property
    def held(self) -> str | None:
        """The token to send now, where there is one."""
        ...


class Http:
    """The calls of one client."""

    def __init__(self, wire: Wire, credentials: Credentials) -> None:
        self._wire = wire
        self._credentials = credentials
        self._quota = RetryQuota()

    @property
    def clock(self) -> ServerClock:
        """CDEK's clock."""
        return self._wire.clock

    @property
    def idle(self) -> bool:
        """No call waits for its turn."""
        return self._wire.pacer.idle

    async def authenticate(self) -> None:
        """Have a token, before anything is sent with it: its reply has the server's time."""
        await self._credentials.token()

    async def send(
        self,
        call: Call,
        deadline: Deadline,
        urgency: Urgency,
        departing: Callable[[], None] = lambda: None,
        returned: Callable[[], None] = lambda: None,
    ) -> Reply:
        """Make a call; a refused token is renewed and it is replayed once, for nothing was applied.

        `departing` is called right before the wire, `returned` before a replay. Raises `TransportError`:
        unless it is `undecided`, nothing was applied.
        """
        token, reply = await self._exchange(call, deadline, urgency, departing)
        if _token_refused(call, reply):
            self._credentials.refused(token)
            returned()
            token, reply = await self._exchange(call, deadline, urgency, departing)
            if _token_refused(call, reply):
                self._credentials.refused(token)
                raise AuthError(
                    "CDEK refuses the token that it has just issued: are these keys of this host?"
                )
        if reply.status < TOO_MANY:
            self._quota.refund()
        return answered(call, reply)

    def retried_write(self, send: Callable[[], Awaitable[T]], deadline: Deadline) -> Coroutine[Any, Any, T]:
        """Make a write again for as long as it proves not to have been applied."""

        def unsent(error: BaseException) -> bool:
            return (
                isinstance(error, TransportError)
                and not (error.undecided or error.lasting)
                and self._may_retry()
            )

        return retried(send, unsent, deadline)

    async def look(
        self, call: Call, deadline: Deadline, urgency: Urgency, usable: Callable[[Reply], bool]
    ) -> Reply:
        """Read once; an answer that is none, or not `usable`, is raised."""
        reply = await self.send(call, deadline, urgency)
        if not usable(reply):
            raise BadReply(
                f"GET {call.path}: answered {reply.status} with {_codes(reply) or reply.snippet}",
                status=reply.status,
                snippet=reply.snippet,
            )
        return reply

    async def read(
        self,
        call: Call,
        deadline: Deadline,
        urgency: Urgency,
        usable: Callable[[Reply], bool],
        *,
        to_the_end: bool = False,
    ) -> Reply:
        """Read until it succeeds; a few times, or `to_the_end` of the deadline and whatever fails."""

        def again(error: BaseException) -> bool:
            if to_the_end:
                return passing(error)
            transient = isinstance(error, TransportError) and not error.lasting
            garbled = isinstance(error, BadReply) and error.status < 300  # noqa: PLR2004 - the 2xx
            return (transient or garbled) and self._may_retry()

        return await retried(
            lambda: self.look(call, deadline, urgency, usable),
            again,
            deadline,
            attempts=None if to_the_end else _ATTEMPTS,
        )

    async def _exchange(
        self, call: Call, deadline: Deadline, urgency: Urgency, departing: Callable[[], None]
    ) -> tuple[str, Reply]:
        token, leave = await self._leave(call, deadline, urgency)
        try:
            departing()
        except BaseException:
            self._wire.pacer.give_back(leave)
            raise
        deadline.start()
        # A write is not cut by its deadline: its caller leaves, and its answer is heard all the same.
        seconds = inf if call.write else deadline.remaining()
        return token, await self._wire.exchange(call, seconds, f"Bearer {token}", alone=call.write)

    async def _leave(self, call: Call, deadline: Deadline, urgency: Urgency) -> tuple[str, float]:
        """A token, and the pacer's leave to send a call with it now."""
        pacer = self._wire.pacer
        token = self._credentials.held
        if token is not None and (leave := pacer.take()) is not None:
            return token, leave

        async def both() -> tuple[str, float]:
            while True:
                token = await self._credentials.token()
                leave = await pacer.acquire(urgency)
                if self._credentials.current(token):
                    return token, leave
                pacer.give_back(leave)  # it expired while the call was queueing

        try:
            return await deadline.within(both)
        except TimeoutError as error:
            raise TransportError(f"{call.method} {call.path}: not sent, time was up") from error

    def _may_retry(self) -> bool:
        # In an outage the pacer lets next to nothing out, and without a token there is one fetch for all who
        # wait: the quota has nothing to save, and would be gone with their number.
        return self._wire.pacer.outage.on or not self._credentials.held or self._quota.take()


def answered(call: Call, reply: Reply) -> Reply:
    """The reply, unless it is a "not now", which applied nothing; 5xx says so to a read only."""
    not_now = reply.status == TOO_MANY or (
        not call.write and (reply.status >= 500 or (reply.status >= 400 and _has_code(reply, _NOT_NOW)))  # noqa: PLR2004
    )
    if not not_now:
        return reply
    asked = reply.retry_after or 0.0
    patience = f", asking to wait for {asked:.0f} s" if asked else ""
    raise TransportError(
        f"{call.method} {call.path}: answered {reply.status}{patience}",
        lasting=asked > LONGEST_RETRY_AFTER,
    )


async def retried(
    attempt: Callable[[], Awaitable[T]],
    again: Callable[[BaseException], bool],
    deadline: Deadline,
    attempts: int | None = None,
) -> T:
    """Make attempts, farther and farther apart, while `again` says so and the deadline leaves room."""
    number = 0
    while True:
        number += 1
        try:
            return await attempt()
        except Exception as failure:  # noqa: BLE001 - the rule raises it again, unless it may pass
            seconds = until_next(_RETRYING, number, failure, again, deadline, attempts)
        await asyncio.sleep(seconds)


def _again(state: tenacity.RetryCallState) -> bool:
    failure = state.outcome and state.outcome.exception()
    return failure is not None and bool(state.args[0](failure))


def _enough(state: tenacity.RetryCallState) -> bool:
    _, deadline, attempts = state.args
    return bool(state.upcoming_sleep >= deadline.remaining()) or state.attempt_number == attempts


_RETRYING = tenacity.Retrying(
    # Jitter belongs here, where a whole client was turned away at once, and not on polls.
    wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=10, jitter=0.5),
    stop=_enough,
    retry=_again,
    reraise=True,
)


def passing(error: BaseException) -> bool:
    """Whether a failed look may succeed later: accepted work does not fail because asking does."""
    if isinstance(error, Unsettled):  # the client was closed
        return False
    return isinstance(error, TransportError) or (isinstance(error, CdekError) and not error.lasting)


def _token_refused(call: Call, reply: Reply) -> bool:
    if reply.status == 401:  # noqa: PLR2004 - Unauthorized
        return True
    # A look at an order may show one that was refused a token long ago.
    if reply.data is None or (reply.status < 400 and "entity" in reply.data and not call.write):  # noqa: PLR2004
        return False
    return _has_code(reply, _AUTH)


def _has_code(reply: Reply, codes: set[str]) -> bool:
    return any(issue.code.lower() in codes for issue in _wire.errors_of(reply.data or {}))


def _codes(reply: Reply) -> str:
    return ", ".join(issue.code for issue in _wire.errors_of(reply.data or {}))
