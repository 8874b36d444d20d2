"""What is learnt of settle times from looks."""

from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async._learning import SettleTimes, Sighting

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
