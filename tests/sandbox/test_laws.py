import random
import statistics
from typing import Any

import pytest

from cdek_async.sandbox.laws import law


@pytest.mark.parametrize(
    ("text", "median", "within"),
    [
        ("fixed:0.2", 0.2, 0.0),
        ("uniform:0,2", 1.0, 0.1),
        ("lognormal:0.5,1", 0.5, 0.05),
        ("exponential:1", 0.693, 0.07),
        ("tail:0.3,20,0.1", 0.25, 0.05),
        ("never", float("inf"), 0.0),
    ],
)
def test_a_law_draws_about_its_median(text: str, median: float, within: float) -> None:
    """Each law draws what its name says: half of the draws lie under its median."""
    rng = random.Random(1)  # noqa: S311  it is to be repeatable
    drawn = [law(text)(rng) for _ in range(4000)]
    assert statistics.median(drawn) == pytest.approx(median, abs=within)
    assert min(drawn) >= 0


def test_the_tail_is_slow_for_its_share() -> None:
    """With `tail` a share of the requests takes about the slow time, the others the quick one."""
    rng = random.Random(1)  # noqa: S311  it is to be repeatable
    drawn = [law("tail:0.1,100,0.2")(rng) for _ in range(4000)]
    assert sum(one > 5 for one in drawn) / 4000 == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is none of fixed, uniform, lognormal, exponential, tail, never"),
        ("gamma:1", "'gamma' is none of"),
        ("fixed", "write it as fixed:SECONDS"),
        ("uniform:1", "write it as uniform:LOW,HIGH"),
        ("never:1", "write it as never"),
        ("fixed:soon", "'soon' is not a list of numbers"),
        ("fixed:-1", "finite and not negative"),
        ("fixed:inf", "finite and not negative"),
        ("fixed:nan", "finite and not negative"),
        ("uniform:2,1", "LOW is not above HIGH"),
        ("tail:1,2,3", "SHARE is at most 1"),
    ],
)
def test_a_bad_law_is_told_in_one_line(text: str, told: Any) -> None:
    """A text that is no law is a ValueError of one line with the text and what is wrong with it."""
    with pytest.raises(ValueError) as caught:
        law(text)
    assert told in str(caught.value)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)
