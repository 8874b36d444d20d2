"""What CDEK refuses at once: the static checks of a PATCH or POST body."""

from collections.abc import Iterator
from typing import Any

from cdek_async.sandbox.layouts import issue

Issue = dict[str, str]


def update_issues(body: dict[str, Any]) -> list[Issue]:
    """Everything wrong with an update that can be seen without the order."""
    if not body.get("uuid") and not body.get("cdek_number"):
        return [issue("v2_order_number_empty")]
    return list(_shared(body))


def create_issues(body: dict[str, Any]) -> list[Issue]:
    """Everything wrong with a new order that can be seen at once."""
    missing = [issue("v2_field_is_empty", name) for name in _NEEDED_TO_CREATE if not body.get(name)]
    return missing or list(_shared(body))


_NEEDED_TO_CREATE = ("tariff_code", "recipient", "packages")


def _shared(body: dict[str, Any]) -> Iterator[Issue]:
    yield from ()
