"""What the sandbox's process and the proofs say to each other."""

from typing import TypedDict


class Plan(TypedDict):
    """The sandbox that is wanted."""

    orders: int
    settle: str
    faults: float
    locked: float
    seed: int


class Known(TypedDict):
    """An order as it really is, and how often a write of each kind was applied to it."""

    uuid: str
    cdek_number: str
    im_number: str
    deletable: bool
    changeable: bool
    deleted: int
    updated: int


class Arrival(TypedDict):
    """A DELETE or PATCH that arrived, whatever became of it."""

    type: str
    uuid: str
    noted: int
    """Requests of this type about this order that the sandbox had taken note of before."""


class Record(TypedDict):
    """The sandbox's own record."""

    orders: list[Known]
    arrivals: list[Arrival]
    calls: int


class Shot(TypedDict):
    """A signal for a process at the `after`-th call of a kind from now, before that call is answered."""

    pid: int
    signal: int
    kind: str
    after: int
