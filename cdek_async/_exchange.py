"""exchange: one Call out, one Reply back, or an error; bounded in time and size, to one host only."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from cdek_async._cuts import Cuts
from cdek_async._deadline import finished
from cdek_async._document import parse
from cdek_async._errors import BadReply, TransportError, harmless
from cdek_async._models import Call, Reply
from cdek_async._pacing import Pacer
from cdek_async._transport import Answer, Transport

LIMIT = 30.0  # seconds for one exchange; CDEK documents nothing, its clients use 10 to 30
LONGEST_RETRY_AFTER = 120.0  # seconds; longer means: give up and say so
TOO_MANY, UNAVAILABLE = 429, 503
_GATEWAY = (502, 503, 504)  # it answers for CDEK, which does not

_GRACE = 1.0  # seconds
_SLOW = 1.0  # seconds after which an answer's date is known to be old

_SLEPT = 1.0  # seconds more by the wall's clock
_FIRST_YEAR, _LAST_YEAR = 2000, 3000

_log = logging.getLogger("cdek_async")


class ServerClock:
    """CDEK's clock as its Date headers show it, carried on by ours, which cannot jump."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._date: datetime | None = None
        self._at = (0.0, 0.0)

    def moment(self) -> tuple[float, float]:
        """Now, by our clock and by the wall's."""
        return asyncio.get_running_loop().time(), self._wall()

    def note(self, date: datetime | None, asked: tuple[float, float]) -> None:
        """A reply that came in just now, `asked` for at that moment, bears this date."""
        if date is None or date == self._date:  # of those that come in one second the first tells most
            return
        known, (seconds, by_wall) = self.now(), self._since(asked)
        slow = seconds > _SLOW and known is not None and known > date
        if slow or by_wall > seconds + _SLEPT:
            return  # an answer that was long under way would set the clock back
        self._date, self._at = date, self.moment()

    def now(self) -> datetime | None:
        """The server's time, a little behind rather than ahead; None where nobody has told it since."""
        if self._date is None:
            return None
        passed, by_wall = self._since(self._at)
        # Ours stands still while the machine sleeps; the wall's may jump, which then costs no more than this.
        return None if by_wall > passed + _SLEPT else self._date + timedelta(seconds=passed)

    def _since(self, moment: tuple[float, float]) -> tuple[float, float]:
        ours, wall = self.moment()
        return ours - moment[0], wall - moment[1]


