"""Settle times: what looks have told of them, a quantile of it, and when to look next."""

from bisect import bisect_right
from collections import deque
from itertools import accumulate, count
from math import inf

from cdek_async._schedule import ANYTHING, Plan, Sighting, law_of

_WINDOW = 200  # sightings: enough for a late quantile, and for what a job has in flight
_FIRST_SCOUTS = 30
_SCOUT_EVERY = 50
_RECENT = 500  # orders, single ones and scouts: enough to place looks by
_FIRST_PLAN = 10  # looks
_PLAN_EVERY = 600  # looks; a plan takes some 2 ms
_DRAW_EVERY = 10  # looks; each second one while little was seen
_SURE = 100  # looks told before a plan
_GOLDEN = 0.618034  # its multiples spread evenly over [0, 1)
_RARELY = 5.0  # seconds
# While nothing is known: 0.4 s, growing by a quarter.
_USUAL = list(accumulate(min(_RARELY, 0.4 * 1.25**number) for number in range(12)))


class SettleTimes:
    """How long CDEK takes to settle one kind of operation, by the last scouts: orders looked at early.

    Others are looked at when nearly all have settled, which tells nothing of when they did.
    """

    def __init__(self) -> None:
        self._sightings: deque[Sighting] = deque(maxlen=_WINDOW)
        self._orders = count()
        self._quantiles: dict[float, float] = {}
        self._recent: deque[Sighting] = deque()
        self._passed_over = 0
        self._law = ANYTHING
        self._plan: Plan | None = None
        self._told = 0  # looks since the last plan
        self._plan_at = _FIRST_PLAN
        self._turn = 0

    def scout(self) -> Sighting | None:
        """What to tell of the next order's looks; None: it is no scout."""
        number = next(self._orders)
        if number >= _FIRST_SCOUTS and number % _SCOUT_EVERY:
            return None
        self._sightings.append(self.watch())
        return self._sightings[-1]

    def watch(self) -> Sighting:
        """What to tell of the looks at an order that is looked at soon and often."""
        sighting = Sighting()
        # Those that began together are kept together: if who settles left first, the slow ones would be too
        # many. Where many are under way at once, some are passed over instead.
        if len(self._recent) >= _RECENT:
            oldest = self._recent[0]
            if oldest.by == inf and not oldest.left and self._passed_over < _RECENT * 20:
                self._passed_over += 1
                return sighting
            self._recent.popleft()
        self._passed_over = 0
        self._recent.append(sighting)
        return sighting

    def next_look(self, age: float) -> float:
        """The age for the next look at an order that somebody waits for."""
        if self._told >= self._plan_at:
            self._law = law_of(self._recent, self._law)
            self._plan = Plan(self._law)
            self._told, self._plan_at = 0, min(int(self._plan_at * 1.5), _PLAN_EVERY)
        if self._plan is None:
            number = bisect_right(_USUAL, age + 1e-9)
            return _USUAL[number] if number < len(_USUAL) else age + _RARELY
        self._turn += 1
        # Looks at the same ages would never tell when between them an order settles.
        if self._turn % (_DRAW_EVERY if self._plan_at > _SURE else 2) == 0:
            return self._plan.drawn(age, self._turn * _GOLDEN % 1)
        return self._plan.after(age)

    def observe(self, sighting: Sighting, age: float, *, settled: bool) -> None:
        """A look at this age told whether it had settled."""
        if settled:
            sighting.by = age
        else:
            sighting.after = age
        self._quantiles.clear()
        self._told += 1

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
