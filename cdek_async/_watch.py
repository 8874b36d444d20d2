"""Watch: who hears of an operation's steps."""

from collections.abc import Callable, Hashable
from inspect import iscoroutinefunction

from cdek_async._models import Ticket


class Watch:
    """Hears of every step, and does nothing."""

    __slots__ = ()

    intends = False
    """Whether a write goes out only after `intend`."""
    key: Hashable = None
    """The same for the same operation of a journal, in each life of its job."""

    async def intend(self, draft: Ticket) -> None:
        """A write is about to be sent."""

    def departing(self) -> None:
        """It goes out now; may still call it off."""

    def called_off(self) -> None:
        """It will not go out any more, and nothing of it has."""

    def accepted(self, ticket: Ticket) -> None:
        """CDEK has taken note; heard also when the caller has left."""

    def submitted(self) -> None:
        """There is a ticket, also one that is final already."""


class Listening(Watch):
    """Hears of the ticket."""

    __slots__ = ("_on_ticket",)

    def __init__(self, on_ticket: Callable[[Ticket], None]) -> None:
        if iscoroutinefunction(on_ticket):
            raise TypeError(
                "on_ticket: a plain function expected, for nobody waits for it; it may start a task"
            )
        self._on_ticket = on_ticket

    def accepted(self, ticket: Ticket) -> None:
        """CDEK has taken note."""
        self._on_ticket(ticket)
