"""Words that stand for people and secrets, planted in every field there is; and what became of them."""

import datetime as dt
import pickle
import re
import traceback
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from attrs import Attribute, fields, has

from cdek_async import CdekError, OrderChanges, OrderInfo, Outcome, Ticket
from cdek_async import _orders as orders
from cdek_async._orders_parts import wanted

ORDER = "4a1f0c5e-1f7c-4f0a-8d3b-6b9e2c7d8f01"
REQUEST = "4a1f0c5e-1f7c-4f0a-8d3b-6b9e2c7d8f02"
_WORD = "zq7x{}k"
MARK = re.compile(r"zq7x\w*?k|1903-0\d-\d\d", re.IGNORECASE)
SECRET, TOKEN, MESSAGE, NOISE = (_WORD.format(word) for word in ("secret", "token", "message", "noise"))
EXCLUDED = {"shipment_point", "delivery_point"}  # they exclude the two places, which say more


def marks(text: str) -> set[str]:
    """Every planted word in a text."""
    return set(MARK.findall(text))


def planted(kind: type, *, to_send: bool) -> dict[str, Any]:
    """JSON of an attrs class with a word in every field that can hold one; a new field is planted too."""
    found: dict[str, Any] = {}
    # What is shown on purpose names the order, and what kind of thing it is.
    shown_on_purpose = kind.__dict__.get("_shown", ())
    for each in fields(kind):
        if each.name in shown_on_purpose:
            continue
        if to_send and (each.metadata.get("read_only") or each.name in EXCLUDED):
            continue
        value = _value(each, wanted(each.type), f"{kind.__name__[:3]}{len(found)}", to_send=to_send)
        if value is not None:
            found[each.name] = value
    return found


def _value(each: "Attribute[Any]", kind: Any, name: str, *, to_send: bool) -> Any:
    if get_origin(kind) is tuple:
        element = _value(each, get_args(kind)[0], name, to_send=to_send)
        return None if element is None else [element]
    if has(kind):
        return planted(kind, to_send=to_send)
    if issubclass(kind, str):
        word = _WORD.format(name)
        return word if each.metadata.get("longest", 99) >= len(word) else None
    if kind is dt.date:
        return "1903-07-11"
    if kind is dt.datetime:
        return "1903-07-11T10:00:00+0000"
    return 1 if each.metadata.get("required") else None


def shown(*requests: dict[str, Any]) -> dict[str, Any]:
    """CDEK's answer about the order, with a word in every field."""
    related = [planted(orders.RelatedEntity, to_send=False)]
    entity = planted(orders.Order, to_send=False) | {"uuid": ORDER, NOISE: NOISE}
    return {"entity": entity, "requests": list(requests), "related_entities": related, NOISE: [NOISE]}


def request(kind: str, state: str, *, uuid: str | None = REQUEST, errors: bool = False) -> dict[str, Any]:
    """One request; its errors and warnings have codes, and messages that name somebody."""
    issue = [{"code": "v2_update_forbidden", "message": MESSAGE, NOISE: NOISE}]
    told = {"type": kind, "state": state, "date_time": "2026-05-04T12:00:01+0000", "warnings": issue}
    return told | ({"request_uuid": uuid} if uuid else {}) | ({"errors": issue} if errors else {})


def changes() -> OrderChanges:
    """Changes with a word in every field that is sent."""
    from cdek_async._wire import changes_from_json  # noqa: PLC0415 - the command line's way in

    given = planted(OrderChanges, to_send=True)
    given["packages"][0] |= {"number": "1", "length": 1, "width": 1, "height": 1}
    given["packages"][0]["items"][0].pop("marking", None)
    return changes_from_json(given | {"uuid": ORDER})


def told(result: object) -> Iterator[str]:
    """Everything that a result says of itself, its causes and contexts included."""
    yield f"{result} {result!r} {[result]}"
    if isinstance(result, Outcome | OrderInfo):
        ticket = getattr(result, "ticket", None)
    elif isinstance(result, BaseException):
        yield "".join(traceback.format_exception(result))
        yield from _beneath(result)
        ticket = getattr(result, "ticket", None)
    else:
        ticket = result
    if isinstance(ticket, Ticket):
        yield f"{ticket!r} {ticket.to_json()}"


def _beneath(error: BaseException) -> Iterator[str]:
    chain, seen = [error], set[int]()
    while chain:
        each = chain.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield f"{each} {each!r} {each.args!r} {vars(each)!r}"
        if isinstance(each, CdekError):
            # CDEK's messages are in attributes that are theirs, here and in every process.
            yield pickle.dumps(each).decode("latin-1").replace(MESSAGE, "")
        chain += [other for other in (each.__cause__, each.__context__) if other is not None]
