"""The deadline: one clock for all that a public call does."""

import asyncio
import gc
from math import inf, nan

import pytest

from cdek_async._deadline import Deadline
from tests.virtual import run


def test_a_deadline_counts_down_to_nothing() -> None:
    """Seconds left fall with the loop's clock and stop at 0."""

    async def main() -> None:
        await asyncio.sleep(1000)
        deadline = Deadline(10)
        assert (deadline.seconds, deadline.remaining()) == (10, 10)
        await asyncio.sleep(4)
        assert deadline.remaining() == 6
        await asyncio.sleep(60)
        assert deadline.remaining() == 0

    run(main())


def test_a_deadline_can_start_later_and_once() -> None:
    """Before its start there is no end in sight; starting it again gives no second life."""

    async def main() -> None:
        deadline = Deadline(10, started=False)
        await asyncio.sleep(3600)
        assert deadline.remaining() == inf
        deadline.start()
        await asyncio.sleep(4)
        deadline.start()
        assert deadline.remaining() == 6

    run(main())


def test_a_clock_that_starts_while_a_task_is_waited_for_ends_the_wait() -> None:
    """In a bulk job the task starts it, with its first send, and may hang from then on."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline(5, started=False)

        async def sends() -> None:
            await asyncio.sleep(100)
            deadline.start()
            await asyncio.sleep(100)

        task = asyncio.create_task(sends())
        await deadline.wait(task)
        assert loop.time() == 105
        await task

    run(main())


def test_a_wait_leaves_nothing_to_the_collector() -> None:
    """A job of thousands waits for each of its submissions: what only that frees would stop it."""

    async def main() -> int:
        deadline = Deadline(8.5)
        gc.collect()
        gc.disable()
        try:
            for _ in range(9):
                await deadline.wait(asyncio.create_task(asyncio.sleep(1)))
            return gc.collect()
        finally:
            gc.enable()
            await asyncio.sleep(1)

    assert run(main()) == 0


def test_an_endless_deadline() -> None:
    """Infinite seconds are no limit to asyncio, which takes None for that."""

    async def main() -> None:
        deadline = Deadline(inf)
        assert deadline.remaining() == inf
        await deadline.within(lambda: asyncio.sleep(10**6))
        await deadline.wait(asyncio.create_task(asyncio.sleep(10**6)))

    run(main())


def test_a_task_is_waited_for_until_time_is_up() -> None:
    """It goes on: what it does must end by itself."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(asyncio.sleep(20))
        await Deadline(5).wait(task)
        assert (loop.time(), task.done()) == (5, False)
        await Deadline(50).wait(task)
        assert (loop.time(), task.done()) == (20, True)

    run(main())


def test_a_clock_that_stands_still_meanwhile() -> None:
    """Seconds in which the whole client was paused do not count, also not while something is waited for."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pauses = [100.0]  # before the deadline started
        deadline = Deadline(10, paused=lambda: sum(pauses))
        await asyncio.sleep(4)
        pauses.append(3)
        assert deadline.remaining() == 9
        loop.call_later(8, pauses.append, 30.0)
        task = asyncio.create_task(asyncio.sleep(1000))
        await deadline.wait(task)
        assert loop.time() == 4 + 9 + 30
        assert not deadline.remaining()
        await task

    run(main())


@pytest.mark.parametrize("seconds", [0, -1, -inf, nan])
def test_a_deadline_takes_time(seconds: float) -> None:
    """What is no time is a ValueError in one line, before anything is done."""
    with pytest.raises(ValueError, match=r"\Atimeout: seconds, more than 0, not .+\Z"):
        Deadline(seconds, started=False)


def test_a_wait_is_cut_at_the_deadline() -> None:
    """A wait `within` it ends when time is up, as a TimeoutError, and no later."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline(10)
        await asyncio.sleep(7)
        await deadline.within(lambda: asyncio.sleep(2))
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await deadline.within(lambda: asyncio.sleep(2))
            assert loop.time() == 10

    run(main())


def test_a_wait_is_begun_anew_where_the_clock_stood_still() -> None:
    """What was cut too early is waited for again, until time is really up."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pauses: list[float] = []
        deadline = Deadline(10, paused=lambda: sum(pauses))
        loop.call_later(8, pauses.append, 30.0)
        with pytest.raises(TimeoutError):
            await deadline.within(lambda: asyncio.sleep(1000))
        assert loop.time() == 40

    run(main())
