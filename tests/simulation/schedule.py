"""A schedule: what is asked of CDEK by whom and when, and what goes wrong meanwhile; drawn from a seed."""

import math
import random
from collections.abc import Mapping
from typing import Literal

from attrs import evolve, field, frozen

from cdek_async.sandbox import Fault, Kind
from tests.simulation.faults import Point, Wrong

What = Literal["delete", "update", "add"]
By = Literal["uuid", "cdek_number", "im_number"]
Kinds = Literal["created", "moved", "claims", "removed", "foreign", "unknown"]


@frozen
class Habits:
    """What this CDEK is like."""

    settle: str
    similar: Literal["reject", "invalid", "queue"]
    repeat_delete: Literal["not_found", "invalid"]
    readable: float
    epoch: float
    token_lifetime: float
    latency: float


@frozen
class Given:
    """An order that is there before anybody asks; `kind` "unknown": it is not."""

    kind: Kinds


@frozen
class Asked:
    """One operation on one of the orders, by its index."""

    what: What
    order: int
    by: By


@frozen
class Caller:
    """Somebody who waits for one operation; `cancelled` at a step of the loop."""

    asked: Asked
    at: float
    how: Literal["run", "submit", "listen"]
    timeout: float
    cancelled: int | None


@frozen
class BulkJob:
    """A `run_all`: killed at steps of the loop and run again; left after some results."""

    asked: tuple[Asked, ...]
    timeout: float
    concurrency: int
    journal: bool
    kills: tuple[int, ...]
    leave: int | None
    stop: int | None


@frozen
class Stranger:
    """Somebody else's write on an order, by another program."""

    at: float
    asked: Asked


@frozen
class Reader:
    """Somebody who reads one of the orders, by its index."""

    at: float
    order: int
    by: By
    cancelled: int | None


@frozen
class Spell:
    """A time in which nothing is answered."""

    what: Literal["token", "all"]
    at: float
    until: float


@frozen
class Schedule:
    """All of it; `faults` by point and count, where they are given and not drawn."""

    seed: int
    habits: Habits
    orders: tuple[Given, ...]
    rate: float | None
    callers: tuple[Caller, ...]
    jobs: tuple[BulkJob, ...]
    strangers: tuple[Stranger, ...]
    readers: tuple[Reader, ...]
    spells: tuple[Spell, ...]
    closed: int | None
    share: float
    opening: tuple[Wrong, ...]
    """What meets the first writes, so that what comes after them is met often enough."""
    listening: bool
    cancelling: bool
    """Whether what ends its job, whose process lives on, is its consumer's cancellation, and no kill."""
    httpx: bool
    """Whether its clients are given an httpx transport, whose calls are not to be cut off."""
    faults: Mapping[tuple[Point, int], Wrong] | None = field(default=None, repr=False)


_EPOCH = 1_785_585_600.0
_BEFORE = Wrong("lost before", Fault(Kind.DROPPED_BEFORE))
_AFTER = Wrong("lost after", Fault(Kind.DROPPED_AFTER))
_SIMILAR = (Wrong("similar", Fault(Kind.SIMILAR)),)
_OPENINGS = (
    (_BEFORE,),
    (_BEFORE,),
    (_AFTER,),
    (_BEFORE, _AFTER),
    (_AFTER, _BEFORE),
    (_BEFORE, _BEFORE, _BEFORE, _BEFORE),
    _SIMILAR,
)
_KINDS: tuple[Kinds, ...] = ("moved", "claims", "removed", "foreign", "unknown")


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - to be repeated, not secret
    orders = tuple(
        Given("created" if rng.random() < 0.7 else rng.choice(_KINDS))
        for _ in range(rng.choice((1, 1, 1, 2)))
    )
    jobs = (_job(rng, len(orders)),) if rng.random() < 0.2 else ()
    most = 1 if jobs else rng.choice((1, 1, 1, 1, 2, 2, 3))
    callers = tuple(_caller(rng, len(orders)) for _ in range(most if not jobs or rng.random() < 0.2 else 0))
    if len(callers) > 1 and rng.random() < 0.3:
        callers = _crowd(rng, callers)
    schedule = Schedule(
        seed=seed,
        habits=_habits(rng),
        orders=orders,
        rate=rng.choice((None, 3, 10, 200)),
        callers=callers,
        jobs=jobs,
        strangers=tuple(_stranger(rng, len(orders)) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))),
        spells=_spells(rng),
        closed=rng.randrange(1, 300) if rng.random() < 0.12 else None,
        share=rng.choice((0.0, 0.1, 0.2, 0.4)),
        opening=rng.choice(_OPENINGS) if rng.random() < 0.4 else (),
        listening=rng.random() < 0.2,
        httpx=rng.random() < 0.2,
        cancelling=rng.random() < 0.3,
        readers=(_reader(rng, len(orders)),) if rng.random() < 0.1 else (),
    )
    return _with_the_rare(schedule)


