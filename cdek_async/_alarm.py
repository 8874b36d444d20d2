"""Alarm: one timer for all who wait for their next look, and few of them woken in one turn of the loop."""

import asyncio
import heapq
from itertools import count

_AT_ONCE = 50  # looks, some 5 ms of work: who shares the loop has its turn between them
_EARLY = 1e-6  # seconds by which a loop's timer may come too soon


class Alarm:
    """Wakes whoever asked for it; a timer and a coroutine for each would take thrice the memory."""

    def __init__(self) -> None:
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._turns = count()
        self._timer: asyncio.Handle | None = None

    def after(self, seconds: float) -> asyncio.Future[None]:
        """What is done in so many seconds, or when everybody is woken."""
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.wake(sleeper, seconds)
        return sleeper

    def wake(self, sleeper: asyncio.Future[None], seconds: float) -> None:
        """Wake this one in so many seconds, if nothing does before."""
        loop = asyncio.get_running_loop()
        heapq.heappush(self._sleepers, (loop.time() + seconds, next(self._turns), sleeper))
        if self._sleepers[0][2] is sleeper:
            self._set(loop)

    def wake_all(self) -> None:
        """Wake everybody now."""
        for _, _, sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._sleepers[0][0], self._ring) if self._sleepers else None

    def _ring(self) -> None:
        """Wake those whose time has come; who was cancelled needs no waking, and no timer."""
        loop = asyncio.get_running_loop()
        now, woken = loop.time() + _EARLY, 0
        while self._sleepers and (self._sleepers[0][0] <= now or self._sleepers[0][2].done()):
            if woken == _AT_ONCE:
                self._timer = loop.call_soon(self._ring)
                return
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)
                woken += 1
        self._set(loop)
