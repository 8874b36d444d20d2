"""How a command ends: its exit codes, and one line for a person."""

from enum import IntEnum


class Code(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNSETTLED = 3
    INTERRUPTED = 130


class Stop(Exception):  # noqa: N818 - not always an error
    """Ends a command with one line and an exit code."""

    def __init__(self, message: str, code: Code = Code.USAGE) -> None:
        super().__init__(message)
        self.code = code
