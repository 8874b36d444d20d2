import inspect
import re
from pathlib import Path
from typing import Any

from cdek_async.sandbox import Kind, Sandbox
from tests.virtual import run

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_the_example_of_the_page_runs() -> None:
    """What the page shows to somebody who tests their own code works as it stands, in virtual time."""
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(first.replace("asyncio.run(main())", ""), names)  # noqa: S102  our own page
    run(names["main"]())
    exec(second, names)  # noqa: S102  our own page
    assert names["over_sockets"]


def test_the_page_names_every_fault() -> None:
    """Each kind of fault is on the page, and so is each knob of a sandbox."""
    page = PAGE.read_text("utf-8")
    assert [kind for kind in Kind if f"`{kind}`" not in page] == []
    knobs = set(inspect.signature(Sandbox).parameters) - {"clock", "seed", "client_id", "client_secret"}
    assert [knob for knob in knobs if f"{knob}=" not in page] == []
