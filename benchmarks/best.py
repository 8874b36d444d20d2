"""The least mean lag of any looks, for those who know the law: a dynamic programme over look times."""

import math
import random
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple


class Law(NamedTuple):
    """A law of settle times."""

    draw: Callable[[random.Random], float]
    share: Callable[[float], float]
    """Of the orders, settled within so many seconds."""
    longest: float
    """Seconds; what is later is left out of the best's account."""
    spread: bool = True
    """Not only a few times are possible."""


LAWS = {
    "fixed 0.2 s": Law(lambda rng: 0.2, lambda t: float(t > 0.2 - 1e-9), 0.24, spread=False),  # noqa: ARG005 - it is
    "uniform 0 to 2 s": Law(lambda rng: rng.uniform(0, 2), lambda t: min(1.0, t / 2), 2.0),
    "exponential 1 s": Law(lambda rng: rng.expovariate(1), lambda t: 1 - math.exp(-t), 16.0),
    "lognormal 0.5 s, 1": Law(
        lambda rng: 0.5 * math.exp(rng.gauss(0, 1)),
        lambda t: (1 + math.erf(math.log(max(t, 1e-9) / 0.5) / math.sqrt(2))) / 2,
        40.0,
    ),
    "0.3 s, one in ten 20 s": Law(
        lambda rng: 0.3 if rng.random() < 0.9 else 20.0,
        lambda t: 0.9 * (t > 0.3 - 1e-9) + 0.1 * (t > 20 - 1e-9),
        20.2,
        spread=False,
    ),
}
_PRICES = [0.01 * 1.35**number for number in range(20)]  # seconds of lag that a look costs


class Best(NamedTuple):
    """Looks per order and mean lag of the best schedule, for each price of a look."""

    points: list[tuple[float, float]]

    def lag(self, looks: float) -> float:
        """At so many looks per order, some orders by one schedule and some by its neighbour."""
        place = bisect_left(self.points, (looks, 0.0))
        if place in (0, len(self.points)):
            return self.points[min(place, len(self.points) - 1)][1]
        (fewer, more_lag), (more, less_lag) = self.points[place - 1], self.points[place]
        return more_lag + (less_lag - more_lag) * (looks - fewer) / (more - fewer)


def best(name: str) -> Best:
    law = LAWS[name]
    times = [0.0]
    while times[-1] < law.longest - 1e-9:
        times.append(round(times[-1] + (0.02 if times[-1] < 4 else 0.05 if times[-1] < 10 else 0.2), 6))
    below = [law.share(time) for time in times[:-1]] + [1.0]
    return Best(sorted({_priced(times, below, price, law) for price in _PRICES}))


def _priced(times: list[float], below: list[float], price: float, law: Law) -> tuple[float, float]:
    """Looks and lag of the schedule that makes lag and price of its looks least; backwards from the end."""
    last = len(times) - 1
    gaps = [later - earlier for earlier, later in pairwise(times)]
    shares = [later - earlier for earlier, later in pairwise(below)]
    # Within a step orders settle evenly; where only a few times are possible, they are on the grid.
    inside = [share * gap / 2 * law.spread for share, gap in zip(shares, gaps, strict=True)]
    costs, looks, lags = ([0.0] * (last + 1) for _ in range(3))
    for now in range(last - 1, -1, -1):
        alive = 1 - below[now]
        if alive < 1e-12:
            continue
        costs[now], lag, settled = math.inf, 0.0, 0.0
        for then in range(now + 1, last + 1):
            lag += settled * gaps[then - 1] + inside[then - 1]
            settled += shares[then - 1]
            if price * alive + lag > costs[now]:
                break
            if (cost := price * alive + lag + costs[then]) < costs[now]:
                costs[now], looks[now], lags[now] = cost, alive + looks[then], lag + lags[then]
    return looks[0], lags[0]
