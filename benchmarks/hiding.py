"""Hides a package: what an installation without it would do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def without(package: str) -> Iterator[None]:
    """As where this package is not installed."""
    with mock.patch.dict(sys.modules, {package: None}):  # how Python says "there is no such module"
        yield
