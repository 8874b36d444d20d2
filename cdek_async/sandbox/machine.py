"""The sandbox itself: a synchronous look-alike of CDEK's orders API that answers one call at a time."""

import heapq
import json
import math
import random
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal
from uuid import UUID

from attrs import frozen

from cdek_async.sandbox import faults as f
from cdek_async.sandbox.accounts import Accounts
from cdek_async.sandbox.calls import TOKEN_PATH, Answer, Call
from cdek_async.sandbox.checks import create_issues, update_issues
from cdek_async.sandbox.clock import LoopClock
from cdek_async.sandbox.entity import derived_uuid, entity, oldest_first
from cdek_async.sandbox.laws import law
from cdek_async.sandbox.layouts import dump, issue, refused
from cdek_async.sandbox.orders import FIRST_CDEK_NUMBER, NEVER, Order, Request
from cdek_async.sandbox.verdicts import Verdicts, cost_warnings


@frozen
class Applied:
    """A write that took effect, at `time` by the machine's clock; `type` is CDEK's request type."""

    time: float
    type: str
    order_uuid: str
    request_uuid: str


@frozen
class Truth:
    """What is really so about an order, whatever readers were shown."""

    status: str
    readable: bool  # whether GET still finds it
    requests: tuple[Request, ...]


Reply = tuple[int, dict[str, Any]]


