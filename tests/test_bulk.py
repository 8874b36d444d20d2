"""Bulk: one result for each item, bounded, and nothing left behind however the block is left."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import Bulk
from tests.virtual import run, stall

Work = Callable[[Any, Callable[[], None]], Coroutine[Any, Any, Any]]


def bulk(items: Any, work: Work, concurrency: int = 10) -> Bulk[Any, Any, None]:
    return Bulk(items, work, concurrency=concurrency, progress=None)


async def at_once(item: Any, sent: Callable[[], None]) -> Any:
    sent()
    return item


async def sleep_it(item: float, sent: Callable[[], None]) -> float:
    """Sent at once, settled after so many seconds."""
    sent()
    await asyncio.sleep(item)
    return item


async def consume(results: Bulk[Any, Any, None], got: list[Any]) -> None:
    """The plain use: enter, and take what comes."""
    async with results:
        async for item, _ in results:
            got.append(item)


async def in_time(items: Iterable[Any], pause: float = 0.1) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(pause)
        yield item


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 8), st.booleans())
def test_each_item_has_exactly_one_result(seconds: list[int], concurrency: int, asynchronous: bool) -> None:
    """Whatever takes how long, each item comes back once with its own result, and never too many at once."""

    async def main() -> None:
        live = most = 0

        async def work(item: tuple[int, int], sent: Callable[[], None]) -> str:
            nonlocal live, most
            live += 1
            most = max(most, live)
            sent()
            await asyncio.sleep(item[1])
            live -= 1
            return f"result of {item}"

        items = list(enumerate(seconds))
        got: list[tuple[int, int]] = []
        async with bulk(in_time(items, 0) if asynchronous else iter(items), work, concurrency) as results:
            async for item, result in results:
                assert result == f"result of {item}"
                got.append(item)
        assert sorted(got) == items
        assert most <= concurrency

    run(main())


def test_results_come_as_they_end() -> None:
    """What takes long stops nothing that does not."""

    async def main() -> None:
        async with bulk([3, 1, 2, 0], sleep_it) as results:
            assert [item async for item, _ in results] == [0, 1, 2, 3]

    run(main())


@pytest.mark.parametrize("items", [[], (), iter(()), in_time([])])
def test_an_empty_source(items: Any) -> None:
    """Nothing to do is done at once, and stays done."""

    async def main() -> None:
        async with bulk(items, at_once) as results:
            assert [each async for each in results] == []
            assert [each async for each in results] == []

    run(main())


def test_one_at_a_time() -> None:
    """With one place the next item is taken when the last one's result was."""

    async def main() -> None:
        seen: list[str] = []

        def source() -> Iterator[int]:
            for item in range(3):
                seen.append(f"take {item}")
                yield item

        async with bulk(source(), at_once, concurrency=1) as results:
            async for item, _ in results:
                await asyncio.sleep(5)
                seen.append(f"done {item}")
        assert [each for each in seen if each.startswith("done")] == ["done 0", "done 1", "done 2"]
        assert seen.index("take 1") > seen.index("take 0")
        assert seen.index("take 2") > seen.index("done 0")

    run(main())


@pytest.mark.parametrize("places", [0, -1])
def test_no_places_are_refused(places: int) -> None:
    """Without a place nothing would ever happen: a ValueError at once."""
    with pytest.raises(ValueError, match=f"concurrency: at least 1, not {places}"):
        bulk([], at_once, places)
    with pytest.raises(ValueError, match=f"unsent: at least 1, not {places}"):
        Bulk([], at_once, concurrency=1, unsent=places, progress=None)


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_slow_consumer_bounds_what_is_taken(asynchronous: bool) -> None:
    """However long the source, no more is taken than has been given back, and the places."""

    async def main() -> None:
        taken = given_back = 0

        def endless() -> Iterator[int]:
            nonlocal taken
            for item in count():
                taken += 1
                yield item

        async with bulk(in_time(endless(), 0) if asynchronous else endless(), at_once, 7) as results:
            async for _ in results:
                await asyncio.sleep(10)
                given_back += 1
                assert taken <= given_back + 7
                if given_back == 100:
                    break
        assert taken <= 107

    run(main())


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.00025, 12, 20), (1, 3, 6)])
def test_a_source_that_never_waits_leaves_room(seconds: float, least: int, most: int) -> None:
    """An endless list keeps the loop for a millisecond at a time, or for one item that takes longer."""

    async def main() -> None:
        source = count()

        def endless() -> Iterator[int]:
            for item in source:
                stall(seconds)
                yield item

        async with bulk(endless(), at_once, 10_000) as results:
            async for item, _ in results:
                assert item == 0
                assert least <= next(source) < most
                break

    run(main())


