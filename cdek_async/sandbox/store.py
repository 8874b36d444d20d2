"""Every order of the sandbox, found by its numbers, and what took effect on them."""

import heapq
import itertools
import random
from collections import defaultdict
from uuid import UUID

from attrs import frozen

from cdek_async.sandbox.orders import FIRST_CDEK_NUMBER, NEVER, Order, Request
from cdek_async.sandbox.verdicts import decide


@frozen
class Applied:
    """A write that took effect, at `time` by the machine's clock; `type` is CDEK's request type."""

    time: float
    type: str
    order_uuid: str
    request_uuid: str


class Store:
    """The orders, and the requests about them in the order in which they settle."""

    def __init__(self, ids: random.Random) -> None:
        self.applied: list[Applied] = []
        self._ids = ids
        self._by_uuid: dict[str, Order] = {}
        self._in_turn: list[Order] = []
        self._own_numbers: defaultdict[str, list[Order]] = defaultdict(list)
        self._due: list[tuple[float, int, Order, Request]] = []
        self._count = itertools.count()

    def new(self, client_id: str, created_at: float, status: str, number: str | None = None) -> Order:
        order = Order(len(self._in_turn), self.uuid(), client_id, created_at, status, own_number=number)
        self._by_uuid[order.uuid] = order
        self._in_turn.append(order)
        if number:
            self._own_numbers[number].append(order)
        return order

    def uuid(self) -> str:
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def by_uuid(self, uuid: str) -> Order | None:
        return self._by_uuid.get(uuid)

    def by_cdek_number(self, text: str) -> Order | None:
        n = int(text) - FIRST_CDEK_NUMBER if text.isdecimal() else -1
        order = self._in_turn[n] if 0 <= n < len(self._in_turn) else None
        return order if order is not None and order.numbered else None

    def by_number(self, number: str, client_id: str) -> list[Order]:
        """All of an account that bear a shop's number: at most one of them is active."""
        prefix, _, digits = number.partition("-")
        derived = self._in_turn[int(digits) :][:1] if prefix == "SHOP" and digits.isdecimal() else []
        bearers = [order for order in derived if order.number == number] + self._own_numbers.get(number, [])
        return [order for order in bearers if order.client_id == client_id]

    def add(self, order: Order, request: Request) -> None:
        """Take note of a request."""
        order.add(request)
        if request.settle_at < NEVER:
            heapq.heappush(self._due, (request.settle_at, next(self._count), order, request))

    def settle(self, now: float) -> None:
        """Settle all that is due, each by what the orders are like at its own moment."""
        while self._due and self._due[0][0] <= now:
            time, _, order, request = heapq.heappop(self._due)
            request.settle((request.doomed,) if request.doomed else self._verdict(order, request))
            if not request.errors:
                self.applied.append(Applied(time, request.type, order.uuid, request.uuid))

    def _verdict(self, order: Order, request: Request) -> tuple[dict[str, str], ...]:
        rivals = [one for one in self.by_number(order.number, order.client_id) if one is not order]
        return decide(order, request, rivals)
