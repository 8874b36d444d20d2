"""The end of one public call, on the running loop's clock."""

import asyncio
from math import inf


class Deadline:
    """Bounds everything that one public call does; in a bulk job it starts with the first send."""

    def __init__(self, seconds: float, *, started: bool = True) -> None:
        if not seconds > 0:
            raise ValueError(f"timeout: seconds, more than 0, not {seconds!r}")
        self.seconds = seconds
        self._at: float | None = None
        if started:
            self.start()

    def start(self) -> None:
        """Start the clock, unless it runs already."""
        if self._at is None:
            self._at = asyncio.get_running_loop().time() + self.seconds

    def remaining(self) -> float:
        """Seconds left; never less than 0."""
        if self._at is None:
            return inf
        return max(0.0, self._at - asyncio.get_running_loop().time())

    def timeout(self) -> float | None:
        """Seconds left as asyncio takes them: None while there is no end in sight."""
        remaining = self.remaining()
        return None if remaining == inf else remaining

    def limit(self) -> asyncio.Timeout:
        """Cut what is awaited within when time is up, by a `TimeoutError`; not what must end by itself."""
        return asyncio.timeout(self.timeout())
