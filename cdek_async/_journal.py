"""What a bulk job has asked and heard, on disk: intended, accepted, final."""

import os
import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import randrange
from typing import Any, NamedTuple
from uuid import UUID

from attrs import evolve

from cdek_async._models import Issue, Request, State, Ticket, Verdict
from cdek_async._operations import Operation
from cdek_async._writer import Work, Writer

_VERSION = "1"
_APPLICATION = 0x63646B61  # what SQLite keeps in a file's header, and `file` shows
_TOLD = 40  # characters; a digest says nothing to people
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operation (
    position INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    target BLOB NOT NULL,
    order_uuid BLOB,
    request_uuid BLOB,
    since TEXT,
    accepted INTEGER NOT NULL DEFAULT 0,
    adopted INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    codes TEXT
);
CREATE INDEX IF NOT EXISTS operation_target ON operation (target);
"""
_KNOWN = """SELECT position, fingerprint, order_uuid, request_uuid, since, accepted, adopted, verdict, codes
FROM operation """
_OWN = _KNOWN + "WHERE position = ?"
# Of updates, the last operation before it on the same order: what was changed back since is no twin. Of
# removals, any: nothing that comes between brings an order back.
_BEFORE = _KNOWN + "WHERE target = ? AND position < ? ORDER BY position DESC LIMIT 1"
_REMOVED = _KNOWN + "WHERE target = ? AND position < ? AND fingerprint = ? LIMIT 1"
_CLAIM = "INSERT INTO operation (position, fingerprint, target) VALUES (?, ?, ?)"
_INTEND = """UPDATE operation SET order_uuid = ?, since = ?, accepted = 0, request_uuid = NULL, adopted = 0,
verdict = NULL, codes = NULL WHERE position = ?"""
_ACCEPT = """UPDATE operation SET order_uuid = ?, request_uuid = ?, since = ?, adopted = ?, accepted = 1
WHERE position = ?"""
_SETTLE = """UPDATE operation SET order_uuid = ?, request_uuid = ?, since = ?, adopted = ?, accepted = 1,
verdict = ?, codes = ? WHERE position = ?"""
_WITHDRAW = "UPDATE operation SET since = NULL WHERE position = ? AND accepted = 0"
_BESIDE = """SELECT position, order_uuid, request_uuid FROM operation
WHERE (request_uuid NOTNULL OR since NOTNULL AND accepted = 0)
AND order_uuid IN (SELECT order_uuid FROM operation WHERE accepted = 0 AND since NOTNULL)"""
_VERDICTS = "SELECT verdict, count(*) FROM operation WHERE verdict NOTNULL GROUP BY verdict"


class Entry(NamedTuple):
    """What the journal knows of one operation.

    `ticket` is a draft until it was `accepted`; of what was not even `intended`, no call can have left.
    `over` is a request that had its verdict: nobody's to find.
    """

    position: int
    ticket: Ticket
    intended: bool
    accepted: bool
    over: UUID | None = None


class Beside(NamedTuple):
    """An operation on an order with a write in doubt: one with a request of its own, or one in doubt."""

    position: int
    order_uuid: UUID
    request_uuid: UUID | None


_SOME = UUID(int=0)


def marks(operation: Operation) -> tuple[bytes, bytes]:
    """Tell operations, and the orders that they name, apart without keeping what they say: digests."""
    target = f"{operation.order_uuid} {sorted(operation.numbers.items())}".encode()
    call = operation.call(operation.order_uuid or _SOME)  # what it sends, whichever order that is
    sent = f"{operation.kind} ".encode() + target + b" " + (call.body if call else b"")
    return sha256(sent).digest()[:16], sha256(target).digest()[:8]


class Journal:
    """The record of one bulk job, for `run_all(..., journal=...)`: with it, a job goes on where it stopped.

    `about` tells the input apart (its digest, say): a journal made for another one is refused with a
    `ValueError`, and so is one of another host or account, of another version, damaged, or in use. `notes`
    are kept beside it and may change (where the input is). With `retry_rejected`, what CDEK rejected is asked
    for again. It holds tickets and codes, no secret and no person's data, and is readable by its owner alone.
    """

    _writes_by: type[Writer] = Writer

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        about: Mapping[str, str] | None = None,
        notes: Mapping[str, str] | None = None,
        retry_rejected: bool = False,
    ) -> None:
        self.path = Path(path)
        self.verdicts: Counter[str] = Counter()
        """The verdicts that stood when it was opened."""
        self._id = 0
        self.beside: tuple[Beside, ...] = ()
        """All of the orders that had a write in doubt when it was opened."""
        self._about = dict(about or {})
        self._notes = dict(notes or {})
        self._retry_rejected = retry_rejected
        self._writer: Writer | None = None
        self._host = self._account = ""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> dict[str, str]:
        """What a journal says of its job: `about`, `notes`, host and account; raises as opening it does.

        Nothing, where a job was cut off before it could say anything.
        """
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"{path}: no such journal")
        if not file.stat().st_size:  # anybody's empty file: opening it would make a journal of it
            return {}
        with closing(_connect(file, {}, {})) as db, _telling(file):
            return dict(db.execute("SELECT name, value FROM note UNION ALL SELECT name, value FROM about"))

    async def open(self, host: str, account: str) -> None:
        """Open or create it for one host and account, and keep everybody else out."""
        if self._writer is not None:
            raise RuntimeError(f"{self.path}: this journal is open already")
        self._host, self._account = host, account
        about = {"version": _VERSION, "host": host, "account": account, **self._about}
        self._writer = self._writes_by(self.path, lambda: self._connect(about))
        try:
            await self._writer.open()
        except BaseException:
            self._writer = None
            raise

    async def close(self) -> None:
        """Write what is left, and let others in."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()

    def _connect(self, about: dict[str, str]) -> sqlite3.Connection:
        db = _connect(self.path, about, self._notes)
        with _telling(self.path):
            ((self._id,),) = db.execute("PRAGMA user_version")
            self.verdicts = Counter(dict(db.execute(_VERDICTS)))
            self.beside = tuple(
                Beside(position, UUID(bytes=order), request and UUID(bytes=request))
                for position, order, request in db.execute(_BESIDE)
            )
        if self._retry_rejected:
            del self.verdicts[Verdict.REJECTED]
        return db

    def _open(self) -> Writer:
        if self._writer is None:
            raise RuntimeError(f"{self.path}: this journal is not open")
        return self._writer

    def key(self, position: int) -> Hashable:
        """The same for the same operation of this file, whatever it is called and whoever opens it."""
        return self._id, position

    async def claim(self, position: int, operation: Operation) -> Entry | None:
        """Take a position for an operation; what is known of it, or of its twin at another position.

        `ValueError` when the position was another operation's: the input is not what it was.
        """
        mark, target = marks(operation)

        def work(db: sqlite3.Connection) -> tuple[Any, ...] | None:
            own: tuple[Any, ...] | None = db.execute(_OWN, (position,)).fetchone()
            if own is not None:
                return own
            if operation.removal:
                rows = db.execute(_REMOVED, (target, position, mark))
            else:
                rows = db.execute(_BEFORE, (target, position))
            before: tuple[Any, ...] | None = rows.fetchone()
            if before is not None and before[1] == mark:
                return before
            db.execute(_CLAIM, (position, mark, target))
            return None

        row = await self._open().do(work)
        if row is None:
            return None
        if row[1] != mark:
            raise ValueError(
                f"{self.path}: made from another input: operation {position + 1} is not what it was"
            )
        return self._entry(operation, row, again=self._retry_rejected and row[0] == position)

    async def intend(self, position: int, draft: Ticket) -> None:
        """Write down that a call goes out; on disk when this returns."""
        # Where nobody has told CDEK's time, that it was intended is written down all the same.
        values = (_blob(draft.order_uuid), _text(draft.since) or "", position)
        await self._open().do(_update(_INTEND, values))

    def accept(self, position: int, ticket: Ticket) -> None:
        """Write down the ticket; a crash before it is on disk leaves an intent, which is looked up."""
        if self._writer is not None:  # else it came too late, and the intent stands
            self._writer.put((_update(_ACCEPT, (*_columns(ticket), position)), None))

    def withdraw(self, position: int) -> None:
        """Write down that nothing came of what was intended; a crash before it leaves the intent."""
        if self._writer is not None:
            self._writer.put((_update(_WITHDRAW, (position,)), None))

    async def settle(self, position: int, ticket: Ticket) -> None:
        """Write down a final ticket; on disk when this returns. Codes only: messages may name a person."""
        found = ticket.request.errors if ticket.request else ()
        codes = [issue.code.encode(errors="backslashreplace").decode() for issue in found]  # half a letter
        values = (*_columns(ticket), ticket.verdict, "\n".join(codes) or None, position)
        await self._open().do(_update(_SETTLE, values))

    def _entry(self, operation: Operation, row: tuple[Any, ...], *, again: bool) -> Entry:
        position, _, order_uuid, request_uuid, since, accepted, adopted, verdict, codes = row
        ticket = Ticket(
            self._host,
            self._account,
            operation.kind,
            order_uuid and UUID(bytes=order_uuid),
            request_uuid and UUID(bytes=request_uuid),
            operation.request_type,
            datetime.fromisoformat(since) if since else None,
            adopted=bool(adopted),
        )
        if verdict is None:
            return Entry(position, ticket, since is not None, bool(accepted))
        if again and verdict == Verdict.REJECTED:
            before, ticket = ticket.request_uuid, evolve(ticket, request_uuid=None, since=None)
            return Entry(position, ticket, intended=False, accepted=False, over=before)
        state = State.SUCCESSFUL if verdict == Verdict.OK else State.INVALID
        errors = tuple(Issue(code) for code in (codes or "").split("\n") if code)
        request = Request(ticket.request_uuid, operation.request_type, state, errors=errors)
        ticket = evolve(ticket, verdict=Verdict(verdict), request=request)
        return Entry(position, ticket, intended=True, accepted=True, over=ticket.request_uuid)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Raise what SQLite says of a file as what it means for a journal."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ValueError(f"{path}: this journal is in use by another process") from error
        raise OSError(f"{path}: the journal cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path}: not a journal, or a damaged one: {error}") from error


