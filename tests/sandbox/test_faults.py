import gzip
import json
import random
from typing import Any

import pytest

from cdek_async.sandbox import Call, Fault, Hangup, Kind
from cdek_async.sandbox.faults import MIX, Mix
from tests.sandbox.desk import Desk, codes


def struck(fault: Fault | None, method: str = "DELETE", **options: Any) -> Any:
    """A desk, an order, and the answer to one call about it that the fault meets."""
    desk = Desk(**options)
    order = desk.sandbox.add_order()
    desk.sandbox.script(method, fault)
    path = "/v2/orders" if method == "PATCH" else f"/v2/orders/{order.uuid}"
    return desk, order.uuid, desk.answer(method, path, {"uuid": order.uuid, "comment": "x"})


def written(desk: Desk, uuid: str) -> Any:
    """The requests that the sandbox has really taken note of."""
    return [request.type for request in desk.sandbox.truth(uuid).requests]


@pytest.mark.parametrize(
    ("fault", "hangup"),
    [
        (Fault("refused"), Hangup.REFUSED),
        (Fault("dns"), Hangup.DNS),
        (Fault("tls"), Hangup.TLS),
        (Fault("dropped_before"), Hangup.RESET),
        (Fault("dropped_before", reset=False), Hangup.CLOSED),
    ],
)
def test_a_call_that_does_not_arrive_applies_nothing(fault: Fault | None, hangup: Hangup) -> None:
    """No connection, or one that dies before the call was read: nothing was taken note of."""
    desk, uuid, answer = struck(fault)
    assert answer.hangup is hangup
    assert written(desk, uuid) == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("too_many"), 429),
        (Fault("server_error"), 503),
        (Fault("server_error", status=500, html=True), 500),
        (Fault("token_expired"), 401),
        (Fault("redirect"), 307),
        (Fault("redirect", status=302), 302),
        (Fault("similar"), 400),
    ],
)
def test_a_call_that_is_turned_away_applies_nothing(fault: Fault | None, status: Any) -> None:
    """429, 5xx, 401, a redirect and a similar request that is running: nothing was taken note of."""
    desk, uuid, answer = struck(fault)
    assert (answer.status, answer.hangup) == (status, None)
    assert written(desk, uuid) == []


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (Fault("too_many"), None),
        (Fault("too_many", 1.2), "2"),
        (Fault("too_many", 90, as_date=True), "Thu, 01 Jan 1970 00:01:30 GMT"),
    ],
)
def test_retry_after_comes_as_chosen(fault: Fault | None, header: str | None) -> None:
    """A 429 names seconds, a date by the server's clock, or nothing."""
    _, _, answer = struck(fault, epoch=0.0)
    assert answer.headers.get("retry-after") == header


def test_a_server_error_speaks_json_or_html() -> None:
    """A gateway's error is JSON with a reason, or a page."""
    assert json.loads(struck(Fault("server_error"))[2].body) == {"reason": "Service Unavailable"}
    page = struck(Fault("server_error", html=True))[2]
    assert page.headers["content-type"].startswith("text/html")
    assert page.body.startswith(b"<html>")


def test_a_redirect_leads_to_another_host() -> None:
    """Whoever follows it takes the call, and what is in it, elsewhere."""
    assert struck(Fault("redirect"))[2].headers["location"].startswith("https://elsewhere.example/")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("dropped_after"),
        Fault("server_error", applied=True),
        Fault("truncated"),
        Fault("slow"),
        Fault("drip"),
        Fault("html"),
        Fault("empty"),
        Fault("huge", size=10),
        Fault("gzip"),
        Fault("stuck"),
        Fault("vanish"),
        Fault("similar_later"),
        Fault("no_request_uuid"),
        Fault("lag"),
        Fault("unknown_state"),
        Fault("old_update"),
    ],
)
def test_a_call_whose_answer_suffers_was_applied(fault: Fault | None) -> None:
    """Everything that goes wrong after the machine has read the call leaves the write in place."""
    desk, uuid, _ = struck(fault)
    assert written(desk, uuid) == ["DELETE"]


def test_how_an_answer_suffers() -> None:
    """Each fault of the way back does to the answer what its name says."""
    assert struck(Fault("dropped_after"))[2].hangup is Hangup.RESET
    assert struck(Fault("dropped_after", reset=False))[2].hangup is Hangup.CLOSED
    assert struck(Fault("server_error", status=502, applied=True))[2].status == 502
    cut = struck(Fault("truncated"))[2]
    assert cut.cut == len(cut.body) // 2
    assert struck(Fault("truncated", size=3))[2].cut == 3
    whole = struck(Fault("truncated", size=10**9))[2]
    assert whole.cut == len(whole.body) - 1
    assert struck(Fault("slow"))[2].delay == 5
    assert struck(Fault("slow", 0.1))[2].delay == 0.1
    assert struck(Fault("drip"))[2].drip == 0.5
    page = struck(Fault("html"))[2]
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    empty = struck(Fault("empty"))[2]
    assert (empty.status, empty.body, empty.headers["content-length"]) == (202, b"", "0")
    assert len(struck(Fault("huge"))[2].body) > 8 * 2**20
    assert len(json.loads(struck(Fault("huge", size=5))[2].body)["filler"]) == 5


