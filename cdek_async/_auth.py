"""The OAuth token: fetched once however many ask, renewed before it expires or when it was refused."""

import asyncio
from copy import copy
from urllib.parse import urlencode

from cdek_async._deadline import Deadline
from cdek_async._errors import AuthError, BadReply, CdekError, TransportError
from cdek_async._exchange import Wire
from cdek_async._http import answered, retried
from cdek_async._models import Call, Reply
from cdek_async._pacing import Urgency

_LIMIT = 60.0  # seconds for a token, retries included
_ATTEMPTS = 2  # the token endpoint is known to be flaky; who has more patience asks again
_LIFETIME = 3600.0  # seconds, as documented; used when CDEK does not say
_MARGIN = 60.0  # seconds before its end at which a token is renewed
_REMEMBER = 5.0  # seconds for which a failure is not tried again, however many ask


class Auth:
    """The token of one client."""

    def __init__(self, client_id: str, client_secret: str, wire: Wire) -> None:
        # In the body, never in the URL: query strings end up in logs.
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._call = Call(
            "POST",
            "/v2/oauth/token",
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        self._wire = wire
        self._token = ""
        self._until = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._failure: CdekError | None = None
        self._proven = False
        self._closed = False

    async def token(self) -> str:
        """The token to send; raises `AuthError` when the credentials were refused."""
        if (token := self.held) is not None:
            return token
        if self._closed:
            raise _closed()
        if self._failure is not None and _now() < self._until:
            raise copy(self._failure) from self._failure
        if self._fetching is None:
            # A task of its own: whichever caller is cancelled, the others still get their token.
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        fetching = self._fetching
        await asyncio.wait({fetching})
        if fetching.cancelled():
            raise _closed()
        failure = fetching.exception()
        if failure is not None:
            raise copy(failure) from failure  # each caller's own: it will bear his ticket
        return self._token

    @property
    def held(self) -> str | None:
        """The token to send now, where there is one."""
        return self._token if self.current(self._token) else None

    def current(self, token: str) -> bool:
        """Whether this token is still the one to send."""
        return bool(token) and token == self._token and _now() < self._until

    def refused(self, token: str) -> None:
        """CDEK did not take this token: forget it, unless it was renewed meanwhile."""
        if token == self._token:
            self._token = ""

    async def aclose(self) -> None:
        """Stop fetching, for good: a call that is still under way may yet come back for another token."""
        self._closed = True
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # heard by whoever still waits

    async def _fetch(self) -> None:
        # Gives nothing back: in debug mode asyncio logs the results of tasks.
        deadline = Deadline(_LIMIT)
        try:
            reply = await retried(lambda: self._attempt(deadline), _transient, deadline, _ATTEMPTS)
            token, lifetime = _read(reply)
        except AuthError as error:
            # Credentials that CDEK took before may be taken again; ones that it never took will not be.
            error.lasting = not self._proven
            self._remember(error)
            raise
        except TransportError as error:
            if self._wire.pacer.outage.on:  # a bulk job's thousands would ask all the time
                self._remember(error)
            raise
        self._failure, self._proven = None, True
        self._token, self._until = token, _now() + lifetime - min(_MARGIN, lifetime / 10)

    def _remember(self, failure: CdekError) -> None:
        self._token = ""
        self._failure, self._until = failure, _now() + _REMEMBER

    async def _attempt(self, deadline: Deadline) -> Reply:
        await self._wire.pacer.acquire(Urgency.TOKEN)
        reply = answered(self._call, await self._wire.exchange(self._call, deadline.remaining(), alone=True))
        if reply.status < 400 and reply.data is None:  # noqa: PLR2004
            raise TransportError(f"the token endpoint answered {reply.status} with {reply.snippet}")
        return reply


def _closed() -> TransportError:
    return TransportError("no token, the client was closed", lasting=True)


def _transient(error: BaseException) -> bool:
    return isinstance(error, TransportError) and not error.lasting


def _read(reply: Reply) -> tuple[str, float]:
    """The token and its lifetime in seconds."""
    data = reply.data or {}
    if reply.status in (400, 401, 403) and (reply.status == 401 or "error" in data):  # noqa: PLR2004
        # Recorded as 401, declared as 400; what CDEK writes beside it may echo the account.
        raise AuthError("CDEK refused the credentials: check client_id, client_secret and base_url")
    token = data.get("access_token")
    if reply.status >= 400 or not isinstance(token, str) or not _sendable(token):  # noqa: PLR2004
        raise BadReply(
            f"the token endpoint answered {reply.status} with {reply.snippet}",
            status=reply.status,
            snippet=reply.snippet,
        )
    return token, _seconds(data.get("expires_in"))


def _sendable(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token and token != ""


def _seconds(value: object) -> float:
    """`expires_in`: a number by habit, and nothing reliable by CDEK's own schema."""
    try:
        seconds = float(str(value))
    except ValueError:
        return _LIFETIME
    return seconds if 0 < seconds < _LIFETIME * 24 * 365 else _LIFETIME


def _now() -> float:
    return asyncio.get_running_loop().time()
