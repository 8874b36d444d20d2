"""CdekClient: submits operations, settles tickets, reads orders."""

import asyncio
import os
from collections.abc import AsyncIterable, Callable, Iterable
from hashlib import sha256
from ipaddress import ip_address
from types import TracebackType
from typing import Self, TypedDict, TypeVar, Unpack
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass
from uuid import UUID

import httpx

from cdek_async import _wire
from cdek_async._accept import crossed, resolvable, resolve
from cdek_async._auth import Auth
from cdek_async._bulk import Bulk
from cdek_async._deadline import Deadline
from cdek_async._errors import AuthError, BadReply, CdekError, OrderNotFound, TransportError
from cdek_async._exchange import Wire
from cdek_async._http import Http
from cdek_async._models import Environment, Ticket, Verdict
from cdek_async._operations import KINDS, Operation, find_params, look_call, to_number
from cdek_async._orders import OrderInfo
from cdek_async._orders_parts import as_uuid
from cdek_async._outcome import Outcome, conclude, first_outcome, is_not_found, readable
from cdek_async._pacing import Pacer, Urgency
from cdek_async._polling import Looks, Polling, poll
from cdek_async._progress import Progress
from cdek_async._submit import Submission, Turns, busy, named

Op = TypeVar("Op", bound=Operation)

CONNECTIONS = 50
_FAREWELL = 10.0  # seconds that aclose() waits for answers to what was sent


