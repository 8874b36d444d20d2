"""Standard error, which may be gone: what it tells of goes on."""

import sys
from contextlib import suppress


class StandardError:
    """Forgets what cannot be written: nobody reads a pipe, a disk is full, an ssh line has dropped."""

    def __init__(self) -> None:
        self._file = sys.stderr  # as it is now: rich puts a proxy of its own in its place

    @property
    def encoding(self) -> str:
        return self._file.encoding if self._file else "utf-8"

    def isatty(self) -> bool:
        return bool(self._file) and self._file.isatty()

    def write(self, text: str, /) -> int:
        if self._file:
            with suppress(OSError):
                self._file.write(text)
        return len(text)

    def flush(self) -> None:
        if self._file:
            with suppress(OSError):
                self._file.flush()
