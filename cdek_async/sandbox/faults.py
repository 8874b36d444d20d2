"""What can go wrong at an exchange: a fault is a value, and a plan says which exchange has which."""

import gzip
import math
import random
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from attrs import Factory, field, frozen

from cdek_async.sandbox.calls import Answer, Call, Hangup


class Kind(StrEnum):
    """Every fault by name; those of the first group never reach the machine."""

    REFUSED = "refused"  # nobody listens
    DNS = "dns"  # the host has no address
    TLS = "tls"  # the certificate is not trusted
    DROPPED_BEFORE = "dropped_before"  # the connection dies, nothing was applied
    TOO_MANY = "too_many"  # 429; `seconds`, `as_date` for Retry-After
    SERVER_ERROR = "server_error"  # `status`, `html`; nothing was applied unless `applied`
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  401
    REDIRECT = "redirect"  # `status` 302 or 307, to another host
    SIMILAR = "similar"  # 400 v2_similar_request_still_processed

    LATE = "late"  # no answer; the network delivers the call `seconds` later
    TWICE = "twice"  # the network delivers the call twice

    DROPPED_AFTER = "dropped_after"  # applied, then the connection dies
    TRUNCATED = "truncated"  # `size` bytes of the body, then the connection dies; default: half
    SLOW = "slow"  # the answer comes `seconds` later
    DRIP = "drip"  # `seconds` between two bytes of the body
    HTML = "html"  # 200 (or `status`) with a page instead
    EMPTY = "empty"  # the status stands, the body is empty
    HUGE = "huge"  # JSON of `size` bytes; default 8 MiB
    GZIP = "gzip"  # compressed though nobody asked, with `size` bytes of white space

    STUCK = "stuck"  # a write's request stays in ACCEPTED for ever
    VANISH = "vanish"  # the order is not found as soon as this DELETE is done
    SIMILAR_LATER = "similar_later"  # 202, then INVALID with v2_similar_request_still_processed
    NO_REQUEST_UUID = "no_request_uuid"  # absent in the `where`: reply, order or both
    LAG = "lag"  # reads show a write `seconds` later; on a GET: how old a state it shows
    UNKNOWN_STATE = "unknown_state"  # every request of this reply is in a state nobody documented
    OLD_UPDATE = "old_update"  # the history holds an UPDATE that ended INVALID long ago


_SECONDS = {Kind.SLOW: 5.0, Kind.DRIP: 0.5, Kind.LATE: 5.0, Kind.LAG: 2.0}
_STATUS = {Kind.SERVER_ERROR: 503, Kind.REDIRECT: 307, Kind.HTML: 200}


@frozen
class Fault:
    """One fault; which of the other fields mean something is said beside each `Kind`."""

    kind: Kind = field(converter=Kind)
    seconds: float | None = None  # too_many: None is a 429 without Retry-After
    status: int = field(
        default=Factory(lambda self: _STATUS.get(self.kind, 0), takes_self=True), kw_only=True
    )
    applied: bool = field(default=False, kw_only=True)  # server_error: the write was applied first
    html: bool = field(default=False, kw_only=True)
    as_date: bool = field(default=False, kw_only=True)
    reset: bool = field(default=True, kw_only=True)  # dropped: by a reset, else by an orderly close
    where: str = field(default="both", kw_only=True)
    size: int | None = field(default=None, kw_only=True)

    @property
    def wait(self) -> float:
        """`seconds`, or what is usual for this fault."""
        return _SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    @property
    def hangup(self) -> Hangup:
        return Hangup.RESET if self.reset else Hangup.CLOSED


Plan = Callable[[Call], Fault | None]


class Mix:
    """A plan that draws: at a share `rate` of the exchanges one of the faults that patience survives."""

    def __init__(self, rate: float, rng: random.Random) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"faults: {rate} is not a share between 0 and 1")
        self._rate, self._rng = rate, rng

    def __call__(self, call: Call) -> Fault | None:
        if self._rng.random() >= self._rate:
            return None
        return self._rng.choice(MIX.get(call.kind, MIX["DELETE"]))