def test_a_body_may_come_compressed() -> None:
    """Compressed though nobody asked, and with white space that makes a small answer large."""
    answer = struck(Fault("gzip", size=10**6))[2]
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 10**4
    assert json.loads(gzip.decompress(answer.body))["requests"]


def test_a_late_call_arrives_after_its_caller_has_given_up() -> None:
    """The network holds a write and delivers it: it counts from the moment it arrives."""
    desk, uuid, answer = struck(Fault("late", 3))
    assert answer.hangup is Hangup.RESET
    desk.at = 2.9
    assert written(desk, uuid) == []
    desk.at = 10
    assert [one.time for one in desk.sandbox.applied] == [4]


def test_a_late_call_finds_the_order_as_it_is_by_then() -> None:
    """What settled before a late call arrived counts, also when nobody has looked since."""
    desk, uuid, _ = struck(Fault("late", 3), "PATCH")
    desk.delete(uuid)
    desk.at = 10
    assert written(desk, uuid) == ["DELETE"]


def test_a_call_may_arrive_twice() -> None:
    """The network delivers a write twice: two requests, of which the caller hears of one."""
    desk, uuid, answer = struck(Fault("twice"), "PATCH", similar="queue")
    assert written(desk, uuid) == ["UPDATE", "UPDATE"]
    (told,) = json.loads(answer.body)["requests"]
    assert told["request_uuid"] in [request.uuid for request in desk.sandbox.truth(uuid).requests]


def test_a_stuck_request_stays_accepted() -> None:
    """A request that is stuck never settles, and what is asked later waits behind it."""
    desk, uuid, _ = struck(Fault("stuck"))
    later = desk.update(uuid, comment="x")
    desk.at = 3000
    assert {one["state"] for one in desk.get(uuid)["requests"]} == {"SUCCESSFUL", "ACCEPTED", "WAITING"}
    assert desk.request(uuid, later)["state"] == "WAITING"


def test_an_order_may_vanish_with_its_deletion() -> None:
    """As soon as this DELETE is done nothing is left to read."""
    desk, uuid, _ = struck(Fault("vanish"))
    assert desk.get(uuid)["requests"]
    desk.at = 1
    assert codes(desk.ask("GET", f"/v2/orders/{uuid}")) == ["v2_entity_not_found"]
    assert desk.sandbox.truth(uuid).status == "REMOVED"
    assert not desk.sandbox.truth(uuid).readable


def test_similar_comes_at_once_or_as_the_end() -> None:
    """`similar` is a 400, `similar_later` a 202 whose request ends INVALID with the same code."""
    assert b"v2_similar_request_still_processed" in struck(Fault("similar"))[2].body
    desk, uuid, answer = struck(Fault("similar_later"))
    assert answer.status == 202
    desk.at = 1
    shown = desk.request(uuid, json.loads(answer.body)["requests"][0]["request_uuid"])
    assert [one["code"] for one in shown["errors"]] == ["v2_similar_request_still_processed"]
    assert desk.sandbox.applied == ()


@pytest.mark.parametrize(
    ("where", "told", "shown"), [("reply", False, True), ("order", True, False), ("both", False, False)]
)
def test_a_request_uuid_may_be_missing(where: str, told: Any, shown: Any) -> None:
    """In the 202, in every GET, or in both."""
    desk, uuid, answer = struck(Fault("no_request_uuid", where=where))
    assert ("request_uuid" in json.loads(answer.body)["requests"][0]) is told
    (request,) = [one for one in desk.get(uuid)["requests"] if one["type"] == "DELETE"]
    assert ("request_uuid" in request) is shown


def test_a_get_may_miss_all_request_uuids_or_know_no_state() -> None:
    """On a GET the two faults are of that reply alone."""
    _, _, answer = struck(Fault("no_request_uuid"), "GET")
    assert all("request_uuid" not in one for one in json.loads(answer.body)["requests"])
    desk, uuid, answer = struck(Fault("unknown_state"), "GET")
    assert {one["state"] for one in json.loads(answer.body)["requests"]} == {"PENDING_REVIEW"}
    assert {one["state"] for one in desk.get(uuid)["requests"]} == {"SUCCESSFUL"}
    assert b"PENDING_REVIEW" in struck(Fault("unknown_state"))[2].body


def test_reads_may_lag_behind_a_write() -> None:
    """For some seconds GET knows nothing of the write, nor of what it did."""
    desk, uuid, _ = struck(Fault("lag", 5), "PATCH")
    desk.at = 4.9
    body = desk.get(uuid)
    assert [one["type"] for one in body["requests"]] == ["CREATE"]
    assert body["entity"]["comment"] == ""
    desk.at = 5
    body = desk.get(uuid)
    assert {one["type"]: one["state"] for one in body["requests"]}["UPDATE"] == "SUCCESSFUL"
    assert body["entity"]["comment"] == "x"


