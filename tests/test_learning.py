"""What is learnt of settle times from looks."""

from itertools import pairwise
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async._learning import SettleTimes
from cdek_async._schedule import Plan, Sighting

Looks = list[tuple[float, bool]]
"""Ages at which an order was looked at, and whether it had settled."""


def scouts(times: SettleTimes, count: int) -> list[Sighting]:
    """So many orders that are watched, however many others are between them."""
    found: list[Sighting] = []
    while len(found) < count:
        sighting = times.scout()
        if sighting is not None:
            found.append(sighting)
    return found


def seen(*orders: Looks) -> SettleTimes:
    times = SettleTimes()
    for sighting, looks in zip(scouts(times, len(orders)), orders, strict=True):
        for age, settled in looks:
            times.observe(sighting, age, settled=settled)
    return times


def test_the_first_orders_are_scouts_then_few_are() -> None:
    """Something is to be known soon, and what is known is to stay true, for a few calls."""
    times = SettleTimes()
    turns = [times.scout() is not None for _ in range(2000)]
    assert all(turns[:30])
    assert 30 <= sum(turns[30:]) <= 60


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=199), st.floats(0.01, 0.99))
def test_a_quantile_is_the_time_within_which_that_share_settled(ages: list[float], share: float) -> None:
    """Where all have settled, it is the plain one."""
    times = seen(*([(age, True)] for age in ages))
    place = ceil(share * len(ages) - 1e-7)
    assert times.quantile(share) == sorted(ages)[max(0, place - 1)]
    assert times.known == len(ages)


@pytest.mark.parametrize(
    ("orders", "late"),
    [
        ([], 0.0),
        ([[]], 0.0),
        ([[(1.5, False)]], 3.0),
        ([[(1.5, False), (4, False)], [(2, True)]], 8.0),
        ([[(1.5, False), (4, True)], [(2, True)]], 4.0),
        # Young ones say nothing yet of the late quantile.
        ([*[[(2, True)]] * 20, *[[(0.5, False)]] * 20], 2.0),
        # The old ones do: it has become slow.
        ([*[[(2, True)]] * 20, *[[(9, False)]] * 20], 18.0),
    ],
)
def test_who_has_not_settled_counts_as_far_as_was_seen(orders: list[Looks], late: float) -> None:
    """Twice the longest wait stands for what nobody has seen yet."""
    times = seen(*orders)
    assert times.quantile(0.97) == late
    assert times.known == sum(looks[-1:] != [] and looks[-1][1] for looks in orders)


def test_a_look_changes_what_is_known_at_once() -> None:
    """Also of an order that was seen unsettled before."""
    times = SettleTimes()
    first, second = scouts(times, 2)
    times.observe(first, 1, settled=False)
    assert times.quantile(0.5) == 2
    times.observe(first, 5, settled=True)
    assert (first.after, first.by) == (1, 5)
    assert times.quantile(0.5) == 5
    assert (second.after, second.by) == (0, inf)


def test_what_is_long_ago_is_forgotten() -> None:
    """CDEK has become quick: some hundred scouts later nothing else is known."""
    times = seen(*[[(30.0, True)]] * 300)
    assert times.quantile(0.97) == 30
    for sighting in scouts(times, 199):
        times.observe(sighting, 0.4, settled=True)
    assert times.quantile(0.97) == 0.4
    assert times.known == 200


def single(times: SettleTimes, settle: float) -> list[float]:
    """When an order that somebody waits for is looked at."""
    sighting, ages = Sighting(), [0.0]
    while sighting.by == inf:
        ages.append(times.next_look(ages[-1]))
        times.observe(sighting, ages[-1], settled=ages[-1] >= settle)
    return ages[1:]


def test_a_single_order_is_looked_at_as_ever_while_nothing_is_known() -> None:
    """After 0.4 s, then growing by a quarter to 5 s."""
    ages = [0.0]
    times = SettleTimes()
    while ages[-1] < 600:
        ages.append(times.next_look(ages[-1]))
    assert ages[1:5] == pytest.approx([0.4, 0.9, 1.525, 2.30625])
    assert max(later - earlier for earlier, later in pairwise(ages)) == pytest.approx(5)


