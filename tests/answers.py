"""CDEK's answers as the tests know them: shapes of several years, people and numbers made up."""

from typing import Any

ORDER = "3f0f6c1e-8a53-4a9d-9d0b-5f7a3c2e1b10"
CREATE = "b1c9e0d2-2f4e-4c55-8e1f-0a9b8c7d6e5f"
DELETE = "c2dae1e3-305f-4d66-9f20-1bac9d8e7f60"
CITY = "d3ebf2f4-4160-4e77-a031-2cbdae9f8071"

LOCATION: dict[str, Any] = {
    "code": 1207,
    "city_uuid": CITY,
    "city": "Приморск",
    "fias_guid": "e4fc0305-5271-4f88-b142-3dcebfa09182",
    "kladr_code": "4700000000000",
    "country_code": "RU",
    "country": "Россия",
    "region": "Ленинградская область",
    "region_code": 47,
    "fias_region_guid": "f50d1416-6382-4099-8253-4edfc0b1a293",
    "kladr_region_code": "4700000000001",
    "sub_region": "Выборгский район",
    "longitude": 28.6112,
    "latitude": 60.3661,
    "time_zone": "Europe/Moscow",
    "payment_limit": -1.0,
    "address": "наб. Гагарина, 5",
    "postal_code": "188910",
}

CONTACT: dict[str, Any] = {
    "company": "ООО Маяк",
    "name": "Ложкина Вера",
    "contragent_type": "INDIVIDUAL",
    "passport_series": "4001",
    "passport_number": "112233",
    "passport_date_of_issue": "2011-04-05",
    "passport_organization": "ОВД Приморска",
    "tin": "470400000000",
    "passport_date_of_birth": "1990-01-02",
    "email": "vera@mayak.example",
    "phones": [{"number": "+79990000001", "additional": "12"}, {"number": "+79990000002"}],
}

SELLER: dict[str, Any] = {
    "name": "ИП Ложкин",
    "inn": "470400000001",
    "phone": "+79990000003",
    "ownership_form": "63",
    "address": "Приморск, Школьная, 1",
}

MONEY: dict[str, Any] = {"value": 150.5, "vat_sum": 25.08, "vat_rate": 20}

ITEM: dict[str, Any] = {
    "name": "Чайник",
    "ware_key": "kettle-1",
    "marking": "010460000000000021abc",
    "payment": MONEY,
    "weight": 900,
    "weight_gross": 1000,
    "amount": 1,
    "name_i18n": "Kettle",
    "brand": "Samovar",
    "country_code": "RU",
    "material": "63",
    "wifi_gsm": False,
    "url": "https://mayak.example/kettle",
    "seller": SELLER | {"giis_subdivision_id": "77"},
    "cost": 1999.99,
    "feacn_code": "8516797000",
    "jewel_uin": "6430000000000001",
    "used": True,
}

PACKAGE: dict[str, Any] = {
    "number": "box-1",
    "weight": 1200,
    "length": 30,
    "width": 20,
    "height": 10,
    "comment": "хрупкое",
    "items": [ITEM],
    "package_id": "061e2527-7493-41aa-9364-5ff0d1c2b3a4",
}

THRESHOLD: dict[str, Any] = {"threshold": 3000, "sum": 120.25, "vat_sum": 20.04, "vat_rate": 20}

CHANGES: dict[str, Any] = {
    "uuid": ORDER,
    "cdek_number": "1400000001",
    "type": 1,
    "number": "shop-77",
    "accompanying_number": "KZ-SNT-1",
    "tariff_code": 136,
    "comment": "позвонить заранее",
    "shipment_point": "PRM1",
    "delivery_point": "VBG2",
    "delivery_recipient_cost": MONEY,
    "delivery_recipient_cost_adv": [THRESHOLD],
    "sender": CONTACT,
    "seller": SELLER,
    "recipient": CONTACT,
    "services": [{"code": "CARTON_BOX_XS", "parameter": "2"}],
    "packages": [PACKAGE],
    "has_reverse_order": True,
    "delivery_types": ["DOOR"],
}
"""Every field of an update, except the two places that exclude the two points."""

