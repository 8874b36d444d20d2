"""A feed: what a thread reads, for a loop that must not wait for a pipe."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

_AHEAD = 1000


class Feed(Generic[T]):
    """Iterates in a thread of its own, up to 1,000 items ahead of `async for`; raises what the source raises.

    The thread is a daemon, and dies with the process: nobody can wake it from reading a pipe.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._ready: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_AHEAD)
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            self._wake.clear()  # before looking: what comes after raises it again
            try:
                found = self._ready.get_nowait()
                break
            except queue.Empty:
                await self._wake.wait()
        if isinstance(found, tuple):
            return found[0]
        self._ready.put_nowait(found)
        if found is None:
            raise StopAsyncIteration
        raise found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the thread end as soon as it looks up."""
        self._closed = True
        while not self._ready.empty():
            self._ready.get_nowait()

    def _read(self) -> None:
        end: BaseException | None = None
        try:
            for item in self._items:
                if self._closed:
                    return
                self._put((item,))
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            end = error
        self._put(end)

    def _put(self, found: tuple[T] | BaseException | None) -> None:
        self._ready.put(found)
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._wake.set)
