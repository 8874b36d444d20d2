from typing import Any

import pytest

from tests.sandbox.desk import Desk, codes

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "code"),
    [
        ("GET", "/v2/orders", {}, None, "v2_parameters_empty"),
        ("GET", "/v2/orders", {"cdek_number": "x"}, None, "v2_invalid_format"),
        ("GET", "/v2/orders", {"cdek_number": "5"}, None, "v2_order_not_found"),
        ("GET", "/v2/orders", {"im_number": "nobody"}, None, "v2_entity_not_found_im_number"),
        ("GET", "/v2/orders", {"im_number": "SHOP-9"}, None, "v2_entity_not_found_im_number"),
        ("GET", "/v2/orders/5", {}, None, "v2_invalid_format"),
        ("GET", f"/v2/orders/{NOBODY}", {}, None, "v2_entity_not_found"),
        ("DELETE", "/v2/orders/5", {}, None, "v2_invalid_format"),
        ("DELETE", f"/v2/orders/{NOBODY}", {}, None, "v2_entity_not_found"),
        ("POST", f"/v2/orders/{NOBODY}/refusal", {}, None, "v2_entity_not_found"),
        ("PATCH", "/v2/orders", {}, [], "v2_bad_request"),
        ("PATCH", "/v2/orders", {}, {"comment": "x"}, "v2_order_number_empty"),
        ("PATCH", "/v2/orders", {}, {"uuid": "5"}, "v2_invalid_format"),
        ("PATCH", "/v2/orders", {}, {"uuid": NOBODY}, "v2_entity_not_found"),
        ("PATCH", "/v2/orders", {}, {"cdek_number": "5"}, "v2_order_not_found"),
        ("PATCH", "/v2/orders", {}, {"cdek_number": "x"}, "v2_order_not_found"),
        ("POST", "/v2/orders", {}, {"tariff_code": 1, "recipient": {"name": "Я"}}, "v2_field_is_empty"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    method: str, path: str, query: dict[str, str], body: Any, code: str
) -> None:
    """A call that cannot succeed is a 400 in the layout of orders, without entity and request_uuid."""
    desk = Desk()
    desk.sandbox.add_order()
    assert codes(desk.ask(method, path, body, query=query)) == [code]


def test_a_body_that_is_no_json_is_a_bad_request() -> None:
    """Garbage instead of JSON is refused as such."""
    desk = Desk()
    answer = desk.sandbox.handle(
        "PATCH", "/v2/orders", headers={"authorization": f"Bearer {desk.token}"}, body=b"{"
    )
    assert answer.status == 400
    assert b"v2_bad_request" in answer.body


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v2/orders"), ("PATCH", f"/v2/orders/{NOBODY}"), ("GET", "/v1/orders"), ("GET", "/v2/ordersx")],
)
def test_an_unknown_route_is_a_404(method: str, path: str) -> None:
    """What is not a route of CDEK's is none here, however often clients have invented it."""
    assert Desk().ask(method, path) == (404, {"reason": "page_not_found"})


def test_an_order_is_found_by_each_of_its_numbers() -> None:
    """uuid in any case, cdek_number and im_number lead to the same order."""
    desk = Desk()
    desk.sandbox.add_orders(2)
    order, named = desk.sandbox.add_order(), desk.sandbox.add_order(number="A-1")
    for one in (order, named):
        assert desk.get(one.uuid.upper())["entity"]["uuid"] == one.uuid
        for query in ({"cdek_number": one.cdek_number}, {"im_number": one.number}):
            status, body = desk.ask("GET", "/v2/orders", query=query)
            assert (status, body["entity"]["uuid"]) == (200, one.uuid)
    assert codes(desk.ask("GET", "/v2/orders", query={"im_number": "SHOP-0000003"})) == [
        "v2_entity_not_found_im_number"
    ]


def test_of_several_under_one_number_the_active_one_is_shown() -> None:
    """Removed orders linger under their number; the active one is shown, the newest when none is."""
    desk = Desk()
    first = desk.sandbox.add_order(number="A-1")
    desk.delete(first.uuid)
    desk.at = 2
    second = desk.sandbox.add_order(number="A-1")
    third = desk.sandbox.add_order(number="A-1", status="REMOVED")

    def found() -> Any:
        return desk.ask("GET", "/v2/orders", query={"im_number": "A-1"})[1]["entity"]["uuid"]

    assert found() == second.uuid
    desk.delete(second.uuid)
    desk.at = 4
    assert found() == third.uuid


def test_several_under_one_number_can_be_an_error() -> None:
    """By choice a number that several orders bear is refused instead of guessed."""
    desk = Desk(several="reject")
    desk.sandbox.add_order(number="A-1", status="REMOVED")
    assert desk.ask("GET", "/v2/orders", query={"im_number": "A-1"})[0] == 200
    desk.sandbox.add_order(number="A-1")
    assert codes(desk.ask("GET", "/v2/orders", query={"im_number": "A-1"})) == [
        "error_validate_online_shop_number_departure_is_not_unique"
    ]


def test_a_write_is_taken_note_of_and_shown() -> None:
    """A 202 carries the order's uuid and one ACCEPTED request, which a GET shows with the same uuid."""
    desk = Desk()
    order = desk.sandbox.add_order()
    status, body = desk.ask("DELETE", f"/v2/orders/{order.uuid}")
    assert status == 202
    assert body["entity"] == {"uuid": order.uuid}
    assert body["related_entities"] == []
    (request,) = body["requests"]
    assert (request["type"], request["state"]) == ("DELETE", "ACCEPTED")
    assert desk.request(order.uuid, request["request_uuid"]) == request