def test_a_deletion_that_lags_keeps_the_order_in_sight() -> None:
    """An order whose deletion reads do not know of yet is neither REMOVED nor gone."""
    desk, uuid, _ = struck(Fault("lag", 5), readable=0)
    desk.at = 4.9
    assert "REMOVED" not in [one["code"] for one in desk.get(uuid)["entity"]["statuses"]]
    desk.at = 5
    assert codes(desk.ask("GET", f"/v2/orders/{uuid}")) == ["v2_entity_not_found"]


def test_one_get_may_be_old() -> None:
    """With `lag` on a GET that one reply shows the state of some seconds ago."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    request_uuid = desk.delete(uuid)
    desk.at = 1.5
    desk.sandbox.script("GET", Fault("lag", 1), Fault("lag", 2))
    assert desk.request(uuid, request_uuid)["state"] == "ACCEPTED"
    assert [one["type"] for one in desk.get(uuid)["requests"]] == ["CREATE"]
    assert desk.request(uuid, request_uuid)["state"] == "SUCCESSFUL"


def test_a_new_order_may_not_be_found_at_first() -> None:
    """Reads that lag behind a CREATE do not find the order."""
    desk = Desk()
    desk.sandbox.script("POST", Fault("lag", 2))
    body = {"tariff_code": 1, "recipient": {"name": "Я"}, "packages": [{"number": "1", "weight": 1}]}
    uuid = desk.ask("POST", "/v2/orders", body)[1]["entity"]["uuid"]
    assert codes(desk.ask("GET", f"/v2/orders/{uuid}")) == ["v2_entity_not_found"]
    desk.at = 2
    assert desk.get(uuid)["entity"]["cdek_number"]


def test_the_history_may_hold_an_old_failure() -> None:
    """An UPDATE that ended INVALID long ago stays in the history of an order that is fine."""
    desk, uuid, answer = struck(Fault("old_update"), "GET", epoch=10_000.0)
    (old,) = [one for one in json.loads(answer.body)["requests"] if one["type"] == "UPDATE"]
    assert (old["state"], old["date_time"]) == ("INVALID", "1970-01-01T01:46:40+0000")
    desk.sandbox.script("GET", Fault("old_update"))
    assert len(desk.get(uuid)["requests"]) == 2
    request_uuid = desk.delete(uuid)
    desk.at = 1
    assert desk.request(uuid, request_uuid)["state"] == "SUCCESSFUL"


def test_a_mix_strikes_at_its_rate_and_alike_under_a_seed() -> None:
    """About the given share of the exchanges is struck; the same seed strikes the same ones."""

    def strikes(seed: int) -> Any:
        drawn = []

        def plan(call: Call) -> None:
            drawn.append(mix(call))

        mix = Mix(0.2, random.Random(seed))  # noqa: S311  it is to be repeatable
        desk = Desk(faults=plan)
        for _ in range(999):
            desk.ask("GET", "/v2/orders")
        return drawn

    first = strikes(3)
    assert 150 < sum(one is not None for one in first) < 250
    assert first == strikes(3) != strikes(4)


def test_a_mix_draws_every_fault_of_its_list() -> None:
    """Each kind of call has its list; all of it is drawn in time."""
    mix = Mix(1.0, random.Random(1))  # noqa: S311  it is to be repeatable
    calls = {"TOKEN": "/v2/oauth/token", "GET": "/v2/orders", "DELETE": "/v2/orders", "PATCH": "/v2/orders"}
    for kind, path in calls.items():
        method = "POST" if kind == "TOKEN" else kind
        drawn = {mix(Call(method, path, {}, {}, b"", 0.0, 0)) for _ in range(600)}
        assert drawn == set(MIX["DELETE" if kind == "PATCH" else kind])


def test_a_share_of_faults_is_drawn_by_the_sandbox_itself() -> None:
    """`faults=` as a share strikes exchanges without any plan, alike under a seed."""

    def statuses(**options: Any) -> Any:
        desk = Desk(**options)
        return [desk.answer("GET", "/v2/orders").status for _ in range(100)]

    assert set(statuses()) == {400}
    struck = statuses(faults=0.5, seed=4)
    assert len(set(struck)) > 3
    assert struck == statuses(faults=0.5, seed=4)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(rate: float) -> None:
    """A rate outside 0 to 1 is a ValueError that names it."""
    with pytest.raises(ValueError, match=f"faults: {rate} is not a share between 0 and 1"):
        Mix(rate, random.Random(1))  # noqa: S311  it is to be repeatable


def test_an_unknown_kind_is_told() -> None:
    """A fault that nobody knows is a ValueError that names it."""
    with pytest.raises(ValueError, match="'earthquake' is not a valid Kind"):
        Fault("earthquake")
    assert Fault("slow") == Fault(Kind.SLOW)
