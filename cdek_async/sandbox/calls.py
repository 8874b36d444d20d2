"""One HTTP exchange as the machine sees it: the call that came in, and what a front is to do about it."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import define, frozen


@frozen
class Call:
    """One call; `kind` is what faults and counts go by: TOKEN, GET, POST, PATCH or DELETE."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    at: float  # seconds of the machine's clock
    number: int  # counted from 0

    @property
    def kind(self) -> str:
        return "TOKEN" if self.path == TOKEN_PATH else self.method


TOKEN_PATH = "/v2/oauth/token"  # noqa: S105  a path


class Hangup(StrEnum):
    """A way to get no answer at all."""

    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    RESET = "reset"
    CLOSED = "closed"


@define
class Answer:
    """What a front is to send, and how: after `delay` seconds, `drip` seconds per byte, `cut` bytes only."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay: float = 0.0
    hangup: Hangup | None = None
    cut: int | None = None
    drip: float = 0.0
