"""What CDEK does with a call: its routes, what it refuses at once, and what it takes note of."""

import json
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from attrs import frozen

from cdek_async.sandbox.accounts import Accounts
from cdek_async.sandbox.calls import TOKEN_PATH, Call
from cdek_async.sandbox.checks import canonical, checked_order, checked_update
from cdek_async.sandbox.entity import derived_uuid, entity, oldest_first
from cdek_async.sandbox.faults import Fault, Kind
from cdek_async.sandbox.laws import Law
from cdek_async.sandbox.layouts import issue, refused
from cdek_async.sandbox.orders import NEVER, Order, Request
from cdek_async.sandbox.store import Store
from cdek_async.sandbox.verdicts import cost_warnings

Issue = dict[str, str]
Reply = tuple[int, dict[str, Any]]


@frozen
class Habits:
    """Where CDEK's behaviour is not known for sure, or was seen in two ways."""

    readable: float
    repeat_delete: Literal["not_found", "invalid"]
    similar: Literal["reject", "invalid", "queue"]
    several: Literal["active", "reject"]
    unauthorized: Literal["drawn", "requests", "errors"]


@frozen
class Asked:
    """One call with what is known of it on its way through."""

    call: Call
    client_id: str
    fault: Fault | None

    def has(self, kind: Kind) -> bool:
        return self.fault is not None and self.fault.kind is kind

    def wait(self, kind: Kind) -> float:
        return self.fault.wait if self.fault is not None and self.fault.kind is kind else 0.0


