"""Settle times: what looks at some orders have told of them, and a quantile of it."""

from collections import deque
from itertools import count
from math import inf

from attrs import define

_WINDOW = 200  # sightings: enough for a late quantile, and for what a job has in flight
_FIRST_SCOUTS = 30
_SCOUT_EVERY = 50


@define(eq=False)
class Sighting:
    """One order's settle time as far as is known: more than `after` seconds, at most `by`."""

    after: float = 0.0
    by: float = inf


class SettleTimes:
    """How long CDEK takes to settle one kind of operation, by the last scouts: orders looked at early.

    Others are looked at when nearly all have settled, which tells nothing of when they did.
    """

    def __init__(self) -> None:
        self._sightings: deque[Sighting] = deque(maxlen=_WINDOW)
        self._orders = count()
        self._quantiles: dict[float, float] = {}

    def scout(self) -> Sighting | None:
        """What to tell of the next order's looks; None: it is no scout."""
        number = next(self._orders)
        if number >= _FIRST_SCOUTS and number % _SCOUT_EVERY:
            return None
        self._sightings.append(Sighting())
        return self._sightings[-1]

    def observe(self, sighting: Sighting, age: float, *, settled: bool) -> None:
        """A look at this age told whether it had settled."""
        if settled:
            sighting.by = age
        else:
            sighting.after = age
        self._quantiles.clear()

    @property
    def known(self) -> int:
        """How many have settled."""
        return sum(each.by < inf for each in self._sightings)

    def quantile(self, share: float) -> float:
        """Seconds within which this share settles; twice the longest wait, where that has not been seen."""
        if share not in self._quantiles:
            self._quantiles[share] = self._product_limit(share)
        return self._quantiles[share]

    def _product_limit(self, share: float) -> float:
        # Kaplan and Meier's: who has not settled yet counts as far as was seen. Left out, a CDEK that becomes
        # slow would look quick for as long as it is slow.
        bounds = sorted((each.by, 0) if each.by < inf else (each.after, 1) for each in self._sightings)
        left = 1.0
        for at_risk, (seconds, unsettled) in zip(range(len(bounds), 0, -1), bounds, strict=True):
            left *= 1.0 if unsettled else 1 - 1 / at_risk
            if left < 1 - share + 1e-9:  # what many products lose
                return seconds
        return 2 * bounds[-1][0] if bounds else 0.0
