"""The end of one public call, on the running loop's clock."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, TypeVar

T = TypeVar("T")


async def finished(*tasks: asyncio.Future[Any], timeout: float | None = None) -> None:
    """Wait until one is done or time is up, and leave all alone; asyncio.wait costs thrice as much."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    for task in tasks:
        task.add_done_callback(wake)
    timer = None if timeout is None else loop.call_later(timeout, wake)
    try:
        await waiter
    finally:
        for task in tasks:
            task.remove_done_callback(wake)
        if timer is not None:
            timer.cancel()


def _never() -> float:
    return 0.0


class Deadline:
    """Bounds everything that one public call does.

    In a bulk job it starts with the first send, and does not count the seconds that `paused` tells.
    """

    __slots__ = ("_at", "_began", "_paused", "seconds")

    def __init__(self, seconds: float, *, started: bool = True, paused: Callable[[], float] = _never) -> None:
        if not isinstance(seconds, int | float) or not seconds > 0:
            raise ValueError(f"timeout: seconds, more than 0, not {seconds!r}")
        self.seconds = seconds
        self._paused = paused
        self._at: float | None = None
        self._began: Callable[[], None] | None = None  # for whoever waits for it
        if started:
            self.start()

    def start(self) -> None:
        """Start the clock, unless it runs already."""
        if self._at is None:
            self._at = self.now() + self.seconds
            if self._began is not None:
                self._began()

    def remaining(self) -> float:
        """Seconds left; never less than 0."""
        return inf if self._at is None else max(0.0, self._at - self.now())

    async def within(self, wait: Callable[[], Awaitable[T]]) -> T:
        """The result of a wait that may be cut, and begun anew where the clock stood still meanwhile.

        Raises `TimeoutError` when time is up.
        """
        while True:
            if self._at is None:
                return await wait()
            try:
                async with asyncio.timeout(self._timeout()):
                    return await wait()
            except TimeoutError:
                if not self.remaining():
                    raise

    async def wait(self, task: asyncio.Task[Any]) -> None:
        """Wait until a task is done or time is up; the task goes on."""
        bell = _Bell(self)
        task.add_done_callback(bell.wake)
        if self._at is None:
            self._began = bell.ring  # the task itself may start the clock, and hang from then on
        else:
            bell.ring()
        try:
            await bell.over
        finally:
            self._began = None
            task.remove_done_callback(bell.wake)
            bell.stop()

    def _timeout(self) -> float | None:
        remaining = self.remaining()
        return None if remaining == inf else remaining

    def now(self) -> float:
        """Seconds on its clock."""
        return asyncio.get_running_loop().time() - self._paused()


class _Bell:
    """Wakes who waits no longer than a deadline; closures that name themselves are left to the collector."""

    __slots__ = ("_deadline", "_timer", "over")

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._timer: asyncio.TimerHandle | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self, _: object = None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def ring(self) -> None:
        """Wake when time is up, and not sooner where the clock stood still meanwhile."""
        left = self._deadline.remaining()
        if left:
            self._timer = asyncio.get_running_loop().call_later(left, self.ring)
        else:
            self.wake()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
