"""Bounded concurrency over any iterable; knows nothing of CDEK."""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Count = TypeVar("Count")

# Seconds for which a source that never waits may keep the loop to itself, or one item if that takes longer. A
# turn of the loop for each item would be an eighth of what an order costs.
_TURN = 0.001


class Bulk(Generic[Item, Result, Count]):
    """Many pieces of work at once; `async for item, result in bulk`, in the order in which they end.

    An item is taken from its source when a place is free, and holds the place until its result is taken:
    memory is bounded by `concurrency`, however long the source. No more than `unsent` of them have not said
    `sent` yet: who only queues costs memory, and those who were sent would queue behind them. What a piece
    of work or the source raises ends the taking; the rest ends in peace, then the block raises it.
    """

    def __init__(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        work: Callable[[Item, Callable[[], None]], Coroutine[Any, Any, Result]],
        *,
        concurrency: int,
        unsent: int = 100,
        progress: Count,
        around: AbstractAsyncContextManager[None] | None = None,
    ) -> None:
        for name, number in (("concurrency", concurrency), ("unsent", unsent)):
            if number < 1:
                raise ValueError(f"{name}: at least 1, not {number!r}")
        self.progress = progress
        self._around = around or nullcontext()
        self._items = items
        self._work = work
        self._context = copy_context()  # of callbacks; each would copy its own
        self._places = asyncio.Semaphore(concurrency)
        self._unsent_places = asyncio.Semaphore(unsent)
        self._pieces: dict[asyncio.Task[Result], _Piece[Item, Result]] = {}
        self._unsent: set[asyncio.Task[Result]] = set()
        self._ready: deque[tuple[Item, Result]] = deque()
        self._wake = asyncio.Event()
        self._feeder: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._end = self._ended  # bound once, and not for each of the thousands that wait

    async def __aenter__(self) -> Self:
        if self._feeder is not None:
            raise RuntimeError("a bulk job runs once")
        await self._around.__aenter__()
        self._feeder = asyncio.create_task(self._feed())
        self._feeder.add_done_callback(self._fed)
        return self

    def stop(self) -> None:
        """Take nothing more and call off what was not sent yet; what is in flight ends by itself."""
        if self._feeder is not None:
            self._feeder.cancel()
        for task in list(self._unsent):
            task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        tasks: list[asyncio.Task[Any]] = [task for task in (*self._pieces, self._feeder) if task]
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # also when cancelled once more
            await self._around.__aexit__(None, None, None)
        if error is None:
            self._raise_failure()

    def __aiter__(self) -> AsyncIterator[tuple[Item, Result]]:
        return self

    async def __anext__(self) -> tuple[Item, Result]:
        while True:
            if self._ready:
                self._places.release()
                return self._ready.popleft()
            if self._feeder is None:
                raise RuntimeError("enter the block first: async with ... as results")
            if self._feeder.done() and not self._pieces:
                self._raise_failure()
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _feed(self) -> None:
        """Iterate the source, in this task only."""
        source = _one_by_one(self._items)
        try:
            while True:
                await self._places.acquire()
                await self._unsent_places.acquire()
                item = await anext(source)
                if self._feeder is not None and self._feeder.cancelling():  # by the source itself
                    await asyncio.sleep(0)  # where the cancellation arrives; the source can still clean up
                self._start(item)
        except StopAsyncIteration:
            pass
        finally:
            await source.aclose()

    def _start(self, item: Item) -> None:
        piece = _Piece(self, item)
        piece.task = asyncio.create_task(self._work(item, piece))
        self._pieces[piece.task] = piece
        self._unsent.add(piece.task)
        piece.task.add_done_callback(self._end, context=self._context)

    def _ended(self, task: asyncio.Task[Result]) -> None:
        """A piece of work is over."""
        piece = self._pieces.pop(task)
        self.left_the_queue(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is None:
            self._ready.append((piece.item, task.result()))
        else:
            self.fail(_failure(task))

    def left_the_queue(self, task: asyncio.Task[Result]) -> None:
        """It was sent, maybe not for the first time, or will never be."""
        if task in self._unsent:
            self._unsent.remove(task)
            self._unsent_places.release()

    def _fed(self, feeder: asyncio.Task[None]) -> None:
        self._wake.set()
        self.fail(_failure(feeder))

    def fail(self, failure: BaseException | None) -> None:
        """Stop, and let the block raise this when what is in flight has ended; None: nothing failed."""
        if failure is not None:
            self._failure = failure if self._failure is None else self._failure
            self.stop()


class _Piece(Generic[Item, Result]):
    """One item at work, called when it is sent; no more than that, for thousands wait at once."""

    __slots__ = ("bulk", "item", "task")

    def __init__(self, bulk: Bulk[Item, Result, Any], item: Item) -> None:
        self.bulk = bulk
        self.item = item
        self.task: asyncio.Task[Result]

    def __call__(self) -> None:
        if self.task.cancelling():  # called off in this very turn of the loop: it must not leave any more
            raise asyncio.CancelledError
        self.bulk.left_the_queue(self.task)


def _failure(task: asyncio.Task[Result] | asyncio.Task[None]) -> BaseException | None:
    """What a task failed of; being called off is no failure, but a cancellation out of nowhere is."""
    if not task.cancelled():
        return task.exception()
    return None if task.cancelling() else RuntimeError("cancelled by something else than this bulk job")


async def _one_by_one(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncGenerator[Item, None]:
    try:
        if isinstance(items, AsyncIterable):
            async for item in items:
                yield item
        else:
            loop = asyncio.get_running_loop()
            turn = loop.time()
            for item in items:
                yield item
                if loop.time() - turn >= _TURN:
                    await asyncio.sleep(0)
                    turn = loop.time()
    finally:  # `for` closes no generator that it leaves early
        if isinstance(items, AsyncGenerator):
            await items.aclose()
        elif isinstance(items, Generator):
            items.close()
