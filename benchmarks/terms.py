"""What the processes of a benchmark tell each other, as JSON."""

from typing import TypedDict


class Plan(TypedDict):
    """The orders that a served sandbox is filled with."""

    orders: int
    locked: float  # the share that may not be deleted
    settle: str
    seed: int


class Address(TypedDict):
    """Where the sandbox is served, and what is to be deleted there."""

    url: str
    client_id: str
    client_secret: str
    uuids: list[str]


class Manner(TypedDict):
    """How a side is to do its job."""

    rate: float | None  # calls per second, for a side that has a pacer
    semaphore: int  # for a side that has none
    hold: bool  # the semaphore is held for the whole order, not for each call
    every: float | None  # seconds between two handlers that run one deletion each; None: all as one job


class Job(Manner):
    """What a side is asked to do."""

    address: Address


class Known(TypedDict):
    """What a side says about one order, and when it knew."""

    uuid: str
    deleted: bool
    at: float  # time.monotonic()


class Done(TypedDict):
    """What a side says of itself, by its own process."""

    known: list[Known]
    began: float  # time.monotonic()
    ended: float
    cpu: float  # seconds
    peak: float  # MiB of resident memory
    before: float  # the same before the job, with all imports made


class Deletion(TypedDict):
    """One DELETE request as it really was."""

    successful: bool
    settled_at: float  # time.monotonic(), though of another process


class Truth(TypedDict):
    """One order as it really is."""

    locked: bool
    removed: bool
    deletions: list[Deletion]


class Record(TypedDict):
    """What the sandbox knows in the end."""

    orders: dict[str, Truth]  # by uuid
    applied: list[str]  # the uuids of the orders on which a DELETE took effect
    calls: list[float]  # when each came


class Now(TypedDict):
    """The server process's clock and CPU seconds so far."""

    clock: float
    cpu: float
