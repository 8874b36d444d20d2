"""An order and what was asked about it, as a timeline."""

import math
from typing import Any

from attrs import define, field

FINAL = ("DELIVERED", "NOT_DELIVERED", "REMOVED", "INVALID")
NEVER = math.inf


@define(eq=False)
class Request:
    """One request about an order; `state` is the truth so far, whatever readers are shown."""

    uuid: str
    type: str
    accepted_at: float
    settle_at: float
    payload: dict[str, Any] = field(factory=dict, repr=False)
    state: str = "ACCEPTED"
    settled_at: float = NEVER
    errors: tuple[dict[str, str], ...] = ()
    warnings: tuple[dict[str, str], ...] = ()
    seen_from: float = -NEVER  # reads before this do not know of it
    nameless: bool = False  # GET shows it without its request_uuid
    vanish: bool = False  # nothing is left to read once it is done
    doomed: dict[str, str] | None = None  # it ends INVALID with this, whatever the order is like

    def settle(self, errors: tuple[dict[str, str], ...]) -> None:
        self.errors, self.settled_at = errors, self.settle_at
        self.state = "INVALID" if errors else "SUCCESSFUL"

    def done(self, at: float) -> bool:
        """Whether it had taken effect by then."""
        return self.state == "SUCCESSFUL" and self.settled_at <= at


@define
class Move:
    """A step of the order's journey."""

    time: float
    seen_from: float
    code: str
    reason_code: str | None = None


@define(eq=False)
class Order:
    """One order; what its number implies is worked out when it is read, so that 100,000 fit."""

    n: int
    uuid: str
    client_id: str
    created_at: float
    status: str = "CREATED"  # when it came into being
    warehouse: bool = False
    claims: bool = False
    own_number: str | None = None
    sent: dict[str, Any] = field(factory=dict, repr=False)  # the body of its POST
    creation: Request | None = None  # its CREATE, when it was not there from the start
    requests: list[Request] = field(factory=list, repr=False)
    moves: list[Move] = field(factory=list, repr=False)
    changes: list[tuple[Request, dict[str, Any]]] = field(factory=list, repr=False)
    removed_by: Request | None = None

    @property
    def number(self) -> str:
        """The shop's own number (`im_number` in a query)."""
        return self.own_number or f"SHOP-{self.n:07d}"

    @property
    def cdek_number(self) -> str:
        return str(FIRST_CDEK_NUMBER + self.n)

    @property
    def current(self) -> str:
        """The status as of the last look."""
        return self.moves[-1].code if self.moves else self.status

    @property
    def unsettled(self) -> list[Request]:
        return [request for request in self.requests if request.settled_at == NEVER]

    def add(self, request: Request) -> None:
        """Take note of a request; it waits for those before it."""
        request.settle_at = max([request.settle_at, *(before.settle_at for before in self.unsettled)])
        self.requests.append(request)

    def move(self, request: Request, code: str, reason_code: str | None = None) -> None:
        """A step taken because of a request, seen by readers when they see the request settled."""
        self.moves.append(
            Move(request.settle_at, max(request.settle_at, request.seen_from), code, reason_code)
        )

    def remember(self, request: Request) -> None:
        """Put a request of the past, long final, into the history."""
        self.requests.insert(0, request)

    @property
    def numbered(self) -> bool:
        """Whether CDEK has given it its `cdek_number` yet."""
        return self.creation is None or self.creation.state == "SUCCESSFUL"

    def gone(self, at: float, readable: float) -> bool:
        """Whether a look at `at` finds no such order."""
        if self.creation is not None and at < max(self.creation.accepted_at, self.creation.seen_from):
            return True
        by = self.removed_by
        if by is None:
            return self.status == "REMOVED" and at >= self.created_at + readable
        return at >= max(by.settle_at, by.seen_from) + (0.0 if by.vanish else readable)


FIRST_CDEK_NUMBER = 1_700_000_000
