"""The timeline of an order: its statuses and its requests, in the order in which they happened."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from attrs import frozen

from cdek_async import OrderInfo, Request
from cdek_async._orders import Status

T = TypeVar("T", Request, Status)


@frozen
class Event:
    """Something that happened to an order; `details` are lines."""

    at: datetime | None
    kind: str
    what: str
    note: str = ""
    details: Sequence[str] = ()


def timeline(info: OrderInfo) -> list[Event]:
    """Oldest first; what bears no time comes last."""
    events = [_status(each) for each in _oldest_first(info.order.statuses)]
    events += [_request(each) for each in _oldest_first(info.requests)]
    return sorted(events, key=lambda event: (event.at is None, event.at or _NEVER))


_NEVER = datetime.max.replace(tzinfo=UTC)


def _oldest_first(history: Sequence[T]) -> Sequence[T]:
    """Turn a history that comes newest first; within a second, its direction is all there is to go by."""
    times = [each.date_time for each in history if each.date_time]
    return history[::-1] if times and times[0] > times[-1] else history


def _status(status: Status) -> Event:
    reason = status.reason_code and f"reason {status.reason_code}"
    words = (status.name, status.city, reason, "withdrawn" if status.deleted else None)
    return Event(
        status.date_time, "status", status.code or "?", note=", ".join(word for word in words if word)
    )


def _request(request: Request) -> Event:
    issues = [("error", issue) for issue in request.errors]
    issues += [("warning", issue) for issue in request.warnings]
    details = [f"{word} {issue.code}: {issue.message}".removesuffix(": ") for word, issue in issues]
    return Event(request.date_time, "request", f"{request.type} {request.state}", details=details)