_ANYWHERE = (
    Fault(Kind.REFUSED),
    Fault(Kind.DROPPED_BEFORE),
    Fault(Kind.DROPPED_BEFORE, reset=False),
    Fault(Kind.DROPPED_AFTER),
    Fault(Kind.DROPPED_AFTER, reset=False),
    Fault(Kind.TOO_MANY),
    Fault(Kind.TOO_MANY, 1.0),
    Fault(Kind.SERVER_ERROR, status=500),
    Fault(Kind.SERVER_ERROR, status=502, html=True),
    Fault(Kind.SERVER_ERROR, status=503),
    Fault(Kind.SLOW, 1.0),
    Fault(Kind.TRUNCATED),
    Fault(Kind.EMPTY),
    Fault(Kind.HTML),
)
_ORDERS = (
    *_ANYWHERE,
    Fault(Kind.TOKEN_EXPIRED),
    Fault(Kind.NO_REQUEST_UUID),
    Fault(Kind.UNKNOWN_STATE),
    Fault(Kind.LAG, 1.0),
)
MIX: dict[str, tuple[Fault, ...]] = {
    "TOKEN": _ANYWHERE,
    "GET": (*_ORDERS, Fault(Kind.OLD_UPDATE)),
    "DELETE": (*_ORDERS, Fault(Kind.SERVER_ERROR, status=502, applied=True)),
}

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_HANGUPS = {Kind.REFUSED: Hangup.REFUSED, Kind.DNS: Hangup.DNS, Kind.TLS: Hangup.TLS}


def instead(fault: Fault, date_of: Callable[[float], str]) -> Answer | None:
    """The answer of a fault that keeps the call from the machine, or None."""
    match fault.kind:
        case Kind.REFUSED | Kind.DNS | Kind.TLS:
            return Answer(0, {}, b"", hangup=_HANGUPS[fault.kind])
        case Kind.DROPPED_BEFORE | Kind.LATE:
            return Answer(0, {}, b"", hangup=fault.hangup)
        case Kind.TOO_MANY:
            return Answer(429, _retry_after(fault, date_of), b'{"reason":"Too Many Requests"}')
        case Kind.SERVER_ERROR if not fault.applied:
            return _server_error(fault)
        case Kind.REDIRECT:
            return Answer(fault.status, {"location": "https://elsewhere.example/v2/orders"}, b"")
        case _:
            return None


def afterwards(fault: Fault, answer: Answer) -> Answer:
    """The answer as it arrives when this fault meets it on its way."""
    match fault.kind:
        case Kind.DROPPED_AFTER:
            answer.hangup = fault.hangup
        case Kind.SERVER_ERROR:
            return _server_error(fault)
        case Kind.TRUNCATED:
            answer.cut = min(
                len(answer.body) - 1, len(answer.body) // 2 if fault.size is None else fault.size
            )
        case Kind.SLOW:
            answer.delay = fault.wait
        case Kind.DRIP:
            answer.drip = fault.wait
        case Kind.HTML:
            return Answer(fault.status, {"content-type": "text/html; charset=utf-8"}, _PAGE)
        case Kind.EMPTY:
            answer.body = b""
        case Kind.HUGE:
            answer.body = _huge(8 * 2**20 if fault.size is None else fault.size)
        case Kind.GZIP:
            answer.headers["content-encoding"] = "gzip"
            answer.body = gzip.compress(answer.body + b" " * (fault.size or 0), mtime=0)
        case _:
            pass
    return answer


@lru_cache(maxsize=1)
def _huge(size: int) -> bytes:
    return b'{"filler":"' + b"x" * size + b'"}'


def _retry_after(fault: Fault, date_of: Callable[[float], str]) -> dict[str, str]:
    if fault.seconds is None:
        return {}
    return {"retry-after": date_of(fault.seconds) if fault.as_date else str(math.ceil(fault.seconds))}


def _server_error(fault: Fault) -> Answer:
    if fault.html:
        return Answer(fault.status, {"content-type": "text/html; charset=utf-8"}, _PAGE)
    return Answer(fault.status, {}, b'{"reason":"Service Unavailable"}')
