"""How a bulk job ends: by a failure, by stop(), by leaving its block; nothing sent is lost, nothing stays."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, nullcontext
from itertools import count
from typing import Any

import pytest

from cdek_async import Bulk
from tests.test_bulk import Work, at_once, bulk, consume, in_time, sleep_it
from tests.virtual import run


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


async def sent_and_called_off(item: int, sent: Callable[[], None]) -> int:
    """Work whose own inner task is cancelled by somebody else, as a closed client does it."""
    sent()
    await called_off()
    return item


async def called_off() -> None:
    inner = asyncio.create_task(asyncio.sleep(100))
    await asyncio.sleep(0)
    inner.cancel()
    await inner


async def source_called_off() -> AsyncIterator[int]:
    yield 0
    await called_off()
    yield 1


@pytest.mark.parametrize(
    ("items", "work", "given_back"),
    [([0, 1], sent_and_called_off, []), (source_called_off(), sleep_it, [0])],
    ids=["work", "source"],
)
def test_a_cancellation_out_of_nowhere_is_a_failure(items: Any, work: Work, given_back: list[int]) -> None:
    """What ended without a result and was not called off by the job is told, never taken for the end."""

    async def main() -> None:
        got: list[int] = []
        with pytest.raises(RuntimeError, match="cancelled by something else"):
            await consume(bulk(items, work), got)
        assert got == given_back

    run(main())


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_source_may_stop_its_own_job(asynchronous: bool) -> None:
    """What it gives from then on is not begun, though it never waits; and it is closed in peace."""

    async def main() -> None:
        begun, closed = list[int](), list[str]()

        async def work(item: int, sent: Callable[[], None]) -> int:
            begun.append(item)
            sent()
            return item

        def synchronously() -> Iterator[int]:
            try:
                for item in range(60):
                    if item == 5:
                        results.stop()
                    yield item
            finally:
                closed.append("synchronously")

        async def asynchronously() -> AsyncIterator[int]:
            try:
                for item in synchronously():
                    yield item
            finally:
                await asyncio.sleep(1)
                closed.append("asynchronously")

        results = bulk(asynchronously() if asynchronous else synchronously(), work)
        got: list[int] = []
        await consume(results, got)
        assert begun == sorted(got)
        assert max(got, default=0) < 5
        assert ("asynchronously" if asynchronous else "synchronously") in closed

    run(main())


def test_what_would_leave_in_the_very_turn_of_a_stop_stays() -> None:
    """A submission, a task of its own, that asks for its leave once its item was called off gets none."""

    async def main() -> None:
        departed = []
        go = asyncio.Event()

        async def work(item: int, sent: Callable[[], None]) -> int:
            async def submit() -> None:
                await go.wait()
                sent()
                departed.append(item)

            submission = asyncio.create_task(submit())
            await asyncio.wait({submission})
            submission.result()
            return item

        async with bulk([1], work) as results:
            await asyncio.sleep(1)
            go.set()  # the pacer lets it go ...
            results.stop()  # ... and in the same turn of the loop the job is stopped
            assert [item async for item, _ in results] == departed == []
            await asyncio.sleep(5)
        assert departed == []

    run(main())


@pytest.mark.parametrize("how", ["break", "stop", "failure"])
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_generator_is_closed(how: str, asynchronous: bool) -> None:
    """What a source holds open is closed when the block has ended, in the task that iterated it."""

    async def main() -> None:
        opened, closed = list[Any](), list[Any]()

        async def asynchronously() -> AsyncIterator[int]:
            opened.append(asyncio.current_task())
            try:
                for item in range(100):
                    yield item
            finally:
                await asyncio.sleep(0)
                closed.append(asyncio.current_task())

        def synchronously() -> Iterator[int]:
            opened.append(asyncio.current_task())
            try:
                yield from range(100)
            finally:
                closed.append(asyncio.current_task())

        async def work(item: int, sent: Callable[[], None]) -> int:
            sent()
            if how == "failure":
                raise BROKEN
            return item

        async def leave() -> None:
            async with bulk(source, work, 3) as results:
                async for _ in results:
                    if how == "break":
                        break
                    results.stop()

        source = asynchronously() if asynchronous else synchronously()
        with pytest.raises(Broken) if how == "failure" else nullcontext():
            await leave()
        assert closed == opened
        assert len(closed) == 1

    run(main())