class Sandbox:
    """Our own CDEK, in memory: orders, requests that settle in time, tokens, and faults by choice.

    `settle` is a law in seconds, `faults` a share of the exchanges or a plan that is asked for each.
    A deleted order stays readable for `readable` seconds; a further DELETE of it meets `repeat_delete`,
    an update while another is running meets `similar`, a number that several orders bear meets `several`.
    `epoch` is the Unix time at which `clock` shows 0: a server whose clock is off has another one.
    """

    def __init__(
        self,
        *,
        settle: str = "uniform:0.2,0.5",
        seed: int = 0,
        faults: float | f.Plan = 0.0,
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
        self.epoch = epoch
        self.calls: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._law = law(settle)
        self._draws = random.Random(f"draws {seed}")
        self._ids = random.Random(f"ids {seed}")
        self._plan = faults if callable(faults) else f.Mix(faults, random.Random(f"faults {seed}"))
        self._script: defaultdict[str, deque[f.Fault | None]] = defaultdict(deque)
        self._accounts = Accounts(self._ids, token_lifetime)
        self._accounts.add(client_id, client_secret)
        self._readable, self._repeat_delete = readable, repeat_delete
        self._similar, self._several, self._unauthorized = similar, several, unauthorized
        self._orders: dict[str, Order] = {}
        self._in_turn: list[Order] = []
        self._numbered: defaultdict[str, list[Order]] = defaultdict(list)  # those with a number of their own
        self._live: set[Order] = set()  # those with a request that is not final
        self._applied: list[Applied] = []
        self._late: list[tuple[float, int, Call]] = []
        self._counted = 0
        self._verdicts = Verdicts(self._rivals)

    # -- filling it, and asking what is so ---------------------------------------------------------------

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
        order = self._new_order(self.clock() - 3600.0, status, number, client_id or self.client_id)
        order.warehouse, order.claims = warehouse, claims
        return order

    def add_orders(self, n: int, *, locked: float = 0.0) -> list[Order]:
        """Many orders, of which a share `locked` may no longer be deleted, for one reason or another."""
        created_at = self.clock() - 3600.0
        orders = [self._new_order(created_at, "CREATED", None, self.client_id) for _ in range(n)]
        for order in orders:
            if locked and self._draws.random() < locked:
                reason = self._draws.randrange(3)
                order.status = "CREATED" if reason else "RECEIVED_AT_SHIPMENT_WAREHOUSE"
                order.warehouse, order.claims = reason == 1, reason == 2
        return orders

    def script(self, kind: str, *faults: f.Fault | None) -> None:
        """What happens to the next calls of a kind (TOKEN, GET, POST, PATCH, DELETE), one each, before any plan."""
        self._script[kind].extend(faults)

    def revoke_tokens(self) -> None:
        """Let every token given so far count as expired."""
        self._accounts.revoke(self.clock())

    def truth(self, uuid: object) -> Truth | None:
        """What is really so about an order now, or None when there never was one."""
        order = self._orders.get(str(uuid))
        if order is None:
            return None
        now = self._settle(order)
        return Truth(order.current, not order.gone(now, self._readable), tuple(order.requests))

    @property
    def applied(self) -> tuple[Applied, ...]:
        """Every write that took effect until now, by time."""
        self._deliver_late(self.clock())
        for order in tuple(self._live):
            self._settle(order)
        return tuple(sorted(self._applied, key=lambda one: one.time))

    # -- one exchange ------------------------------------------------------------------------------------

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Take one call and say what a front is to do about it; header names are in lower case."""
        now = self.clock()
        call = Call(method, path, query or {}, headers or {}, body, now, self._counted)
        self._counted += 1
        self.calls[call.kind].append(now)
        self._deliver_late(now)
        script = self._script.get(call.kind)
        return self._stamped(self._answer(call, script.popleft() if script else self._plan(call)), now)

    def _answer(self, call: Call, fault: f.Fault | None) -> Answer:
        if fault is None:
            return self._plain(call, None)
        answer = f.instead(fault, lambda seconds: self._http_date(call.at + seconds))
        if fault.kind is f.Kind.LATE:
            heapq.heappush(self._late, (call.at + fault.wait, call.number, call))
        elif fault.kind is f.Kind.TWICE:
            self._plain(call, None)
        return f.afterwards(fault, self._plain(call, fault)) if answer is None else answer

    def _plain(self, call: Call, fault: f.Fault | None) -> Answer:
        status, body = self._route(call, fault)
        return Answer(status, {}, dump(body))

    def _stamped(self, answer: Answer, now: float) -> Answer:
        answer.headers.setdefault("content-type", "application/json")
        answer.headers["content-length"] = str(len(answer.body))
        answer.headers["date"] = self._http_date(now)
        return answer

    def _deliver_late(self, now: float) -> None:
        while self._late and self._late[0][0] <= now:
            self._plain(heapq.heappop(self._late)[2], None)

    # -- what CDEK does ----------------------------------------------------------------------------------

    def _route(self, call: Call, fault: f.Fault | None) -> Reply:
        if call.path == TOKEN_PATH:
            return self._token(call)
        client_id, code = self._accounts.owner(call, call.at)
        if fault is not None and fault.kind is f.Kind.TOKEN_EXPIRED:
            code = "v2_token_expired"
        if code:
            return self._unauthorized_reply(code)
        head, _, tail = call.path.removeprefix("/v2/orders").removeprefix("/").partition("/")
        match (call.method, head, tail):
            case _ if not call.path.startswith("/v2/orders"):
                return 404, {"reason": "page_not_found"}
            case ("GET", "", ""):
                return self._find(call, client_id, fault)
            case ("POST" | "PATCH", "", ""):
                return self._write_body(call, client_id, fault)
            case ("GET", _, "") | ("DELETE", _, "") | ("POST", _, "refusal"):
                return self._about(call, client_id, head, fault)
            case _:
                return 404, {"reason": "page_not_found"}

    def _token(self, call: Call) -> Reply:
        if call.method != "POST":
            return self._unauthorized_reply("unauthorized", "errors")
        body = self._accounts.issue(call, call.at)
        if body is None:
            return 401, {"error": "invalid_client", "error_description": "Bad client credentials"}
        return 200, body

    def _unauthorized_reply(self, code: str, layout: str | None = None) -> Reply:
        layout = layout or self._unauthorized
        if layout == "drawn":
            layout = self._ids.choice(("requests", "errors"))
        error = issue(code, "sandbox")
        if layout == "errors":
            return 401, {"errors": [error]}
        return 401, refused("AUTH", self._date_time(self.clock()), error)

    def _find(self, call: Call, client_id: str, fault: f.Fault | None) -> Reply:
        cdek_number, number = call.query.get("cdek_number"), call.query.get("im_number")
        if cdek_number:
            found = self._by_cdek_number(cdek_number)
            missing = issue("v2_order_not_found", cdek_number)
        elif number:
            bearers = [order for order in self._by_number(number) if order.client_id == client_id]
            if self._several == "reject" and len(bearers) > 1:
                error = issue("error_validate_online_shop_number_departure_is_not_unique")
                return self._refused("GET", call, error)
            for order in bearers:
                self._settle(order)
            # Only one of them can be active; the others were removed or never came into being.
            active = [order for order in bearers if order.current not in ("REMOVED", "INVALID")]
            found = (active or bearers or [None])[-1]
            missing = issue("v2_entity_not_found_im_number", number)
        else:
            return self._refused("GET", call, issue("v2_parameters_empty"))
        return (
            self._refused("GET", call, missing) if found is None else self._get(call, client_id, found, fault)
        )

    def _about(self, call: Call, client_id: str, text: str, fault: f.Fault | None) -> Reply:
        request_type = {"GET": "GET", "DELETE": "DELETE", "POST": "CREATE_REFUSAL"}[call.method]
        uuid = _canonical(text)
        if uuid is None:
            return self._refused(request_type, call, issue("v2_invalid_format", text, "uuid"))
        order = self._orders.get(uuid)
        if order is None:
            return self._refused(request_type, call, issue("v2_entity_not_found", uuid))
        if request_type == "GET":
            return self._get(call, client_id, order, fault)
        return self._write(call, client_id, order, request_type, {}, fault)

    def _get(self, call: Call, client_id: str, order: Order, fault: f.Fault | None) -> Reply:
        self._settle(order)
        kind = None if fault is None else fault.kind
        if kind is f.Kind.OLD_UPDATE:
            error = issue("v2_update_forbidden")
            past = Request(
                self._uuid(), "UPDATE", order.created_at + 1, order.created_at + 2, errors=(error,)
            )
            past.state, past.settled_at = "INVALID", past.settle_at
            order.remember(past)
        at = call.at - fault.wait if fault is not None and kind is f.Kind.LAG else call.at
        if order.client_id != client_id:
            return self._refused("GET", call, issue("v2_entity_forbidden", order.uuid))
        if order.gone(at, self._readable):
            return self._refused("GET", call, issue("v2_entity_not_found", order.uuid))
        body = {"entity": entity(order, at, self._date_time), "requests": self._history(order, at)}
        for shown in body["requests"]:
            if kind is f.Kind.NO_REQUEST_UUID:
                shown.pop("request_uuid", None)
            elif kind is f.Kind.UNKNOWN_STATE:
                shown["state"] = _UNKNOWN_STATE
        return 200, {**body, "related_entities": []}

    def _write_body(self, call: Call, client_id: str, fault: f.Fault | None) -> Reply:
        request_type = {"POST": "CREATE", "PATCH": "UPDATE"}[call.method]
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return self._refused(request_type, call, issue("v2_bad_request"))
        issues = create_issues(body) if request_type == "CREATE" else update_issues(body)
        if issues:
            return self._refused(request_type, call, *issues)
        if request_type == "CREATE":
            order = self._new_order(call.at, "ACCEPTED", body.get("number"), client_id)
            order.sent = body
            return self._accept(call, order, "CREATE", body, fault)
        order_or_issue = self._addressed(body)
        if isinstance(order_or_issue, dict):
            return self._refused(request_type, call, order_or_issue)
        return self._write(call, client_id, order_or_issue, request_type, body, fault)

    def _addressed(self, body: Mapping[str, Any]) -> Order | dict[str, str]:
        """The order that an update is about, or why there is none; the uuid wins over the number."""
        if not body.get("uuid"):
            number = str(body["cdek_number"])
            return self._by_cdek_number(number) or issue("v2_order_not_found", number)
        uuid = _canonical(str(body["uuid"]))
        if uuid is None:
            return issue("v2_invalid_format", body["uuid"], "uuid")
        return self._orders.get(uuid) or issue("v2_entity_not_found", uuid)

    def _write(
        self,
        call: Call,
        client_id: str,
        order: Order,
        request_type: str,
        body: dict[str, Any],
        fault: f.Fault | None,
    ) -> Reply:
        self._settle(order)
        if order.client_id != client_id:
            return self._refused(request_type, call, issue("v2_entity_forbidden", order.uuid))
        again = request_type == "DELETE" and self._repeat_delete == "invalid"
        if order.gone(call.at, self._readable) or (order.current == "REMOVED" and not again):
            return self._refused(request_type, call, issue("v2_entity_not_found", order.uuid))
        if order.current == "INVALID":
            return self._refused(request_type, call, issue("v2_entity_invalid", order.uuid))
        if fault is not None and fault.kind is f.Kind.SIMILAR:
            return self._refused(
                request_type, call, issue("v2_similar_request_still_processed", self._uuid())
            )
        running = [request for request in order.unsettled if request.type == request_type]
        doomed = None
        # Documented for updates and refusals; a second DELETE is simply queued.
        if running and request_type != "DELETE" and self._similar != "queue":
            doomed = issue("v2_similar_request_still_processed", running[0].uuid)
            if self._similar == "reject":
                return self._refused(request_type, call, doomed)
        return self._accept(call, order, request_type, body, fault, doomed)

    def _accept(
        self,
        call: Call,
        order: Order,
        request_type: str,
        body: dict[str, Any],
        fault: f.Fault | None,
        doomed: dict[str, str] | None = None,
    ) -> Reply:
        request = Request(self._uuid(), request_type, call.at, call.at + self._law(self._draws), body)
        request.doomed = doomed
        if request_type == "UPDATE":
            request.warnings = cost_warnings(body)
        shown = {
            "request_uuid": request.uuid,
            "type": request_type,
            "date_time": self._date_time(call.at),
            "state": "ACCEPTED",
            **({"warnings": list(request.warnings)} if request.warnings else {}),
        }
        match fault:
            case f.Fault(kind=f.Kind.STUCK):
                request.settle_at = NEVER
            case f.Fault(kind=f.Kind.VANISH):
                request.vanish = True
            case f.Fault(kind=f.Kind.LAG):
                request.seen_from = call.at + fault.wait
            case f.Fault(kind=f.Kind.SIMILAR_LATER):
                request.doomed = issue("v2_similar_request_still_processed", self._uuid())
            case f.Fault(kind=f.Kind.UNKNOWN_STATE):
                shown["state"] = _UNKNOWN_STATE
            case f.Fault(kind=f.Kind.NO_REQUEST_UUID):
                request.nameless = fault.where in ("order", "both")
                if fault.where in ("reply", "both"):
                    del shown["request_uuid"]
            case _:
                pass
        order.add(request)
        self._live.add(order)
        return 202, {"entity": {"uuid": order.uuid}, "requests": [shown], "related_entities": []}

    # -- below the surface -------------------------------------------------------------------------------

    def _history(self, order: Order, at: float) -> list[dict[str, Any]]:
        shown = []
        if order.sent is None:
            created = {"request_uuid": derived_uuid(order.uuid, 1), "type": "CREATE"}
            shown.append(
                {**created, "date_time": self._date_time(order.created_at + 1), "state": "SUCCESSFUL"}
            )
        before = None
        for request in order.requests:
            if request.accepted_at > at or request.seen_from > at:
                continue
            state, since = request.state_at(at), min(request.settled_at, NEVER)
            if state == "ACCEPTED":
                waiting = before is not None and before.settled_at > at
                state, since = (
                    ("WAITING", request.accepted_at) if waiting else ("ACCEPTED", request.accepted_at)
                )
            before = request
            shown.append(
                {
                    **({} if request.nameless else {"request_uuid": request.uuid}),
                    "type": request.type,
                    "date_time": self._date_time(since),
                    "state": state,
                    **({"errors": list(request.errors)} if request.errors and state == "INVALID" else {}),
                    **({"warnings": list(request.warnings)} if request.warnings else {}),
                }
            )
        return shown if oldest_first(order) else shown[::-1]

    def _settle(self, order: Order) -> float:
        now = self.clock()
        for request in order.settle(now, self._verdicts.decide):
            if request.state == "SUCCESSFUL":
                self._applied.append(Applied(request.settled_at, request.type, order.uuid, request.uuid))
        if not order.unsettled:
            self._live.discard(order)
        return now

    def _rivals(self, order: Order) -> list[Order]:
        return [other for other in self._by_number(order.number) if other is not order]

    def _new_order(self, created_at: float, status: str, number: str | None, client_id: str) -> Order:
        order = Order(len(self._in_turn), self._uuid(), client_id, created_at, status, own_number=number)
        self._orders[order.uuid] = order
        self._in_turn.append(order)
        if number:
            self._numbered[number].append(order)
        return order

    def _by_cdek_number(self, text: str) -> Order | None:
        n = int(text) - FIRST_CDEK_NUMBER if text.isdecimal() else -1
        return self._in_turn[n] if 0 <= n < len(self._in_turn) else None

    def _by_number(self, number: str) -> list[Order]:
        prefix, _, digits = number.partition("-")
        n = int(digits) if prefix == "SHOP" and digits.isdecimal() else -1
        derived = self._in_turn[n : n + 1] if n >= 0 else []
        return [order for order in derived if order.own_number is None] + self._numbered.get(number, [])

    def _refused(self, request_type: str, call: Call, *errors: dict[str, str]) -> Reply:
        return 400, refused(request_type, self._date_time(call.at), *errors)

    def _uuid(self) -> str:
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def _date_time(self, time: float) -> str:
        return datetime.fromtimestamp(math.floor(self.epoch + time), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

    def _http_date(self, time: float) -> str:
        return format_datetime(datetime.fromtimestamp(math.floor(self.epoch + time), UTC), usegmt=True)


_UNKNOWN_STATE = "PENDING_REVIEW"


def _canonical(text: str) -> str | None:
    try:
        return str(UUID(text)) if len(text) == len("00000000-0000-0000-0000-000000000000") else None
    except ValueError:
        return None
