"""The GET entity of an order, built from its number when it is read."""

import math
from collections.abc import Callable
from typing import Any

from cdek_async.sandbox.orders import Order, Request

Entity = dict[str, Any]
Stamp = Callable[[float], str]

_NAMES = (
    "Крылова Вера",
    "Зимин Олег",
    "Дорохова Инна",
    "Лапин Егор",
    "Сомова Рита",
    "Юдин Марк",
    "Яшина Ада",
)
_GOODS = ("Чайник", "Плед", "Фонарь", "Кружка", "Рюкзак")
_PLACES = tuple(
    {
        "code": code,
        "city": city,
        "region": region,
        "region_code": region_code,
        "country_code": "RU",
        "country": "Россия",
        "longitude": longitude,
        "latitude": latitude,
        "postal_code": postal_code,
    }
    for code, city, region, region_code, longitude, latitude, postal_code in (
        (44, "Москва", "Москва", 81, 37.61, 55.75, "101000"),
        (137, "Санкт-Петербург", "Санкт-Петербург", 82, 30.31, 59.93, "190000"),
        (270, "Новосибирск", "Новосибирская область", 23, 82.92, 55.03, "630000"),
        (430, "Самара", "Самарская область", 57, 50.1, 53.19, "443000"),
    )
)
STATUS_NAMES = {
    "ACCEPTED": "Принят",
    "CREATED": "Создан",
    "REMOVED": "Удален",
    "INVALID": "Некорректный заказ",
    "RECEIVED_AT_SHIPMENT_WAREHOUSE": "Принят на склад отправителя",
    "DELIVERED": "Вручен",
    "NOT_DELIVERED": "Не вручен",
}
# An update cannot empty these: the entity never lacks them.
_ALWAYS = ("type", "tariff_code", "sender", "recipient", "from_location", "to_location")


def entity(order: Order, at: float, stamp: Stamp) -> Entity:
    """The entity as a read at `at` shows it: three phases, then every update that was applied."""
    body = {
        "uuid": order.uuid,
        **(_built(order) if order.creation is None else _created(order, order.creation, at)),
    }
    for request, change in order.changes:
        if max(request.settle_at, request.seen_from) <= at:
            _apply(body, change)
    body["statuses"] = statuses(order, at, stamp)
    return body


def _apply(body: Entity, change: Entity) -> None:
    for name, value in change.items():
        if name in ("from_location", "to_location") and value:
            body[name] = _resolved(value)
        elif value is not None:
            body[name] = value
        elif name not in _ALWAYS:
            body.pop(name, None)


def statuses(order: Order, at: float, stamp: Stamp) -> list[Entity]:
    """The journey; which end comes first differs from order to order, as it did over the years."""
    steps: list[tuple[str, float, str | None]] = [("ACCEPTED", order.created_at, None)]
    if order.status != "ACCEPTED":
        steps.append(("CREATED", order.created_at + 1, None))
        if order.status != "CREATED":
            steps.append((order.status, order.created_at + 2, None))
    steps += [(move.code, move.time, move.reason_code) for move in order.moves if move.seen_from <= at]
    shown = [
        {
            "code": code,
            "name": STATUS_NAMES.get(code, code),
            "date_time": stamp(time),
            **({"reason_code": reason} if reason else {}),
            "city": "Офис СДЭК",
            "deleted": False,
        }
        for code, time, reason in steps
    ]
    return shown if oldest_first(order) else shown[::-1]


def oldest_first(order: Order) -> bool:
    """Drawn once for all: by the last hexadecimal digit of the uuid."""
    return order.uuid[-1] in "02468ace"


def packages(order: Order) -> list[Entity]:
    """The packages as they really are, for the rules of an update."""
    return list(entity(order, math.inf, str)["packages"])


def derived_uuid(uuid: str, salt: int) -> str:
    """A uuid that belongs to another one for good: nothing has to be stored."""
    return f"{int(uuid[:8], 16) ^ (salt * _SPREAD & 0xFFFFFFFF):08x}{uuid[8:]}"


_SPREAD = 0x9E3779B1  # neighbours come out far apart


def _location(n: int, address: str) -> Entity:
    return {**_PLACES[n % len(_PLACES)], "address": address}


def _resolved(location: Entity) -> Entity:
    """A place as CDEK completes it: by its code, else by what was given."""
    code = location.get("code") or 0
    known = next((place for place in _PLACES if place["code"] == code), None)
    return {**(known or {"code": code, "city": f"Город {code}", "country_code": "RU"}), **_given(location)}


