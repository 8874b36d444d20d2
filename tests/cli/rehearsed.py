"""A dry run in virtual time, as its tests look at it."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from rich.console import Console

from cdek_async.cli._exit import Code
from cdek_async.cli._forecast import Trial
from cdek_async.cli._forecast_delete import DELETION
from cdek_async.cli._rehearse import rehearse
from cdek_async.cli._report import Report
from cdek_async.cli._screen import Screen
from cdek_async.sandbox import Sandbox
from tests.cli.sources import Source
from tests.sandboxed import client_of
from tests.virtual import run

UNKNOWN = "5f0f1d3c-7b0f-4c52-8a51-0a2b7c9d1e07"


@define
class Ran:
    """A dry run: its exit code, what the screen showed, and what the report holds."""

    code: Code
    screen: str
    rows: list[dict[str, Any]]
    seconds: float

    @property
    def predictions(self) -> dict[int, str]:
        return {row["line"]: row["verdict"] for row in self.rows}


def ran(
    sandbox: Sandbox,
    source: Source,
    path: Path,
    *,
    lines: int | None = None,
    rate: float = 200.0,
    trial: Trial = DELETION,
) -> Ran:
    """Carry a dry run out in virtual time, with a report; it must not write."""
    out, file = io.StringIO(), path / "report.jsonl"

    async def main() -> Ran:
        screen, client = Screen(Console(file=out, width=200)), client_of(sandbox, rate=rate)
        with Report(str(file)) as report:
            code = await rehearse(
                client,
                screen,
                report,
                source(),
                lines,
                trial=trial,
                rate=rate,
                name="orders.csv",
            )
        with pytest.raises(RuntimeError, match="closed"):
            await client.get_order(UNKNOWN)
        written = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return Ran(code, out.getvalue(), written, asyncio.get_running_loop().time())

    found = run(main())
    assert set(sandbox.calls) <= {"TOKEN", "GET"}
    file.unlink(missing_ok=True)
    return found
