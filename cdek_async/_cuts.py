"""Cuts: one timer for all that may take too long; one for each would be a tenth of what a call costs."""

import asyncio
from math import inf

_EARLY = 1e-6  # seconds by which a loop's timer may come too soon


class Cuts:
    """Entered `asyncio.timeout(None)`s, and when each is to end."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over: asyncio.Event | None = None

    def add(self, cut: asyncio.Timeout, seconds: float) -> None:
        """End it in so many seconds, unless it is discarded before."""
        until = asyncio.get_running_loop().time() + seconds
        self._until[cut] = until
        # Most take as long as those before, and are over long before the first one's time has come.
        if self._timer is None or until < self._timer.when():
            self._set(until)

    def discard(self, cut: asyncio.Timeout) -> None:
        """It is over."""
        self._until.pop(cut, None)
        if self._over is not None and not self._until:
            self._over.set()

    async def all(self) -> None:
        """End all of them, and wait until they are over."""
        self._end(inf)
        if self._until:
            self._over = asyncio.Event()
            await self._over.wait()
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._end(now + _EARLY)
        left = [until for until in self._until.values() if until > now + _EARLY]
        if left:
            self._set(min(left))

    def _end(self, by: float) -> None:
        now = asyncio.get_running_loop().time()
        for cut, until in self._until.items():
            if until <= by and not cut.expired():
                cut.reschedule(now)
