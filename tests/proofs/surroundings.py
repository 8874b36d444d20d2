"""Where the proofs' processes run: the project's directory, and an environment without coverage."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def bare(**more: str) -> dict[str, str]:
    """The environment without what coverage hands to children: a killed one leaves half a file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return {**kept, "COLUMNS": "100", **more}
