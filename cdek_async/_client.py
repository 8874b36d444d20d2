"""CdekClient: submits operations, settles tickets, reads orders."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from hashlib import sha256
from types import TracebackType
from typing import Self, TypedDict, TypeVar, Unpack
from uuid import UUID

import httpx

from cdek_async import _wire
from cdek_async._accept import resolvable, resolve
from cdek_async._auth import Auth
from cdek_async._bulk import Bulk
from cdek_async._deadline import Deadline
from cdek_async._endpoint import CONNECTIONS, checked_url, host_of, way_to
from cdek_async._engine import Engine
from cdek_async._errors import BadReply, CdekError, OrderNotFound
from cdek_async._exchange import Wire
from cdek_async._http import Http
from cdek_async._job import Job
from cdek_async._journal import Journal
from cdek_async._models import Environment, Ticket, Verdict
from cdek_async._operations import KINDS, Operation, find_params, look_call, to_number
from cdek_async._orders import OrderInfo
from cdek_async._orders_parts import as_uuid
from cdek_async._outcome import Outcome, is_not_found, readable
from cdek_async._pacing import Pacer, Urgency
from cdek_async._polling import Polling
from cdek_async._progress import Progress
from cdek_async._watch import Listening, Watch

Op = TypeVar("Op", bound=Operation)


class Options(TypedDict, total=False):
    """What CdekClient takes beside credentials."""

    base_url: str
    polling: Polling
    rate: float | None
    transport: httpx.AsyncBaseTransport | None
    allow_http: bool


class CdekClient:
    """CDEK's API v2 for one account; when an `await` of it returns, what it says is true.

    `rate`: calls per second, all of them together (CDEK promises 200 per account); None: no limit.
    Plain http is for loopback, unless `allow_http`. Use it as an async context manager, on one event loop.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str = Environment.PRODUCTION,
        polling: Polling = Polling(),  # noqa: B008 - frozen
        rate: float | None = 200,
        transport: httpx.AsyncBaseTransport | None = None,
        allow_http: bool = False,
    ) -> None:
        for name, value in (("client_id", client_id), ("client_secret", client_secret)):
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"{name}: text expected, and not empty")
            if not value.isprintable():  # a line end, or bytes that were no UTF-8
                raise ValueError(f"{name}: text expected, and nothing that cannot be printed")
        url = checked_url(base_url, allow_http=allow_http)
        self._host = host_of(url)
        self._account = sha256(f"{client_id}@{self._host}".encode()).hexdigest()[:16]
        self._base_url = f"{url.scheme}://{self._host}"
        self._polling = polling
        self._pacer = Pacer(rate, CONNECTIONS)
        self._wire = Wire(self._base_url, way_to(url, self._base_url, transport), self._pacer)
        self._auth = Auth(client_id, client_secret, self._wire)
        self._http = Http(self._wire, self._auth)
        self._engine = Engine(self._http, self._host, self._account, self._usable)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._closed = False
        self._over = asyncio.Event()
        _wire.warm()

    @classmethod
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """From CDEK_CLIENT_ID, CDEK_CLIENT_SECRET and CDEK_BASE_URL (a URL, or production, test, china).

        Without CDEK_BASE_URL it is production; a blank one is refused, as is whatever else is missing, by a
        `ValueError` that names the variable.
        """
        names = ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET")
        missing = [name for name in names if not os.environ.get(name, "").strip()]
        if missing:
            raise ValueError(f"not set in the environment: {', '.join(missing)}")
        client_id, client_secret = (os.environ[name].strip() for name in names)
        if "base_url" not in options:
            base_url = os.environ.get("CDEK_BASE_URL", Environment.PRODUCTION).strip()
            if base_url.upper() in Environment.__members__:
                base_url = Environment[base_url.upper()]
            if "://" not in base_url:
                raise ValueError(
                    f"CDEK_BASE_URL: a URL expected, or production, test or china, not {base_url!r:.80}"
                )
            options["base_url"] = base_url
        return cls(client_id, client_secret, **options)

    def __repr__(self) -> str:
        return f"<CdekClient of {self._base_url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self, *, grace: float = 10.0) -> None:
        """Wait, `grace` seconds at most, for the answers to what was sent, then close everything.

        Who still waits for a verdict gets `Unsettled`; an answer that did not come is `undecided`.
        """
        if self._closed:
            if self._loop is asyncio.get_running_loop():
                await self._over.wait()  # somebody else is at it
            return
        self._usable()
        self._closed = True  # nothing new from now on
        async with AsyncExitStack() as stack:  # each is closed, whatever cuts the others short
            stack.callback(self._over.set)
            stack.push_async_callback(self._wire.aclose)
            stack.push_async_callback(self._auth.aclose)
            stack.push_async_callback(self._engine.aclose)
            await self._engine.farewell(grace)

    @property
    def base_url(self) -> str:
        """Where its calls go."""
        return self._base_url

    @property
    def paused(self) -> bool:
        """Nothing is answered at the moment, so bulk jobs wait and try one call now and then."""
        return self._pacer.outage.on

    @property
    def rate(self) -> float | None:
        """Calls per second, all of them together; None: no limit.

        A new rate holds at once, also for calls that queue; while CDEK is overloaded, fewer are sent.
        """
        return self._pacer.full_rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self._pacer.full_rate = rate

    @property
    def calls(self) -> int:
        """HTTP calls made so far, tokens and looks included."""
        return self._wire.calls

    async def submit(self, operation: Operation, *, timeout: float | None = None) -> Ticket:
        """Send an operation until CDEK has taken note of it.

        A "no" at once makes a ticket that is final already. Raises `AuthError`, `BadReply`, and
        `TransportError`: `undecided` when the operation may have reached CDEK all the same.
        """
        return await self._engine.submit(operation, self._deadline(timeout), Watch())

    async def settle(
        self, ticket: Ticket, *, timeout: float | None = None, polling: Polling | None = None
    ) -> Outcome:
        """Wait for the verdict on what CDEK has taken note of; a final ticket needs no call.

        Raises `Unsettled` when there is none in time, `ValueError` for another host's or account's ticket.
        What CDEK turned down only because a similar request was under way is `rejected` here: sending again
        is for `run`.
        """
        self._usable()
        self._own(ticket)
        now = self._wire.clock.now()
        elapsed = (now - ticket.since).total_seconds() if now and ticket.since else float("inf")
        return await self._engine.settle(
            ticket, self._deadline(timeout, polling), polling or self._polling, elapsed=elapsed
        )

    async def run(
        self,
        operation: Operation,
        *,
        timeout: float | None = None,
        polling: Polling | None = None,
        on_ticket: Callable[[Ticket], None] | None = None,
    ) -> Outcome:
        """Submit and settle. Raises what they raise.

        `on_ticket` hears of the ticket as soon as CDEK has taken note, also when the caller was cancelled
        meanwhile: save it there.
        """
        deadline = self._deadline(timeout, polling)
        watch = Watch() if on_ticket is None else Listening(on_ticket)
        return await self._engine.run(operation, deadline, polling or self._polling, watch)

    def run_all(
        self,
        operations: Iterable[Op] | AsyncIterable[Op],
        *,
        concurrency: int = 4000,
        polling: Polling | None = None,
        journal: Journal | None = None,
    ) -> Bulk[Op, Outcome | CdekError, Progress]:
        """Run many: `async with client.run_all(ops) as results: async for operation, result in results`.

        Each operation that was sent gets exactly one result, an `Outcome` or a `CdekError`, in the order in
        which they settle. `concurrency` bounds the operations that are not settled yet. `results.progress`
        counts, `results.stop()` sends nothing new. Wrong credentials and a source that raises end the
        sending; what is in flight settles, then the block raises. While nothing is answered (see `paused`) a
        job waits, and the clocks of its operations stand still.

        With a `journal`, a job that was cut off goes on where it stopped when it is run again with the same
        operations: what is final is yielded from it (`Outcome.order` is None), what was accepted is settled,
        what may have been sent is looked up first.
        """
        job = Job(self._engine, polling or self._polling, self._pacer.outage.seconds, journal)
        bulk = Bulk(
            operations,
            job.work,
            concurrency=concurrency,
            progress=job.progress,
            around=self._keeping(journal) if journal else nullcontext(),
        )
        job.fail = bulk.fail
        return bulk

    @asynccontextmanager
    async def _keeping(self, journal: Journal) -> AsyncGenerator[None, None]:
        """Keep a journal open while a job runs."""
        self._usable()
        await journal.open(self._host, self._account)
        try:
            yield
        finally:
            try:
                await self._engine.farewell()  # an accepted ticket is to reach the journal
            finally:  # also where that is cut short
                await journal.close()

    async def get_order(self, uuid: UUID | str) -> OrderInfo:
        """Read an order: GET /v2/orders/{uuid}. Raises `OrderNotFound`."""
        order_uuid = as_uuid(uuid)
        deadline = self._deadline(None)
        reply = await self._http.read(
            look_call(order_uuid, {}), deadline, Urgency.SINGLE, lambda reply: readable(reply, order_uuid)
        )
        if is_not_found(reply, order_uuid):
            raise OrderNotFound(f"CDEK knows no order {order_uuid}")
        return _wire.order_info(reply.data or {})

    async def find_order(
        self, *, cdek_number: str | int | None = None, im_number: str | None = None
    ) -> OrderInfo:
        """Read an order by one of its numbers. Raises `OrderNotFound`."""
        if (cdek_number is None) == (im_number is None):
            raise ValueError("find_order: give exactly one of cdek_number and im_number")
        numbers = find_params(
            cdek_number=None if cdek_number is None else to_number(cdek_number, "cdek_number"),
            im_number=None if im_number is None else to_number(im_number, "im_number"),
        )
        deadline = self._deadline(None)
        reply = await self._http.read(look_call(None, numbers), deadline, Urgency.SINGLE, resolvable)
        found = resolve(Ticket(self._host, self._account, "look", None, None, "GET", None), numbers, reply)
        name = " ".join(f"{name} {number}" for name, number in numbers.items())
        if found.verdict is Verdict.NOT_FOUND:
            raise OrderNotFound(f"CDEK knows no order with {name}")
        if found.verdict is not None:
            codes = ", ".join(issue.code for issue in found.request.errors) if found.request else ""
            raise BadReply(f"{name}: CDEK shows no single order, but {codes}", status=reply.status)
        return _wire.order_info(reply.data or {})

    def _deadline(self, timeout: float | None, polling: Polling | None = None) -> Deadline:
        self._usable()
        return Deadline((polling or self._polling).timeout if timeout is None else timeout)

    def _own(self, ticket: Ticket) -> None:
        """A test order's ticket asked in production would be "not found": after a deletion, success."""
        if ticket.kind not in KINDS:
            raise ValueError(f"a ticket of an operation unknown to this version: {ticket.kind!r:.60}")
        if ticket.host != self._host:
            raise ValueError(f"a ticket of {ticket.host}, but this client talks to {self._host}")
        if ticket.account != self._account:
            raise ValueError("a ticket of another account than this client's")
        if ticket.order_uuid is None and not ticket.final:
            raise ValueError("a ticket without an order cannot be settled")

    def _usable(self) -> None:
        """Refuse what would fail in a darker way: a closed client, another loop, a forked process."""
        if self._closed:
            raise RuntimeError("this CdekClient is closed")
        if os.getpid() != self._pid:
            raise RuntimeError("this CdekClient was made before a fork; make one in each process")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("this CdekClient belongs to another event loop; make one in each")
