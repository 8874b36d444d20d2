"""Which fields an update and a new order may have, and of which kind: CDEK's own table, as data."""

from enum import StrEnum


class Leaf(StrEnum):
    """A kind of value that holds no other."""

    TEXT = "text"
    INT = "int"
    NUMBER = "number"
    FLAG = "flag"
    UUID = "uuid"


TEXT, INT, NUMBER, FLAG, UUID = Leaf
Fields = dict[str, "Leaf | Fields | list[Leaf | Fields]"]  # a name that ends in ! must be given


_PHONE: Fields = {"number!": TEXT, "additional": TEXT}
_CONTACT: Fields = {
    "company": TEXT,
    "name!": TEXT,
    "contragent_type": TEXT,
    "passport_series": TEXT,
    "passport_number": TEXT,
    "passport_date_of_issue": TEXT,
    "passport_organization": TEXT,
    "tin": TEXT,
    "passport_date_of_birth": TEXT,
    "email": TEXT,
    "phones": [_PHONE],
}
_SELLER: Fields = {"name": TEXT, "inn": TEXT, "phone": TEXT, "ownership_form": TEXT, "address": TEXT}
_LOCATION: Fields = {
    "code": INT,
    "city_uuid": UUID,
    "city": TEXT,
    "fias_guid": UUID,
    "kladr_code": TEXT,
    "country_code": TEXT,
    "country": TEXT,
    "region": TEXT,
    "region_code": INT,
    "fias_region_guid": UUID,
    "sub_region": TEXT,
    "longitude": NUMBER,
    "latitude": NUMBER,
    "time_zone": TEXT,
    "payment_limit": NUMBER,
    "address": TEXT,
    "postal_code": TEXT,
}
_MONEY: Fields = {"value!": NUMBER, "vat_sum": NUMBER, "vat_rate": INT}
_SERVICE: Fields = {"code": TEXT, "parameter": TEXT}
_ITEM: Fields = {
    "name!": TEXT,
    "ware_key!": TEXT,
    "marking": TEXT,
    "payment!": _MONEY,
    "weight!": INT,
    "weight_gross": INT,
    "amount!": INT,
    "name_i18n": TEXT,
    "brand": TEXT,
    "country_code": TEXT,
    "material": TEXT,
    "wifi_gsm": FLAG,
    "url": TEXT,
    "seller": {**_SELLER, "giis_subdivision_id": TEXT},
    "cost!": NUMBER,
    "feacn_code": TEXT,
    "jewel_uin": TEXT,
    "used": FLAG,
}
_PACKAGE: Fields = {
    "number!": TEXT,
    "weight!": INT,
    "length": INT,
    "width": INT,
    "height": INT,
    "comment": TEXT,
    "items": [_ITEM],
    "package_id": TEXT,
}
_SHARED: Fields = {
    "type": INT,
    "number": TEXT,
    "accompanying_number": TEXT,
    "tariff_code": INT,
    "comment": TEXT,
    "shipment_point": TEXT,
    "delivery_point": TEXT,
    "delivery_recipient_cost": _MONEY,
    "delivery_recipient_cost_adv": [{"threshold": INT, "sum": NUMBER, "vat_sum": NUMBER, "vat_rate": INT}],
    "sender": _CONTACT,
    "seller": _SELLER,
    "recipient": _CONTACT,
    "from_location": _LOCATION,
    "to_location": _LOCATION,
    "services": [_SERVICE],
    "packages": [_PACKAGE],
    "has_reverse_order": FLAG,
    "delivery_types": [TEXT],
}
UPDATE: Fields = {"uuid": UUID, "cdek_number": TEXT, **_SHARED}
# What a new order may have besides; `print` and `widgetToken` are read by CDEK and never shown again.
CREATE: Fields = {
    **_SHARED,
    "tariff_code!": INT,
    "recipient!": _CONTACT,
    "packages!": [_PACKAGE],
    "additional_order_types": [INT],
    "date_invoice": TEXT,
    "shipper_name": TEXT,
    "shipper_address": TEXT,
    "is_client_return": FLAG,
    "developer_key": TEXT,
}
