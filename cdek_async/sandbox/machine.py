"""The sandbox itself: a synchronous look-alike of CDEK's orders API that answers one call at a time."""

import heapq
import math
import random
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Literal

from attrs import evolve, frozen

from cdek_async.sandbox.accounts import Accounts
from cdek_async.sandbox.api import Api, Habits
from cdek_async.sandbox.calls import Answer, Call
from cdek_async.sandbox.clock import LoopClock
from cdek_async.sandbox.faults import Fault, Kind, Mix, Plan, afterwards, instead
from cdek_async.sandbox.laws import law
from cdek_async.sandbox.layouts import dump
from cdek_async.sandbox.orders import Order, Request
from cdek_async.sandbox.store import Applied, Store


@frozen
class Truth:
    """What is really so about an order, whatever readers were shown."""

    status: str
    readable: bool  # whether GET still finds it
    requests: tuple[Request, ...]


class Sandbox:
    """Our own CDEK, in memory: orders, requests that settle in time, tokens, and faults by choice.

    `settle` is a law in seconds, `faults` a share of the exchanges or a plan that is asked at each.
    `epoch` is the Unix time at which `clock` shows 0: a server whose clock is off has another one.
    A deleted order stays readable for `readable` seconds. Where CDEK's habits are not known:
    a DELETE of a REMOVED order meets `repeat_delete`, an update beside a running one `similar`,
    a number that several orders bear `several`, a bad token the layout `unauthorized`.
    """

    def __init__(
        self,
        *,
        settle: str = "uniform:0.2,0.5",
        seed: int = 0,
        faults: float | Plan = 0.0,
        clock: Callable[[], float] | None = None,
        epoch: float = 1_785_585_600.0,
        token_lifetime: float = 3599,
        readable: float = math.inf,
        repeat_delete: Literal["not_found", "invalid"] = "not_found",
        similar: Literal["reject", "invalid", "queue"] = "reject",
        several: Literal["active", "reject"] = "active",
        unauthorized: Literal["drawn", "requests", "errors"] = "drawn",
        client_id: str = "sandbox",
        client_secret: str = "sandbox-secret",  # noqa: S107  it opens nothing but this sandbox
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.clock = LoopClock() if clock is None else clock
        self.calls: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))  # when, by kind
        self._epoch = epoch
        self._locks = _random("locks", seed)
        self._plan = faults if callable(faults) else Mix(faults, _random("faults", seed))
        self._script: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._late: list[tuple[float, int, Call]] = []
        self._counted = 0
        ids = _random("ids", seed)
        self._store = Store(ids)
        self._accounts = Accounts(ids, token_lifetime)
        self._accounts.add(client_id, client_secret)
        habits = Habits(readable, repeat_delete, similar, several, unauthorized)
        draws, coins = _random("draws", seed), _random("coins", seed)
        self._api = Api(self._store, self._accounts, habits, law(settle), draws, coins, epoch)

    def add_account(self, client_id: str, client_secret: str) -> None:
        """Let somebody else in; orders of one account are forbidden to another."""
        self._accounts.add(client_id, client_secret)

    def add_order(
        self,
        *,
        status: str = "CREATED",
        number: str | None = None,
        warehouse: bool = False,
        claims: bool = False,
        client_id: str | None = None,
    ) -> Order:
        """An order of an hour ago; `warehouse` operations, `claims` or another status forbid its deletion."""
        order = self._store.new(client_id or self.client_id, self.clock() - _AGE, status, number)
        order.warehouse, order.claims = warehouse, claims
        return order

    def add_orders(self, n: int, *, locked: float = 0.0) -> list[Order]:
        """Many orders, of which a share `locked` may no longer be deleted, for one reason or another."""
        created_at = self.clock() - _AGE
        orders = [self._store.new(self.client_id, created_at, "CREATED") for _ in range(n)]
        for order in orders:
            if self._locks.random() < locked:
                reason = self._locks.choice(("status", "warehouse", "claims"))
                order.status = "RECEIVED_AT_SHIPMENT_WAREHOUSE" if reason == "status" else "CREATED"
                order.warehouse, order.claims = reason == "warehouse", reason == "claims"
        return orders

    def script(self, kind: str, *faults: Fault | None) -> None:
        """What meets the next calls of a kind (TOKEN, GET, POST, PATCH, DELETE), one each."""
        self._script[kind].extend(faults)

    def revoke_tokens(self) -> None:
        """Let every token given so far count as expired."""
        self._accounts.revoke(self.clock())

    def truth(self, uuid: object) -> Truth:
        """What is really so about an order now; a `LookupError` when there never was one."""
        now = self._advance()
        order = self._store.by_uuid(str(uuid))
        if order is None:
            raise LookupError(f"there never was an order {uuid} here")
        return Truth(order.current, not order.gone(now, self._api.habits.readable), tuple(order.requests))

    @property
    def applied(self) -> tuple[Applied, ...]:
        """Every write that took effect until now, by time."""
        self._advance()
        return tuple(self._store.applied)

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Take one call and say what a front is to do about it; header names are in lower case."""
        now = self._advance()
        call = Call(method, path, query or {}, headers or {}, body, now, self._counted)
        self._counted += 1
        self.calls[call.kind].append(now)
        script = self._script.get(call.kind)
        answer = self._answer(call, script.popleft() if script else self._plan(call))
        answer.headers.setdefault("content-type", "application/json")
        answer.headers["content-length"] = str(len(answer.body))
        answer.headers["date"] = self._http_date(now)
        return answer

    def _answer(self, call: Call, fault: Fault | None) -> Answer:
        if fault is None:
            return self._plain(call, None)
        if fault.kind is Kind.LATE:
            heapq.heappush(self._late, (call.at + fault.wait, call.number, call))
        elif fault.kind is Kind.TWICE:
            self._plain(call, None)
        answer = instead(fault, lambda seconds: self._http_date(call.at + seconds))
        return afterwards(fault, self._plain(call, fault)) if answer is None else answer

    def _plain(self, call: Call, fault: Fault | None) -> Answer:
        status, body = self._api.answer(call, fault)
        return Answer(status, {}, dump(body))

    def _advance(self) -> float:
        """Let happen what is due: late deliveries and settlements, in turn."""
        now = self.clock()
        while self._late and self._late[0][0] <= now:
            due, _, call = heapq.heappop(self._late)
            self._store.settle(due)
            self._plain(evolve(call, at=due), None)
        self._store.settle(now)
        return now

    def _http_date(self, time: float) -> str:
        return _http_date(math.floor(self._epoch + time))


def _random(purpose: str, seed: int) -> random.Random:
    """A stream of its own for each purpose, so that a fault more does not change what settles when."""
    return random.Random(f"{purpose} {seed}")  # noqa: S311  it is to be repeatable, not secret


@lru_cache(256)
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


_AGE = 3600.0
