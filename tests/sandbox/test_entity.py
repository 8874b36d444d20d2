"""The fixture says, as plain facts, which fields CDEK documents and of which JSON type."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.desk import Desk

DOCUMENTED = json.loads(Path(__file__).with_name("cdek_fields.json").read_text("utf-8"))
NEW = {
    "tariff_code": "139",
    "recipient": {"name": "Яна", "phones": [{"number": "+79990000000"}]},
    "packages": [{"number": "1", "weight": 5}],
}
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "object": dict,
}
SAMPLES = {"string": "7", "integer": 7, "number": 1.5, "boolean": True}


def documented(part: str) -> Any:
    """Path to type, from the compact table."""
    return {
        f"{head}.{name}".lstrip("."): kind
        for head, kinds in DOCUMENTED[part].items()
        for kind, names in kinds.items()
        for name in names.split()
    }


def leaves(value: Any, path: str = "") -> Any:
    """Every path in a piece of JSON with its value; list elements share a path that ends in []."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")


def misfits(entity: Any, undocumented: str = "") -> Any:
    """What a GET entity has that CDEK does not document, or has in another JSON type."""
    known = documented("get")
    return [
        (path, value)
        for path, value in leaves(entity)
        if path
        and not path.endswith("[]")
        and path not in undocumented.split()
        and not (
            path in known
            and isinstance(value, TYPES[known[path]])
            and isinstance(value, bool) is (known[path] == "boolean")
        )
    ]


def full_update() -> Any:
    """An update with every documented field that a client may send."""
    body: Any = {}
    unsendable = ("passport_requirements_satisfied", "kladr_region_code", "package_id", "_point")
    for path, kind in documented("update").items():
        name = path.rpartition(".")[2]
        read_only = path.startswith("services[]") and name not in ("code", "parameter")
        if name.endswith(unsendable) or read_only or path in ("uuid", "cdek_number"):
            continue
        *parents, name = path.replace("[]", "[].").replace("..", ".").strip(".").split(".")
        at = body
        for parent in parents:
            at = at.setdefault(parent[:-2], [{}])[0] if parent.endswith("[]") else at.setdefault(parent, {})
        if name.endswith(("_uuid", "_guid")):
            at[name] = "0c5b2444-70a0-4932-980c-b4dc0d3f02b5"
        elif kind in SAMPLES:
            at[name] = SAMPLES[kind]
    return body | {"delivery_types": ["A"]}


def test_an_order_has_documented_fields_only() -> None:
    """A GET entity has no field and no JSON type that CDEK does not document, save two that were recorded."""
    recorded = DOCUMENTED["recorded_though_not_documented"]
    desk = Desk()
    for order in (
        *desk.sandbox.add_orders(9),
        desk.sandbox.add_order(status="DELIVERED"),
        desk.sandbox.add_order(status="ACCEPTED"),
    ):
        entity = desk.get(order.uuid)["entity"]
        assert misfits(entity, recorded) == []
        assert set(DOCUMENTED["required_in_get"].split()) <= set(entity)
    assert misfits({"uuid": 5, "is_return": 1, "colour": "red"}) == [
        ("uuid", 5),
        ("is_return", 1),
        ("colour", "red"),
    ]


def test_requests_have_documented_fields_only() -> None:
    """So does every request of the history."""
    kinds = {name: kind for kind, names in DOCUMENTED["request"].items() for name in names.split()}
    desk = Desk()
    order = desk.sandbox.add_order(claims=True)
    desk.update(order.uuid, tariff_code=5)
    desk.delete(order.uuid)
    desk.at = 1
    shown = desk.get(order.uuid)["requests"]
    assert {name for one in shown for name in one} == set(kinds)
    assert all(isinstance(value, TYPES[kinds[name]]) for one in shown for name, value in one.items())


def test_every_documented_field_can_be_updated() -> None:
    """An update with all fields of CDEK's table is accepted, and the order shows each of them afterwards."""
    desk = Desk()
    order = desk.sandbox.add_order()
    body = full_update()
    assert len(list(leaves(body))) > 100
    request_uuid = desk.update(order.uuid, **body)
    desk.at = 1
    assert desk.request(order.uuid, request_uuid)["state"] == "SUCCESSFUL"
    entity = desk.get(order.uuid)["entity"]
    assert misfits(entity, DOCUMENTED["recorded_though_not_documented"]) == []
    shown = {path for path, _ in leaves(entity)}
    assert [path for path, _ in leaves(body) if path not in shown] == []


@pytest.mark.parametrize("seed", range(3))
def test_a_new_order_goes_through_three_phases(seed: int) -> None:
    """First an echo without the required flags, then places resolved, then number and CDEK's own changes."""
    desk = Desk(settle="fixed:8", seed=seed)
    body = {**NEW, "to_location": {"code": "137", "address": "ул. Новая, 1"}, "comment": "x"}
    body["packages"] = [{"number": "1", "weight": 5, "items": [], "comment": "хрупкое"}]
    uuid = desk.ask("POST", "/v2/orders", body)[1]["entity"]["uuid"]

    echo = desk.get(uuid)["entity"]
    assert echo["to_location"] == {"code": 137, "address": "ул. Новая, 1"}
    assert not {"is_return", "is_reverse", "is_client_return", "cdek_number"} & set(echo)
    assert misfits(echo) == []

    desk.at = 4
    enriched = desk.get(uuid)["entity"]
    assert enriched["to_location"]["city"] == "Санкт-Петербург"
    assert enriched["is_return"] is False
    assert "cdek_number" not in enriched
    assert desk.ask("GET", "/v2/orders", query={"cdek_number": "1700000000"})[0] == 400
    assert misfits(enriched) == []

    desk.at = 8
    finished = desk.get(uuid)["entity"]
    assert (finished["cdek_number"], finished["comment"]) == ("1700000000", "x")
    assert finished["packages"][0]["package_id"]
    assert finished["packages"][0]["comment"] == "хрупкое"
    assert finished["recipient"]["phones"] == [{"number": "79990000000"}]
    assert finished["services"][-1]["code"] == "INSURANCE"
    assert misfits(finished) == []
    assert set(DOCUMENTED["required_in_get"].split()) <= set(finished)


def test_a_package_with_items_loses_its_comment() -> None:
    """CDEK overwrites the comment of a package that has an inventory."""
    desk = Desk()
    item = {"name": "Плед", "ware_key": "7", "payment": {"value": 0}, "weight": 1, "amount": 1, "cost": 1}
    package = {"number": "1", "weight": 5, "comment": "хрупкое", "items": [item]}
    uuid = desk.ask("POST", "/v2/orders", {**NEW, "packages": [package]})[1]["entity"]["uuid"]
    desk.at = 1
    assert desk.get(uuid)["entity"]["packages"][0]["comment"] == "приложена опись"


def test_a_recipient_without_phones_stays_so() -> None:
    """What was not given is not made up."""
    desk = Desk()
    uuid = desk.ask("POST", "/v2/orders", {**NEW, "recipient": {"name": "Яна"}})[1]["entity"]["uuid"]
    desk.at = 1
    assert desk.get(uuid)["entity"]["recipient"] == {"company": "Яна", "name": "Яна"}
