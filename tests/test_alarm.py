"""Who waits is woken, in time and not all in one turn."""

import asyncio
from itertools import pairwise

from cdek_async._alarm import Alarm
from tests.virtual import run


def woken(
    seconds: list[float], *, cancelled: frozenset[int] = frozenset(), all_at: float | None = None
) -> list[float]:
    """When each of those who wait is woken; -1: never."""
    times = [-1.0] * len(seconds)

    async def main() -> None:
        alarm = Alarm()
        loop = asyncio.get_running_loop()

        async def one(number: int) -> None:
            await alarm.after(seconds[number])
            times[number] = round(loop.time(), 3)

        tasks = [asyncio.create_task(one(number)) for number in range(len(seconds))]
        await asyncio.sleep(0)
        for number in cancelled:
            tasks[number].cancel()
        if all_at is not None:
            await asyncio.sleep(all_at)
            alarm.wake_all()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main())
    return times


def test_each_is_woken_when_it_asked_to_be() -> None:
    """In whatever order they ask."""
    assert woken([3, 1, 2, 0, 1, 500]) == [3, 1, 2, 0, 1, 500]


def test_who_was_cancelled_keeps_nobody() -> None:
    """Neither the timer nor those behind it."""
    assert woken([1, 2, 3, 3], cancelled=frozenset({0, 2})) == [-1, 2, -1, 3]
    assert woken([1, 1], cancelled=frozenset({0, 1})) == [-1, -1]


def test_all_are_woken_when_the_client_closes() -> None:
    """However long they were to wait, and a cancelled one is left alone."""
    assert woken([1, 50, 60, 70], cancelled=frozenset({2}), all_at=3) == [1, 3, -1, 3]


def test_a_sleeper_may_be_woken_sooner_but_not_later() -> None:
    """And once."""

    async def main() -> None:
        alarm, loop = Alarm(), asyncio.get_running_loop()
        first, second = alarm.after(10), alarm.after(12)
        alarm.wake(second, 3)
        alarm.wake(first, 20)
        await second
        assert loop.time() == 3
        await first
        assert loop.time() == 10
        await alarm.after(30)
        assert loop.time() == 40

    run(main())


def test_the_loop_has_its_turn_between_many() -> None:
    """A thousand that are due at once are woken some at a time."""
    turns: list[int] = []

    async def main() -> None:
        alarm = Alarm()
        left = 1000

        async def one() -> None:
            nonlocal left
            await alarm.after(5)
            left -= 1

        tasks = [asyncio.create_task(one()) for _ in range(left)]
        while left:
            await asyncio.sleep(0 if left < 1000 else 0.5)
            turns.append(left)
        await asyncio.gather(*tasks)

    run(main())
    steps = [before - after for before, after in pairwise(turns)]
    assert max(steps) <= 100
