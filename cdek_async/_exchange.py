"""exchange: one Call out, one Reply back, or an error; bounded in time and size, to one host only."""

import asyncio
import logging
import os
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from cdek_async import _wire
from cdek_async._errors import BadReply, TransportError
from cdek_async._models import Call, Reply
from cdek_async._pacing import Pacer
from cdek_async._version import __version__

LIMIT = 30.0  # seconds for one exchange; CDEK documents nothing, its clients use 10 to 30
MAX_REPLY = 4 * 1024 * 1024
LONGEST_RETRY_AFTER = 120.0  # seconds; longer means: give up and say so
TOO_MANY, UNAVAILABLE = 429, 503
_GATEWAY = (502, 503, 504)  # it answers for CDEK, which does not
_CONNECT = 10.0
_GRACE = 1.0  # seconds beyond its limit after which a transport that keeps no timeouts is cut

_SLOW = 1.0  # seconds after which an answer's date is known to be old

_log = logging.getLogger("cdek_async")


class ServerClock:
    """CDEK's clock as its Date headers show it, carried on by ours, which cannot jump."""

    def __init__(self) -> None:
        self._date: datetime | None = None
        self._at = 0.0

    def note(self, date: datetime | None, seconds: float = 0.0) -> None:
        """A reply that came in just now, `seconds` after it was asked for, bears this date."""
        known = self.now()
        if date is None or (seconds > _SLOW and known is not None and known > date):
            return  # an answer that was long under way would set the clock back
        self._date, self._at = date, asyncio.get_running_loop().time()

    def now(self) -> datetime | None:
        """The server's time, a little behind rather than ahead; None before its first reply."""
        if self._date is None:
            return None
        return self._date + timedelta(seconds=asyncio.get_running_loop().time() - self._at)