def test_few_wait_to_be_sent() -> None:
    """However many places there are, no more than `unsent` items are taken that were not sent yet."""

    async def main() -> None:
        unsent = most = 0
        gate = asyncio.Semaphore(0)

        async def work(item: int, sent: Callable[[], None]) -> int:
            nonlocal unsent, most
            unsent += 1
            most = max(most, unsent)
            await gate.acquire()
            unsent -= 1
            if item % 3:  # else it ends without having been sent
                sent()
                sent()  # a second send frees no second place
                await asyncio.sleep(100)
            return item

        results = Bulk(range(60), work, concurrency=1000, unsent=5, progress=None)
        got: list[int] = []
        consumer = asyncio.create_task(consume(results, got))
        for _ in range(60):
            await asyncio.sleep(1)
            assert unsent == 5 or len(got) + unsent < 60
            gate.release()
        await consumer
        assert most == 5
        assert sorted(got) == list(range(60))

    run(main())


def test_what_is_called_off_unsent_gives_its_place_back() -> None:
    """After a stop everything ends, whoever waits for which place."""

    async def main() -> None:
        async def work(item: int, sent: Callable[[], None]) -> int:
            await asyncio.sleep(1000)
            return item

        results = Bulk(count(), work, concurrency=7, unsent=2, progress=None)
        asyncio.get_running_loop().call_later(5, results.stop)
        got: list[int] = []
        await consume(results, got)
        assert not got
        assert asyncio.get_running_loop().time() == 5

    run(main())


def test_the_source_is_iterated_in_one_task() -> None:
    """An async generator that owns a timeout or a task group may not be stepped from two tasks."""

    async def main() -> None:
        tasks = set()

        async def source() -> AsyncIterator[int]:
            async with asyncio.timeout(60):
                for item in range(20):
                    tasks.add(asyncio.current_task())
                    await asyncio.sleep(0.1)
                    yield item

        async with bulk(source(), sleep_it, 3) as results:
            assert len([each async for each in results]) == 20
        assert len(tasks) == 1
        assert asyncio.current_task() not in tasks

    run(main())


def test_the_block_has_to_be_entered() -> None:
    """Iterating without `async with` is told in one line, instead of waiting for ever."""

    async def main() -> None:
        results = bulk([1], at_once)
        results.stop()
        with pytest.raises(RuntimeError, match="enter the block first"):
            await anext(results.__aiter__())

    run(main())


def test_two_consumers_share_the_results() -> None:
    """Each result goes to one of them, and both end."""

    async def main() -> None:
        async with bulk(range(20), sleep_it, 4) as results:

            async def share() -> list[int]:
                return [item async for item, _ in results]

            first, second = await asyncio.gather(share(), share())
        assert sorted(first + second) == list(range(20))

    run(main())


def test_progress_is_the_callers() -> None:
    """Whoever makes the job brings its counts."""
    progress = Counter[str]()
    assert Bulk([], at_once, concurrency=1, progress=progress).progress is progress


def test_a_job_runs_once() -> None:
    """A block is entered once; a second entry is told in one line."""

    async def main() -> None:
        results = bulk([1, 2], at_once)
        await consume(results, [])
        with pytest.raises(RuntimeError, match="a bulk job runs once"):
            await results.__aenter__()

    run(main())
