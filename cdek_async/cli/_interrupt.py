"""Ctrl-C: once to end well, twice to end now."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts(*reactions: Callable[[], None]) -> Iterator[None]:
    """Within the block, each Ctrl-C calls the next of `reactions` in the loop; further ones the last."""
    loop = asyncio.get_running_loop()
    left = list(reactions)

    def pressed(_signal: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(left.pop(0) if len(left) > 1 else left[0])

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