def test_the_time_of_a_request_moves_with_its_state() -> None:
    """date_time says when the current state was set: it moves when the request settles."""
    desk = Desk(settle="fixed:90", epoch=0.0)
    order = desk.sandbox.add_order()
    desk.at = 10.7
    uuid = desk.delete(order.uuid)
    desk.at = 60
    assert desk.request(order.uuid, uuid)["date_time"] == "1970-01-01T00:00:10+0000"
    desk.at = 110
    assert desk.request(order.uuid, uuid)["date_time"] == "1970-01-01T00:01:40+0000"


def test_the_history_runs_either_way() -> None:
    """Some orders list their requests oldest first, others newest first; statuses go with them."""
    desk = Desk()
    ends = set()
    for order in desk.sandbox.add_orders(20):
        desk.delete(order.uuid)
        body = desk.get(order.uuid)
        ends.add((body["requests"][0]["type"], body["entity"]["statuses"][0]["code"]))
    assert ends == {("CREATE", "ACCEPTED"), ("DELETE", "CREATED")}


def test_deletions_queue() -> None:
    """A second DELETE beside a running one is taken note of, WAITING, and ends INVALID after it."""
    desk = Desk()
    order = desk.sandbox.add_order()
    first, second = desk.delete(order.uuid), desk.delete(order.uuid)
    assert desk.request(order.uuid, first)["state"] == "ACCEPTED"
    assert desk.request(order.uuid, second)["state"] == "WAITING"
    desk.at = 1
    assert desk.request(order.uuid, first)["state"] == "SUCCESSFUL"
    assert desk.request(order.uuid, second)["errors"][0]["code"] == "error_validate_order_delete_status"


@pytest.mark.parametrize("write", ["update", "refusal"])
@pytest.mark.parametrize("similar", ["reject", "invalid", "queue"])
def test_an_update_beside_a_running_one_meets_what_was_chosen(similar: Any, write: str) -> None:
    """A second update or refusal is refused at once, ends INVALID, or waits for its turn."""
    desk = Desk(similar=similar)
    order = desk.sandbox.add_order()
    path, method = "/v2/orders", "PATCH"
    body: dict[str, str] | None = {"uuid": order.uuid, "comment": "x"}
    if write == "refusal":
        path, method, body = f"/v2/orders/{order.uuid}/refusal", "POST", None
    first = desk.accepted(method, path, body)
    if similar == "reject":
        status, refused = desk.ask(method, path, body)
        assert codes((status, refused)) == ["v2_similar_request_still_processed"]
        assert first in refused["requests"][0]["errors"][0]["message"]
        return
    second = desk.accepted(method, path, body)
    desk.at = 1
    shown = desk.request(order.uuid, second)
    if similar == "invalid":
        assert shown["errors"][0]["code"] == "v2_similar_request_still_processed"
    else:
        assert shown["state"] == ("SUCCESSFUL" if write == "update" else "INVALID")


@pytest.mark.parametrize("repeat_delete", ["not_found", "invalid"])
def test_a_deleted_order_meets_a_further_delete_as_chosen(repeat_delete: Any) -> None:
    """A DELETE of an order that is REMOVED is refused as not found, or taken note of and INVALID."""
    desk = Desk(repeat_delete=repeat_delete)
    order = desk.sandbox.add_order()
    desk.delete(order.uuid)
    desk.at = 1
    if repeat_delete == "not_found":
        assert codes(desk.ask("DELETE", f"/v2/orders/{order.uuid}")) == ["v2_entity_not_found"]
    else:
        again = desk.delete(order.uuid)
        desk.at = 2
        assert desk.request(order.uuid, again)["state"] == "INVALID"
    assert codes(desk.ask("PATCH", "/v2/orders", {"uuid": order.uuid})) == ["v2_entity_not_found"]


@pytest.mark.parametrize("readable", [0, 5])
def test_a_deleted_order_is_readable_as_long_as_chosen(readable: float) -> None:
    """After its deletion an order is shown as REMOVED for a while and then not found."""
    desk = Desk(readable=readable)
    order = desk.sandbox.add_order()
    desk.delete(order.uuid)
    desk.at = 0.9
    assert desk.get(order.uuid)["entity"]["statuses"]
    if readable:
        desk.at = 5.9
        assert "REMOVED" in [one["code"] for one in desk.get(order.uuid)["entity"]["statuses"]]
    desk.at = 1 + readable
    assert codes(desk.ask("GET", f"/v2/orders/{order.uuid}")) == ["v2_entity_not_found"]
    assert codes(desk.ask("DELETE", f"/v2/orders/{order.uuid}")) == ["v2_entity_not_found"]
    removed_an_hour_ago = desk.sandbox.add_order(status="REMOVED")
    assert codes(desk.ask("GET", f"/v2/orders/{removed_an_hour_ago.uuid}")) == ["v2_entity_not_found"]


@pytest.mark.parametrize(
    ("change", "warned"),
    [
        ({"comment": "x"}, []),
        ({"tariff_code": 10}, ["v2_cost_change_by_tariff"]),
        (
            {"services": [], "to_location": {"code": 44}},
            ["v2_cost_change_by_services", "v2_cost_change_by_location"],
        ),
        ({"packages": [{"number": "9", "weight": 1}]}, ["v2_cost_change_by_parameters"]),
    ],
)
def test_what_may_change_the_price_is_warned_of_at_once(change: Any, warned: Any) -> None:
    """The 202 of an update warns of the fields that may change its price, and so does the history."""
    desk = Desk()
    order = desk.sandbox.add_order()
    _, body = desk.ask("PATCH", "/v2/orders", {"uuid": order.uuid, **change})
    (request,) = body["requests"]
    assert [one["code"] for one in request.get("warnings", [])] == warned
    assert desk.request(order.uuid, request["request_uuid"]).get("warnings", []) == request.get(
        "warnings", []
    )
