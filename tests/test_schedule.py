"""Looks are placed where they are worth it."""

import random
from itertools import pairwise
from math import inf

import pytest

from cdek_async._schedule import ANYTHING, Law, Plan, Sighting, law_of


def learnt(*sightings: Sighting, rounds: int = 10) -> Law:
    law = ANYTHING
    for _ in range(rounds):
        law = law_of(sightings, law)
    return law


def ages_of(plan: Plan, settle: float) -> list[float]:
    """When an order that settles after so many seconds is looked at."""
    ages = [plan.after(0.0)]
    while ages[-1] < settle:
        ages.append(plan.after(ages[-1]))
    return ages


def between(after: float, by: float, many: int) -> list[Sighting]:
    return [Sighting(after, by) for _ in range(many)]


def test_nothing_seen_changes_nothing() -> None:
    """An order that was not looked at yet is no news."""
    assert Plan(learnt(*between(0, inf, 50))).ages == Plan(learnt()).ages


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
    assert 20 <= late[-1] < 20.4


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
    """To its deadline, be it an hour away; never closer than a tenth of a second."""
    plan = Plan(law)
    ages = ages_of(plan, 3600)
    gaps = [later - earlier for earlier, later in pairwise(ages)]
    assert min(gaps) > 0.099
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
    sightings = []
    for _ in range(500):
        settle, grain = rng.uniform(0, 2), rng.uniform(0.05, 0.2)
        sightings.append(Sighting(settle // grain * grain, settle // grain * grain + grain))
    looks = ages_of(Plan(learnt(*sightings, rounds=2)), 1.9)
    assert 2 <= len(looks) <= 4
    assert 1.6 < looks[-1] < 2.2
