"""Fixtures that several files share."""

import signal
from collections.abc import Iterator

import pytest

from tests.ways import WAYS, Way, as_on


def pytest_configure() -> None:
    """A shell's background and `nohup` leave signals ignored, which children inherit and tests send."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """A way by its name; see `every_way`."""
    with as_on(request.param):
        yield WAYS[request.param]
