from typing import Any

import pytest

from tests.sandbox.desk import Desk, codes

NEW = {"tariff_code": 139, "recipient": {"name": "Яна"}, "packages": [{"number": "1", "weight": 5}]}


def end(desk: Desk, uuid: str, request_uuid: Any) -> Any:
    """The state and codes with which a request ended."""
    desk.at += 1
    shown = desk.request(uuid, request_uuid)
    return shown["state"], [one["code"] for one in shown.get("errors", [])]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"status": "DELIVERED"}, "error_validate_order_delete_status"),
        ({"status": "RECEIVED_AT_SHIPMENT_WAREHOUSE"}, "error_validate_order_delete_status"),
        ({"warehouse": True}, "error_validate_order_delete_documents_in_warehouse_is_not_empty"),
        ({"claims": True}, "error_validate_order_delete_claims_is_not_empty"),
    ],
)
def test_an_order_that_moved_is_not_deleted(order: Any, code: str) -> None:
    """A deletion needs status CREATED, no warehouse operations and no claims; each lack has its code."""
    desk = Desk()
    uuid = desk.sandbox.add_order(**order).uuid
    assert end(desk, uuid, desk.delete(uuid)) == ("INVALID", [code])
    assert desk.sandbox.applied == ()


def test_a_deletion_removes_the_order() -> None:
    """A deletion that may be ends SUCCESSFUL, at its time and not before, and the order is REMOVED."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    request_uuid = desk.delete(uuid)
    desk.at = 0.99
    assert desk.request(uuid, request_uuid)["state"] == "ACCEPTED"
    assert end(desk, uuid, request_uuid) == ("SUCCESSFUL", [])
    assert "REMOVED" in [one["code"] for one in desk.get(uuid)["entity"]["statuses"]]


def test_the_order_is_judged_when_the_request_settles() -> None:
    """An update that a refusal overtakes is judged by what is so when its turn comes."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    desk.accepted("POST", f"/v2/orders/{uuid}/refusal")
    assert end(desk, uuid, desk.update(uuid, comment="late")) == ("INVALID", ["v2_update_forbidden"])


@pytest.mark.parametrize(
    ("packages", "errors"),
    [
        ([{"number": "1", "weight": 5}], ["v2_package_id_is_empty"]),
        ([{"number": "2", "weight": 5, "package_id": "x"}], ["v2_entity_not_found"]),
        ([{"number": "2", "weight": 5}] * 2, ["error_validate_package_number_not_unique"]),
    ],
)
def test_packages_must_fit_those_that_are_there(packages: Any, errors: Any) -> None:
    """An existing package needs its id, an id must exist, and numbers are unique in an order."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    before = desk.get(uuid)["entity"]["packages"]
    assert end(desk, uuid, desk.update(uuid, packages=packages)) == ("INVALID", errors)
    assert desk.get(uuid)["entity"]["packages"] == before


def test_packages_that_are_not_sent_are_gone() -> None:
    """A list replaces the list: what an update leaves out of `packages` is deleted."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    (old,) = desk.get(uuid)["entity"]["packages"]
    new = {"number": "2", "weight": 7}
    both = [{"number": "1", "weight": 9, "package_id": old["package_id"]}, new]
    assert end(desk, uuid, desk.update(uuid, packages=both)) == ("SUCCESSFUL", [])
    kept, added = desk.get(uuid)["entity"]["packages"]
    assert (kept["package_id"], kept["weight"]) == (old["package_id"], 9)
    assert added["package_id"] not in (None, old["package_id"])
    assert end(desk, uuid, desk.update(uuid, packages=[added])) == ("SUCCESSFUL", [])
    assert desk.get(uuid)["entity"]["packages"] == [added]
    assert end(desk, uuid, desk.update(uuid, packages=None)) == ("SUCCESSFUL", [])
    assert desk.get(uuid)["entity"]["packages"] == []


