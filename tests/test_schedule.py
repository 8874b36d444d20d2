"""Looks are placed where they are worth it."""

import random
from itertools import pairwise
from math import inf

import pytest

from cdek_async._schedule import ANYTHING, Law, Plan, Seen, law_of, seen_between


def learnt(*looks: Seen, rounds: int = 10) -> Law:
    law = ANYTHING
    for _ in range(rounds):
        law = law_of(looks, law)
    return law


def settled_by(law: Law, age: float) -> float:
    """The share of orders that has settled by then."""
    last = seen_between(0, age, False)[1]
    return sum(share for line, share in zip(law.lines[1:], law.shares, strict=True) if line <= last)


def ages_of(plan: Plan, settle: float) -> list[float]:
    """When an order that settles after so many seconds is looked at."""
    ages = [plan.after(0.0)]
    while ages[-1] < settle:
        ages.append(plan.after(ages[-1]))
    return ages


def between(after: float, by: float, many: int) -> list[Seen]:
    """Looks at so many orders: at `after` they had not settled, at `by` they had, or nobody looked."""
    early = [seen_between(0, after, False)] if after else []
    late = [seen_between(after, by, True)] if by < inf else []
    return [*early, *late] * many


@pytest.mark.parametrize(
    ("after", "age", "settled"),
    [
        *[(0, 0, True), (0, 0.01, False), (0.3, 0.3, True), (0.3, 0.3, False), (7, 9, True)],
        *[(7, 500, True), (7, 500, False), (300, 500, True), (300, 500, False)],
    ],
)
def test_what_a_look_told_is_on_the_grid(after: float, age: float, settled: bool) -> None:
    """Also where it was at once, twice at one age, or minutes late; who settled did so between two lines."""
    first, last, told = seen_between(after, age, settled)
    assert 0 <= first <= last - settled < ANYTHING.lines[-1] + 1 - settled
    assert last <= ANYTHING.lines[-1]
    assert told == settled
    learnt((first, last, told))


def test_nothing_seen_changes_nothing() -> None:
    """What is believed without a look stays."""
    assert learnt().shares == pytest.approx(ANYTHING.shares)


@pytest.mark.parametrize("many", [50, 500])
def test_who_is_remembered_longer_does_not_count_for_more(many: int) -> None:
    """However many looks at slow orders are kept, only those at the young ones tell how many are slow."""
    young = [seen_between(0, 0.3, True)] * 180 + [seen_between(0, 0.3, False)] * 20
    law = learnt(*young, *[seen_between(0.3, 19.9, False), seen_between(19.9, 20, True)] * many)
    assert settled_by(law, 0.31) == pytest.approx(0.9, abs=0.03)
    assert settled_by(law, 19) == pytest.approx(0.9, abs=0.04)
    assert settled_by(law, 20.1) > 0.97


def test_who_settles_at_once_is_looked_at_once() -> None:
    """Right after it, whatever is left to happen later."""
    at = ages_of(Plan(learnt(*between(0.28, 0.3, 200))), 0.3)
    assert len(at) == 1
    assert 0.3 <= at[0] < 0.31


def test_two_kinds_of_orders_are_looked_at_twice() -> None:
    """Nine in ten settle soon, the others after 20 seconds: in between next to no look is worth it."""
    plan = Plan(learnt(*between(0.28, 0.3, 450), *between(19.9, 20, 50)))
    assert 0.3 <= ages_of(plan, 0.3)[0] < 0.31
    late = ages_of(plan, 20)
    assert len(late) <= 4
    assert 20 <= late[-1] < 20.1


def test_wide_intervals_are_shared_out_by_narrow_ones() -> None:
    """Most were looked at late; that the few others settled between 0.5 and 0.6 s tells of them, too."""
    law = learnt(*between(0, 1.0, 300), *between(0.5, 0.6, 10), *between(0.5, 1.0, 20), *between(0, 0.6, 20))
    ages = ages_of(Plan(law), 0.6)
    assert len(ages) == 1
    assert 0.55 < ages[0] < 0.7


def test_who_has_not_settled_counts_as_far_as_was_seen() -> None:
    """CDEK has become slow: nothing settles any more, and nobody looks as if it did."""
    quick = Plan(learnt(*between(0.28, 0.3, 300)))
    slow = Plan(learnt(*between(0.28, 0.3, 10), *between(8, inf, 290)))
    assert quick.after(0) < 0.4
    assert len(ages_of(slow, 8)) < 6


@pytest.mark.parametrize("law", [ANYTHING, learnt(*between(0.28, 0.3, 200))])
def test_an_order_older_than_all_others_is_looked_at_more_and_more_rarely(law: Law) -> None:
    """To its deadline, be it an hour away; never closer than 20 ms."""
    plan = Plan(law)
    ages = ages_of(plan, 3600)
    gaps = [later - earlier for earlier, later in pairwise(ages)]
    assert min(gaps) > 0.0199
    assert max(gap / age for gap, age in zip(gaps, ages, strict=False)) < 10
    assert len(ages) < 90
    assert plan.drawn(4000, 0.5) == plan.after(4000)


def test_a_drawn_look_comes_before_the_planned_one_and_mostly_where_orders_settle() -> None:
    """So that it can be told what happens between two planned ones."""
    plan = Plan(learnt(*between(0.9, 1.0, 200)))
    drawn = [plan.drawn(0.0, share / 100) for share in range(100)]
    assert max(drawn) <= plan.after(0.0)
    assert sum(0.85 < age <= 1.01 for age in drawn) > 80
    assert drawn == sorted(drawn)


def test_a_plan_costs_no_more_than_its_neighbours() -> None:
    """Where settle times are even over two seconds, so are the looks."""
    rng = random.Random(3)  # noqa: S311 - no secret
    looks = []
    for _ in range(500):
        settle, grain = rng.uniform(0, 2), rng.uniform(0.05, 0.2)
        looks += between(settle // grain * grain, settle // grain * grain + grain, 1)
    ages = ages_of(Plan(learnt(*looks, rounds=2)), 1.9)
    assert 2 <= len(ages) <= 4
    assert 1.6 < ages[-1] < 2.2
