"""Settle times: what looks have told of them, a quantile of it, and when to look next."""

from bisect import bisect_right
from collections import defaultdict, deque
from itertools import accumulate, chain, count
from math import frexp, inf
from typing import Protocol

from cdek_async._schedule import ANYTHING, Plan, Seen, Sighting, law_of, seen_between

_WINDOW = 200  # sightings: enough for a late quantile, and for what a job has in flight
_FIRST_SCOUTS = 30
_SCOUT_EVERY = 50
# Looks are remembered and counted by the age of the orders, from a power of two to the next one: slow orders
# are few, and news of them is news.
_RECENT = 300  # looks
_FIRST_PLAN = 20  # looks
_MORE = 0.6  # of the looks told before: enough for a new plan, which takes 1 to 2 ms
_PLAN_EVERY = 500  # looks, at most
_STALE = 2  # the part of those remembered that goes, where no others come
_DRAW_EVERY = 10  # looks; each second one where few were told
_FEW = 300  # looks
_GOLDEN = 0.618034  # its multiples spread evenly over [0, 1)
_RARELY = 5.0  # seconds
# While nothing is known: 0.4 s, growing by a quarter.
_USUAL = list(accumulate(min(_RARELY, 0.4 * 1.25**number) for number in range(12)))


class Sleeper(Protocol):
    """Somebody who sleeps until the next look."""

    def replanned(self, plan: Plan) -> None:
        """A new plan may have that look sooner."""


class _Told:
    """The last looks at orders of about one age, and how many there were."""

    def __init__(self) -> None:
        self.looks: deque[Seen] = deque(maxlen=_RECENT)
        self.count = 0
        self._planned = 0  # of them, when there was a plan
        self._enough = _FIRST_PLAN

    def add(self, look: Seen) -> bool:
        """Whether there are enough for a new plan."""
        self.looks.append(look)
        self.count += 1
        return self.count >= self._enough

    def planned(self) -> None:
        """A plan knows of them all."""
        # Once hardly any order is looked at at this age, nothing else would ever drive old looks out.
        for _ in range(len(self.looks) // _STALE - (self.count - self._planned)):
            self.looks.popleft()
        self._planned = self.count
        self._enough = self.count + min(max(_FIRST_PLAN, int(self.count * _MORE)), _PLAN_EVERY)


def _about(age: float) -> int:
    """The same for all ages from a power of two to the next one."""
    return frexp(age + 0.01)[1]


class SettleTimes:
    """How long CDEK takes to settle one kind of operation, by the last scouts: orders looked at early.

    Others are looked at when nearly all have settled, which tells nothing of when they did.
    """

    def __init__(self) -> None:
        self._sightings: deque[Sighting] = deque(maxlen=_WINDOW)
        self._orders = count()
        self._quantiles: dict[float, float] = {}
        self._told: dict[int, _Told] = defaultdict(_Told)
        self._law = ANYTHING
        self._plan: Plan | None = None
        self._news = False  # enough for a new plan
        self._turn = 0
        self.sleepers: set[Sleeper] = set()

    def scout(self) -> Sighting | None:
        """What to tell of the next order's looks; None: it is no scout."""
        number = next(self._orders)
        if number >= _FIRST_SCOUTS and number % _SCOUT_EVERY:
            return None
        self._sightings.append(Sighting())
        return self._sightings[-1]

    def next_look(self, age: float) -> float:
        """The age for the next look at an order that somebody waits for."""
        if self._news:
            self._replan()
        if self._plan is None:
            number = bisect_right(_USUAL, age + 1e-9)
            return _USUAL[number] if number < len(_USUAL) else age + _RARELY
        self._turn += 1
        # Looks at the same ages would never tell when between them an order settles.
        turn = self._turn
        if turn % _DRAW_EVERY == 0 or (turn % 2 == 0 and self._told[_about(age)].count <= _FEW):
            return self._plan.drawn(age, turn * _GOLDEN % 1)
        return self._plan.after(age)

    def _replan(self) -> None:
        self._law = law_of(chain.from_iterable(told.looks for told in self._told.values()), self._law)
        self._plan = Plan(self._law)
        self._news = False
        for told in self._told.values():
            told.planned()
        for sleeper in self.sleepers:
            sleeper.replanned(self._plan)

    def observe(self, sighting: Sighting, age: float, *, settled: bool) -> None:
        """A look at this age told whether it had settled."""
        look = seen_between(sighting.after, age, settled)
        self._news |= self._told[_about(sighting.after)].add(look)
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
