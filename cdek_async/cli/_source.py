"""Where the input comes from: a file or standard input, as numbered lines of UTF-8 text."""

import os
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator
from hashlib import sha256
from io import BufferedReader, FileIO
from types import TracebackType
from typing import Self

from cdek_async.cli._exit import Stop
from cdek_async.cli._text import reason

STDIN = "-"
MAX_LINE = 1_000_000  # bytes; an order's row has some hundred


class Source:
    """An open input: its lines are read lazily, and none of it twice."""

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STDIN else path
        try:
            self._fd = 0 if path == STDIN else os.open(path, os.O_RDONLY)
            # Not sys.stdin: a thread that waits in its buffer keeps the interpreter from ending.
            self._file = BufferedReader(FileIO(self._fd, closefd=False), 1 << 16)
        except OSError as error:
            raise Stop(f"{self.name}: {reason(error)}") from error
        found = os.fstat(self._fd)
        self._regular = stat.S_ISREG(found.st_mode)
        self._as_opened = (found.st_size, found.st_mtime_ns)
        self.repeatable = path != STDIN and self._regular
        """Another process can read it again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._regular and self._fd:  # a pipe may have a thread that still reads it
            os.close(self._fd)

    def count(self) -> int | None:
        """How many lines there are, all of them text; None where that cannot be known beforehand.

        Half a second for a million lines; and another encoding is turned away before anything is sent.
        """
        if not self._regular:
            return None
        start = self._file.tell()
        lines = sum(1 for _ in self.lines())
        self._file.seek(start)
        return lines

    def digest(self) -> str:
        """SHA-256 of the whole of a file."""
        start = self._file.tell()
        self._file.seek(0)
        found = sha256()
        while chunk := self._file.read(1 << 20):
            found.update(chunk)
        self._file.seek(start)
        return found.hexdigest()

    def lines(self) -> Iterator[str]:
        """Each line with its end, without a byte order mark."""
        number = 0
        try:
            while line := self._file.readline(MAX_LINE + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(BOM_UTF8)
                if len(line) > MAX_LINE:
                    raise self.error(f"longer than {MAX_LINE:,} bytes", number)
                if not line.endswith(b"\n"):  # the last one; or torn, and half a number is another order's
                    self._refuse_another()
                yield self._text(line, number)
            self._refuse_another()
        except OSError as error:
            raise Stop(f"{self.name}: {reason(error)}") from error

    def error(self, what: str, line: int) -> Stop:
        """What ends the reading, with its place."""
        return Stop(f"{self.name}, line {line:,}: {what}")

    def _refuse_another(self) -> None:
        """Raise `Stop` where a file is not what it was: it may have lost rows, or have others now."""
        found = os.fstat(self._fd)
        if self._regular and (found.st_size, found.st_mtime_ns) != self._as_opened:
            raise Stop(f"{self.name}: changed while it was read")

    def _text(self, line: bytes, number: int) -> str:
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            place = f"byte {line[error.start]:#04x} at column {error.start + 1}"
            raise self.error(f"not UTF-8 ({place}); save it as UTF-8", number) from error
        if "\0" in text:  # UTF-16 without a mark, or no text at all
            raise self.error("a NUL byte; save it as UTF-8 text", number)
        return text