class Options(TypedDict, total=False):
    """What CdekClient takes beside credentials and base_url."""

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
        url = _checked(base_url, allow_http=allow_http)
        self._host = url.netloc + url.path.rstrip("/")
        self._account = sha256(f"{client_id}@{self._host}".encode()).hexdigest()[:16]
        self._base_url = f"{url.scheme}://{self._host}"
        self._polling = polling
        self._pacer = Pacer(rate, CONNECTIONS)
        self._wire = Wire(self._base_url, transport or _transport(url), self._pacer)
        self._auth = Auth(client_id, client_secret, self._wire)
        self._http = Http(self._wire, self._auth)
        self._turns = Turns()
        self._submissions: set[asyncio.Task[Ticket]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._closed = False
        _wire.warm()

    @classmethod
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """From CDEK_CLIENT_ID, CDEK_CLIENT_SECRET and CDEK_BASE_URL (a URL, or production, test, china).

        Raises `ValueError` naming the variable that is missing.
        """
        names = ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET")
        missing = [name for name in names if not os.environ.get(name, "").strip()]
        if missing:
            raise ValueError(f"not set in the environment: {', '.join(missing)}")
        client_id, client_secret = (os.environ[name].strip() for name in names)
        base_url = os.environ.get("CDEK_BASE_URL", "").strip() or Environment.PRODUCTION
        if base_url.upper() in Environment.__members__:
            base_url = Environment[base_url.upper()]
        return cls(client_id, client_secret, base_url=base_url, **options)

    def __repr__(self) -> str:
        return f"<CdekClient of {self._base_url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait (10 seconds at most) for the answers to what was sent, then close everything."""
        if self._closed:
            return
        self._usable()
        if self._submissions:
            await asyncio.wait(self._submissions, timeout=_FAREWELL)
        self._closed = True
        await _ended(self._submissions)
        await self._auth.aclose()
        await self._wire.aclose()
        self._pacer.close()

    @property
    def paused(self) -> bool:
        """Nothing is answered at the moment, so bulk jobs wait and try one call now and then."""
        return self._pacer.outage.on

    @property
    def calls(self) -> int:
        """HTTP calls made so far, tokens and looks included."""
        return self._wire.calls

    async def submit(self, operation: Operation, *, timeout: float | None = None) -> Ticket:
        """Send an operation until CDEK has taken note of it.

        A "no" at once makes a ticket that is final already. Raises `AuthError`, `BadReply`, and
        `TransportError`: `undecided` when the operation may have reached CDEK all the same.
        """
        return await self._submit(operation, self._deadline(timeout), Urgency.SINGLE)

    async def settle(
        self, ticket: Ticket, *, timeout: float | None = None, polling: Polling | None = None
    ) -> Outcome:
        """Wait for the verdict on what CDEK has taken note of; a final ticket needs no call.

        Raises `Unsettled` when there is none in time, `ValueError` for another host's or account's ticket.
        """
        self._usable()
        self._own(ticket)
        now = self._wire.clock.now()
        elapsed = (now - ticket.since).total_seconds() if now and ticket.since else float("inf")
        return await self._settle(
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
        return await self._run(operation, deadline, polling or self._polling, on_ticket=on_ticket)

    def run_all(
        self,
        operations: Iterable[Op] | AsyncIterable[Op],
        *,
        concurrency: int = 4000,
        polling: Polling | None = None,
    ) -> Bulk[Op, Outcome | CdekError, Progress]:
        """Run many: `async with client.run_all(ops) as results: async for operation, result in results`.

        Each operation that was sent gets exactly one result, an `Outcome` or a `CdekError`, in the order in
        which they settle. `concurrency` bounds the operations that are not settled yet. `results.progress`
        counts, `results.stop()` sends nothing new. Wrong credentials and a source that raises end the
        sending; what is in flight settles, then the block raises. While nothing is answered (see `paused`) a
        job waits, and the clocks of its operations stand still.
        """
        progress = Progress()
        chosen = polling or self._polling

        async def work(operation: Op, sent: Callable[[], None]) -> Outcome | CdekError:
            progress.taken += 1
            result: Outcome | CdekError
            try:
                deadline = Deadline(chosen.timeout, started=False, paused=self._pacer.outage.seconds)
                result = await self._run(operation, deadline, chosen, bulk=progress, departing=sent)
            except asyncio.CancelledError:
                progress.taken -= 1
                raise
            except AuthError:
                progress.taken -= 1
                raise
            except CdekError as error:
                result = error
            progress.count(result)
            return result

        return Bulk(operations, work, concurrency=concurrency, progress=progress)

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

    async def _run(
        self,
        operation: Operation,
        deadline: Deadline,
        polling: Polling,
        *,
        bulk: Progress | None = None,
        on_ticket: Callable[[Ticket], None] | None = None,
        departing: Callable[[], None] = lambda: None,
    ) -> Outcome:
        urgency = Urgency.SINGLE if bulk is None else Urgency.BULK
        ticket = await self._submit(operation, deadline, urgency, on_ticket=on_ticket, departing=departing)
        if bulk is not None:
            bulk.submitted += 1
        outcome = await self._settle(ticket, deadline, polling, bulk=bulk)
        if not crossed(outcome):
            return outcome
        # Turned down only because another request of its type was under way: wait for that, once.
        ticket = await self._submit(operation, deadline, urgency, on_ticket=on_ticket, behind_another=True)
        outcome = await self._settle(ticket, deadline, polling, bulk=bulk)
        if crossed(outcome):
            raise busy(named(operation))
        return outcome

    async def _submit(
        self,
        operation: Operation,
        deadline: Deadline,
        urgency: Urgency,
        *,
        on_ticket: Callable[[Ticket], None] | None = None,
        departing: Callable[[], None] = lambda: None,
        behind_another: bool = False,
    ) -> Ticket:
        """Submit in a task of its own: when the caller leaves, what was sent is followed to its ticket."""
        self._usable()
        draft = Ticket(
            self._host,
            self._account,
            operation.kind,
            operation.order_uuid,
            None,
            operation.request_type,
            None,
        )
        submission = Submission(
            self._http,
            self._turns,
            operation,
            draft,
            deadline,
            urgency,
            departing=departing,
            behind_another=behind_another,
        )
        task = asyncio.create_task(_heard(submission, on_ticket))
        self._submissions.add(task)
        task.add_done_callback(self._submissions.discard)
        try:
            await deadline.wait(task)
        finally:
            if not task.done():
                task.add_done_callback(_unheard)
                submission.abandon()
                if not submission.in_doubt:
                    task.cancel()
        if not task.done():
            raise TransportError(
                f"{operation.kind} of {named(operation)}: no answer within {deadline.seconds:g} s",
                undecided=submission.in_doubt,
            )
        if task.cancelled():
            raise TransportError(
                f"{operation.kind} of {named(operation)}: the client was closed",
                undecided=submission.in_doubt,
                lasting=True,
            )
        return task.result()

    async def _settle(
        self,
        ticket: Ticket,
        deadline: Deadline,
        polling: Polling,
        *,
        bulk: Progress | None = None,
        elapsed: float = 0.0,
    ) -> Outcome:
        outcome = first_outcome(ticket)
        if outcome is not None:
            return outcome
        call = look_call(ticket.order_uuid, {})
        urgency = Urgency.SINGLE if bulk is None else Urgency.LOOK

        async def look() -> Outcome | None:
            nonlocal urgency
            self._usable()
            now, urgency = urgency, Urgency.SINGLE if bulk is None else Urgency.STRAGGLER
            reply = await self._http.look(
                call, deadline, now, lambda reply: readable(reply, ticket.order_uuid)
            )
            return conclude(ticket, reply)

        try:
            return await poll(ticket, look, Looks(polling, thrifty=bulk is not None), elapsed, deadline)
        except CdekError as error:
            error.ticket = ticket
            raise

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


async def _heard(submission: Submission, on_ticket: Callable[[Ticket], None] | None) -> Ticket:
    ticket = await submission.run()
    if on_ticket is not None and ticket.verdict in (None, Verdict.OK):
        on_ticket(ticket)
    return ticket


def _unheard(task: asyncio.Task[Ticket]) -> None:
    """End a submission that its caller left: a CdekError is of no use to anybody, a defect is told."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, CdekError):
        context = {"message": "a submission whose caller had left failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)


async def _ended(tasks: Iterable[asyncio.Task[Ticket]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _checked(base_url: str, *, allow_http: bool) -> SplitResult:
    """The parts of a base URL that credentials may be sent to."""
    url = urlsplit(str(base_url).strip())
    try:
        port_is_fine = url.port is None or url.port > 0
    except ValueError:
        port_is_fine = False
    if url.scheme not in ("https", "http") or not url.hostname or not port_is_fine:
        raise ValueError(f"base_url: expected https://host, not {str(base_url)!r:.80}")
    if url.username is not None or url.query or url.fragment:
        raise ValueError("base_url: only scheme, host, port and path; no user, query or fragment")
    if url.scheme == "http" and not allow_http and not _loopback(url.hostname):
        raise ValueError(
            f"base_url: plain http would send the credentials readable to {url.hostname};"
            " use https (or allow_http)"
        )
    return url


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _transport(url: SplitResult) -> httpx.AsyncBaseTransport:
    """Make httpx's own transport, with the environment's proxy and certificates, as AsyncClient does."""
    host = url.hostname or ""
    proxies = {} if _loopback(host) or proxy_bypass(host) else getproxies()
    return httpx.AsyncHTTPTransport(
        proxy=proxies.get(url.scheme) or proxies.get("all"),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    )
