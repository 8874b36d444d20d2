"""Fixtures that several files share."""

from collections.abc import Iterator

import pytest

from tests.ways import WAYS, Way, as_on


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """A way by its name; see `every_way`."""
    with as_on(request.param):
        yield WAYS[request.param]