def _given(fields: Entity) -> Entity:
    return {name: value for name, value in fields.items() if value is not None}


def _built(order: Order) -> Entity:
    """The order that number `n` stands for, as CDEK shows one that it has finished with."""
    n = order.n
    cost = 100.0 + n % 900
    return {
        "type": 1,
        "is_return": False,
        "is_reverse": False,
        "is_client_return": False,
        "cdek_number": order.cdek_number,
        "number": order.number,
        "tariff_code": 139 if n % 3 else 137,
        "comment": "",
        "items_cost_currency": "RUB",
        "recipient_currency": "RUB",
        "delivery_recipient_cost": {"value": 0.0, "vat_sum": 0.0},
        "sender": {
            "company": "ООО Пример",
            "name": "Отдел отправки",
            "phones": [{"number": "74950000000"}],
            "passport_requirements_satisfied": False,
        },
        "seller": {"name": "ООО Пример"},
        "recipient": {
            "company": _NAMES[n % len(_NAMES)],
            "name": _NAMES[n % len(_NAMES)],
            "phones": [{"number": f"7900{n % 10_000_000:07d}"}],
            "passport_requirements_satisfied": False,
        },
        "from_location": _location(n, "ул. Складская, 1"),
        "to_location": _location(n // 4 + 1, f"ул. Примерная, {n % 99 + 1}"),
        "services": [{"code": "INSURANCE", "parameter": f"{cost:.2f}", "sum": 0.0, "total_sum": 0.0}],
        "packages": [
            {
                "number": "1",
                "barcode": f"{order.cdek_number}001",
                "weight": 500 + n % 500,
                "length": 20,
                "width": 15,
                "height": 10,
                "weight_volume": 600,
                "weight_calc": max(600, 500 + n % 500),
                "comment": "приложена опись",
                "items": [
                    {
                        "name": _GOODS[n % len(_GOODS)],
                        "ware_key": f"{n % 100_000:05d}",
                        "payment": {"value": 0.0, "vat_sum": 0.0},
                        "weight": 300,
                        "amount": 1,
                        "delivery_amount": 0,
                        "cost": cost,
                        "return_item_detail": {},
                        "excise": False,
                        "used": False,
                    }
                ],
                "package_id": derived_uuid(order.uuid, 2),
            }
        ],
        "delivery_mode": "1",
        "has_reverse_order": False,
        "delivery_detail": {"delivery_sum": 350.5, "total_sum": 350.5, "payment_info": []},
        "calls": {},
    }


def _created(order: Order, creation: Request, at: float) -> Entity:
    """The phases of an order that was created here: an echo, places resolved, numbered and priced."""
    halfway = creation.accepted_at + (creation.settle_at - creation.accepted_at) / 2
    body: Entity = {
        "type": 1,
        "number": order.number,
        "sender": {"name": "Отдел отправки"},
        "from_location": {"code": 44},
        "to_location": {"code": 137},
    }
    _apply(body, order.sent)
    if at < halfway:
        return body | {
            name: order.sent[name] for name in ("from_location", "to_location") if order.sent.get(name)
        }
    body |= {"is_return": False, "is_reverse": False, "is_client_return": False, "delivery_mode": "1"}
    body |= {name: _resolved(body[name]) for name in ("from_location", "to_location")}
    if not creation.done(at):
        return body
    body["cdek_number"] = order.cdek_number
    body["packages"] = [
        finished_package(order.uuid, i, package) for i, package in enumerate(body["packages"])
    ]
    # Insurance is added by CDEK itself, whatever was sent.
    body["services"] = [*body.get("services", ()), {"code": "INSURANCE", "parameter": "0.00", "sum": 0.0}]
    body["recipient"] = _finished_contact(body["recipient"])
    return body | {
        "delivery_detail": {"delivery_sum": 350.5, "total_sum": 350.5, "payment_info": []},
        "calls": {},
    }


def finished_package(uuid: str, index: int, package: Entity) -> Entity:
    """A package as CDEK keeps it: with an id of its own, and its comment overwritten when it has items."""
    return {
        **package,
        "package_id": package.get("package_id") or derived_uuid(uuid, 100 + index),
        **({"comment": "приложена опись"} if package.get("items") else {}),
    }


def _finished_contact(contact: Entity) -> Entity:
    """A contact as CDEK keeps it: with a company, and phones without their plus."""
    phones = [{**phone, "number": phone["number"].lstrip("+")} for phone in contact.get("phones") or ()]
    return {"company": contact["name"], **_given(contact), **({"phones": phones} if phones else {})}
