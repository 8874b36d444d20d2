"""The ways on which calls go out, each under the same tests: the default, the fast one, httpx's own."""

import sys
from collections.abc import Callable

import httpx
import pytest

Way = Callable[[], httpx.AsyncBaseTransport | None]


def by_itself() -> None:
    """Give no transport: a client takes pyreqwest where it is installed, and aiohttp elsewhere."""


WAYS: dict[str, Way] = {"aiohttp": by_itself, "fast": by_itself, "httpx": httpx.AsyncHTTPTransport}
"""By name; the development environment has pyreqwest, so that "aiohttp" has to hide it."""
every_way = pytest.mark.parametrize("way", WAYS, indirect=True)


def hide_pyreqwest() -> None:
    """As where it is not installed; for a process of its own."""
    sys.modules["pyreqwest"] = None  # type: ignore[assignment]  # how Python says "there is no such module"
