"""The clock of a sandbox that was given none: the running loop's, whichever loop that is."""

import asyncio


class LoopClock:
    """Seconds since the first look; goes on where it was when another loop takes over, or none runs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._offset = 0.0
        self._last = 0.0

    def __call__(self) -> float:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._last
        if loop is not self._loop:
            self._loop, self._offset = loop, self._last - loop.time()
        self._last = loop.time() + self._offset
        return self._last
