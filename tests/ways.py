"""The ways on which calls go out, each under the same tests: the default, the fast one, httpx's own."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import httpx
import pytest

from benchmarks.hiding import without

Way = Callable[[], httpx.AsyncBaseTransport | None]


def by_itself() -> None:
    """Give no transport: a client takes pyreqwest where it is installed, and aiohttp elsewhere."""


WAYS: dict[str, Way] = {"aiohttp": by_itself, "fast": by_itself, "httpx": httpx.AsyncHTTPTransport}
"""By name; the development environment has pyreqwest, so that "aiohttp" has to hide it."""
every_way = pytest.mark.parametrize("way", WAYS, indirect=True)


def as_on(way: str) -> AbstractContextManager[None]:
    """What has to be so for a client to take this way."""
    return without("pyreqwest") if way == "aiohttp" else nullcontext()
