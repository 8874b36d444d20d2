"""The lock for development: it has everything that pyproject.toml names, and a hash for every file."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = [each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra]
NAMED = [
    Requirement(each)
    for each in (*PROJECT["project"]["dependencies"], *EXTRAS, *PROJECT["dependency-groups"]["dev"])
    if not each.startswith("cdek-async")
]
ENTRIES = re.split(r"\n(?=\w)", (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8"))[1:]
PINS = {found[1]: found[2] for each in ENTRIES if (found := re.match(r"([\w.-]+)==([\w.]+)", each))}


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_what_is_named_is_locked(named: Requirement) -> None:
    """Whoever changes pyproject.toml makes the lock anew; its first lines say how."""
    assert named.specifier.contains(PINS[named.name.lower()])


def test_every_entry_is_one_version_with_its_hashes() -> None:
    """pip then takes no other file, whatever an index offers."""
    assert len(PINS) == len(ENTRIES) > len(NAMED)
    assert [each for each in ENTRIES if not re.search(r"--hash=sha256:[0-9a-f]{64}", each)] == []
