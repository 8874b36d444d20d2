"""The pacer in trouble: pauses that CDEK asks for, a rate that falls and recovers, outages, retries."""

import asyncio

import pytest

from cdek_async._pacing import Pacer, RetryQuota, Urgency
from tests.test_pacing import most_in_a_second, now, sent
from tests.virtual import run


@pytest.mark.parametrize("rate", [None, 10])
def test_retry_after_pauses_everybody(rate: float | None) -> None:
    """Nothing is sent for as long as CDEK has asked for, and a shorter wish does not shorten that."""

    async def main() -> None:
        pacer, times = Pacer(rate, 50), list[float]()
        await sent(pacer, 1, times)
        pacer.slow_down(30)
        pacer.slow_down(3)
        await asyncio.gather(sent(pacer, 3, times), sent(pacer, 2, times, Urgency.TOKEN))
        assert times[0] == 0
        assert times[1] == 30

    run(main())


def test_a_pause_holds_those_who_queue_already() -> None:
    """A call that waits for its step when CDEK asks for a pause waits for the pause's end too."""

    async def main() -> None:
        pacer, times = Pacer(1, 50), list[float]()
        async with asyncio.TaskGroup() as group:
            group.create_task(sent(pacer, 2, times))
            await asyncio.sleep(0.5)
            pacer.slow_down(10)
        assert times == [0.0, 10.5]

    run(main())


async def window(pacer: Pacer, calls: int, faults: int) -> None:
    """A second in which so many of the calls are turned away; one call of the next second judges it."""
    await sent(pacer, calls - 1, [])
    for _ in range(faults):
        pacer.slow_down(0)
    await asyncio.sleep(1.1)
    await sent(pacer, 1, [])


@pytest.mark.parametrize(
    ("faults", "rate"), [(0, 100), (1, 100), (5, 100), (6, 94), (25, 75), (50, 50), (500, 50)]
)
def test_the_rate_falls_by_the_share_of_faults(faults: int, rate: float) -> None:
    """A second costs the rate half the share of its faults, once however many; a few strays cost nothing."""

    async def main() -> None:
        pacer = Pacer(100, 50)
        await window(pacer, 51, faults)
        assert pacer.rate == pytest.approx(rate, abs=0.01)

    run(main())


def test_the_rate_falls_once_per_window() -> None:
    """Faults change nothing before their second is over."""

    async def main() -> None:
        pacer = Pacer(100, 50)
        await sent(pacer, 10, [])
        for _ in range(1000):
            pacer.slow_down(0)
            assert pacer.rate == 100
        await asyncio.sleep(1.1)
        pacer.slow_down(0)
        assert pacer.rate == 50
        pacer.slow_down(0)
        assert pacer.rate == 50

    run(main())


def test_the_rate_never_falls_to_nothing_and_recovers() -> None:
    """In an outage a hundredth of the rate is left to notice its end; then it comes back by itself."""

    async def main() -> None:
        pacer = Pacer(100, 50)
        for _ in range(30):
            await sent(pacer, 1, [])
            pacer.slow_down(0)
            await asyncio.sleep(1.1)
        assert pacer.rate == pytest.approx(1)
        seen = [0.0]
        while seen[-1] < 100:
            await sent(pacer, 1, [])
            await asyncio.sleep(1.1)
            seen.append(pacer.rate or 0)
        assert seen == sorted(seen)
        assert len(seen) == 12
        assert seen[-1] == 100

    run(main())


def test_a_slowed_rate_is_kept() -> None:
    """What a slowed pacer lets go is what it says it does."""

    async def main() -> None:
        pacer, times = Pacer(100, 50), list[float]()
        await window(pacer, 51, 50)
        await sent(pacer, 45, times)
        assert most_in_a_second(times) <= 55
        assert pacer.rate == 50

    run(main())


def test_an_idle_hour_brings_the_rate_back() -> None:
    """Recovery counts seconds, not calls."""

    async def main() -> None:
        pacer = Pacer(100, 50)
        await window(pacer, 51, 50)
        await asyncio.sleep(3600)
        await sent(pacer, 1, [])
        assert pacer.rate == 100

    run(main())


@pytest.mark.parametrize("urgency", [Urgency.PROMPT, Urgency.BULK, Urgency.LOOK])
def test_in_an_outage_bulk_calls_only_probe(urgency: Urgency) -> None:
    """One at 1 s, then 2, 4, ... apart, however many queue; who waits for a single order may try at once."""

    async def main() -> None:
        pacer, times, single = Pacer(100, 50), list[float](), list[float]()
        for _ in range(5):
            pacer.outage.unanswered()
        bulk = asyncio.create_task(sent(pacer, 40, times, urgency))
        await asyncio.sleep(0.5)
        await sent(pacer, 2, single, Urgency.SINGLE)
        assert single == [0.5, 0.5]
        await asyncio.sleep(20 - now())
        assert times == [1, 3, 7, 15]
        pacer.outage.answered()
        await sent(pacer, 1, single, Urgency.SINGLE)
        await bulk
        assert len(times) == 40
        assert now() < 21  # an answer lets all of them go

    run(main())


def test_the_retry_quota_runs_dry_and_fills_again() -> None:
    """A hundred retries without one answer are enough; five answers buy the next one."""
    quota = RetryQuota()
    assert [quota.take() for _ in range(102)] == [True] * 100 + [False] * 2
    for _ in range(4):
        quota.refund()
    assert not quota.take()
    quota.refund()
    assert quota.take()
    assert not quota.take()


def test_the_retry_quota_does_not_grow() -> None:
    """A long calm day buys no bigger storm."""
    quota = RetryQuota()
    for _ in range(10_000):
        quota.refund()
    assert sum(quota.take() for _ in range(10_000)) == 100
