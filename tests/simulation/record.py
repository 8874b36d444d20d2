"""What really happened: every exchange, every operation as the wire shows it, and whose each request is."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from attrs import define, field

from cdek_async import DeleteOrder, Item, Money, Operation, OrderChanges, Package, Ticket, UpdateOrder
from cdek_async.sandbox import Answer, Call, Fault, Order, Request, Sandbox
from tests.simulation.faults import READS, TOKENS, Point, Wrong
from tests.simulation.schedule import Asked, Given, Schedule

SECRET = "planted-secret"
MARK = "PLANTED"  # in every text that an operation sends
INSTANT = 1e-4  # seconds: what happens within is at the same time
UNKNOWN = "0d9a4f5e-3c1b-4b6f-9a27-c5e8d1f20b34"
_PERSONAL = re.compile(
    f"{SECRET}|{MARK}|[\u0400-\u04ff]"
)  # CDEK's sentences and people's names are in Cyrillic
_CYRILLIC = re.compile(rb"(?:[\xd0-\xd3][\x80-\xbf]){4}")  # in UTF-8; a uuid's bytes may pass for a letter
_TYPES = {"delete": "DELETE", "update": "UPDATE", "add": "UPDATE"}

SIMILAR = "v2_similar_request_still_processed"

Result = Literal[
    "pending", "unsent", "lost", "noted", "no", "later", "busy", "refused token", "seen", "unseen", "token"
]


@define(eq=False)
class Exchange:
    """One call and what became of it; `result`: as much as the client can know of it at best."""

    number: int
    client: int
    point: Point
    effort: "Effort"
    text: str
    token: str
    at: float
    wrong: Wrong | None
    result: Result = "pending"
    ended: float = -1.0
    status: int = 0
    dated: bool = False
    """Its Date was taken for CDEK's."""

    @property
    def of_former_life(self) -> bool:
        """Whoever made it had left when the present life of its operation began."""
        left_at = self.effort.left_at
        return left_at is not None and self.at <= left_at + INSTANT


@define(eq=False)
class Effort:
    """One operation, through all its calls and lives."""

    key: int
    asked: Asked
    operation: Operation
    order: Order | None
    exchanges: list[Exchange] = field(factory=list)
    heard: list[Ticket] = field(factory=list)
    state: Literal["fresh", "lost", "busy", "noted", "no"] = "fresh"
    lost: int = 0
    lost_at: float | None = None
    written_at: float | None = None
    behind: float = 0.0
    """Seconds by which its client's clock of the server may be slow."""
    noted_at: float | None = None
    """When the client heard that CDEK had taken note of it."""
    looked_at: float = -1.0
    first_at: float | None = None
    resumed: bool = False
    reborn: bool = False
    """Its process was killed once."""
    judged: bool = False
    journaled: bool = False
    """One of a job with a journal, which knows its other operations in its next life, too."""
    shared: bool = False
    """Positions of one job that are the same operation."""
    doubted: bool = False
    """It ended undecided."""
    doubled: bool = False
    """The network delivered a write of it later, or twice."""
    nameless: bool = False
    noes: int = 0
    over_at: float | None = None
    """Its caller has left, or its result is there."""
    left_at: float | None = None
    """When its caller had left, in the life before this one."""

    @property
    def type(self) -> str:
        """CDEK's request type."""
        return _TYPES[self.asked.what]

    @property
    def writing(self) -> bool:
        """A write of it is on its way."""
        return any(each.result == "pending" and each.point not in READS | TOKENS for each in self.exchanges)

    @property
    def last_point(self) -> Point | None:
        """Where in the protocol it was last seen."""
        return self.exchanges[-1].point if self.exchanges else None

    def killed(self, at: float) -> None:
        """Its process died: what it knew by word of mouth only is in doubt."""
        told = self.judged and not self.doubted
        if self.lost_at is None and not told and self.state in ("no", "busy"):  # it was not applied
            self.state = "fresh"
        if self.state != "fresh":
            self.state, self.lost_at, self.lost = "lost", at, 1
        self.reborn = True  # it may have been written down that a call would go out
        self.resumed = bool(self.exchanges)
        self.first_at, self.over_at, self.left_at = None, None, self.over_at


