"""Ctrl-C, SIGTERM and SIGHUP: once to end well, twice to end now."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# SIGHUP is a dropped ssh line; Windows has none.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def interrupts(*reactions: Callable[[], None]) -> Iterator[None]:
    """Within the block, each interrupt calls the next of `reactions` in the loop; further ones the last."""
    loop = asyncio.get_running_loop()
    left = list(reactions)

    def interrupted(_signal: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(left.pop(0) if len(left) > 1 else left[0])

    # What is ignored stays so: nohup means that a dropped line is nothing.
    heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = [signal.signal(each, interrupted) for each in heard]
    try:
        yield
    finally:
        for each, handler in zip(heard, before, strict=True):
            signal.signal(each, handler)
