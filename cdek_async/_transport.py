"""The seam between an exchange and what carries it: one call out, one answer back, or silence."""

import os
from typing import NamedTuple, Protocol

from cdek_async._models import Call
from cdek_async._version import __version__

MAX_REPLY = 4 * 1024 * 1024
CONNECT = 10.0  # seconds for a connection
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # half a megabyte of gzip can be half a gigabyte
    "User-Agent": f"cdek-async/{__version__}",
}
ENCODED = "an encoded body, though none was asked for"
TOO_LONG = f"a body over {MAX_REPLY // 1024**2} MiB"


class Answer(NamedTuple):
    """What came back, unread; of an answer with a `problem` there is no body."""

    status: int
    content_type: str | None
    date: str | None
    retry_after: str | None
    body: bytes
    problem: str = ""


class Silence(NamedTuple):
    """What is known of a call without an answer."""

    what: str
    """In words that hold nothing of anybody."""
    unsent: bool
    """Not a byte of it left."""
    lasting: bool
    """It would be so again."""


class Transport(Protocol):
    """Carries calls to one base URL; follows no redirect, keeps no cookie, sends nothing twice."""

    cuttable: bool
    """Whether `ask` may be cancelled without harm to other calls."""

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:
        """Send once and read the answer, within so many seconds; raises what `silence` understands."""
        ...

    def silence(self, error: Exception) -> Silence:
        """What an error of `ask`, whatever it is, tells of the call: in doubt, that it may have left."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


def is_plain(encoding: str | None) -> bool:
    """Whether a body is as it came."""
    return encoding is None or encoding.lower() == "identity"


def words(number: int | None, otherwise: str) -> str:
    """The system's words for what went wrong; an unknown name has other numbers."""
    return os.strerror(number) if number and number > 0 else otherwise
