import json
from typing import Any

import pytest

from cdek_async.sandbox import Applied, Call, Fault, Sandbox
from tests.sandbox.desk import Desk


def test_every_reply_carries_the_servers_date() -> None:
    """Date is the machine's clock in whole seconds, and requests are dated by the same clock."""
    desk = Desk(epoch=1_000_000_000.0)
    order = desk.sandbox.add_order()
    desk.at = 61.9
    desk.sandbox.script("DELETE", None, Fault("server_error"))
    answer = desk.answer("DELETE", f"/v2/orders/{order.uuid}")
    assert answer.headers["date"] == "Sun, 09 Sep 2001 01:47:41 GMT"
    assert json.loads(answer.body)["requests"][0]["date_time"] == "2001-09-09T01:47:41+0000"
    failed = desk.answer("DELETE", f"/v2/orders/{order.uuid}")
    assert (failed.status, failed.headers["date"]) == (503, answer.headers["date"])


def test_a_script_meets_the_next_calls_of_its_kind() -> None:
    """Scripted faults meet one call each, None lets one pass, other kinds are left alone, then the plan."""
    desk = Desk(faults=lambda call: Fault("empty") if call.number == 6 else None)
    uuid = desk.sandbox.add_order().uuid
    desk.sandbox.script("GET", Fault("too_many"), None, Fault("server_error"))
    seen = [
        desk.answer(method, f"/v2/orders/{uuid}") for method in ("GET", "DELETE", "GET", "GET", "GET", "GET")
    ]
    assert [one.status for one in seen] == [429, 202, 200, 503, 200, 200]
    assert [one.body == b"" for one in seen] == [False] * 5 + [True]


def test_a_plan_is_asked_at_every_exchange() -> None:
    """A plan sees each call with its kind, number, time and content."""
    calls: list[Call] = []
    desk = Desk(faults=calls.append)
    uuid = desk.sandbox.add_order().uuid
    desk.at = 5
    desk.delete(uuid)
    desk.new_token("sandbox", "sandbox-secret")
    assert [(call.kind, call.number, call.at) for call in calls] == [("DELETE", 1, 5), ("TOKEN", 2, 5)]
    assert calls[0].path == f"/v2/orders/{uuid}"


def test_calls_are_counted_with_their_times() -> None:
    """For each kind of call the times are kept, tokens apart."""
    desk = Desk()
    for desk.at in (1, 2):
        desk.ask("GET", "/v2/orders")
    assert {kind: list(times) for kind, times in desk.sandbox.calls.items()} == {"TOKEN": [0], "GET": [1, 2]}


def test_what_was_applied_is_known_without_a_look() -> None:
    """The record of what took effect needs no reader: rejected writes are not in it, and it runs by time."""
    desk = Desk(settle="fixed:2")
    orders = [desk.sandbox.add_order(), desk.sandbox.add_order(claims=True), desk.sandbox.add_order()]
    uuids = []
    for desk.at, order in enumerate(orders):
        uuids.append(desk.delete(order.uuid))
    first = Applied(2, "DELETE", orders[0].uuid, uuids[0])
    last = Applied(4, "DELETE", orders[2].uuid, uuids[2])
    assert list(desk.sandbox.applied) == [first]
    desk.at = 9
    assert list(desk.sandbox.applied) == [first, last]


def test_the_truth_of_an_order() -> None:
    """The truth is the status and the requests as they are; there is none of an order that never was."""
    desk = Desk()
    order = desk.sandbox.add_order()
    desk.delete(order.uuid)
    truth = desk.sandbox.truth(order.uuid)
    assert (truth.status, truth.readable, [one.state for one in truth.requests]) == (
        "CREATED",
        True,
        ["ACCEPTED"],
    )
    desk.at = 1
    assert desk.sandbox.truth(order.uuid).status == "REMOVED"
    with pytest.raises(LookupError, match="nobody"):
        desk.sandbox.truth("nobody")


def test_many_orders_some_of_them_locked() -> None:
    """Of many orders a share may not be deleted, for each of the three reasons."""
    desk = Desk()
    orders = desk.sandbox.add_orders(1000, locked=0.3)
    assert len({order.uuid for order in orders}) == 1000
    for order in orders:
        desk.delete(order.uuid)
    desk.at = 1
    assert 600 < len(desk.sandbox.applied) < 800
    ended = [desk.sandbox.truth(order.uuid).requests[0].errors for order in orders]
    assert len({errors[0]["code"] for errors in ended if errors}) == 3
    assert not any(order.warehouse for order in desk.sandbox.add_orders(50))


@pytest.mark.parametrize("same", [True, False])
def test_the_same_seed_makes_the_same_sandbox(same: bool) -> None:
    """Orders, ids and settle times follow from the seed; another one makes others."""

    def story(seed: int) -> Any:
        desk = Desk(seed=seed, settle="lognormal:1,1")
        orders = desk.sandbox.add_orders(20, locked=0.5)
        for order in orders:
            desk.delete(order.uuid)
        desk.at = 3000
        return desk.sandbox.applied, [desk.get(order.uuid) for order in orders]

    assert (story(1) == story(1 if same else 2)) is same


def test_faults_do_not_change_what_settles_when() -> None:
    """A fault more leaves the settle times of the other requests as they were."""

    def settled(fault: Fault | None) -> Any:
        desk = Desk(settle="uniform:0,9")
        first, second = desk.sandbox.add_orders(2)
        desk.sandbox.script("DELETE", fault, None)
        desk.answer("DELETE", f"/v2/orders/{first.uuid}")
        desk.delete(second.uuid)
        return desk.sandbox.truth(second.uuid).requests[0].settle_at

    assert settled(Fault("dropped_after")) == settled(None)


def test_without_a_clock_time_stands_at_zero_until_a_loop_runs() -> None:
    """A sandbox can be filled outside of any loop."""
    sandbox = Sandbox()
    assert sandbox.add_order().created_at == -3600
    assert sandbox.clock() == 0


def test_credentials_of_ones_own() -> None:
    """The sandbox's account can be named by its user."""
    sandbox = Sandbox(client_id="me", client_secret="mine")
    form = b"grant_type=client_credentials&client_id=me&client_secret=mine"
    assert sandbox.handle("POST", "/v2/oauth/token", body=form).status == 200
