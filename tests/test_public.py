"""What the package shows, and when it is loaded."""

import subprocess
import sys

import pytest

import cdek_async


def test_every_public_name_is_there() -> None:
    """Each is what it is called, and is told of to who explores."""
    assert "CdekClient" in dir(cdek_async)
    assert all(getattr(cdek_async, name) is not None for name in dir(cdek_async))
    assert cdek_async.CdekClient.__name__ == "CdekClient"


def test_all_of_it_can_be_had_at_once() -> None:
    """As `from cdek_async import *` has it."""
    names: dict[str, object] = {}
    exec("from cdek_async import *", names)  # noqa: S102 - it is no statement of a function's
    assert set(dir(cdek_async)) <= set(names)


@pytest.mark.parametrize("name", ["CdekCleint", "_nothing"])
def test_a_name_that_is_none_is_told(name: str) -> None:
    """In Python's words."""
    with pytest.raises(AttributeError, match=f"module 'cdek_async' has no attribute '{name}'"):
        getattr(cdek_async, name)


def test_help_loads_nothing_that_it_does_not_need() -> None:
    """Who only asks what there is does not wait for a client."""
    wanted = "{'httpx', 'cattrs', 'cdek_async._journal'}"
    loads = f"import sys, cdek_async.cli._run; print({wanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)  # noqa: S603 - of ours
    assert done.stdout == "set()\n"
