"""Values of the engine: what CDEK says of a request, one HTTP exchange, and the ticket that outlives it."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self, TypeVar
from uuid import UUID

from attrs import define, field, frozen

T = TypeVar("T")


class Environment(StrEnum):
    """CDEK's hosts, as base URLs."""

    PRODUCTION = "https://api.cdek.ru"
    TEST = "https://api.edu.cdek.ru"
    CHINA = "https://int.cdek-express.cn"


class State(StrEnum):
    """The state of a request; not the status of an order, though the words overlap."""

    ACCEPTED = "ACCEPTED"
    WAITING = "WAITING"
    SUCCESSFUL = "SUCCESSFUL"
    INVALID = "INVALID"

    @property
    def final(self) -> bool:
        """Whether this state stays."""
        return self in (State.SUCCESSFUL, State.INVALID)


class Verdict(StrEnum):
    """The final word on an operation."""

    OK = "ok"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"


@frozen
class Issue:
    """An error or a warning of CDEK's; `code` is data and open, compare it whole and case-insensitively."""

    code: str
    message: str = field(default="", repr=False)  # may echo what was sent: a name, a phone
    additional_code: str | None = None


@frozen
class Request:
    """What CDEK says of one request: an operation that it has taken note of."""

    request_uuid: UUID | None
    type: str
    state: State | str
    date_time: datetime | None = None  # when the current state was set: it moves
    errors: tuple[Issue, ...] = ()
    warnings: tuple[Issue, ...] = ()

    @property
    def final(self) -> bool:
        """Whether the state stays; one that CDEK adds tomorrow does not, as far as we know."""
        return self.state in (State.SUCCESSFUL, State.INVALID)


@define  # not frozen, which would take thrice as long: there is one for every exchange
class Call:
    """One HTTP exchange before it happens; `write` tells that sending it twice may do harm."""

    method: str
    path: str
    params: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)  # may hold a recipient, or the credentials
    content_type: str = "application/json"
    write: bool = False
    brief: bool = False  # asked for an order's requests, and hardly ever for more


@define
class Reply:
    """One HTTP exchange after it happened."""

    status: int
    data: Mapping[str, object] | None = field(default=None, repr=False)  # None: not one JSON object
    date: datetime | None = None  # the server's clock
    retry_after: float | None = None  # seconds
    snippet: str = ""  # what the body looked like, without a word of it


@frozen
class Ticket:
    """What to keep in order to ask later: plain data, no secret and no person in it."""

    host: str
    account: str  # a hash: tells accounts apart, names none
    kind: str
    order_uuid: UUID | None
    request_uuid: UUID | None
    request_type: str
    since: datetime | None  # by the server's clock, just before the submit
    adopted: bool = False
    verdict: Verdict | None = None  # CDEK's first answer was final already
    request: Request | None = field(default=None, eq=False, repr=False)  # as the first answer showed it

    @property
    def final(self) -> bool:
        """Whether settling it needs no call."""
        return self.verdict is not None

    def to_json(self) -> str:
        """Plain JSON that survives a process, a deploy and a language; CDEK's messages stay behind."""
        return json.dumps(
            {
                "version": _TICKET_VERSION,
                "host": self.host,
                "account": self.account,
                "kind": self.kind,
                "order_uuid": self.order_uuid and str(self.order_uuid),
                "request_uuid": self.request_uuid and str(self.request_uuid),
                "request_type": self.request_type,
                "since": self.since and self.since.isoformat(),
                "adopted": self.adopted,
                "verdict": self.verdict,
                "request": self.request and _request_to_plain(self.request),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; anything else is a `ValueError`."""
        try:
            data = json.loads(text)
            version = data.pop("version")
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise ValueError("this is not a ticket: expected what Ticket.to_json() wrote") from error
        if version is True or version != _TICKET_VERSION:
            raise ValueError(
                f"a ticket of version {version!r:.40} is not readable here, only {_TICKET_VERSION}"
            )
        try:
            return cls(
                host=_text(data["host"]),
                account=_text(data["account"]),
                kind=_text(data["kind"]),
                order_uuid=_maybe(UUID, data["order_uuid"]),
                request_uuid=_maybe(UUID, data["request_uuid"]),
                request_type=_text(data["request_type"]),
                since=_maybe(_moment, data["since"]),
                adopted=_bool(data["adopted"]),
                verdict=_maybe(Verdict, data["verdict"]),
                request=_maybe(_request_from_plain, data["request"]),
            )
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"this ticket is damaged: {type(error).__name__}: {error!s:.80}") from error


_TICKET_VERSION = 1


def sent(draft: Ticket, since: datetime | None, request: Request | None = None) -> Ticket:
    """The draft of a write that goes out at this moment of the server's clock; noted with this request.

    Every order has two of them made, for which `evolve` would take thrice as long.
    """
    return Ticket(
        draft.host,
        draft.account,
        draft.kind,
        draft.order_uuid,
        None if request is None else request.request_uuid,
        draft.request_type,
        since,
        request=request,
    )


def _request_to_plain(request: Request) -> dict[str, object]:
    return {
        "request_uuid": request.request_uuid and str(request.request_uuid),
        "type": request.type,
        "state": request.state,
        "date_time": request.date_time and request.date_time.isoformat(),
        "errors": [[issue.code, issue.additional_code] for issue in request.errors],
        "warnings": [[issue.code, issue.additional_code] for issue in request.warnings],
    }


def _request_from_plain(data: dict[str, Any]) -> Request:
    state = _text(data["state"])
    return Request(
        request_uuid=_maybe(UUID, data["request_uuid"]),
        type=_text(data["type"]),
        state=State(state) if state in State.__members__ else state,
        date_time=_maybe(_moment, data["date_time"]),
        errors=_issues_from_plain(data["errors"]),
        warnings=_issues_from_plain(data["warnings"]),
    )


def _issues_from_plain(pairs: object) -> tuple[Issue, ...]:
    if not isinstance(pairs, list) or not all(isinstance(pair, list) for pair in pairs):
        raise TypeError("a list of pairs expected")
    return tuple(Issue(_text(code), additional_code=_maybe(_text, additional)) for code, additional in pairs)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"text expected, not {type(value).__name__}")


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"true or false expected, not {type(value).__name__}")


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # two moments always compare


def _maybe(read: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else read(value)
