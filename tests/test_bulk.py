"""Bulk: one result for each item, bounded, and nothing left behind however the block is left."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import Bulk
from tests.virtual import run

Work = Callable[[Any, Callable[[], None]], Awaitable[Any]]


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


@pytest.mark.parametrize("concurrency", [0, -1])
def test_no_places_are_refused(concurrency: int) -> None:
    """Without a place nothing would ever happen: a ValueError at once."""
    with pytest.raises(ValueError, match=f"concurrency: at least 1, not {concurrency}"):
        bulk([], at_once, concurrency)


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


def test_a_source_that_never_waits_leaves_room() -> None:
    """An endless list of items does not keep the loop from the first results."""

    async def main() -> None:
        source = count()
        async with bulk(source, at_once, 10_000) as results:
            async for item, _ in results:
                assert item == 0
                assert next(source) < 20
                break

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


class Broken(Exception):  # noqa: N818 - an adjective, as our errors are
    """A failure of the user's own."""


BROKEN = Broken("line 4: not a row")


def breaks_at(position: int) -> Iterator[int]:
    for item in range(10):
        if item == position:
            raise BROKEN
        yield item


@pytest.mark.parametrize("position", [0, 1, 4])
@pytest.mark.parametrize("source", [breaks_at, lambda position: in_time(breaks_at(position))])
def test_a_source_that_raises(source: Callable[[int], Any], position: int) -> None:
    """What is in flight ends and is given back, then the user's own exception comes bare."""

    async def main() -> None:
        got: list[int] = []
        with pytest.raises(Broken) as caught:
            await consume(bulk(source(position), sleep_it_long), got)
        assert caught.value is BROKEN
        assert sorted(got) == list(range(position))

    async def sleep_it_long(item: int, sent: Callable[[], None]) -> int:
        sent()
        await asyncio.sleep(60 + item)
        return item

    run(main())


def test_a_source_that_is_none() -> None:
    """Something that cannot be iterated is told as Python tells it."""

    async def main() -> None:
        with pytest.raises(TypeError, match="not iterable"):
            await consume(bulk(5, at_once), [])

    run(main())


def test_work_that_raises_ends_the_taking() -> None:
    """One failure of the work itself: nothing more is taken, the rest in flight ends, then it is raised."""

    async def main() -> None:
        got, taken = list[int](), list[int]()

        async def work(item: int, sent: Callable[[], None]) -> int:
            sent()
            await asyncio.sleep(item)
            if item in (3, 4):
                raise BROKEN if item == 3 else Broken("a second one")
            return item

        async def source() -> AsyncIterator[int]:
            for item in range(1, 100):
                taken.append(item)
                yield item
                await asyncio.sleep(0.4)

        with pytest.raises(Broken) as caught:
            await consume(bulk(source(), work), got)
        assert caught.value is BROKEN
        assert sorted(got) == [item for item in taken if item not in (3, 4)]
        assert len(taken) < 12

    run(main())


def test_a_failure_calls_off_what_was_not_sent() -> None:
    """Once a failure has ended the taking, what only queues is not sent any more."""

    async def main() -> None:
        sent_items = []

        async def work(item: int, sent: Callable[[], None]) -> int:
            if item == 0:
                await asyncio.sleep(5)
                raise BROKEN
            await asyncio.sleep(item)  # queues
            sent_items.append(item)
            sent()
            await asyncio.sleep(100)
            return item

        got: list[int] = []
        with pytest.raises(Broken):
            await consume(bulk([0, 1, 2, 9, 8], work), got)
        assert got == sent_items == [1, 2]

    run(main())


def test_a_failure_is_raised_also_after_a_break() -> None:
    """Who leaves early still hears of a failure that came before."""

    async def main() -> None:
        async def leave_early() -> None:
            async with bulk(breaks_at(2), sleep_it) as results:
                async for _ in results:
                    await asyncio.sleep(60)
                    break

        with pytest.raises(Broken) as caught:
            await leave_early()
        assert caught.value is BROKEN

    run(main())


