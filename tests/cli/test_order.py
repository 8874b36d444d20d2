import io
import json
import shlex
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from cdek_async import Location, Order, OrderInfo, Package
from cdek_async._orders import Status
from cdek_async.cli import main
from cdek_async.cli._order import show
from cdek_async.sandbox import Sandbox
from tests.cli.terminal import environment, finish, served

SANDBOX = Sandbox(settle="fixed:0")
ONE = SANDBOX.add_order(number="ЗАКАЗ-1")


@pytest.fixture(scope="module")
def url() -> Any:
    with served(SANDBOX) as url:
        yield url


@pytest.fixture(autouse=True)
def _environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "arguments", [[ONE.uuid], ["--cdek-number", ONE.cdek_number], ["--im-number", ONE.number]]
)
def test_an_order_is_shown_by_any_of_its_numbers(arguments: list[str], capfd: Any) -> None:
    """Its head, then what happened to it."""
    assert main(["order", *arguments]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    for text in (ONE.uuid, ONE.cdek_number, "ЗАКАЗ-1", "CREATED", "CREATE SUCCESSFUL"):
        assert text in out


def test_json_is_what_cdek_sent(capfd: Any) -> None:
    """With its own names and letters."""
    assert main(["order", ONE.uuid, "--json"]) == 0
    out, _ = capfd.readouterr()
    assert json.loads(out)["entity"]["number"] == "ЗАКАЗ-1"
    assert "ЗАКАЗ-1" in out


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--im-number", "N-2"], 1, "CDEK knows no order with im_number N-2"),
        (
            ["3ac1c3e8-0e52-4c39-a0c7-6c6a0d6ff001"],
            1,
            "CDEK knows no order 3ac1c3e8-0e52-4c39-a0c7-6c6a0d6ff001",
        ),
        ([], 2, "name the order by exactly one of: its uuid, --cdek-number, --im-number"),
        ([ONE.uuid, "--im-number", "N-2"], 2, "name the order by exactly one of"),
        (["../x"], 2, "uuid: '../x' is not a UUID"),
        (["--im-number", ""], 2, "im_number: not an order number: ''"),
    ],
)
def test_an_order_that_cannot_be_shown_is_one_line(
    arguments: list[str], code: int, line: str, capfd: Any
) -> None:
    """And an exit code that tells bad usage from "there is none"."""
    assert main(["order", *arguments]) == code
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"cdek-async: {line}")


def text_of(order: Order, width: int = 60) -> str:
    out = io.StringIO()
    show(OrderInfo(order=order), Console(file=out, width=width, force_terminal=False))
    return out.getvalue()


def test_an_order_of_which_little_is_known_is_shown_all_the_same() -> None:
    """As CDEK shows it right after its creation, or not even that."""
    assert text_of(Order()).split() == [
        "order",
        "?",
        "cdek",
        "number",
        "none",
        "yet",
        "tariff",
        "?",
        "from",
        "?",
        "to",
        "?",
    ]
    some = text_of(
        Order(
            from_location=Location(address="Лесная, 1"),
            to_location=Location(city="Тверь"),
            delivery_point="TVR1",
            packages=(Package(), Package(number="2", weight=1500, length=10, width=20, height=30)),
            statuses=(Status(code="CREATED"),),
        )
    )
    lines = [" ".join(line.split()) for line in some.splitlines()]
    assert lines[3:7] == ["from Лесная, 1", "to Тверь (TVR1)", "package ?", "package 2, 1,500 g, 10×20×30 cm"]
    assert lines[-1] == "no time status CREATED"


def test_texts_of_an_order_are_only_texts() -> None:
    """A comment injects neither markup nor escapes; a narrow terminal folds it."""
    text = text_of(Order(comment="[bold]x[/bold] \x1b[2J \x9b31m " + "q" * 80), width=40)
    assert "[bold]x[/bold] [2J" in text
    assert text.count("q") == 80
    assert max(map(len, text.splitlines())) <= 40
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("redirected", "code", "line"),
    [
        (">/dev/full", 1, "cdek-async: standard output: no space left on device\n"),
        ("--json >/dev/full", 1, "cdek-async: standard output: no space left on device\n"),
        (">&-", 1, "cdek-async: standard output: closed\n"),
    ],
)
def test_an_output_that_takes_nothing_is_one_line(redirected: str, code: int, line: str) -> None:
    """A full disk, a closed stream."""
    command = f"{shlex.quote(sys.executable)} -m cdek_async order {ONE.uuid} {redirected}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (code, "", line)


def test_letters_that_an_encoding_lacks_are_replaced(url: str) -> None:
    """An order's texts are Russian, a machine's encoding may be ASCII."""
    ascii_only = environment(url, LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    code, out, err = finish("order", ONE.uuid, env=ascii_only)
    assert (code, err) == (0, "")
    assert "?????-1" in out
