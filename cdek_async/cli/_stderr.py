"""Standard error, which may be gone: what it tells of goes on."""

import sys
from contextlib import suppress


class StandardError:
    """Forgets what cannot be written: nobody reads a pipe, a disk is full, an ssh line has dropped."""

    @property
    def encoding(self) -> str:
        return sys.stderr.encoding if sys.stderr else "utf-8"

    def isatty(self) -> bool:
        return bool(sys.stderr) and sys.stderr.isatty()

    def fileno(self) -> int:
        return sys.stderr.fileno() if sys.stderr else -1

    def write(self, text: str, /) -> int:
        if sys.stderr:
            with suppress(OSError):
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        if sys.stderr:
            with suppress(OSError):
                sys.stderr.flush()
