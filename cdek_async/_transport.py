"""The seam between an exchange and what carries it: one call out, one answer back, or silence."""

import os
import ssl
from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

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


@runtime_checkable
class Transport(Protocol):
    """Carries calls to one base URL; follows no redirect, keeps no cookie, sends nothing twice."""

    cuttable: bool
    """Whether `ask` may be cancelled without harm to other calls."""

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:
        """Send once and read the answer; it is cut after so many seconds, and no step need take longer.

        Raises what `silence` understands.
        """
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


def silence_of(error: Exception, *, unsent: bool, lasting: bool = False) -> Silence:
    """What an error says by what lies beneath it; a cut connection is reported as "not connected" too."""
    causes = list(_causes(error))
    unsent = unsent and not any(isinstance(cause, _CUT) for cause in causes)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    system = next((cause for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    # The system's words, for asyncio puts its own in their place.
    what = type(error).__name__ if system is None else words(system.errno, str(system.strerror))
    if tls is not None and unsent:
        what = f"TLS failed: {tls.strerror or type(tls).__name__}"
    return Silence(what, unsent, lasting=unsent and (lasting or tls is not None))


_CUT = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(10):  # chains can be made circular
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def words(number: int | None, otherwise: str) -> str:
    """The system's words for what went wrong; an unknown name has other numbers."""
    return os.strerror(number) if number and number > 0 else otherwise
