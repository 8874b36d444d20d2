from typing import Any

import pytest

from cdek_async.sandbox.checks import canonical, checked_order, checked_update

UUID = "5d3f3a54-32e1-4a3c-9c5e-0f6b7a8c9d01"
ITEM = {"name": "Плед", "ware_key": "7", "payment": {"value": 0}, "weight": 1, "amount": 1, "cost": 1}
SHIPMENT = "v2_shipment_address_multivalued: Sender address and sender shipment point can't be filled both"
DELIVERY = (
    "v2_delivery_address_multivalued: Recipient address and recipient delivery point can't be filled both"
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipient": {}}, ["v2_field_is_empty: recipient.name is empty"]),
        ({"recipient": {"name": ""}}, ["v2_field_is_empty: recipient.name is empty"]),
        (
            {"recipient": {"name": "Я", "phones": [{}]}},
            ["v2_field_is_empty: recipient.phones[0].number is empty"],
        ),
        (
            {"packages": [{"items": [{**ITEM, "payment": {}}]}]},
            [
                "v2_field_is_empty: packages[0].number is empty",
                "v2_field_is_empty: packages[0].weight is empty",
                "v2_field_is_empty: packages[0].items[0].payment.value is empty",
            ],
        ),
        ({"tariff_code": "ten"}, ["v2_invalid_value_type: Invalid value type in tariff_code field"]),
        ({"tariff_code": 1.5}, ["v2_invalid_value_type: Invalid value type in tariff_code field"]),
        ({"tariff_code": True}, ["v2_invalid_value_type: Invalid value type in tariff_code field"]),
        ({"comment": {}}, ["v2_invalid_value_type: Invalid value type in comment field"]),
        ({"comment": True}, ["v2_invalid_value_type: Invalid value type in comment field"]),
        ({"has_reverse_order": 1}, ["v2_invalid_value_type: Invalid value type in has_reverse_order field"]),
        ({"services": {}}, ["v2_invalid_value_type: Invalid value type in services field"]),
        ({"services": [None]}, ["v2_invalid_value_type: Invalid value type in services[0] field"]),
        ({"sender": []}, ["v2_invalid_value_type: Invalid value type in sender field"]),
        (
            {"delivery_recipient_cost": {"value": "nan"}},
            ["v2_invalid_value_type: Invalid value type in delivery_recipient_cost.value field"],
        ),
        (
            {"to_location": {"city_uuid": 5}},
            ["v2_invalid_value_type: Invalid value type in to_location.city_uuid field"],
        ),
        (
            {"to_location": {"city_uuid": "5"}},
            ["v2_invalid_format: Invalid value [5] in [to_location.city_uuid] parameter"],
        ),
        ({"shipment_point": "M1", "from_location": {"code": 44}}, [SHIPMENT]),
        ({"delivery_point": "M1", "to_location": {"code": 44}}, [DELIVERY]),
        (
            {"packages": [{"number": "1", "weight": 1, "items": [ITEM] * 127}]},
            ["v2_number_items_is_more_126: The number of commodity items is more than 126"],
        ),
    ],
)
def test_an_update_that_cannot_be_is_refused_with_its_place(change: Any, told: Any) -> None:
    """What is wrong with a field is told with CDEK's code and the path of the field."""
    _, issues = checked_update({"uuid": UUID, **change})
    assert [f"{one['code']}: {one['message']}" for one in issues] == told


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({"tariff_code": "10"}, {"tariff_code": 10}),
        ({"delivery_recipient_cost": {"value": 3}}, {"delivery_recipient_cost": {"value": 3.0}}),
        ({"has_reverse_order": True}, {"has_reverse_order": True}),
        ({"comment": None, "number": ""}, {"comment": None, "number": ""}),
        ({"seller": "", "services": []}, {"seller": None, "services": []}),
        ({"delivery_types": ["A"], "print": "BARCODE", "widget": 1}, {"delivery_types": ["A"]}),
        ({"packages": [{"number": "1", "weight": 1, "items": [ITEM] * 126}]}, None),
    ],
)
def test_an_update_is_taken_in_cdeks_types(change: Any, taken: Any) -> None:
    """Numbers may come as text, an unknown field is passed over, and emptied fields stay visible as such."""
    known, issues = checked_update({"uuid": UUID.upper(), **change})
    assert issues == []
    assert known.pop("uuid") == UUID
    assert known == taken or taken is None


@pytest.mark.parametrize("body", [{}, {"uuid": ""}, {"comment": "x"}])
def test_an_update_names_its_order(body: Any) -> None:
    """Without a uuid and a number nobody knows which order is meant."""
    assert [one["code"] for one in checked_update(body)[1]] == ["v2_order_number_empty"]


def test_a_new_order_needs_more() -> None:
    """A new order cannot do without tariff, recipient and packages."""
    assert [one["message"] for one in checked_order({"packages": []})[1]] == [
        "tariff_code is empty",
        "recipient is empty",
        "packages is empty",
    ]


@pytest.mark.parametrize("text", ["", "5", "x" * 36, UUID.replace("-", ""), "{" + UUID + "}", UUID + " "])
def test_only_the_usual_form_is_a_uuid(text: str) -> None:
    """A uuid has 36 characters; nothing that merely contains one counts."""
    assert canonical(text) is None
    assert canonical(UUID.upper()) == UUID
