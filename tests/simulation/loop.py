"""A loop without a socket or a wait: its clock jumps, and something may be done before any step of it."""

import asyncio
import selectors
from collections.abc import Callable

_MOST = 50_000
_TICK = 1e-9  # seconds


class StuckError(RuntimeError):
    """Every task waits and no timer is set; or something goes on for ever."""


class _Steps(selectors.SelectSelector):
    """Asked once a step; never asks the system, since nothing here has a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.step = 0
        self.before: dict[int, Callable[[], None]] = {}
        self.jumping: Callable[[float], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.step += 1
        self.now += _TICK  # else the 4e-16 s that are left of a deadline would last for ever
        if self.step > _MOST:
            raise StuckError(f"endless: {_MOST} steps")
        act = self.before.pop(self.step, None)
        if act is not None:
            act()
        elif timeout is None:
            raise StuckError("stuck: every task waits and no timer is set")
        elif timeout > 0:
            if self.jumping is not None:
                self.jumping(timeout)
            self.now += timeout
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """`loop.time()` starts at 0 and jumps."""

    def __init__(self) -> None:
        self._steps = _Steps()
        super().__init__(self._steps)
        self.complaints: list[str] = []
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        return self._steps.now

    def before_step(self, step: int, act: Callable[[], None]) -> None:
        """Do something at one instant between two steps, whatever is awaited then."""
        while step in self._steps.before:
            step += 1
        self._steps.before[step] = act

    @property
    def step(self) -> int:
        """How many steps it has made."""
        return self._steps.step

    def when_jumping(self, tell: Callable[[float], None]) -> None:
        """Hear of each wait, before it is over."""
        self._steps.jumping = tell

    @property
    def timers(self) -> list[asyncio.TimerHandle]:
        """What is still to be called."""
        scheduled: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009 - asyncio tells it nowhere else
        return [each for each in scheduled if not each.cancelled()]

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")
