"""Writer: a SQLite file and its one thread, in which work that comes together is committed together."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_LINGER = 0.003  # seconds in which work gathers to one commit

Work = Callable[[sqlite3.Connection], Any]
Row = tuple[Work, "asyncio.Future[Any] | None"]


class Writer:
    """What is written to one file, for one loop."""

    def __init__(self, path: Path, connect: Callable[[], sqlite3.Connection]) -> None:
        self._path = path
        self._connect = connect
        self._rows: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[Any] = self._loop.create_future()
        self._thread = threading.Thread(target=self._write, daemon=True)

    async def open(self) -> None:
        """Connect, in the thread; raises what `connect` raises."""
        self._thread.start()
        try:
            await self._opened
        except BaseException:  # cancelled, it may yet open, and would keep everybody out
            await self.close()
            raise

    async def close(self) -> None:
        """Write what is left, and let others in."""
        self.put(None)
        await asyncio.to_thread(self._thread.join)

    def put(self, row: Row | None) -> None:
        """Have work done in the next commit; None: it is the last."""
        self._rows.put(row)

    async def do(self, work: Work) -> Any:
        """Have work done in the next commit; its result, once that is on disk."""
        done: asyncio.Future[Any] = self._loop.create_future()
        self.put((work, done))
        return await done

    def _write(self) -> None:
        try:
            db = self._connect()
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller waits for it
            self._tell([(self._opened, None, error)])
            return
        self._tell([(self._opened, None, None)])
        closing = False
        while not closing:
            rows = [self._rows.get()]
            time.sleep(_LINGER)
            while not self._rows.empty():
                rows.append(self._rows.get())
            closing = None in rows
            self.commit(db, [row for row in rows if row is not None])
        db.close()

    def commit(self, db: sqlite3.Connection, rows: list[Row]) -> None:
        """Do all of it or nothing, and tell who waits for it."""
        try:
            db.rollback()  # what one before left that failed
            db.execute("BEGIN IMMEDIATE")
            results = [work(db) for work, _ in rows]
            db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers wait for it
            failure = OSError(f"{self._path}: the journal cannot be written: {error}")
            self._tell([(done, None, failure) for _, done in rows])
        else:
            self._tell([(done, result, None) for (_, done), result in zip(rows, results, strict=True)])

    def _tell(self, told: "list[tuple[asyncio.Future[Any] | None, Any, Exception | None]]") -> None:
        """Wake the loop, once for all of them."""
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(_resolve, told)


def _resolve(told: "list[tuple[asyncio.Future[Any] | None, Any, Exception | None]]") -> None:
    for done, result, error in told:
        if done is None or done.done():  # nobody asked, or whoever did was cancelled
            continue
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
