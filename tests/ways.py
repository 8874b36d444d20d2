"""The ways on which calls go out, each under the same tests: the default, the fast one, httpx's own."""

from collections.abc import Callable

import httpx
import pytest

from cdek_async._aiohttp import AiohttpTransport

Way = Callable[[], httpx.AsyncBaseTransport | None]


def fast() -> None:
    """What a client takes by itself where pyreqwest is installed; the development environment has it."""


every_way = pytest.mark.parametrize(
    "way", [AiohttpTransport, fast, httpx.AsyncHTTPTransport], ids=["aiohttp", "fast", "httpx"]
)