def test_scalars_that_are_not_sent_stay() -> None:
    """An update changes what it names; None empties a field, save those that an order never lacks."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    before = desk.get(uuid)["entity"]
    desk.update(uuid, comment="x", seller=None, recipient=None, accompanying_number=None)
    desk.at = 1
    after = desk.get(uuid)["entity"]
    assert after == {**{name: value for name, value in before.items() if name != "seller"}, "comment": "x"}


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"code": "137"}, {"code": 137, "city": "Санкт-Петербург", "country_code": "RU"}),
        ({"code": 5, "city": None}, {"code": 5, "city": "Город 5", "country_code": "RU"}),
        ({"address": "ул. Новая, 1"}, {"code": 0, "address": "ул. Новая, 1"}),
    ],
)
def test_a_place_is_completed(place: Any, shown: Any) -> None:
    """A place is shown with code, city and country, whatever of it was sent."""
    desk = Desk()
    uuid = desk.sandbox.add_order().uuid
    desk.update(uuid, to_location=place)
    desk.at = 1
    assert desk.get(uuid)["entity"]["to_location"].items() >= shown.items()


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("CREATED", ("SUCCESSFUL", [])),
        ("TAKEN_BY_COURIER", ("SUCCESSFUL", [])),
        ("DELIVERED", ("INVALID", ["v2_entity_has_final_status"])),
    ],
)
def test_a_refusal_ends_the_journey(status: Any, ends: Any) -> None:
    """A refusal goes through unless the order is at its end; also on a CREATED one, where it costs money."""
    desk = Desk()
    uuid = desk.sandbox.add_order(status=status).uuid
    assert end(desk, uuid, desk.accepted("POST", f"/v2/orders/{uuid}/refusal")) == ends
    reasons = [(one["code"], one.get("reason_code")) for one in desk.get(uuid)["entity"]["statuses"]]
    assert (("NOT_DELIVERED", "11") in reasons) is (ends[0] == "SUCCESSFUL")


def test_a_number_that_is_taken_is_found_out_late() -> None:
    """A new order under an active number gets a 202 and a uuid, and only then INVALID."""
    desk = Desk()
    old = desk.sandbox.add_order(number="A-1")
    twin = desk.ask("POST", "/v2/orders", {**NEW, "number": "A-1"})[1]
    uuid, request_uuid = twin["entity"]["uuid"], twin["requests"][0]["request_uuid"]
    taken = "error_validate_im_dep_number_has_already_had_integration"
    assert end(desk, uuid, request_uuid) == ("INVALID", [taken])
    assert desk.sandbox.truth(uuid).status == "INVALID"
    assert codes(desk.ask("DELETE", f"/v2/orders/{uuid}")) == ["v2_entity_invalid"]
    found = desk.ask("GET", "/v2/orders", query={"im_number": "A-1"})[1]
    assert found["entity"]["uuid"] == old.uuid


def test_the_number_of_a_removed_order_is_free() -> None:
    """A number is unique among active orders only; of two that race for it the earlier one gets it."""
    desk = Desk()
    old = desk.sandbox.add_order(number="A-1")
    desk.delete(old.uuid)
    first, second = (desk.ask("POST", "/v2/orders", {**NEW, "number": "A-1"})[1] for _ in range(2))
    desk.at = 9
    states = [desk.sandbox.truth(one["entity"]["uuid"]).status for one in (first, second)]
    assert states == ["CREATED", "INVALID"]


def test_a_new_order_can_be_deleted_before_it_is_created() -> None:
    """What is asked of an order whose CREATE is still running waits for it."""
    desk = Desk()
    uuid = desk.ask("POST", "/v2/orders", NEW)[1]["entity"]["uuid"]
    request_uuid = desk.delete(uuid)
    assert desk.request(uuid, request_uuid)["state"] == "WAITING"
    assert end(desk, uuid, request_uuid) == ("SUCCESSFUL", [])
    assert [one.type for one in desk.sandbox.applied] == ["CREATE", "DELETE"]
