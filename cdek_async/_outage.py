"""Outage: while nothing is answered, bulk work waits, and its clocks stand still."""

import asyncio

_UNANSWERED = 5  # calls in a row; fewer can be chance
_FIRST_PROBE = 1.0  # seconds until a bulk call tries again; doubled up to the last
_LAST_PROBE = 30.0


class Outage:
    """Whether CDEK can be reached at all, as the calls of one client tell."""

    def __init__(self) -> None:
        self._unanswered = 0
        self._began: float | None = None
        self._before = 0.0
        self._probe_at = 0.0
        self._interval = _FIRST_PROBE

    @property
    def on(self) -> bool:
        """No network, or CDEK is down."""
        return self._began is not None

    @property
    def probe_at(self) -> float:
        """When the next bulk call may try, on the loop's clock."""
        return self._probe_at if self.on else 0.0

    def seconds(self) -> float:
        """All outages until now: what a bulk operation's clock does not count."""
        return self._before + (0.0 if self._began is None else _now() - self._began)

    def answered(self) -> None:
        """A call was answered: whatever was, is over."""
        self._before = self.seconds()
        self._unanswered, self._began, self._interval = 0, None, _FIRST_PROBE

    def unanswered(self) -> None:
        """A call was not answered, or by a gateway only."""
        self._unanswered += 1
        if self._unanswered >= _UNANSWERED and self._began is None:
            self._began = _now()
            self._probe_at = self._began + self._interval

    def probing(self) -> None:
        """A bulk call goes out to see."""
        self._interval = min(_LAST_PROBE, self._interval * 2)
        self._probe_at = _now() + self._interval


def _now() -> float:
    return asyncio.get_running_loop().time()
