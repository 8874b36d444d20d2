"""The network of one client: carries its calls to the sandbox, and fails as the schedule has it."""

import asyncio
import errno
import json
import random
import socket
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from urllib.parse import urlencode

from cdek_async.sandbox import Answer, Call, Fault, Hangup, Kind
from tests.simulation.conduct import check_write, follow, meaning
from tests.simulation.faults import READS, TOKENS, WRITES, Point, Wrong, draw_fault, fits
from tests.simulation.record import INSTANT, MARK, Effort, Exchange, Record

WHOSE: ContextVar[Effort] = ContextVar("WHOSE")
"""The operation that the running task is about; tasks inherit it."""
_ANOTHER = "7be1c2d4-9f30-4c58-8a6e-1d2f3b4c5a69"
_REQUEST_TYPES = {"DELETE": "DELETE", "PATCH": "UPDATE"}
_SECONDS = 1.0 - 1e-6
_GARBLED = {Kind.HTML, Kind.EMPTY, Kind.HUGE, Kind.GZIP, Kind.TRUNCATED}
_ENCODED = {Kind.EMPTY, Kind.HUGE, Kind.GZIP}
_PATIENCE = 30.0 - INSTANT  # seconds that a client waits for one answer
_UNSENT = ("refused", "dns", "tls", "connect timeout")


class Faults:
    """Decides at every exchange what goes wrong: drawn from the seed, or as it was written down."""

    def __init__(self, record: Record) -> None:
        # Apart, so that a fault less changes nothing else.
        self._rng = random.Random(f"faults {record.schedule.seed}")  # noqa: S311 - to be repeated, not secret
        self.chance = random.Random(f"chance {record.schedule.seed}")  # noqa: S311
        self.quiet = False
        self._record = record
        self._counts: dict[Point, int] = {}
        self._writes = 0

    def at(self, point: Point) -> Wrong | None:
        """What goes wrong at the next exchange at this point."""
        schedule = self._record.schedule
        nth = self._counts[point] = self._counts.get(point, -1) + 1
        if self.quiet:
            return None
        for spell in schedule.spells:
            if spell.at <= self._record.now() < spell.until and (spell.what == "all" or point in TOKENS):
                self._record.covered[f"{'all' if spell.what == 'all' else 'token endpoint'} down", point] += 1
                return (
                    Wrong("server error", Fault(Kind.SERVER_ERROR, status=503))
                    if nth % 2
                    else Wrong("refused")
                )
        if point in WRITES:
            self._writes += 1
            if self._writes <= len(schedule.opening):
                return schedule.opening[self._writes - 1]
        if schedule.faults is not None:
            wrong = schedule.faults.get((point, nth))
            return wrong if wrong is not None and fits(wrong, point) else None
        if self._rng.random() >= schedule.share:
            return None
        wrong = self._record.wrongs[point, nth] = draw_fault(self._rng, point)
        return wrong


class SilenceError(Exception):
    """No answer; what lies beneath it is its cause."""

    def __init__(self, what: str, beneath: OSError | None = None, *, unsent: bool = False) -> None:
        super().__init__(what)
        self.unsent = unsent
        self.__cause__ = beneath


