"""When to look at an order that somebody waits for, by the seconds between which others have settled."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import ceil, inf, log
from operator import sub

from attrs import define, frozen

# Seconds of waiting that one look is worth: with the usual law as many looks as 0.4 s, growing by a quarter,
# would make.
PRICE = 0.25
_FLOOR = 0.02  # seconds between two looks, at least
_SHORTEST, _RATIO, _LONGEST = 0.05, 1.0025, 120.0  # seconds; the grid of settle times has a line each 0.25 %
_UP, _DOWN = 1 + 1e-8, 1 - 1e-8  # for what is on a line
_COARSE = 48  # lines of the grid, where nothing was seen
_PRIOR = 6.0  # orders' worth of belief that anything may happen
_ROUNDS = 10
_SETTLED = 0.005  # of the orders: where no share moves by more, no other round is needed
_STRIDE = 1.7  # of a round; 1 is plain EM, 2 would swing for ever
_LEAST = 0.01  # of the orders, for which a moment to look at is worth weighing


@define(eq=False)
class Sighting:
    """One order's settle time as far as is known: more than `after` seconds, at most `by`."""

    after: float = 0.0
    by: float = inf


_LAST = 1 + ceil(log(_LONGEST / _SHORTEST) / log(_RATIO))
_LINES = [0.0, *(_SHORTEST * _RATIO**line for line in range(_LAST))]


@frozen
class Law:
    """Settle times as a share for each span between two lines of the grid."""

    lines: Sequence[int]
    shares: Sequence[float]

    def on(self, lines: Sequence[int]) -> list[float]:
        """The shares between other lines; within a span they are even."""
        below = [0.0, *accumulate(self.shares)]

        def share_below(line: int) -> float:
            span = bisect_right(self.lines, line, hi=len(self.shares)) - 1
            first, last = self.lines[span], self.lines[span + 1]
            return below[span] + self.shares[span] * (line - first) / (last - first)

        found = [share_below(line) for line in lines]
        return [max(1e-12, later - earlier) for earlier, later in pairwise(found)]


Seen = tuple[int, int, bool]
"""A look: at an order that had not settled by the one line, by the other it had, or had not."""


def seen_between(after: float, age: float, settled: bool) -> Seen:
    """What a look at this age told of an order that had not settled before."""
    first = bisect_right(_LINES, after * _UP, 0, _LAST) - 1
    if settled:
        return first, bisect_left(_LINES, age * _DOWN, first + 1, _LAST), True
    return first, bisect_right(_LINES, age * _UP, first + 1) - 1, False


_GRID = [0, *range(1, _LAST, _COARSE), _LAST]


def _anything() -> Law:
    """What is believed before anything is seen: seconds are likely, a minute is possible."""
    weights = [
        (last - first) * (0.3 if _LINES[last] < 3 * _SHORTEST else 1 / (1 + _LINES[last] / 2))
        for first, last in pairwise(_GRID)
    ]
    return Law(_GRID, [weight / sum(weights) for weight in weights])


ANYTHING = _anything()


def law_of(looks: Iterable[Seen], before: Law) -> Law:
    """The law that makes what looks saw likely (Turnbull's), from the last one on.

    A look speaks only of orders that had not settled at the one before it. So looks may be forgotten at any
    age, and who settles late is counted neither too often nor too rarely.
    """
    seen = Counter(looks)
    lines = sorted({*_GRID, *(line for after, by, _ in seen for line in (after, by))})
    place = {line: number for number, line in enumerate(lines)}
    believed = [_PRIOR * share for share in ANYTHING.on(lines)]
    settled, steps = [], [0] * len(lines)
    for (after, by, there), many in seen.items():
        if there:
            settled.append((place[after], place[by], many))
        else:
            steps[place[after]] += many
            steps[place[by]] -= many
    waited = [
        count + _PRIOR - sooner
        for count, sooner in zip(accumulate(steps), accumulate(believed, initial=0.0), strict=True)
    ]
    shares = before.on(lines)
    for _ in range(_ROUNDS):
        last, shares = shares, _shared_out(settled, waited, believed, shares)
        if max(map(abs, map(sub, shares, last))) < _SETTLED:
            break
    return Law(lines, shares)


