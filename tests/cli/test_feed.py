import asyncio
import threading
from collections.abc import Iterator

import pytest

from cdek_async.cli._exit import Stop
from cdek_async.cli._feed import Feed


def test_a_feed_gives_all_in_order_and_then_ends() -> None:
    """More than it reads ahead."""

    async def main() -> None:
        with Feed(iter(range(3000))) as feed:
            assert [each async for each in feed] == list(range(3000))
            assert [each async for each in feed] == []

    asyncio.run(main())


def test_what_the_source_raises_is_raised_where_it_is_awaited() -> None:
    """After the items before it, and again when asked again."""

    def source() -> Iterator[int]:
        yield 1
        raise Stop("line 2: no")

    async def main() -> None:
        with Feed(source()) as feed:
            assert await anext(feed) == 1
            for _ in range(2):
                with pytest.raises(Stop, match="line 2: no"):
                    await anext(feed)

    asyncio.run(main())


def test_the_loop_goes_on_while_a_source_waits() -> None:
    """A pipe that nobody writes to yet stops nothing else."""
    may_go = threading.Event()

    def source() -> Iterator[int]:
        yield 0
        may_go.wait(10)
        yield 1

    async def main() -> None:
        with Feed(source()) as feed:
            assert await anext(feed) == 0
            waiting = asyncio.ensure_future(anext(feed))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not waiting.done()
            may_go.set()
            assert await waiting == 1

    asyncio.run(main())


def test_a_feed_that_is_left_early_reads_no_further() -> None:
    """It has read ahead some, and lets its thread and its source go."""
    taken: list[int] = []
    ended = threading.Event()

    def source() -> Iterator[int]:
        try:
            for each in range(1_000_000):
                taken.append(each)
                yield each
        finally:
            ended.set()

    async def main() -> None:
        with Feed(source()) as feed:
            assert await anext(feed) == 0

    asyncio.run(main())
    assert ended.wait(10)
    assert len(taken) < 2100
