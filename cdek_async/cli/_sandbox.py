"""`cdek-async sandbox`: our own CDEK on a port of this machine, until Ctrl-C."""

from collections.abc import Iterable
from errno import EADDRINUSE
from pathlib import Path

from attrs import frozen

from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._screen import Screen
from cdek_async.cli._text import reason
from cdek_async.sandbox import Order, Sandbox, run

_LAST_PORT = 65535
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
    if not 0 <= wishes.port <= _LAST_PORT:
        raise Stop(f"--port: 0 to {_LAST_PORT}, not {wishes.port}")
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
        raise Stop(f"--port {wishes.port}: {_why(error.__cause__)}") from error
    return Code.OK


def _why(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.errno != EADDRINUSE:
        return reason(error)
    return "another program listens there already; 0 takes a free one"


def write_uuids(path: str | Path, orders: Iterable[Order]) -> None:
    """A CSV that `delete` reads; never over another file."""
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.writelines(("uuid\n", *(f"{order.uuid}\n" for order in orders)))
    except FileExistsError as error:
        raise Stop(f"{path}: exists already, and is not written over") from error
    except OSError as error:
        raise Stop(f"{path}: {reason(error)}") from error