@pytest.mark.parametrize("settle", [0.15, 0.3, 1.0, 4.0, 30.0])
def test_single_orders_are_looked_at_when_they_settle(settle: float) -> None:
    """Some hundred of them later once is enough, and soon after it; twice where CDEK takes half a minute."""
    times = SettleTimes()
    for _ in range(400):
        single(times, settle)
    later = [single(times, settle) for _ in range(200)]
    assert sum(map(len, later)) < (1.3 if settle < 30 else 2.2) * len(later)
    assert sum(looks[-1] - settle for looks in later) / len(later) < max(0.03, 0.05 * settle)


def test_a_law_that_drifts_is_followed() -> None:
    """Both ways."""
    times = SettleTimes()
    for settle in (0.3, 3.0, 0.5):
        for _ in range(1500):
            single(times, settle)
        later = [single(times, settle) for _ in range(100)]
        assert sum(looks[-1] - settle for looks in later) / len(later) < max(0.1, 0.1 * settle)
        assert sum(map(len, later)) < 1.6 * len(later)


def test_what_a_bulk_jobs_scouts_saw_is_known_to_single_orders() -> None:
    """A client's job and its handlers meet the same CDEK."""
    times = seen(*[[(0.7, False), (0.8, True)]] * 100)
    assert times.next_look(0.0) == pytest.approx(0.8, abs=0.02)


def told(times: SettleTimes, settle: float, count: int) -> None:
    """So many orders were looked at shortly before they settled, and then."""
    for _ in range(count):
        sighting = Sighting()
        times.observe(sighting, settle * 0.99, settled=False)
        times.observe(sighting, settle, settled=True)


def test_who_settles_late_is_not_counted_twice() -> None:
    """Thousands are under way, and of those that settle last alone something is heard in the end."""
    times = SettleTimes()
    slow = [Sighting() for _ in range(100)]
    for sighting in slow:
        times.observe(sighting, 0.3, settled=False)
    for _ in range(900):
        times.observe(Sighting(), 0.3, settled=True)
    for sighting in slow:
        times.observe(sighting, 19.9, settled=False)
        times.observe(sighting, 20, settled=True)
    assert times.next_look(0.0) == pytest.approx(0.3, abs=0.02)
    assert times.next_look(0.0) == pytest.approx(0.3, abs=0.02)


def test_one_that_never_settles_does_not_end_the_learning() -> None:
    """Whether its caller left or waits for ever."""
    times = SettleTimes()
    times.observe(Sighting(), 100, settled=False)
    told(times, 0.3, 2000)
    for _ in range(10):  # plans
        told(times, 2.0, 250)
        times.next_look(0.0)
    assert times.next_look(0.0) == pytest.approx(2, abs=0.2)


def test_what_is_seen_at_a_new_age_is_news() -> None:
    """The plan of thousands of orders is changed by the first twenty that are slow."""
    times = SettleTimes()
    told(times, 0.3, 1000)
    slow = [Sighting() for _ in range(30)]
    for sighting in slow:
        times.observe(sighting, 0.3, settled=False)
    before = {round(times.next_look(9.0), 1) for _ in range(9)}
    for sighting in slow[:20]:
        times.observe(sighting, 10, settled=False)
        times.observe(sighting, 10.1, settled=True)
    assert 10.1 in {round(times.next_look(9.0), 1) for _ in range(9)} - before


def test_where_little_was_seen_each_second_look_is_drawn() -> None:
    """Of an age that hundreds have told of, each tenth."""
    times = SettleTimes()
    told(times, 0.3, 1000)
    planned = [times.next_look(0.0) for _ in range(40)]
    assert len(set(planned)) == 1 + 4
    assert len({times.next_look(5.0) for _ in range(40)}) == 1 + 20


def test_who_sleeps_is_told_of_a_new_plan() -> None:
    """It was sent to sleep by one that knew less."""
    plans: list[Plan] = []

    class Asleep:
        def replanned(self, plan: Plan) -> None:
            plans.append(plan)

    times = SettleTimes()
    times.sleepers.add(Asleep())
    times.next_look(0.0)
    assert plans == []
    told(times, 0.3, 200)
    age = times.next_look(0.0)
    times.next_look(0.0)
    assert [plan.after(0.0) for plan in plans] == pytest.approx([age], abs=0.02)