class Network:
    """What one client has of it; `cuttable`: a read may be cut off on its way."""

    def __init__(
        self, record: Record, faults: Faults, client: int, rate: float | None, *, cuttable: bool
    ) -> None:
        self._record = record
        self._faults = faults
        self._client = client
        self.cuttable = cuttable
        self._latency = record.schedule.habits.latency
        self._times: deque[float] | None = None if rate is None else deque(maxlen=int(rate))
        self._token, self._until = "", 0.0
        self._refused: dict[str, tuple[float, Effort]] = {}
        self._fetching = 0
        self.first_took: float | None = None
        """How old the Date was with which this client's clock of the server was set."""
        self.open = 0
        self.dead = False
        self.closing = False
        self.closed = False

    def close(self) -> None:
        """Called once, when nothing is open any more."""
        if self.closed:
            self.violate("the transport was closed twice")
        self.closed = True

    # -- what the client may and may not -------------------------------------------------------------------

    def violate(self, text: str) -> None:
        if not self.dead:
            self._record.violate(text)

    def begin(self, call: Call) -> Exchange:
        """A call goes out."""
        record, effort, kind = self._record, WHOSE.get(), call.kind
        now, point = record.now(), self._point(kind, effort)
        token = call.headers.get("authorization", "")[7:]
        text = f"{call.method} {call.path[3:]}"
        if call.query:
            text += f"?{urlencode(call.query)}"
        exchange = Exchange(len(record.exchanges), self._client, point, effort, text, token, now, None)
        self._check_budget(now)
        if point in TOKENS:
            self._check_renewal(now)
        else:
            self._check_token(token, now)
        if kind in ("DELETE", "PATCH"):
            check_write(record, effort, now)
            effort.written_at = now if effort.written_at is None else effort.written_at
        record.exchanges.append(exchange)
        effort.exchanges.append(exchange)
        if point not in TOKENS and effort.first_at is None:
            effort.first_at = now
        exchange.wrong = self._faults.at(point)
        if exchange.wrong is not None:
            record.covered[exchange.wrong.name, point] += 1
        self.open += 1
        self._fetching += point in TOKENS
        return exchange

    def _check_budget(self, now: float) -> None:
        if self.closed:
            self.violate("R5: a call after aclose")
        if self._times is not None:
            if len(self._times) == self._times.maxlen and now - self._times[0] < _SECONDS:
                self.violate(f"R7: more than {self._times.maxlen} calls within a second")
            self._times.append(now)

    def _check_token(self, token: str, now: float) -> None:
        at, effort = self._refused.get(token, (now, None))
        if now > at + INSTANT and not (effort is not None and _had_left(effort, at)):
            self.violate("R6: a call was sent with a token that had been refused")

    def _check_renewal(self, now: float) -> None:
        if self._fetching:
            self.violate("R6: two tokens at a time")
        if self._token and now < self._until:
            self.violate("R6: a token was fetched while there was a good one")

    def _point(self, kind: str, effort: Effort) -> Point:
        if kind == "TOKEN":
            return Point.RENEW if self._until else Point.TOKEN
        if kind != "GET":
            return Point.WRITE if effort.state == "fresh" else Point.AGAIN
        if effort.resumed:
            return Point.RESUME
        if effort.state == "fresh":
            return Point.FIND
        if effort.state == "noted":
            return Point.POLL
        return Point.BUSY if effort.state == "busy" else Point.LOOK

    # -- the way there and back ----------------------------------------------------------------------------

    async def carry(self, exchange: Exchange, call: Call, connect: float, read: float) -> Answer:
        """What comes back, or `SilenceError`; `connect` and `read` are the client's patience, in seconds."""
        wrong = exchange.wrong
        name = "" if wrong is None else wrong.name
        if name in _UNSENT:
            await asyncio.sleep(connect if name == "connect timeout" else self._travel())
            exchange.result = "unsent"
            raise SilenceError(name, _BENEATH.get(name), unsent=True)
        fault = None if wrong is None else wrong.fault
        try:
            if self._latency:
                await asyncio.sleep(self._travel())
        except asyncio.CancelledError:
            if call.kind != "GET" and self._faults.chance.random() < 0.5:
                self._arrive(exchange, call, fault, name)  # it was out already
            raise
        answer = self._arrive(exchange, call, fault, name)
        exchange.status = answer.status
        if answer.delay > read:
            await asyncio.sleep(read)
            raise SilenceError("slow")
        await asyncio.sleep(answer.delay + self._travel())
        if answer.hangup is not None:
            reset = answer.hangup is Hangup.RESET
            raise SilenceError("hung up", _RESET if reset else None)
        encoded = fault is not None and fault.kind in _ENCODED
        if call.kind != "TOKEN" and encoded and answer.status in (401, 429):
            self._heard(exchange, answer, call.kind)  # the status says enough, whatever the body is
        return answer

    async def body(self, exchange: Exchange, answer: Answer, kind: str) -> AsyncGenerator[bytes, None]:
        """The body as it comes over the wire: whole, cut off, or in drips."""
        sent = answer.body if answer.cut is None else answer.body[: max(0, answer.cut)]
        if answer.drip:
            for at in range(0, len(sent), 100):  # a byte at a time would cost a second of the machine's
                await asyncio.sleep(answer.drip * len(sent[at : at + 100]))
                yield sent[at : at + 100]
        else:
            yield sent
        if answer.cut is not None:
            raise SilenceError("cut off")
        garbled = _is_garbled(exchange.wrong)
        crossed = exchange.wrong is not None and exchange.wrong.name == "wrong reply"
        exchange.dated = answer.status < 429 and (crossed or not garbled)
        if not garbled:
            self._heard(exchange, answer, kind)

    def _travel(self) -> float:
        return 0.001 + self._latency * self._faults.chance.random()

    def _arrive(self, exchange: Exchange, call: Call, fault: Fault | None, name: str) -> Answer:
        """What the sandbox does when the call reaches it."""
        record, effort = self._record, exchange.effort
        if name == "token revoked":
            record.sandbox.revoke_tokens()
        if name == "nameless":
            effort.nameless = True
        if name == "late" and fault is not None:
            effort.doubled = True
            asyncio.get_running_loop().call_later(fault.wait, record.deliver, effort, call, None, "late")
            return Answer(0, {}, b"", hangup=Hangup.RESET)
        if name == "twice":
            effort.doubled = True
            record.deliver(effort, call, None, "sent")
            return record.deliver(effort, call, None, "twice")
        answer = record.deliver(effort, call, fault, "sent")
        if name == "wrong reply":
            return self._anothers(call, answer)
        return answer

    def _anothers(self, call: Call, answer: Answer) -> Answer:
        """A reply that belongs to another call: about another order, or a token's."""
        status, chance = 200, self._faults.chance.random()
        if call.kind != "TOKEN" and chance < 0.3:
            body: object = {"access_token": "anothers", "token_type": "bearer", "expires_in": 3599}
        elif call.kind in ("GET", "DELETE") and not call.query and chance < 0.6:
            error = {"code": "v2_entity_not_found", "message": f"Entity is not found by uuid {_ANOTHER}"}
            status, body = 400, {"requests": [{"type": call.kind, "state": "INVALID", "errors": [error]}]}
        else:
            kind = _REQUEST_TYPES.get(call.kind, "DELETE" if chance < 0.8 else "UPDATE")
            body = {
                "entity": {
                    "uuid": _ANOTHER,
                    "cdek_number": "1188888888",
                    "number": "ANOTHER",
                    "recipient": {"name": MARK},
                    "statuses": [{"code": "REMOVED", "date_time": "2026-08-01T12:00:00+0000"}],
                },
                "requests": [{"request_uuid": _ANOTHER, "type": kind, "state": "SUCCESSFUL"}],
            }
        headers = {"content-type": "application/json", "date": answer.headers["date"]}
        return Answer(status, headers, json.dumps(body).encode())

    # -- what the client heard -----------------------------------------------------------------------------

    def _heard(self, exchange: Exchange, answer: Answer, kind: str) -> None:
        """A whole answer reached the client as CDEK gave it."""
        exchange.result = meaning(kind, answer)
        if exchange.result == "refused token":
            if exchange.token == self._token:
                self._token = ""
            if exchange.effort.over_at is None and not exchange.of_former_life:  # else nobody hears of it
                self._refused.setdefault(exchange.token, (self._record.now(), exchange.effort))
        elif exchange.result == "token":
            body = json.loads(answer.body)
            self._token = body["access_token"]
            lifetime = body["expires_in"]
            self._until = self._record.now() + lifetime - min(60.0, lifetime / 10) - 1e-6
            self._record.tokens.append(self._token)

    def broken_off(self, exchange: Exchange, call: Call, error: BaseException) -> None:
        """It ends without an answer."""
        left = isinstance(error, asyncio.CancelledError) and not self.closing
        late = self._record.now() >= exchange.at + _PATIENCE
        # The fetch of a token has an end of its own, however late its last attempt began.
        if left and not (self.cuttable and (late or call.kind in ("GET", "TOKEN"))):
            self.violate("R2: a call was cut off on its way")  # and httpx loses its connection
        self.end(exchange)

    def end(self, exchange: Exchange) -> None:
        """The exchange is over, one way or another."""
        if exchange.ended >= 0:
            return
        exchange.ended = self._record.now()
        if exchange.dated and self.first_took is None:
            self.first_took = exchange.ended - exchange.at
        if exchange.point not in READS | TOKENS:
            exchange.effort.behind = max(exchange.effort.behind, self.first_took or 0.0)
        self.open -= 1
        self._fetching -= exchange.point in TOKENS
        if exchange.result == "pending":
            exchange.result = "unseen" if exchange.point in READS | TOKENS else "lost"
        if not self.dead:
            follow(exchange)


def _had_left(effort: Effort, at: float) -> bool:
    """Whether nobody heard what came at that moment: who left in the very instant did not."""
    before = effort.left_at is not None and abs(effort.left_at - at) <= INSTANT
    return before or (effort.over_at is not None and effort.over_at <= at + INSTANT)


def _is_garbled(wrong: Wrong | None) -> bool:
    if wrong is None:
        return False
    return wrong.name == "wrong reply" or (wrong.fault is not None and wrong.fault.kind in _GARBLED)


_RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
_BENEATH: dict[str, OSError] = {
    "refused": ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    "dns": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    "tls": ssl.SSLCertVerificationError(1, "certificate verify failed"),
}
