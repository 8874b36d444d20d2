"""The layouts in which CDEK says no, and the sentences that go with its codes."""

import json

_MESSAGES = {
    "v2_entity_not_found": "Entity is not found by uuid {0}",
    "v2_entity_not_found_im_number": "Entity is not found by number {0}",
    "v2_order_not_found": "Order not found by cdek_number {0}",
    "v2_entity_forbidden": "Entity is forbidden {0}",
    "v2_entity_invalid": "Entity is invalid {0}",
    "v2_update_forbidden": (
        'Operation is forbidden. Orders can only be updated in "CREATED" or "ACCEPTED" statuses'
    ),
    "v2_entity_has_final_status": "Operation is forbidden. Entity has final status {0}",
    "v2_package_id_is_empty": "Package_id for {0} package is empty",
    "v2_similar_request_still_processed": "Similar request is still being processed {0}",
    "v2_bad_request": "Bad request",
    "v2_invalid_format": "Invalid value [{0}] in [{1}] parameter",
    "v2_invalid_value_type": "Invalid value type in {0} field",
    "v2_field_is_empty": "{0} is empty",
    "v2_parameters_empty": "All parameters are empty",
    "v2_order_number_empty": "Order number and order uuid are empty",
    "v2_shipment_address_multivalued": "Sender address and sender shipment point can't be filled both",
    "v2_delivery_address_multivalued": "Recipient address and recipient delivery point can't be filled both",
    "v2_number_items_is_more_126": "The number of commodity items is more than 126",
    "v2_token_expired": "Access token is expired: {0}",
    "v2_authorization_incorrect": "Authorization header is incorrect",
    "unauthorized": "Full authentication is required to access this resource",
    "v2_cost_change_by_tariff": "New tariff code can trigger change order cost",
    "v2_cost_change_by_services": "New services can trigger change order cost",
    "v2_cost_change_by_parameters": (
        "New parameters (weight, dimensions, items cost) can trigger change order cost"
    ),
    "v2_cost_change_by_location": "New location can trigger change order cost",
    "error_validate_order_delete_status": (
        "Ошибка удаления заказа. Заказ может быть удален только в статусе Создан."
    ),
    "error_validate_order_delete_documents_in_warehouse_is_not_empty": (
        "Ошибка удаления заказа. По заказу есть операции на складе."
    ),
    "error_validate_order_delete_claims_is_not_empty": (
        "Ошибка удаления заказа. По заказу зарегистрирована претензия."
    ),
    "error_validate_im_dep_number_has_already_had_integration": (
        "Введенный номер отправления ИМ не уникальный. Введите уникальный номер."
    ),
    "error_validate_online_shop_number_departure_is_not_unique": "Номер отправления не уникальный",
    "error_validate_package_number_not_unique": "Номер места в заказе должен быть уникален",
}


def issue(code: str, *about: object) -> dict[str, str]:
    """An error or a warning as CDEK writes it."""
    return {"code": code, "message": _MESSAGES[code].format(*about)}


def refused(request_type: str, date_time: str, *errors: dict[str, str]) -> dict[str, object]:
    """The body of a 400 about orders: a request without a `request_uuid`, and no entity."""
    return {
        "requests": [
            {"type": request_type, "state": "INVALID", "date_time": date_time, "errors": list(errors)}
        ]
    }


def dump(body: object) -> bytes:
    """JSON as it goes over the wire."""
    return _encode(body).encode()


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