def test_stop_calls_off_what_was_not_sent() -> None:
    """After stop() nothing new is taken or sent, and everything that was sent has its result."""

    async def main() -> None:
        taken, sent_items, got = list[int](), list[int](), list[int]()
        before: tuple[list[int], list[int]] = ([], [])

        def source() -> Iterator[int]:
            for item in count():
                taken.append(item)
                yield item

        async def work(item: int, sent: Callable[[], None]) -> int:
            await asyncio.sleep(item)  # queues
            sent_items.append(item)
            sent()
            await asyncio.sleep(10.5)
            return item

        async with bulk(source(), work, 30) as results:
            async for item, _ in results:
                if not got:
                    results.stop()
                    before = list(taken), list(sent_items)
                    results.stop()
                got.append(item)
        assert got == sent_items
        assert (taken, sent_items) == before
        assert 0 < len(sent_items) < len(taken)

    run(main())


def test_stop_before_anything_was_sent() -> None:
    """A stopped job of which nothing was sent ends at once, without results."""

    async def main() -> None:
        async with bulk(in_time([1, 2, 3], 100), sleep_it) as results:
            results.stop()
            assert [each async for each in results] == []
        assert asyncio.get_running_loop().time() == 0

    run(main())


def test_stop_after_the_end() -> None:
    """Stopping what has ended changes nothing."""

    async def main() -> None:
        async with bulk([0], sleep_it) as results:
            assert [item async for item, _ in results] == [0]
            results.stop()
            assert [each async for each in results] == []
        results.stop()

    run(main())


async def leaves_by_break(results: Bulk[Any, Any, None]) -> None:
    async with results:
        async for _ in results:
            break


async def leaves_by_return(results: Bulk[Any, Any, None]) -> None:
    async with results:
        async for _ in results:
            return


async def leaves_by_an_exception(results: Bulk[Any, Any, None]) -> None:
    async def leave() -> None:
        async with results:
            async for _ in results:
                raise BROKEN

    with pytest.raises(Broken) as caught:
        await leave()
    assert caught.value is BROKEN


async def leaves_unread(results: Bulk[Any, Any, None]) -> None:
    async with results:
        await asyncio.sleep(1)


async def leaves_at_once(results: Bulk[Any, Any, None]) -> None:
    async with results:
        pass


async def leaves_when_cancelled(results: Bulk[Any, Any, None]) -> None:
    consumer = asyncio.create_task(consume(results, []))
    await asyncio.sleep(7)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer


@pytest.mark.parametrize(
    "leave",
    [
        leaves_by_break,
        leaves_by_return,
        leaves_by_an_exception,
        leaves_unread,
        leaves_at_once,
        leaves_when_cancelled,
    ],
)
@pytest.mark.parametrize("asynchronous", [True, False])
def test_however_the_block_is_left_nothing_stays(
    leave: Callable[[Bulk[Any, Any, None]], Awaitable[None]], asynchronous: bool
) -> None:
    """Left early, a job takes nothing more, and its work and its source have ended when the block has."""

    async def main() -> None:
        taken = 0
        live: Counter[str] = Counter()

        def endless() -> Iterator[int]:
            nonlocal taken
            for item in count(5):
                taken += 1
                yield item

        async def work(item: int, sent: Callable[[], None]) -> int:
            live["work"] += 1
            try:
                return int(await sleep_it(item, sent))
            finally:
                live["work"] -= 1

        async with aclosing(in_time(endless())) as source:  # type: ignore[type-var]
            await leave(bulk(source if asynchronous else endless(), work))
        left = taken
        assert live["work"] == 0
        await asyncio.sleep(1000)
        assert taken == left
        assert live["work"] == 0

    run(main())


def test_leaving_waits_for_work_that_ends_slowly() -> None:
    """Work that has something to put in order when it is cancelled is waited for."""

    async def main() -> None:
        ended = []

        async def work(item: int, sent: Callable[[], None]) -> int:
            sent()
            try:
                return int(await sleep_it(item, sent))
            finally:
                await asyncio.sleep(3)
                ended.append(item)

        async with bulk([1, 50, 60], work) as results:
            async for _ in results:
                break
        assert sorted(ended) == [1, 50, 60]
        assert asyncio.get_running_loop().time() == 7

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