def _connect(path: Path, about: dict[str, str], notes: dict[str, str]) -> sqlite3.Connection:
    """Open the file for this process alone."""
    try:
        # Never one that is there: to close it would drop the locks that this process has on it (POSIX).
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(path, isolation_level=None, timeout=0)
    except (OSError, sqlite3.OperationalError) as error:
        reason = str(getattr(error, "strerror", error)).lower()
        raise OSError(f"{path}: the journal cannot be opened: {reason}") from error
    try:
        with _telling(path):
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            _check_file(path, db)
            _close_to_others(path)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
            _check(path, dict(db.execute("SELECT name, value FROM about")), about)
            db.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
            db.executemany("INSERT OR REPLACE INTO note VALUES (?, ?)", notes.items())
            if not db.execute("PRAGMA user_version").fetchone()[0]:
                db.execute(f"PRAGMA user_version = {randrange(1, 1 << 31)}")  # noqa: S311 - to tell files apart
            db.execute("COMMIT")  # all or nothing: half of it would be another job's journal
    except (OSError, ValueError):  # of another user, of another job
        db.close()
        raise
    return db


def _check_file(path: Path, db: sqlite3.Connection) -> None:
    """Refuse the file of another program, before anything is changed in it."""
    ours = db.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
    empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not (ours or empty):
        raise ValueError(f"{path}: not a journal, but another program's database")
    db.execute(f"PRAGMA application_id = {_APPLICATION}")


def _close_to_others(path: Path) -> None:
    """Leave files that were there, also those that SQLite keeps beside it, to their owner alone.

    Before there is a -wal, to which SQLite gives the permissions of the file.
    """
    for each in (path, *(Path(f"{path}{ending}") for ending in ("-wal", "-shm", "-journal"))):
        if each.exists():
            each.chmod(0o600)


def _check(path: Path, found: dict[str, str], about: dict[str, str]) -> None:
    """Refuse a journal that was made for something else, and change nothing in it."""
    for name, value in about.items() if found else ():
        if found.get(name) != value:
            told = name != "account" and len(value) <= _TOLD
            what = f"{name}: {found.get(name)!r}, and this is {value!r}" if told else name
            raise ValueError(f"{path}: made for another {what}")


def _update(sql: str, values: tuple[Any, ...]) -> Work:
    return lambda db: db.execute(sql, values)


def _columns(ticket: Ticket) -> tuple[Any, ...]:
    return (
        _blob(ticket.order_uuid),
        _blob(ticket.request_uuid),
        _text(ticket.since),
        ticket.adopted,
    )


def _blob(uuid: UUID | None) -> bytes | None:
    return None if uuid is None else uuid.bytes


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