def _with_the_rare(schedule: Schedule) -> Schedule:
    """What would be met too seldom; drawn apart, so that all other seeds stay what they were."""
    rng = random.Random(f"rare {schedule.seed}")  # noqa: S311 - to be repeated, not secret
    if schedule.opening == _SIMILAR and rng.random() < 0.1:
        # While another request was waited for, CDEK went away: the write that was put off meets that.
        return evolve(schedule, spells=(*schedule.spells, Spell("all", 3.0, 7.0)))
    return schedule


def _habits(rng: random.Random) -> Habits:
    return Habits(
        settle=rng.choice(("fixed:0.3", "fixed:0.3", "fixed:4", "uniform:0.2,3", "tail:0.3,9,0.1")),
        similar=rng.choice(("reject", "invalid", "queue")),
        repeat_delete=rng.choice(("not_found", "invalid")),
        readable=rng.choice((math.inf, math.inf, 5.0, 0.0)),
        epoch=_EPOCH + rng.choice((0.0, 0.0, 0.7, -300.0, 420.3)),
        token_lifetime=rng.choice((3599.0, 3599.0, 20.0, 5.0)),
        latency=rng.choice((0.0, 0.0, 0.05, 0.4)),
    )


def _asked(rng: random.Random, orders: int) -> Asked:
    what: What = rng.choice(("delete", "delete", "delete", "update", "update", "add"))
    numbers: tuple[By, ...] = ("uuid", "uuid", "uuid", "cdek_number", "im_number")
    by = rng.choice(numbers)
    return Asked(what, rng.randrange(orders), "cdek_number" if what != "delete" and by != "uuid" else by)


def _caller(rng: random.Random, orders: int) -> Caller:
    return Caller(
        asked=_asked(rng, orders),
        at=rng.choice((0.0, 0.0, 0.3, 1.0, 5.0)),
        how=rng.choice(("run", "listen", "listen", "submit")),
        timeout=rng.choice((0.5, 3.0, 10.0, 30.0, 60.0)),
        cancelled=rng.randrange(1, 200) if rng.random() < 0.15 else None,
    )


def _crowd(rng: random.Random, callers: tuple[Caller, ...]) -> tuple[Caller, ...]:
    """Everybody wants the same of one order, at the same time, and names it in one way or another."""
    what: What = rng.choice(("delete", "update", "update"))
    ways: tuple[By, ...] = ("uuid", "uuid", "cdek_number")
    asked = (Asked(what, 0, rng.choice(ways)) for _ in callers)
    return tuple(evolve(caller, asked=each, at=0.0) for caller, each in zip(callers, asked, strict=True))


def _job(rng: random.Random, orders: int) -> BulkJob:
    journal = rng.random() < 0.5
    return BulkJob(
        asked=tuple(_asked(rng, orders) for _ in range(rng.choice((1, 1, 2, 3)))),
        timeout=rng.choice((3.0, 10.0, 30.0, 60.0)),
        concurrency=rng.choice((1, 2, 4000)),
        journal=journal,
        kills=tuple(rng.randrange(1, 120) for _ in range(rng.choice((0, 1, 1, 2)))) if journal else (),
        leave=rng.choice((None, None, None, None, 0, 1)),
        stop=rng.choice((None, None, None, None, 0, 1)),
    )


def _stranger(rng: random.Random, orders: int) -> Stranger:
    asked = _asked(rng, orders)
    return Stranger(rng.choice((0.01, 0.1, 0.5, 2.0, 4.0, 8.0)), Asked(asked.what, asked.order, "uuid"))


def _reader(rng: random.Random, orders: int) -> Reader:
    return Reader(
        at=rng.choice((0.0, 0.3, 2.0)),
        order=rng.randrange(orders),
        by=rng.choice(("uuid", "cdek_number", "im_number")),
        cancelled=rng.randrange(1, 200) if rng.random() < 0.2 else None,
    )


def _spells(rng: random.Random) -> tuple[Spell, ...]:
    if rng.random() > 0.1:
        return ()
    at = rng.choice((0.0, 0.1, 0.5, 2.0))
    return (Spell(rng.choice(("token", "all")), at, at + rng.choice((0.5, 3.0, 20.0))),)
