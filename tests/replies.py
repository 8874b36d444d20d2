"""Tickets, and CDEK's replies to writes and looks as the pure rules take them; uuids and people made up."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cdek_async import Ticket
from cdek_async._models import Reply

ORDER = UUID("5b0c7f9e-4d21-4c1a-9b57-0d6f2a8c1e34")
OTHER_ORDER = UUID("6c1d80af-5e32-4d2b-8c68-1e703b9d2f45")
OURS = UUID("7d2e91b0-6f43-4e3c-9d79-2f814cae3056")
THEIRS = UUID("8e3fa2c1-7054-4f4d-ae8a-30925dbf4167")
ELDER = UUID("9f40b3d2-8165-405e-bf9b-41a36ec05278")

SUBMITTED = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
PERSON = "Пётр Синицын +79991112233"


def at(seconds: float) -> datetime:
    """So many seconds after the submit, by CDEK's clock."""
    return SUBMITTED + timedelta(seconds=seconds)


def ticket(kind: str = "delete", **other: Any) -> Ticket:
    """A ticket of ours, noted and not settled."""
    known: dict[str, Any] = {
        "host": "api.edu.cdek.ru",
        "account": "0123456789abcdef",
        "kind": kind,
        "order_uuid": ORDER,
        "request_uuid": OURS,
        "request_type": kind.upper(),
        "since": SUBMITTED,
    }
    return Ticket(**known | other)


def draft(kind: str = "delete", **other: Any) -> Ticket:
    """What is known of a write when it is sent."""
    return ticket(kind, **{"request_uuid": None} | other)


def request(
    kind: str, state: str, uuid: UUID | None = None, seconds: float | None = 1, /, *codes: str, **other: Any
) -> dict[str, Any]:
    """One request as CDEK shows it; codes become errors whose messages name a person."""
    shown: dict[str, Any] = {"type": kind, "state": state}
    if uuid is not None:
        shown["request_uuid"] = str(uuid)
    if seconds is not None:
        shown["date_time"] = at(seconds).strftime("%Y-%m-%dT%H:%M:%S%z")
    if codes:
        shown["errors"] = [{"code": code, "message": PERSON} for code in codes]
    return shown | other


CREATED = request("CREATE", "SUCCESSFUL", ELDER, -3600)


def body(
    *requests: dict[str, Any], order: UUID | None = ORDER, statuses: tuple[Any, ...] | None = None
) -> dict[str, Any]:
    """CDEK's envelope of an order."""
    entity: dict[str, Any] = {} if order is None else {"uuid": str(order)}
    if statuses is not None:
        entity["statuses"] = [
            {"code": each, "date_time": "2026-05-04T12:00:01+0000"} if isinstance(each, str) else each
            for each in statuses
        ]
    return {"entity": entity, "requests": list(requests), "related_entities": []}


def shows(*requests: dict[str, Any], status: int = 200, **other: Any) -> Reply:
    """An answer about the order."""
    return Reply(status, body(*requests, **other))


def refuses(*errors: dict[str, Any], status: int = 400, kind: str | None = None) -> Reply:
    """A 4xx, with its errors in `requests[]`, where CDEK's methods of orders have them."""
    only: dict[str, Any] = {"errors": list(errors)}
    if kind is not None:
        only |= {"type": kind, "state": "INVALID", "date_time": "2026-05-04T12:00:01+0000"}
    return Reply(status, {"requests": [only]})


def missing(order: UUID | None = ORDER) -> dict[str, Any]:
    """The error for an order that CDEK does not know."""
    return {"code": "v2_entity_not_found", "message": f"Entity is not found by uuid {order}"}


NOT_FOUND = refuses(missing(), kind="GET")
