"""A journal whose writer is driven by the loop instead of a thread: it commits at virtual instants."""

import sqlite3

from cdek_async import Journal
from cdek_async._writer import Row, Writer

_LINGER = 0.003


class SimulatedWriter(Writer):
    """Rows that come within a moment are committed together."""

    _db: sqlite3.Connection | None = None

    async def open(self) -> None:
        self._waiting: list[Row] = []
        self._db = self._connect()
        self._db.execute("PRAGMA synchronous = OFF")  # it is not the machine that dies here

    async def close(self) -> None:
        self._flush()
        self.die()

    def die(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def put(self, row: Row | None) -> None:
        if row is None:
            return
        if not self._waiting:
            self._loop.call_later(_LINGER, self._flush)
        self._waiting.append(row)

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        if rows and self._db is not None:
            self.commit(self._db, rows)


class SimulatedJournal(Journal):
    """The same file, the same rows, and the same commits; `die` loses what was not committed."""

    _writes_by = SimulatedWriter
    dead = False

    def die(self) -> None:
        """The process is no more."""
        self.dead = True
        if isinstance(self._writer, SimulatedWriter):
            self._writer.die()
