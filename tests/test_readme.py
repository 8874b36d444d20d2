"""Every code block of the README runs as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from cdek_async.sandbox import Sandbox, serve

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [code.strip() for language, code in BLOCKS if language == "sh"]
PYTHON = [code for language, code in BLOCKS if language == "python"]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """No block escapes these tests by its language."""
    assert {language for language, _ in BLOCKS} == {"sh", "python"}


def test_the_first_two_are_one_line_each() -> None:
    """A newcomer pastes them; the second is what CI runs."""
    assert all("\n" not in line for line in SHELL[:2])
    assert SHELL[:2] == ["python3 scripts/dev.py demo", "python3 scripts/dev.py test"]


def test_the_python_blocks_run_one_after_the_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one namespace, as somebody who reads along would paste them."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "readme"}
    for number, code in enumerate(PYTHON):
        exec(compile(code, f"README.md, python block {number + 1}", "exec"), namespace)  # noqa: S102 - our own README
    printed = capsys.readouterr().out
    assert printed.startswith("deleted\nok\n")
    assert "Progress(taken=100, submitted=100," in printed
    assert printed.count("20 deleted") == 2
    assert "shipment_point" in printed


@pytest.mark.parametrize("line", SHELL[2:])
def test_the_other_shell_blocks_run(line: str, tmp_path: Path) -> None:
    """With the credentials of a sandbox in the environment and its orders in orders.csv."""
    sandbox = Sandbox(settle="fixed:0.1")
    orders = sandbox.add_orders(3)
    (tmp_path / "orders.csv").write_text("uuid\n" + "".join(f"{order.uuid}\n" for order in orders))
    line = line.replace("1400000001", orders[0].cdek_number)

    async def main() -> None:
        async with serve(sandbox) as url:
            known = {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "CDEK_CLIENT_ID": sandbox.client_id,
                "CDEK_CLIENT_SECRET": sandbox.client_secret,
                "CDEK_BASE_URL": url,
            }
            pipe = asyncio.subprocess.PIPE
            shell = await asyncio.create_subprocess_shell(
                line, cwd=tmp_path, env={**os.environ, **known}, stdout=pipe, stderr=pipe
            )
            _, said = await asyncio.wait_for(shell.communicate(), timeout=60)
            assert shell.returncode == 0, said.decode()

    asyncio.run(main())
    if "--report" in line:
        report = (tmp_path / "report.csv").read_text().splitlines()
        assert len(report) == 1 + len(orders)
