"""What can go wrong at an exchange, where in the protocol, and with which particulars."""

import random
from collections.abc import Callable
from enum import StrEnum

from attrs import frozen

from cdek_async.sandbox import Fault, Kind


class Point(StrEnum):
    """Where in the protocol a call stands, as an observer of the wire can tell."""

    TOKEN = "token"
    RENEW = "renew"
    FIND = "find"  # an order looked up by its number, before its write
    WRITE = "write"
    LOOK = "look"  # after a write whose answer was lost
    AGAIN = "again"  # the write once more
    BUSY = "busy"  # a look at another request that is under way
    POLL = "poll"
    RESUME = "resume"  # a look by a job that was killed after its write


READS = frozenset({Point.FIND, Point.LOOK, Point.BUSY, Point.POLL, Point.RESUME})
WRITES = frozenset({Point.WRITE, Point.AGAIN})
TOKENS = frozenset({Point.TOKEN, Point.RENEW})
EVERYWHERE = READS | WRITES | TOKENS


@frozen
class Wrong:
    """One fault of one exchange: the sandbox's own, or one of the network about it."""

    name: str
    fault: Fault | None = None
    """What the sandbox does about it."""

    def __str__(self) -> str:
        fault = self.fault
        if fault is None:
            return self.name
        seconds = "" if fault.seconds is None else f" {fault.seconds:g} s"
        status = f" {fault.status}" if fault.status else ""
        size = "" if fault.size is None else f" {fault.size} bytes"
        return f"{self.name}{seconds}{status}{size}{' applied' if fault.applied else ''}"


Draw = Callable[[random.Random], Fault | None]


@frozen
class Row:
    """A row of the coverage table: where a fault can be, and why nowhere else."""

    name: str
    points: frozenset[Point]
    draw: Draw
    weight: int = 10
    elsewhere: str = ""
    """Why it cannot be at the other points."""


def _plain(kind: Kind) -> Draw:
    return lambda _: Fault(kind)


def _lasting(kind: Kind, *seconds: float) -> Draw:
    return lambda rng: Fault(kind, rng.choice(seconds))


def _sized(kind: Kind, size: Callable[[random.Random], int]) -> Draw:
    return lambda rng: Fault(kind, size=size(rng))


def _dropped(kind: Kind) -> Draw:
    return lambda rng: Fault(kind, reset=rng.random() < 0.7)


def _too_many(rng: random.Random) -> Fault:
    return Fault(Kind.TOO_MANY, rng.choice((None, 1.0, 3.0)), as_date=rng.random() < 0.3)


def _server_error(rng: random.Random) -> Fault:
    return Fault(
        Kind.SERVER_ERROR,
        status=rng.choice((500, 502, 503, 504)),
        applied=rng.random() < 0.5,
        html=rng.random() < 0.5,
    )


_OF_WRITES = "it is about a write"
_OF_ORDERS = "the token endpoint answers of no order"
_NO_TOKEN = "no token is sent there"
_ONE_READ = "reading twice changes nothing"
# A read lags behind a write by less than the 3 seconds within which the client looks: both lags together.
LAG_OF_WRITE, LAG_OF_READ = 1.5, 1.2

