"""A journal whose writer is driven by the loop instead of a thread: it commits at virtual instants."""

import asyncio
import sqlite3
from collections import Counter
from typing import Any

from cdek_async import Journal, _journal

_LINGER = 0.003
Row = tuple[_journal.Work, "asyncio.Future[Any] | None"]


class SimulatedJournal(Journal):
    """The same file, the same rows, and the same commits; `die` loses what was not committed."""

    _db: sqlite3.Connection | None = None
    dead = False

    async def open(self, host: str, account: str) -> None:
        self._host, self._account = host, account
        self._loop = asyncio.get_running_loop()
        about = {"version": _journal._VERSION, "host": host, "account": account, **self._about}
        self._db = _journal._connect(self.path, about, self._notes)
        self._db.execute("PRAGMA synchronous = OFF")  # it is not the machine that dies here
        self.verdicts = Counter(dict(self._db.execute(_journal._VERDICTS)))
        self._rows: Any = _Rows(self)
        self._thread: Any = self._rows  # it is open

    async def close(self) -> None:
        if self._db is not None:
            self._rows.commit()
            self._db.close()
            self._db = self._thread = None

    def die(self) -> None:
        """The process is no more."""
        self.dead = True
        if self._db is not None:
            self._db.close()
            self._db = None

    def flush(self, rows: list[Row]) -> None:
        if self._db is not None:
            self._commit(self._db, rows)


class _Rows:
    """The queue to the writer: rows that come within a moment are committed together."""

    def __init__(self, journal: SimulatedJournal) -> None:
        self._journal = journal
        self._waiting: list[Row] = []

    def put(self, row: Row) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(_LINGER, self.commit)
        self._waiting.append(row)

    def commit(self) -> None:
        rows, self._waiting = self._waiting, []
        if rows:
            self._journal.flush(rows)