class Wire:
    """What the calls of one client go over."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport, pacer: Pacer) -> None:
        self.clock = ServerClock()
        self.pacer = pacer
        self.calls = 0
        self._base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._transport = transport
        self._exchanges: set[asyncio.Task[Reply]] = set()
        self._closed = False

    def start(self, call: Call, seconds: float, authorization: str | None = None) -> asyncio.Task[Reply]:
        """Send a call that the pacer let go; its place is given back when the exchange ends.

        The exchange is a task of its own: httpx loses a connection of its pool for a request that is
        cancelled (encode/httpcore#1093), so a caller that stops waiting leaves it to end by itself.
        """
        if self._closed:
            self.pacer.release()
            raise TransportError(f"{call.method} {call.path}: not sent, the client was closed", lasting=True)
        self.calls += 1
        task = asyncio.create_task(self._exchange(call, min(seconds, LIMIT), authorization))
        self._exchanges.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Reply]) -> None:
        self._exchanges.discard(task)
        self.pacer.release()
        if not task.cancelled():
            task.exception()  # a caller that left has no use for it

    async def aclose(self) -> None:
        """End what is under way, then the transport; who still queues is told."""
        self._closed = True
        self.pacer.close()
        tasks = list(self._exchanges)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.aclose()

    async def _exchange(self, call: Call, seconds: float, authorization: str | None) -> Reply:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds + _GRACE):
                reply = await self._ask(_request(self._base_url, call, seconds, authorization), seconds)
        except Exception as error:  # whatever a transport raises, the call may have left
            failure = _unanswered(call, self._host, error)
            if not failure.lasting:
                self.pacer.outage.unanswered()
            raise failure from error
        if reply.status in _GATEWAY:
            self.pacer.outage.unanswered()
        else:
            self.pacer.outage.answered()
        self.clock.note(reply.date, asyncio.get_running_loop().time() - began)
        _log.debug("%s %s: %d", call.method, call.path, reply.status)
        if reply.status in (TOO_MANY, UNAVAILABLE):
            self.pacer.slow_down(min(reply.retry_after or 0.0, LONGEST_RETRY_AFTER))
        if 300 <= reply.status < 400:  # noqa: PLR2004 - the 3xx
            # Following one would post the credentials elsewhere, or turn a DELETE into a GET.
            raise BadReply(
                f"{call.method} {call.path}: answered {reply.status}, and redirects are not followed",
                status=reply.status,
                snippet=reply.snippet,
                lasting=True,
            )
        return reply

    async def _ask(self, request: httpx.Request, seconds: float) -> Reply:
        until = asyncio.get_running_loop().time() + seconds
        response = await self._transport.handle_async_request(request)
        try:
            body, problem = await _read(response, until)
        finally:
            await response.aclose()
        return _reply(response, body, problem)


def _request(base_url: str, call: Call, seconds: float, authorization: str | None) -> httpx.Request:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # half a megabyte of gzip can be half a gigabyte
        "User-Agent": f"cdek-async/{__version__}",
    }
    if authorization is not None:
        headers["Authorization"] = authorization
    if call.body:
        headers["Content-Type"] = call.content_type
    connect = min(_CONNECT, seconds)
    timeout = {"connect": connect, "pool": seconds, "read": seconds, "write": seconds}
    return httpx.Request(
        call.method,
        base_url + call.path,
        params=dict(call.params) or None,
        headers=headers,
        content=call.body,
        extensions={"timeout": timeout},
    )


async def _read(response: httpx.Response, until: float) -> tuple[bytes, str]:
    """The raw body, or what is wrong with it."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        return b"", "an encoded body, though none was asked for"
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the transport's response has no async stream")
    body = bytearray()
    async for chunk in response.stream:
        body += chunk
        if len(body) > MAX_REPLY:
            return b"", f"a body over {MAX_REPLY // 1024**2} MiB"
        # A body that drips in byte by byte never trips a read timeout.
        if asyncio.get_running_loop().time() > until:
            raise TimeoutError("the body came too slowly")
    return bytes(body), ""


def _reply(response: httpx.Response, body: bytes, problem: str) -> Reply:
    content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    readable = not content_type or content_type.endswith("json")
    data = _wire.parse(body) if readable else None
    date = _date(response.headers.get("date"))
    return Reply(
        status=response.status_code,
        data=data,
        date=date,
        retry_after=_retry_after(response.headers.get("retry-after"), date),
        snippet=problem or _snippet(content_type, body, data),
    )


def _snippet(content_type: str, body: bytes, data: object) -> str:
    """What a body looked like: never its words, which may be a person's."""
    if isinstance(data, dict):
        keys = ", ".join(key for key in data if re.fullmatch(r"[a-z_]{1,30}", key))
        return f"JSON with the keys: {keys or 'none known'}"
    kind = content_type if re.fullmatch(r"[a-z]+/[a-z.+-]{1,40}", content_type) else "no content type"
    return f"{len(body)} bytes, {kind}"


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


def _retry_after(text: str | None, now: datetime | None) -> float | None:
    """Seconds; a date is taken against the reply's own Date, for our clock may be off."""
    if text and re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    then = _date(text)
    return max(0.0, (then - now).total_seconds()) if then and now else None


# Raised by httpx's own transport before a byte of the request is written.
_BEFORE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_CUT = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def _unanswered(call: Call, host: str, error: Exception) -> TransportError:
    """Tell "nothing was sent" from "it may have been", by the cause beneath.

    Other transports report a cut connection as ConnectError or ConnectTimeout too.
    """
    causes = list(_causes(error))
    unsent = isinstance(error, _BEFORE) and not any(isinstance(cause, _CUT) for cause in causes)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    system = next((cause for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    what = type(error).__name__ if system is None else _words(system)
    if tls is not None and unsent:
        what = f"TLS failed: {tls.strerror or type(tls).__name__}"
    return TransportError(
        f"{call.method} {call.path}: no answer from {host} ({what})",
        undecided=call.write and not unsent,
        lasting=unsent and (tls is not None or isinstance(error, httpx.UnsupportedProtocol)),
    )


def _words(error: OSError) -> str:
    """The system's words, for asyncio puts its own in their place; an unknown name has other numbers."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(10):  # chains can be made circular
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