@frozen
class Api:
    """The routes over a store of orders."""

    store: Store
    accounts: Accounts
    habits: Habits
    law: Law
    draws: random.Random  # of settle times, and of nothing else
    coins: random.Random
    epoch: float

    def answer(self, call: Call, fault: Fault | None) -> Reply:  # noqa: PLR0911  one per route
        """The status and body for a call; a fault may change what CDEK itself does."""
        if call.path == TOKEN_PATH:
            return self._token(call)
        client_id, code = self.accounts.owner(call, call.at)
        if fault is not None and fault.kind is Kind.TOKEN_EXPIRED:
            code = "v2_token_expired"
        if code:
            return self._unauthorized(call, code, self.habits.unauthorized)
        asked = Asked(call, client_id, fault)
        match call.method, call.path.removeprefix("/v2/").split("/"):
            case "GET", ["orders"]:
                return self._find(asked)
            case "PATCH", ["orders"]:
                return self._with_body(asked, "UPDATE", self._update)
            case "POST", ["orders"]:
                return self._with_body(asked, "CREATE", self._create)
            case "GET", ["orders", uuid]:
                return self._with_order(asked, "GET", uuid, self._get)
            case "DELETE", ["orders", uuid]:
                return self._with_order(asked, "DELETE", uuid, self._delete)
            case "POST", ["orders", uuid, "refusal"]:
                return self._with_order(asked, "CREATE_REFUSAL", uuid, self._refuse)
            case _:
                return 404, {"reason": "page_not_found"}

    # -- who asks ----------------------------------------------------------------------------------------

    def _token(self, call: Call) -> Reply:
        if call.method != "POST":
            return self._unauthorized(call, "unauthorized", "errors")
        body = self.accounts.issue(call, call.at)
        if body is None:
            return 401, {"error": "invalid_client", "error_description": "Bad client credentials"}
        return 200, body

    def _unauthorized(self, call: Call, code: str, layout: str) -> Reply:
        """Two layouts are told of by those who met them; which one comes is not known."""
        error = issue(code, "sandbox")
        if layout == "requests" or (layout == "drawn" and self.coins.random() < 0.5):  # noqa: PLR2004  a coin
            return 401, refused("AUTH", self.date_time(call.at), error)
        return 401, {"errors": [error]}

    # -- reading -----------------------------------------------------------------------------------------

    def _find(self, asked: Asked) -> Reply:
        cdek_number, number = asked.call.query.get("cdek_number"), asked.call.query.get("im_number")
        if cdek_number:
            if not cdek_number.isdecimal():
                return self._refused(asked, "GET", issue("v2_invalid_format", cdek_number, "cdek_number"))
            order = self.store.by_cdek_number(cdek_number)
            missing = issue("v2_order_not_found", cdek_number)
        elif number:
            bearers = self.store.by_number(number, asked.client_id)
            if len(bearers) > 1 and self.habits.several == "reject":
                error = issue("error_validate_online_shop_number_departure_is_not_unique")
                return self._refused(asked, "GET", error)
            # Only one of them can be active; the others were removed or never came into being.
            active = [one for one in bearers if one.current not in ("REMOVED", "INVALID")]
            order = next(reversed(active or bearers), None)
            missing = issue("v2_entity_not_found_im_number", number)
        else:
            return self._refused(asked, "GET", issue("v2_parameters_empty"))
        return self._refused(asked, "GET", missing) if order is None else self._get(asked, order)

    def _get(self, asked: Asked, order: Order) -> Reply:
        at = asked.call.at - asked.wait(Kind.LAG)
        hidden = self._hidden(asked, order, at)
        if hidden is not None:
            return self._refused(asked, "GET", hidden)
        if asked.has(Kind.OLD_UPDATE):
            self._remember_old_update(order)
        body = {"entity": entity(order, at, self.date_time), "requests": self._history(asked, order, at)}
        return 200, {**body, "related_entities": []}

    def _history(self, asked: Asked, order: Order, at: float) -> list[dict[str, Any]]:
        """The requests as a read at `at` shows them: a history whose order differs from order to order."""
        shown = [] if order.creation else [self._implied_create(order)]
        before = -NEVER  # when the request before this one settled
        for request in order.requests:
            if max(request.accepted_at, request.seen_from) > at:
                continue
            shown.append(self._shown(request, at, waiting=before > at))
            before = request.settled_at
        for one in shown:
            if asked.has(Kind.NO_REQUEST_UUID):
                one.pop("request_uuid", None)
            if asked.has(Kind.UNKNOWN_STATE):
                one["state"] = UNKNOWN_STATE
        return shown if oldest_first(order) else shown[::-1]

    def _shown(self, request: Request, at: float, *, waiting: bool) -> dict[str, Any]:
        """One request; its date_time is that of its state, so it moves."""
        final = request.settled_at <= at
        return {
            **({} if request.nameless else {"request_uuid": request.uuid}),
            "type": request.type,
            "date_time": self.date_time(request.settled_at if final else request.accepted_at),
            "state": request.state if final else "WAITING" if waiting else "ACCEPTED",
            **({"errors": list(request.errors)} if final and request.errors else {}),
            **({"warnings": list(request.warnings)} if request.warnings else {}),
        }

    def _implied_create(self, order: Order) -> dict[str, Any]:
        date_time = self.date_time(order.created_at + 1)
        created = {"request_uuid": derived_uuid(order.uuid, 1), "type": "CREATE"}
        return {**created, "date_time": date_time, "state": "SUCCESSFUL"}

    def _remember_old_update(self, order: Order) -> None:
        error = issue("v2_update_forbidden")
        if any(error in request.errors for request in order.requests):
            return
        at = order.created_at
        past = Request(self.store.uuid(), "UPDATE", at, at, state="INVALID", settled_at=at, errors=(error,))
        order.remember(past)

    # -- writing -----------------------------------------------------------------------------------------

    def _create(self, asked: Asked, body: dict[str, Any]) -> Reply:
        known, issues = checked_order(body)
        if issues:
            return self._refused(asked, "CREATE", *issues)
        order = self.store.new(asked.client_id, asked.call.at, "ACCEPTED", known.get("number") or None)
        order.sent = known
        order.creation = request = self._request(asked, "CREATE")
        return self._accepted(asked, order, request)

    def _update(self, asked: Asked, body: dict[str, Any]) -> Reply:
        known, issues = checked_update(body)
        if issues:
            return self._refused(asked, "UPDATE", *issues)
        uuid, number = known.get("uuid"), known.get("cdek_number")
        # The uuid wins when both are given.
        order = self.store.by_uuid(uuid) if uuid else self.store.by_cdek_number(str(number))
        if order is None:
            missing = issue("v2_entity_not_found", uuid) if uuid else issue("v2_order_not_found", number)
            return self._refused(asked, "UPDATE", missing)
        request = self._request(asked, "UPDATE")
        request.payload, request.warnings = known, cost_warnings(known)
        return self._about(asked, order, request)

    def _delete(self, asked: Asked, order: Order) -> Reply:
        return self._about(asked, order, self._request(asked, "DELETE"))

    def _refuse(self, asked: Asked, order: Order) -> Reply:
        return self._about(asked, order, self._request(asked, "CREATE_REFUSAL"))

    def _about(self, asked: Asked, order: Order, request: Request) -> Reply:
        """A write about an order that is there already."""
        objection = self._hidden(asked, order, asked.call.at) or self._objection(asked, order, request)
        if objection is not None:
            return self._refused(asked, request.type, objection)
        return self._accepted(asked, order, request)

    def _objection(self, asked: Asked, order: Order, request: Request) -> Issue | None:
        repeated = request.type == "DELETE" and self.habits.repeat_delete == "invalid"
        if order.current == "REMOVED" and not repeated:
            return issue("v2_entity_not_found", order.uuid)
        if order.current == "INVALID":
            return issue("v2_entity_invalid", order.uuid)
        if asked.has(Kind.SIMILAR):
            return issue("v2_similar_request_still_processed", self.store.uuid())
        running = next((one for one in order.unsettled if one.type == request.type), None)
        # Documented for updates and refusals; a DELETE beside a running one was seen to be queued.
        if running is None or request.type == "DELETE" or self.habits.similar == "queue":
            return None
        error = issue("v2_similar_request_still_processed", running.uuid)
        if self.habits.similar == "reject":
            return error
        request.doomed = error
        return None

    def _request(self, asked: Asked, request_type: str) -> Request:
        at = asked.call.at
        request = Request(self.store.uuid(), request_type, at, at + self.law(self.draws))
        match asked.fault:
            case Fault(kind=Kind.STUCK):
                request.settle_at = NEVER
            case Fault(kind=Kind.VANISH):
                request.vanish = True
            case Fault(kind=Kind.LAG):
                request.seen_from = at + asked.fault.wait
            case Fault(kind=Kind.SIMILAR_LATER):
                request.doomed = issue("v2_similar_request_still_processed", self.store.uuid())
            case Fault(kind=Kind.NO_REQUEST_UUID, where="order" | "both"):
                request.nameless = True
            case _:
                pass
        return request

    def _accepted(self, asked: Asked, order: Order, request: Request) -> Reply:
        self.store.add(order, request)
        shown: dict[str, Any] = {
            "request_uuid": request.uuid,
            "type": request.type,
            "date_time": self.date_time(asked.call.at),
            "state": UNKNOWN_STATE if asked.has(Kind.UNKNOWN_STATE) else "ACCEPTED",
            **({"warnings": list(request.warnings)} if request.warnings else {}),
        }
        match asked.fault:
            case Fault(kind=Kind.NO_REQUEST_UUID, where="reply" | "both"):
                del shown["request_uuid"]
            case _:
                pass
        return 202, {"entity": {"uuid": order.uuid}, "requests": [shown], "related_entities": []}

    # -- what they share ---------------------------------------------------------------------------------

    def _with_body(
        self, asked: Asked, request_type: str, then: Callable[[Asked, dict[str, Any]], Reply]
    ) -> Reply:
        try:
            body = json.loads(asked.call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return self._refused(asked, request_type, issue("v2_bad_request"))
        return then(asked, body)

    def _with_order(
        self, asked: Asked, request_type: str, text: str, then: Callable[[Asked, Order], Reply]
    ) -> Reply:
        uuid = canonical(text)
        if uuid is None:
            return self._refused(asked, request_type, issue("v2_invalid_format", text, "uuid"))
        order = self.store.by_uuid(uuid)
        if order is None:
            return self._refused(asked, request_type, issue("v2_entity_not_found", uuid))
        return then(asked, order)

    def _hidden(self, asked: Asked, order: Order, at: float) -> Issue | None:
        """Why an order is not shown: it is another's, or a look at `at` does not find it."""
        if order.client_id != asked.client_id:
            return issue("v2_entity_forbidden", order.uuid)
        return issue("v2_entity_not_found", order.uuid) if order.gone(at, self.habits.readable) else None

    def _refused(self, asked: Asked, request_type: str, *errors: Issue) -> Reply:
        return 400, refused(request_type, self.date_time(asked.call.at), *errors)

    def date_time(self, time: float) -> str:
        """CDEK's way of writing a time of the machine's clock."""
        return _date_time(math.floor(self.epoch + time))


@lru_cache(256)
def _date_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


UNKNOWN_STATE = "PENDING_REVIEW"