ENTITY: dict[str, Any] = CHANGES | {
    "additional_order_types": [2, 6],
    "is_return": False,
    "is_reverse": False,
    "is_client_return": True,
    "accompanying_waybill": {
        "client_name": "ООО Маяк",
        "flight_number": "SU 1",
        "air_waybill_numbers": ["555-1", "555-2"],
        "vehicle_numbers": ["A001AA47"],
        "vehicle_driver": "Кулибин Пётр",
        "planned_departure_date_time": "2026-05-01T08:00:00+0000",
    },
    "date_invoice": "2026-04-30",
    "keep_free_until": "2026-05-12T20:59:59+0000",
    "shipper_name": "Mayak Ltd",
    "shipper_address": "Hamina, Satamatie 1",
    "sender": CONTACT | {"passport_requirements_satisfied": True},
    "recipient": CONTACT | {"passport_requirements_satisfied": False},
    "from_location": LOCATION,
    "to_location": LOCATION,
    "services": [
        {
            "code": "INSURANCE",
            "parameter": "1999.99",
            "sum": 15.0,
            "total_sum": 18.0,
            "discount_percent": 0.0,
            "discount_sum": 0.5,
            "vat_rate": 20.0,
            "vat_sum": 3.0,
        }
    ],
    "packages": [
        PACKAGE
        | {
            "barcode": "8800555",
            "weight_volume": 1200,
            "weight_calc": 1201,
            "services": [{"code": "BAN_ATTACHMENT_INSPECTION"}],
            "items": [
                ITEM
                | {
                    "delivery_amount": 1,
                    "excise": False,
                    "return_item_detail": {
                        "direct_order_number": "1400000000",
                        "direct_order_uuid": DELETE,
                        "direct_package_number": "box-0",
                    },
                }
            ],
        }
    ],
    "statuses": [
        {
            "code": "CREATED",
            "name": "Создан",
            "date_time": "2026-05-01T07:00:02+0000",
            "reason_code": "07",
            "city": "Приморск",
            "city_uuid": CITY,
            "deleted": False,
        },
        {"code": "ACCEPTED", "name": "Принят", "date_time": "2026-05-01T07:00:00+0000"},
    ],
    "delivery_mode": "4",
    "delay_reasons": [{"create_date": "2026-05-03T10:00:00+0000", "description": "шторм"}],
    "planned_delivery_date": "2026-05-06",
    "delivery_detail": {
        "date": "2026-05-07",
        "recipient_name": "Ложкина В.",
        "payment_sum": 150.5,
        "delivery_sum": 300.0,
        "total_sum": 318.0,
        "payment_info": [{"type": "CARD", "sum": 150.5}],
        "delivery_vat_rate": 20.0,
        "delivery_vat_sum": 60.0,
        "delivery_discount_percent": 1.0,
        "delivery_discount_sum": 3.0,
    },
    "transacted_payment": True,
    "delivery_problem": [{"code": "11", "create_date": "2026-05-05T09:00:00+0000"}],
    "developer_key": "key-of-a-developer",
    "calls": {
        "failed_calls": [{"date_time": "2026-05-05T09:00:00+0000", "reason_code": 2}],
        "rescheduled_calls": [
            {
                "date_time": "2026-05-05T10:00:00+0000",
                "date_next": "2026-05-06",
                "time_next": "14:30",
                "comment": "после обеда",
            }
        ],
    },
}
"""Every field of an order that GET shows."""

RELATED: dict[str, Any] = {
    "uuid": DELETE,
    "type": "waybill",
    "url": "https://api.cdek.example/v2/print/orders/1.pdf",
    "create_time": "2026-05-01T08:00:00+0000",
    "cdek_number": "1400000002",
    "date": "2026-05-07",
    "time_from": "10:00",
    "time_to": "14:00",
}

