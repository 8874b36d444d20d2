"""Everything that is raised.

CdekError
├── TransportError      no usable answer; `undecided`: the write may have reached CDEK
├── AuthError           the credentials were refused
├── BadReply            an answer, but none that CDEK documents
├── OrderNotFound       get_order, find_order: there is no such order; also a LookupError
├── Rejected            not ok; only from Outcome.raise_for_state()
└── Unsettled           no verdict before the deadline; also a TimeoutError
"""

from cdek_async._models import Request, Ticket, Verdict


class CdekError(Exception):
    """Any failure to learn from CDEK what was asked.

    `ticket` is set once CDEK had taken note; `lasting` when trying again cannot help.
    """

    def __init__(self, message: str, *, lasting: bool = False, ticket: Ticket | None = None) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.ticket = ticket

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, harmless(self.__cause__)), self.__dict__)


def _rebuild(cls: type[CdekError], args: tuple[object, ...], cause: BaseException | None) -> CdekError:
    # Keyword arguments do not pickle by themselves; they come back with __dict__.
    error = cls.__new__(cls, *args)
    error.args = args
    if cause is not None:
        error.__cause__ = cause
    return error


def harmless(cause: BaseException | None) -> BaseException | None:
    """A cause that pickles and names nobody: of all but ours and the system's only the name is left.

    A library's error may quote what came (aiohttp's and h11's do), and has the request, with its token.
    """
    if cause is None or isinstance(cause, CdekError):
        return cause
    if isinstance(cause, OSError) and type(cause).__module__ == "builtins":
        return type(cause)(cause.errno, cause.strerror) if cause.errno else type(cause)()
    return CdekError(type(cause).__name__)


class TransportError(CdekError):
    """No usable answer: network, DNS, TLS, a timeout, 429 or 5xx after retries.

    `undecided`: a write may have reached CDEK and nobody could tell; look before sending it again.
    """

    def __init__(
        self, message: str, *, undecided: bool = False, lasting: bool = False, ticket: Ticket | None = None
    ) -> None:
        super().__init__(message, lasting=lasting, ticket=ticket)
        self.undecided = undecided


def is_undecided(error: object) -> bool:
    """Whether it says that a write may have reached CDEK."""
    return isinstance(error, TransportError) and error.undecided


class AuthError(CdekError):
    """CDEK refused the credentials, or the token that it has just issued for them."""


class BadReply(CdekError):  # noqa: N818 - the contract's names
    """An answer, but none that CDEK documents; `snippet` says what it looked like, without its words."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        snippet: str = "",
        lasting: bool = False,
        ticket: Ticket | None = None,
    ) -> None:
        super().__init__(message, lasting=lasting, ticket=ticket)
        self.status = status
        self.snippet = snippet


class OrderNotFound(CdekError, LookupError):  # noqa: N818
    """CDEK knows no such order: a wrong number, another account's, or one deleted long ago."""


class Rejected(CdekError):  # noqa: N818
    """CDEK turned the operation down (or knows no such order: see `verdict`)."""

    def __init__(self, message: str, *, request: Request, verdict: Verdict, ticket: Ticket) -> None:
        super().__init__(message, ticket=ticket)
        self.request = request
        self.verdict = verdict


class Unsettled(CdekError, TimeoutError):  # noqa: N818
    """No verdict before the deadline; `ticket` can be settled later, by any process of this account."""

    ticket: Ticket

    def __init__(self, message: str, *, ticket: Ticket) -> None:
        super().__init__(message, ticket=ticket)
