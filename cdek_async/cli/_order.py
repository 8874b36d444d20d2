"""`cdek-async order`: one order for people, or as CDEK sent it."""

import asyncio
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdek_async import CdekClient, Location, Order, OrderInfo, Package, State
from cdek_async.cli._connect import connect
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._json import pretty
from cdek_async.cli._stdout import standard_output
from cdek_async.cli._text import plain
from cdek_async.cli._timeline import timeline


def order(uuid: str | None, cdek_number: str | None, im_number: str | None, *, as_json: bool) -> Code:
    """Show the order that exactly one of the numbers names."""
    if [uuid, cdek_number, im_number].count(None) != 2:  # noqa: PLR2004 - all but one
        raise Stop("name the order by exactly one of: its uuid, --cdek-number, --im-number")
    return _told(asyncio.run(_read(connect(), uuid, cdek_number, im_number)), as_json=as_json)


async def _read(
    client: CdekClient, uuid: str | None, cdek_number: str | None, im_number: str | None
) -> OrderInfo:
    async with client:
        try:
            if uuid is not None:
                return await client.get_order(uuid)
            return await client.find_order(cdek_number=cdek_number, im_number=im_number)
        except ValueError as error:
            raise Stop(str(error)) from error


def _told(info: OrderInfo, *, as_json: bool) -> Code:
    out = standard_output()
    if as_json:
        out.write(pretty(info.raw) + "\n")
    else:
        show(info, Console(file=out, highlight=False))
    return Code.OK


def show(info: OrderInfo, console: Console) -> None:
    """Print the order; its texts are only ever text."""
    head = Table.grid(padding=(0, 2))
    head.add_column(no_wrap=True)
    head.add_column(overflow="fold")
    for name, value in _head(info.order):
        head.add_row(Text(name, style="bold"), Text(plain(value)))
    console.print(head)
    console.print()
    events = Table.grid(padding=(0, 2))
    events.add_column(no_wrap=True)
    events.add_column(no_wrap=True)
    events.add_column(overflow="fold")
    for event in timeline(info):
        at = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if event.at else "no time"
        style = "bold red" if event.what.endswith(f" {State.INVALID}") else "bold"
        lines = [Text.assemble((plain(event.what), style), "  ", plain(event.note))]
        lines += [Text(plain(line)) for line in event.details]
        events.add_row(at, event.kind, Text("\n").join(lines))
    console.print(events)


def _head(order: Order) -> Iterator[tuple[str, str]]:
    yield "order", str(order.uuid or "?")
    yield "cdek number", order.cdek_number or "none yet"
    if order.number:
        yield "shop's number", order.number
    yield "tariff", str(order.tariff_code or "?")
    yield "from", _place(order.from_location, order.shipment_point)
    yield "to", _place(order.to_location, order.delivery_point)
    for package in order.packages:
        yield "package", _package(package)
    if order.comment:
        yield "comment", order.comment


def _place(location: Location | None, point: str | None) -> str:
    city = location and (location.city or location.address)
    return " ".join(part for part in (city or "?", point and f"({point})") if part)


def _package(package: Package) -> str:
    sides = (package.length, package.width, package.height)
    size = "×".join(map(str, sides)) + " cm" if all(sides) else None
    weight = f"{package.weight:,} g" if package.weight else None
    return ", ".join(part for part in (package.number or "?", weight, size) if part)