class Record:
    """Everything that one schedule did to its sandbox."""

    def __init__(self, schedule: Schedule, now: Callable[[], float]) -> None:
        self.schedule = schedule
        self.now = now
        self.exchanges: list[Exchange] = []
        self.efforts: list[Effort] = []
        self.made: dict[str, tuple[Effort | None, str]] = {}
        self.tokens: list[str] = []
        self.wrongs: dict[tuple[Point, int], Wrong] = {}
        self.covered: Counter[tuple[str, Point]] = Counter()
        self.violations: list[str] = []
        self.events: list[tuple[float, str]] = []
        self._fault: Fault | None = None
        habits = schedule.habits
        self.sandbox = Sandbox(
            settle=habits.settle,
            seed=schedule.seed,
            faults=self._plan,
            clock=now,
            epoch=habits.epoch,
            token_lifetime=habits.token_lifetime,
            readable=habits.readable,
            repeat_delete=habits.repeat_delete,
            similar=habits.similar,
            client_secret=SECRET,
        )
        self.sandbox.add_account("other", "other-secret")
        self.orders = [self._given(given) for given in schedule.orders]

    def violate(self, text: str) -> None:
        """An invariant does not hold."""
        self.violations.append(text)

    def tell(self, text: str) -> None:
        """Something happened beside the exchanges."""
        self.events.append((self.now(), text))

    def effort(self, asked: Asked) -> Effort:
        """One operation more."""
        key = len(self.efforts)
        effort = Effort(key, asked, self._operation(asked, key), self.orders[asked.order])
        self.efforts.append(effort)
        return effort

    def deliver(self, effort: Effort | None, call: Call, fault: Fault | None, how: str) -> Answer:
        """Hand a call to the sandbox, and note whose request it makes."""
        order = None if effort is None else effort.order
        before = 0 if order is None else len(order.requests)
        self._fault = fault
        answer = self.sandbox.handle(call.method, call.path, call.query, call.headers, call.body)
        if order is not None and call.kind in ("DELETE", "PATCH") and len(order.requests) > before:
            self.made[order.requests[-1].uuid] = (effort, how)
        return answer

    def own(self, effort: Effort) -> list[Request]:
        """The requests that an operation's calls made."""
        requests = effort.order.requests if effort.order is not None else []
        return [each for each in requests if self.made.get(each.uuid, (None,))[0] is effort]

    def noted(self, effort: Effort) -> list[Request]:
        """Those of them that are not turned away, as far as can be known by now."""
        return [each for each in self.own(effort) if not turned_away(each)]

    def sent_once(self, request: Request) -> bool:
        """Whether the client sent it, and not the network a second time."""
        return self.made[request.uuid][1] == "sent"

    def interfere(self, asked: Asked) -> None:
        """Somebody else's write."""
        order = self.orders[asked.order]
        if order is None:
            return
        before = len(order.requests)
        write = self._operation(asked, 10_000 + len(self.events)).call(_uuid(order))
        assert write is not None
        headers = {"authorization": f"Bearer {self._token()}"}
        self._fault = None
        answer = self.sandbox.handle(write.method, write.path, {}, headers, write.body)
        if len(order.requests) > before:
            self.made[order.requests[-1].uuid] = (None, "stranger")
        self.tell(f"a stranger's {asked.what} of order {asked.order}: {answer.status}")

    def leaks(self, text: str) -> bool:
        """Whether a text bears a secret, or what a person's order says."""
        return bool(_PERSONAL.search(text)) or any(token in text for token in self.tokens)

    def leaks_bytes(self, data: bytes) -> bool:
        """The same of a file."""
        return bool(_CYRILLIC.search(data)) or any(
            each.encode() in data for each in (SECRET, MARK, *self.tokens)
        )

    def trace(self) -> str:
        """What happened, one line each, for a person."""
        lines = [(at, -1, f"{'':<24}{text}") for at, text in self.events]
        for each in self.exchanges:
            wrong = "" if each.wrong is None else f"  <- {each.wrong}"
            head = f"client {each.client} op {each.effort.key} {each.point:<6}"
            took = "" if each.ended < 0 else f" +{each.ended - each.at:.2f}"
            lines.append(
                (
                    each.at,
                    each.number,
                    f"{head:<24}{each.text} -> {each.status or '-'} {each.result}{took}{wrong}",
                )
            )
        lines.sort()
        return "\n".join(f"{at:9.3f}  {text}" for at, _, text in lines)

    def _plan(self, _: Call) -> Fault | None:
        fault, self._fault = self._fault, None
        return fault

    def _token(self) -> str:
        body = f"grant_type=client_credentials&client_id=sandbox&client_secret={SECRET}".encode()
        answer = self.sandbox.handle("POST", "/v2/oauth/token", {}, {}, body)
        return answer.body.split(b'"access_token":"')[1].split(b'"')[0].decode()

    def _given(self, given: Given) -> Order | None:
        status = {"moved": "RECEIVED_AT_SHIPMENT_WAREHOUSE", "removed": "REMOVED"}.get(given.kind, "CREATED")
        if given.kind == "unknown":
            return None
        return self.sandbox.add_order(
            status=status,
            claims=given.kind == "claims",
            client_id="other" if given.kind == "foreign" else None,
        )

    def _operation(self, asked: Asked, key: int) -> Operation:
        order = self.orders[asked.order]
        uuid = UNKNOWN if order is None else order.uuid
        cdek_number = "1199999999" if order is None else order.cdek_number
        if asked.what == "delete":
            if asked.by == "uuid":
                return DeleteOrder(uuid)
            if asked.by == "cdek_number":
                return DeleteOrder(cdek_number=cdek_number)
            return DeleteOrder(im_number="NOBODYS" if order is None else order.number)
        package = Package(
            number=f"{MARK}-{key}",
            weight=100,
            items=[
                Item(name=MARK, ware_key="1", payment=Money(value=0), cost=1, weight=100, amount=1),
            ],
        )
        changes = {"comment": f"{MARK} {key}"} if asked.what == "update" else {"packages": [package]}
        about = {"uuid": uuid} if asked.by == "uuid" else {"cdek_number": cdek_number}
        return UpdateOrder(OrderChanges(**about, **changes))  # type: ignore[arg-type]


def turned_away(request: Request) -> bool:
    """CDEK took note of it only to say, later, that another one was under way."""
    return request.state == "INVALID" and SIMILAR in str(request.errors)


def _uuid(order: Order) -> UUID:
    return UUID(order.uuid)