def _shared_out(
    settled: Sequence[tuple[int, int, int]],
    waited: Sequence[float],
    believed: Sequence[float],
    shares: Sequence[float],
) -> list[float]:
    """The next shares: of those who wait at a line, how many settle before the next one.

    Who settled is shared out over the seconds in which it may have, as the law so far has it there.
    """
    below = [0.0, *accumulate(shares)]
    parts, ends = [0.0] * len(below), [0.0] * len(below)
    for after, by, many in settled:
        part = many / max(below[by] - below[after], 1e-12)
        parts[after] += part
        parts[by] -= part
        ends[after] += part * below[by]
        ends[by] -= part * below[by]
    left, grown = 1.0, []
    for share, sooner, part, end, waiting, own in zip(
        shares, below, accumulate(parts), accumulate(ends), waited, believed, strict=False
    ):
        settling = left * (part * share + own) / (end - part * sooner + waiting)
        left -= settling
        grown.append(share * (settling / share) ** _STRIDE)
    whole = sum(grown)
    return [max(share / whole, 1e-12) for share in grown]


class Plan:
    """The best looks for a law: those that cost the least lag and looks together."""

    def __init__(self, law: Law) -> None:
        self.ages, self._below = _moments(law)
        self._next = _best(self.ages, self._below)

    def after(self, age: float) -> float:
        """The age at which to look next."""
        now = bisect_right(self.ages, age + 1e-9) - 1
        if now >= len(self._next):  # older than any that was seen
            return age * 1.1
        return max(self.ages[self._next[now]], age + _FLOOR)

    def drawn(self, age: float, share: float) -> float:
        """An age before that, by which this share of those that settle until then have: to learn of them."""
        now = bisect_right(self.ages, age + 1e-9) - 1
        if now >= len(self._next):
            return self.after(age)
        last = self._next[now]
        wanted = self._below[now] + share * (self._below[last] - self._below[now])
        span = min(max(bisect_left(self._below, wanted), now + 1), last)
        part = (wanted - self._below[span - 1]) / (self._below[span] - self._below[span - 1])
        first = max(self.ages[span - 1], age)
        return max(first + part * (self.ages[span] - first), age + _FLOOR)


def _moments(law: Law) -> tuple[list[float], list[float]]:
    """The ages worth weighing, and the share of orders that has settled by each."""
    ages, below = [0.0], [0.0]
    settled = 0.0
    for line, share in zip(law.lines[1:], law.shares, strict=True):
        settled += share
        age = _LINES[line]
        if line == _LAST or settled - below[-1] >= _LEAST or age - ages[-1] > max(_FLOOR, 0.08 * ages[-1]):
            ages.append(age)
            below.append(settled)
    return ages, below


def _best(ages: Sequence[float], below: Sequence[float]) -> list[int]:
    """For a look at each age, which is to be the next; backwards, as a dynamic programme goes."""
    last = len(ages) - 1
    cost, found = [0.0] * len(ages), [last] * last
    for now in range(last - 1, -1, -1):
        look = PRICE * max(below[last] - below[now], 1e-9)
        best, lag, settled = inf, 0.0, 0.0
        for then in range(now + 1, last + 1):
            apart, share = ages[then] - ages[then - 1], below[then] - below[then - 1]
            lag += settled * apart + share * apart / 2
            settled += share
            if lag + look > best:
                break
            if (ages[then] - ages[now] >= _FLOOR or then == last) and look + lag + cost[then] < best:
                best, found[now] = look + lag + cost[then], then
        cost[now] = best
    return found
