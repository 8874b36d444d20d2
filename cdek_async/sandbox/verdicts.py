"""How a request ends: decided by the order's state at the moment it settles."""

from typing import Any

from cdek_async.sandbox.entity import finished_package, packages
from cdek_async.sandbox.layouts import issue
from cdek_async.sandbox.orders import FINAL, Order, Request

Issues = tuple[dict[str, str], ...]


def decide(order: Order, request: Request, rivals: list[Order]) -> Issues:
    """The errors that a request ends with, none when it took effect; `rivals` bear the same number."""
    match request.type:
        case "DELETE":
            return _delete(order, request)
        case "UPDATE":
            return _update(order, request)
        case "CREATE":
            return _create(order, request, rivals)
        case _:
            return _refuse(order, request)


def _create(order: Order, request: Request, rivals: list[Order]) -> Issues:
    """A number that an active order bears already is found out only now, after the 202."""
    if any(rival.numbered and rival.current != "REMOVED" for rival in rivals):
        order.move(request, "INVALID")
        return (issue("error_validate_im_dep_number_has_already_had_integration"),)
    order.move(request, "CREATED")
    return ()


def _delete(order: Order, request: Request) -> Issues:
    if order.current != "CREATED":
        return (issue("error_validate_order_delete_status"),)
    if order.warehouse:
        return (issue("error_validate_order_delete_documents_in_warehouse_is_not_empty"),)
    if order.claims:
        return (issue("error_validate_order_delete_claims_is_not_empty"),)
    order.move(request, "REMOVED")
    order.removed_by = request
    return ()


def _update(order: Order, request: Request) -> Issues:
    if order.current not in ("CREATED", "ACCEPTED"):
        return (issue("v2_update_forbidden"),)
    change = {name: value for name, value in request.payload.items() if name not in ("uuid", "cdek_number")}
    if "packages" in change:
        given = change["packages"] or []
        errors = _package_issues(given, packages(order))
        if errors:
            return errors
        # What is not in the list is gone afterwards: the list replaces the packages.
        change["packages"] = [finished_package(request.uuid, index, one) for index, one in enumerate(given)]
    order.changes.append((request, change))
    return ()


def _package_issues(given: list[dict[str, Any]], present: list[dict[str, Any]]) -> Issues:
    ids = {package.get("package_id") for package in present}
    numbers = {package["number"] for package in present}
    issues = []
    for package in given:
        package_id = package.get("package_id")
        if not package_id and package["number"] in numbers:
            issues.append(issue("v2_package_id_is_empty", package["number"]))
        elif package_id and package_id not in ids:
            issues.append(issue("v2_entity_not_found", package_id))
    if len({package["number"] for package in given}) < len(given):
        issues.append(issue("error_validate_package_number_not_unique"))
    return tuple(issues)


def _refuse(order: Order, request: Request) -> Issues:
    """A refusal after the parcel moved; used on a CREATED order it goes through too, and costs money."""
    if order.current in FINAL:
        return (issue("v2_entity_has_final_status", order.current),)
    order.move(request, "NOT_DELIVERED", _REFUSED)
    return ()


_REFUSED = "11"  # CDEK's reason code for a refusal


def cost_warnings(body: dict[str, Any]) -> Issues:
    """What an update may do to the price, announced as soon as it is accepted."""
    causes = {
        "tariff_code": "v2_cost_change_by_tariff",
        "services": "v2_cost_change_by_services",
        "packages": "v2_cost_change_by_parameters",
        "to_location": "v2_cost_change_by_location",
    }
    return tuple(issue(code) for name, code in causes.items() if name in body)
