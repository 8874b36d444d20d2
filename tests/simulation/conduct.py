"""What a client may do with a write, as the wire shows it: never twice blindly."""

from cdek_async.sandbox import Answer
from tests.simulation.faults import TOKENS
from tests.simulation.record import INSTANT, SIMILAR, Effort, Exchange, Record, Result, turned_away

_SENDS = 3
_LAST_LOOK = 3.0 - INSTANT
_LATER = "v2_entity_not_ready"


def check_write(record: Record, effort: Effort, now: float) -> None:
    """No write is sent again without a look in between, unless it provably never left or was refused."""
    if effort.writing:
        record.violate("R2: a write was sent while another of the same operation was on its way")
    if any(
        each.writing and each.asked.order == effort.asked.order
        for each in record.efforts
        if each is not effort
    ):
        record.violate("R2: two writes of one order were on their way at once")
    if effort.over_at is not None and now > effort.over_at + INSTANT:
        record.violate("R2: a write was sent after its caller had left")
    if effort.state == "no":
        record.violate("R2: a write was sent after CDEK had said no")
    away = [turned_away(each) for each in record.own(effort)]
    if effort.state == "noted" and not any(away):
        record.violate("R2: a write was sent after CDEK had taken note of it")
    # What the network delivers twice may be turned away for itself, and that is what the client hears of.
    if effort.lost_at is None or (any(away) if effort.doubled else away and all(away)):
        return
    if effort.looked_at < effort.lost_at + (0.0 if effort.state == "busy" else _LAST_LOOK):
        record.violate("R2: a lost write was sent again without a look in between")
    if effort.lost >= _SENDS:
        record.violate("R2: a lost write was sent again more than twice")
    if effort.asked.what == "add":
        record.violate("R2: a lost addition was sent again")


def follow(exchange: Exchange) -> None:
    """What an operation's answer means for its next call."""
    effort = exchange.effort
    if exchange.point in TOKENS:
        return
    former = exchange.of_former_life
    match exchange.result:
        case "lost":
            effort.state, effort.lost_at = "lost", exchange.ended
            effort.lost += not former  # which counted it as one
        case "noted" | "no" | "busy" as state:
            # After a lost one, a "no" is looked after, and what CDEK is busy with may be ours.
            effort.state = "lost" if effort.lost_at is not None and state == "no" else state
            effort.noes += state == "no"
            if former and state != "noted" and effort.lost_at is None:
                effort.state = "fresh"  # and that one alone heard that it was not applied
            if state == "noted":
                effort.noted_at = exchange.ended
            effort.resumed = False
        case "seen" if exchange.at >= (effort.lost_at or 0.0):
            effort.looked_at = exchange.at
            effort.noes += exchange.status >= 400
        case _:
            pass


def meaning(kind: str, answer: Answer) -> Result:  # noqa: PLR0911 - one for each
    status = answer.status
    if status == 401:
        return "unseen" if kind == "TOKEN" else "refused token"
    if kind == "TOKEN":
        return "token" if status == 200 else "unseen"
    if kind == "GET":
        return "seen" if status in (200, 400) else "unseen"
    if status >= 500:
        return "lost"
    if status == 429:
        return "later"
    if 200 <= status < 300:
        return "noted"
    if SIMILAR.encode() in answer.body:
        return "busy"
    return "later" if _LATER.encode() in answer.body else "no"