class Wire:
    """What the calls of one client go over."""

    def __init__(self, base_url: str, transport: Transport, pacer: Pacer) -> None:
        self.clock = ServerClock()
        self.pacer = pacer
        self.calls = 0
        self._host = urlsplit(base_url).netloc
        self._transport = transport
        self._under_way = Cuts()
        self._reads: set[asyncio.Task[Reply]] = set()
        self._closed = False

    async def aclose(self) -> None:
        """End what is under way, then the transport; who still queues is told."""
        self._closed = True
        self.pacer.close()
        try:
            await self._under_way.all()
            await asyncio.gather(*self._reads, return_exceptions=True)
        finally:  # also where closing is cut short
            await self._transport.aclose()

    async def exchange(
        self, call: Call, seconds: float, authorization: str | None = None, *, alone: bool = False
    ) -> Reply:
        """Send a call that the pacer let go; its place is given back when the exchange ends.

        A caller that leaves cuts it off where the transport bears that; else it ends by itself. `alone`: its
        caller is a task that is waited for to its end.
        """
        if alone or self._transport.cuttable:
            try:
                return await self._exchange(call, min(seconds, LIMIT), authorization)
            finally:
                self.pacer.release()
        task = asyncio.create_task(self._exchange(call, min(seconds, LIMIT), authorization))
        self._reads.add(task)
        task.add_done_callback(self._ended)
        await finished(task, timeout=min(seconds, LIMIT + _GRACE))
        if not task.done() or task.cancelled():
            what = "cut off" if task.done() else "time was up"
            raise TransportError(f"{call.method} {call.path}: no answer, {what}")
        return task.result()

    def _ended(self, task: asyncio.Task[Reply]) -> None:
        self._reads.discard(task)
        self.pacer.release()
        if not task.cancelled():
            task.exception()  # a caller that left has no use for it

    async def _exchange(self, call: Call, seconds: float, authorization: str | None) -> Reply:
        if self._closed:
            raise TransportError(f"{call.method} {call.path}: not sent, the client was closed", lasting=True)
        self.calls += 1
        asked = self.clock.moment()
        reply = await self._heard(call, seconds, authorization)
        if not isinstance(reply, Reply):  # raised here, where what a library says of it is no context
            failure, cause = reply
            if not failure.lasting:
                self.pacer.outage.unanswered()
            raise failure from cause
        if reply.status in _GATEWAY:
            self.pacer.outage.unanswered()
        else:
            self.pacer.outage.answered()
        if reply.status < TOO_MANY and reply.data is not None:  # else it may not be CDEK's clock
            self.clock.note(reply.date, asked)
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

    async def _heard(
        self, call: Call, seconds: float, authorization: str | None
    ) -> Reply | tuple[TransportError, BaseException | None]:
        cut = asyncio.timeout(None)
        try:
            async with cut:
                # What a transport with a limit of its own says of it tells more than a cut.
                self._under_way.add(cut, seconds if self._transport.cuttable else seconds + _GRACE)
                answer = await self._transport.ask(call, seconds, authorization)
            return _reply(answer, brief=call.brief)
        except Exception as error:  # noqa: BLE001 - whatever a transport raises, the call may have left
            return self._unanswered(call, error), harmless(error)
        finally:
            self._under_way.discard(cut)

    def _unanswered(self, call: Call, error: Exception) -> TransportError:
        """Tell "nothing was sent" from "it may have been"."""
        if self._closed and isinstance(error, TimeoutError):
            return TransportError(
                f"{call.method} {call.path}: no answer, the client was closed",
                undecided=call.write,
                lasting=True,
            )
        what, unsent, lasting = self._transport.silence(error)
        return TransportError(
            f"{call.method} {call.path}: no answer from {self._host} ({what})",
            undecided=call.write and not unsent,
            lasting=lasting,
        )


def _reply(answer: Answer, *, brief: bool) -> Reply:
    content_type = _media_type(answer.content_type or "")
    readable = not content_type or content_type.endswith("json")
    data = parse(answer.body, brief=brief) if readable else None
    date = _date(answer.date)
    return Reply(
        status=answer.status,
        data=data,
        date=date,
        retry_after=_retry_after(answer.retry_after, date),
        snippet=answer.problem or _snippet(content_type, answer.body, data),
    )


@lru_cache(maxsize=16)
def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _snippet(content_type: str, body: bytes, data: Mapping[str, object] | None) -> str:
    """What a body looked like: never its words, which may be a person's."""
    if data is not None:
        if "requests" in data:  # nearly all of them, and nearly never asked for
            return "JSON with an order's requests"
        keys = ", ".join(key for key in data if re.fullmatch(r"[a-z_]{1,30}", key))
        return f"JSON with the keys: {keys or 'none known'}"
    kind = content_type if re.fullmatch(r"[a-z]+/[a-z.+-]{1,40}", content_type) else "no content type"
    return f"{len(body)} bytes, {kind}"


@lru_cache(maxsize=16)  # many replies come in the same second
def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    # What is added to it later must not leave the calendar.
    return date.replace(tzinfo=date.tzinfo or UTC) if _FIRST_YEAR <= date.year < _LAST_YEAR else None


def _retry_after(text: str | None, now: datetime | None) -> float | None:
    """Seconds; a date is taken against the reply's own Date, for our clock may be off."""
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    then = _date(text)
    return max(0.0, (then - now).total_seconds()) if then and now else None