TODAY: dict[str, Any] = {
    "entity": ENTITY,
    "requests": [
        {
            "request_uuid": DELETE,
            "type": "DELETE",
            "state": "ACCEPTED",
            "date_time": "2026-05-08T07:00:00+0000",
        },
        {
            "request_uuid": CREATE,
            "type": "CREATE",
            "state": "SUCCESSFUL",
            "date_time": "2026-05-01T07:00:02+0000",
        },
    ],
    "related_entities": [RELATED],
}
"""Newest first, as recorded since 2025; the DELETE hangs."""

IN_2020: dict[str, Any] = {
    "entity": {
        "uuid": ORDER,
        "type": 1,
        "is_return": False,
        "cdek_number": "1100000001",
        "comment": "",
        "from_location": {"code": "12345", "region_code": "906", "sub_region": "", "longitude": 121.47},
        "packages": [{"number": "1", "length": 0, "items": [{"cost": 0, "payment": {"value": 0.0}}]}],
        "statuses": [
            {"code": "ACCEPTED", "name": "Принят", "date_time": "2020-03-20T10:00:00+0700"},
            {"code": "CREATED", "name": "Создан", "date_time": "2020-03-20T10:00:01+0700"},
            {"code": "REMOVED", "name": "Удален", "date_time": "2020-03-20T10:05:00+0700"},
        ],
        "shop_seller_name": "Chen",
    },
    "requests": [
        {
            "request_uuid": CREATE,
            "type": "CREATE",
            "state": "SUCCESSFUL",
            "date_time": "2020-03-20T10:00:01+0700",
        },
        {
            "request_uuid": DELETE,
            "type": "DELETE",
            "state": "SUCCESSFUL",
            "date_time": "2020-03-20T10:05:01Z",
            "errors": [],
            "warnings": [{"code": "v2_cost_change_by_tariff", "message": "may cost more"}],
        },
    ],
}
"""Oldest first, codes as text, an empty list of errors beside a success, no related entities."""

ECHO: dict[str, Any] = {
    "entity": {
        "uuid": ORDER,
        "type": 1,
        "tariff_code": 136,
        "recipient": {"name": "Ложкина Вера", "phones": [{"number": "+79990000001"}]},
        "packages": [{"number": "box-1", "weight": 1200}],
        "statuses": [{"code": "ACCEPTED", "name": "Принят", "date_time": "2026-05-01T07:00:00+0000"}],
    },
    "requests": [
        {
            "request_uuid": CREATE,
            "type": "CREATE",
            "state": "ACCEPTED",
            "date_time": "2026-05-01T07:00:00+0000",
        }
    ],
    "related_entities": [],
}
"""The first second of an order: what was sent, and a status."""

ENRICHED: dict[str, Any] = ECHO | {
    "entity": ECHO["entity"] | {"is_return": False, "is_reverse": False, "to_location": LOCATION, "calls": {}}
}
"""The next seconds: places resolved, still without a number."""

RICH_FAILURE: dict[str, Any] = {
    "requests": [
        {
            "type": "DELETE",
            "state": "INVALID",
            "date_time": "2026-05-01T07:00:00+0000",
            "errors": [
                {
                    "code": "v2_entity_not_found",
                    "message": f"Entity is not found by uuid {ORDER}",
                    "additional_code": "0x1A2B",
                }
            ],
        }
    ]
}
POOR_FAILURE: dict[str, Any] = {"requests": [{"errors": [{"code": "v2_entity_not_found_im_number"}]}]}


def names_in(data: Any) -> Any:
    """Every name in a JSON; of a list, those in its first element."""
    if isinstance(data, list):
        return names_in(data[0])
    return {name: names_in(member) for name, member in data.items()} if isinstance(data, dict) else None
