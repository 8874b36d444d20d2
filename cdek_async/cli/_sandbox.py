"""`cdek-async sandbox`: our own CDEK on a port of this machine, until Ctrl-C."""

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._screen import Screen
from cdek_async.cli._text import reason
from cdek_async.sandbox import Order, Sandbox, run

LOCKED = 0.1  # of the orders may no longer be deleted


@frozen(kw_only=True)
class Wishes:
    """What `sandbox` was asked for."""

    port: int
    orders: int
    settle: str
    faults: float
    seed: int
    csv: str | None


def sandbox(wishes: Wishes, screen: Screen) -> Code:
    """Serve orders, some of which may no longer be deleted."""
    if wishes.orders < 0:
        raise Stop(f"--orders: at least 0, not {wishes.orders}")
    try:
        served = Sandbox(settle=wishes.settle, faults=wishes.faults, seed=wishes.seed)
    except ValueError as error:
        raise Stop(str(error)) from error
    orders = served.add_orders(wishes.orders, locked=LOCKED)
    if wishes.csv is not None:
        write_uuids(wishes.csv, orders)

    def started(url: str) -> None:
        print(f"export CDEK_BASE_URL={url}")  # noqa: T201 - what a shell may want
        print(f"export CDEK_CLIENT_ID={served.client_id}")  # noqa: T201
        print(f"export CDEK_CLIENT_SECRET={served.client_secret}", flush=True)  # noqa: T201
        where = "--csv FILE writes their uuids" if wishes.csv is None else f"their uuids are in {wishes.csv}"
        screen.say(f"The sandbox serves {len(orders):,} orders ({where}). Ctrl-C ends it.")
        if orders:
            screen.say(f"One of them: cdek-async order {orders[0].uuid}")

    try:
        run(served, port=wishes.port, started=started)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Stop(str(error)) from error
    return Code.OK


def write_uuids(path: str | Path, orders: Iterable[Order]) -> None:
    """A CSV that `delete` reads."""
    try:
        Path(path).write_text("uuid\n" + "".join(f"{order.uuid}\n" for order in orders), encoding="utf-8")
    except OSError as error:
        raise Stop(f"{path}: {reason(error)}") from error
