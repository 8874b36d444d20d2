"""Fixtures that several files share."""

import sys

import pytest

from tests.ways import WAYS, Way


@pytest.fixture
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    """A way by its name; see `every_way`."""
    name: str = request.param
    if name == "aiohttp":
        monkeypatch.setitem(sys.modules, "pyreqwest", None)  # how Python says "there is no such module"
    return WAYS[name]
