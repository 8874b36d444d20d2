"""Reads: many orders looked at, at most so many at once, waiting while nothing is answered."""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import TypeVar

from cdek_async import AuthError, Bulk, CdekClient, CdekError, Operation, OrderInfo, TransportError

T = TypeVar("T")
Seen = OrderInfo | CdekError

_MOST = 100  # at once: more would only queue before the pacer
_QUEUE = 5.0  # seconds of the rate that may queue: a read that meets its deadline there is a call less
_TRIES = 3  # of several calls each: in a Retry-After of two minutes a read meets its deadline unsent
_FIRST_PROBE = 2.0  # seconds until one of those that wait tries again; doubled up to the last
_LAST_PROBE = 30.0
_GLANCE = 0.25  # seconds


class Reads:
    """What `read_all` does with each order."""

    def __init__(self, client: CdekClient) -> None:
        self._client = client
        self._interval = _FIRST_PROBE
        self._probe_at = 0.0
        self._waiting = asyncio.Lock()

    async def read(self, asked: tuple[object, Operation], _sent: Callable[[], None]) -> Seen:
        """The order that an operation is about, or why it is not shown; raises `AuthError`."""
        _, operation = asked
        tries = _TRIES
        while True:
            await self._turn()
            seen = await self._look(operation)
            if not isinstance(seen, TransportError) or seen.lasting:
                return seen
            tries -= not self._client.paused  # an outage is nothing about this order
            if not tries:
                return seen

    async def _turn(self) -> None:
        """Wait while nothing is answered; then, and in growing intervals, one tries for all.

        Single calls do not wait in an outage, since somebody waits for them; nobody waits for one of these.
        """
        now = asyncio.get_running_loop().time
        async with self._waiting:  # one looks at the clock, the others wait for that one
            while self._client.paused:
                self._probe_at = self._probe_at or now() + self._interval
                if now() >= self._probe_at:
                    self._interval = min(_LAST_PROBE, 2 * self._interval)
                    self._probe_at = now() + self._interval
                    return
                await asyncio.sleep(_GLANCE)
            self._interval, self._probe_at = _FIRST_PROBE, 0.0

    async def _look(self, operation: Operation) -> Seen:
        try:
            if operation.order_uuid is not None:
                return await self._client.get_order(operation.order_uuid)
            return await self._client.find_order(**operation.numbers)
        except AuthError:
            raise
        except CdekError as error:
            return error


def read_all(
    client: CdekClient, asked: AsyncIterable[tuple[T, Operation]], *, rate: float
) -> Bulk[tuple[T, Operation], Seen, None]:
    """Look at the orders that operations are about, each beside what its caller knows it by.

    As with `run_all`: `async with read_all(...) as results: async for (known, operation), seen in results`.
    Nothing but GET is sent, so `results.stop()` calls off even what is under way. Wrong credentials end it,
    and so does a source that raises.
    """
    places = max(1, min(_MOST, int(rate * _QUEUE)))
    return Bulk(asked, Reads(client).read, concurrency=places, progress=None)
