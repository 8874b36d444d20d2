from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cdek_async import Issue, Order, OrderInfo, Request, State
from cdek_async._orders import Status
from cdek_async.cli._timeline import timeline


def at(minute: int, hours: int = 0) -> datetime:
    return datetime(2026, 8, 1, 10 + hours, minute, tzinfo=timezone(timedelta(hours=hours)) if hours else UTC)


CREATED = Status(code="CREATED", name="Создан", date_time=at(1), city="Тверь")
TAKEN = Status(code="TAKEN_BY_COURIER", date_time=at(1), reason_code="13")
GONE = Status(code="DELIVERED", date_time=at(5, hours=3), deleted=True)
CREATE = Request(None, "CREATE", State.SUCCESSFUL, at(0))
DELETE = Request(None, "DELETE", State.INVALID, at(3), errors=(Issue("e", "no"),), warnings=(Issue("w"),))


@pytest.mark.parametrize("direction", [1, -1])
def test_statuses_and_requests_come_in_the_order_in_which_they_happened(direction: int) -> None:
    """Whichever way CDEK shows them; zones are compared as moments, and one second keeps CDEK's order."""
    statuses, requests = (CREATED, TAKEN, GONE)[::direction], (CREATE, DELETE)[::direction]
    events = timeline(OrderInfo(order=Order(statuses=statuses), requests=requests))
    assert [(event.kind, event.what, event.note, list(event.details)) for event in events] == [
        ("request", "CREATE SUCCESSFUL", "", []),
        ("status", "CREATED", "Создан, Тверь", []),
        ("status", "TAKEN_BY_COURIER", "reason 13", []),
        ("request", "DELETE INVALID", "", ["error e: no", "warning w"]),
        ("status", "DELIVERED", "withdrawn", []),
    ]


@pytest.mark.parametrize("statuses", [(), (Status(),), (Status(), CREATED, Status())])
def test_what_bears_no_time_comes_last(statuses: Any) -> None:
    """An empty status too has its place."""
    events = timeline(OrderInfo(order=Order(statuses=statuses)))
    assert [event.at is None for event in events] == sorted(status.date_time is None for status in statuses)
    assert all(event.what == "?" for event in events if event.at is None)
