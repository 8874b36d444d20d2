"""Fixtures that several files share."""

import signal
from collections.abc import Iterator

import pytest

from tests.ways import WAYS, Way, as_on


def pytest_configure() -> None:
    """A shell that runs the tests in the background has SIGINT ignored, and some press Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """A way by its name; see `every_way`."""
    with as_on(request.param):
        yield WAYS[request.param]
