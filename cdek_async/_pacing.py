"""The pacer: one budget of calls for a whole client; and the retry quota."""

import asyncio
import heapq
from collections import deque
from enum import IntEnum
from itertools import count
from math import inf
from typing import NamedTuple

from cdek_async._outage import Outage

_SECOND = 1.001  # a millisecond for the clocks and the wire: CDEK counts arrivals, we count departures
_CATCH_UP = 0.05  # seconds of the rate that a late wake-up may make good at once
_WINDOW = 1.0  # seconds after which the rate is judged anew: once, however many faults came
_TOLERATED = 0.1  # of a window's calls may fail without slowing the rest
_RECOVERY = 0.1  # of the full rate, gained back per window
_SLOWEST = 0.01  # of the full rate
# A bulk job's look lets writes pass it for so many seconds: what is sent sooner is settled sooner. Without
# that a job would end later by the settle time of its slowest; with more, more would wait to be looked at.
_PATIENCE = 7.0
MAX_RATE = 100_000


class Urgency(IntEnum):
    """Who goes first when calls queue."""

    TOKEN = 0
    SINGLE = 1
    """Somebody waits for this very order."""
    PROMPT = 2
    """A bulk job's look that is worth little later."""
    BULK = 3
    LOOK = 4
    """A bulk job's look that can wait a while."""


class _Waiter(NamedTuple):
    urgency: int
    due: float
    turn: int
    granted: asyncio.Future[float]


class Pacer:
    """The last gate before the wire: at most `rate` calls in any second, at most `connections` at once."""

    def __init__(self, rate: float | None, connections: int) -> None:
        self._full = _checked(rate)
        self._factor = 1.0
        self._window_at = 0.0
        self._calls = 0
        self._faults = 0
        self._free = connections
        self.outage = Outage()
        self._queue: list[_Waiter] = []
        self._closed = False
        self._turns = count()
        self._sent: deque[float] = deque()  # in the last second
        self._stepped = -inf
        self._paused_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rate(self) -> float | None:
        """Calls per second now; it falls when CDEK asks for it and recovers by itself."""
        return self._full and self._full * self._factor

    @property
    def full_rate(self) -> float | None:
        """Calls per second when CDEK is well; None: no limit. A new one holds for those who wait, too."""
        return self._full

    @full_rate.setter
    def full_rate(self, rate: float | None) -> None:
        self._full = _checked(rate)
        if self._queue:
            self._pump()

    @property
    def idle(self) -> bool:
        """Nobody waits: one call more costs nothing that others need."""
        return not self._queue

    async def acquire(self, urgency: Urgency) -> float:
        """Wait for leave to send one call now; returns when. `release` it when its answer is in."""
        loop = asyncio.get_running_loop()
        if self._closed:
            return loop.time()
        if (leave := self.take()) is not None:
            return leave
        # By the earliest due: looks that were strictly last would meet their deadlines in the queue.
        due = loop.time() + (_PATIENCE if urgency is Urgency.LOOK else 0.0)
        waiter = _Waiter(min(urgency, Urgency.BULK), due, next(self._turns), loop.create_future())
        heapq.heappush(self._queue, waiter)
        self._pump()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self.give_back(waiter.granted.result())
            raise

    def take(self) -> float | None:
        """Leave to send one call now, as `acquire` gives it, where nobody is before it; else None."""
        now = asyncio.get_running_loop().time()
        if self._closed or self._queue or not self._free or self.outage.on or self._may_go(now) > now:
            return None
        self._count(now)
        return now

    def release(self) -> None:
        """The answer is in, or will never be."""
        self._free += 1
        if self._queue:
            self._pump()

    def give_back(self, at: float) -> None:
        """The leave given `at` that time was not used: another may go in its stead."""
        if at in self._sent:
            self._sent.remove(at)
            self._stepped -= self._step()
        self.release()

    def slow_down(self, retry_after: float) -> None:
        """CDEK is overloaded: the whole client sends less, and nothing for `retry_after` seconds."""
        now = asyncio.get_running_loop().time()
        self._judge(now)
        self._faults += 1
        self._paused_until = max(self._paused_until, now + retry_after)

    def close(self) -> None:
        """Let everybody go at once: the wire takes no call any more."""
        self._stop_timer()
        self._closed = True
        for waiter in self._queue:
            if not waiter.granted.done():
                waiter.granted.set_result(asyncio.get_running_loop().time())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _judge(self, now: float) -> None:
        """Set the rate for a new window by the share of the last one's calls that were turned away.

        A cut by share, as DCTCP does it: halving at each of a few stray faults would stop a job.
        """
        windows = int((now - self._window_at) / _WINDOW)
        if windows < 1:
            return
        share = min(1.0, self._faults / max(1, self._calls))
        if share > _TOLERATED:
            self._factor = max(_SLOWEST, self._factor * (1 - share / 2))
            windows -= 1
        self._factor = min(1.0, self._factor + _RECOVERY * windows)
        self._window_at, self._calls, self._faults = now, 0, 0

    def _pump(self) -> None:
        """Grant what may go now, and come back when the next may."""
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        self._stop_timer()
        while self._free and self._waits():
            now = loop.time()
            bulk = self._queue[0].urgency >= Urgency.PROMPT
            may_go = max(self._may_go(now), self.outage.probe_at if bulk else 0.0)
            if may_go > now:
                self._timer = loop.call_at(may_go, self._pump)
                return
            self._count(now)
            if bulk and self.outage.on:
                self.outage.probing()
            heapq.heappop(self._queue).granted.set_result(now)

    def _waits(self) -> bool:
        """Whether anybody waits; who was cancelled does not any more."""
        while self._queue and self._queue[0].granted.done():
            heapq.heappop(self._queue)
        return bool(self._queue)

    def _may_go(self, now: float) -> float:
        if self._full is None:
            return self._paused_until
        # Even steps keep CDEK's load smooth; the window over the calls really sent keeps the promise
        # of "no second sees more", which steps that catch up after a late wake-up would break.
        most = max(1, int(self._full))  # of 2.5 calls per second 2 are in any second
        full_window = self._sent[-most] + _SECOND if len(self._sent) >= most else now
        return max(self._stepped + self._step(), full_window, self._paused_until)

    def _count(self, now: float) -> None:
        self._free -= 1
        self._judge(now)
        self._calls += 1
        self._stepped = max(self._stepped + self._step(), now - _CATCH_UP)
        self._sent.append(now)
        while self._sent[0] <= now - _SECOND:
            self._sent.popleft()

    def _step(self) -> float:
        """Seconds between two calls."""
        return 0.0 if self._full is None else 1 / (self._full * self._factor)


def _checked(rate: float | None) -> float | None:
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if rate is None or (number and 0 < rate <= MAX_RATE):
        return rate
    raise ValueError(
        f"rate: calls per second, more than 0, at most {MAX_RATE} (or None: no limit), not {rate!r}"
    )


class RetryQuota:
    """What retries draw on: in an outage a client stops repeating itself, whatever its callers ask."""

    _FULL = 500
    _COST = 5
    _REFUND = 1

    def __init__(self) -> None:
        self._left = self._FULL

    def take(self) -> bool:
        """Whether one more retry may be made."""
        if self._left < self._COST:
            return False
        self._left -= self._COST
        return True

    def refund(self) -> None:
        """A call was answered."""
        self._left = min(self._FULL, self._left + self._REFUND)