ROWS: tuple[Row, ...] = (
    Row("refused", EVERYWHERE, _plain(Kind.REFUSED)),
    Row("dns", EVERYWHERE, _plain(Kind.DNS), 5),
    Row("tls", EVERYWHERE, _plain(Kind.TLS), 3),
    Row("connect timeout", EVERYWHERE, lambda _: None, 3),
    Row("lost before", EVERYWHERE, _dropped(Kind.DROPPED_BEFORE), 15),
    Row("lost after", EVERYWHERE, _dropped(Kind.DROPPED_AFTER), 20),
    Row("too many", EVERYWHERE, _too_many),
    Row("server error", EVERYWHERE, _server_error, 15),
    Row("token expired", READS | WRITES, _plain(Kind.TOKEN_EXPIRED), 8, _NO_TOKEN),
    Row("token revoked", READS | WRITES, lambda _: None, 8, _NO_TOKEN),
    Row("redirect", EVERYWHERE, lambda rng: Fault(Kind.REDIRECT, status=rng.choice((302, 307))), 3),
    Row("cut", EVERYWHERE, _sized(Kind.TRUNCATED, lambda rng: rng.randrange(3000)), 15),
    Row("slow", EVERYWHERE, _lasting(Kind.SLOW, 0.5, 3.0, 20.0, 40.0), 15),
    Row("drip", EVERYWHERE, _lasting(Kind.DRIP, 0.001, 0.5), 1),
    Row("page", EVERYWHERE, _plain(Kind.HTML)),
    Row("empty", EVERYWHERE, _plain(Kind.EMPTY)),
    Row("huge", EVERYWHERE, lambda _: Fault(Kind.HUGE, size=5 * 2**20), 1),
    Row("gzip", EVERYWHERE, _plain(Kind.GZIP), 3),
    Row("wrong reply", EVERYWHERE, lambda _: None, 8),
    Row("similar", WRITES, _plain(Kind.SIMILAR), 10, _OF_WRITES),
    Row("similar later", WRITES, _plain(Kind.SIMILAR_LATER), 10, _OF_WRITES),
    Row("late", WRITES, _lasting(Kind.LATE, 0.5, 5.0, 30.0), 5, _ONE_READ),
    Row("twice", WRITES, _plain(Kind.TWICE), 5, _ONE_READ),
    Row("stuck", WRITES, _plain(Kind.STUCK), 3, _OF_WRITES),
    Row("vanish", WRITES, _plain(Kind.VANISH), 8, _OF_WRITES),
    Row(
        "nameless",
        READS | WRITES,
        lambda rng: Fault(Kind.NO_REQUEST_UUID, where=rng.choice(("reply", "order", "both"))),
        15,
        _OF_ORDERS,
    ),
    Row("lag of write", WRITES, lambda rng: Fault(Kind.LAG, rng.uniform(0, LAG_OF_WRITE)), 10, _OF_WRITES),
    Row("lag of read", READS, lambda rng: Fault(Kind.LAG, rng.uniform(0, LAG_OF_READ)), 10, "a read's"),
    Row("unknown state", READS | WRITES, _plain(Kind.UNKNOWN_STATE), 8, _OF_ORDERS),
    Row("old update", READS, _plain(Kind.OLD_UPDATE), 8, "it is shown to reads"),
)
OTHERS: tuple[Row, ...] = (
    Row(
        "caller cancelled",
        EVERYWHERE - {Point.RESUME},
        lambda _: None,
        elsewhere="what is resumed is a job's, which is killed or closed whole",
    ),
    Row("client closed", EVERYWHERE, lambda _: None),
    Row("job killed", EVERYWHERE, lambda _: None),
    Row("token endpoint down", TOKENS, lambda _: None, elsewhere="it is the token endpoint's"),
    Row("all down", EVERYWHERE, lambda _: None),
)
"""What does not meet one exchange: the row counts at which point it met an operation."""

_AT = {point: [row for row in ROWS if point in row.points] for point in Point}
_OFTEN = (Point.TOKEN, Point.WRITE, Point.LOOK, Point.POLL)
# Where few calls come by, each fault as often as any other.
_WEIGHTS = {point: [row.weight if point in _OFTEN else 1 for row in rows] for point, rows in _AT.items()}


def draw_fault(rng: random.Random, point: Point) -> Wrong:
    """One of the faults that can be at this point."""
    row = rng.choices(_AT[point], _WEIGHTS[point])[0]
    return Wrong(row.name, row.draw(rng))


def fits(wrong: Wrong, point: Point) -> bool:
    """Whether a fault that was drawn for another point can be here."""
    return any(row.name == wrong.name for row in _AT[point])
