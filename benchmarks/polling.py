"""How late does a single `run` know of its verdict, against the best at equal calls? In virtual time."""

import argparse
import asyncio
import json
import random
import statistics
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import tenacity

from benchmarks.best import LAWS, Best, best
from benchmarks.driving import BenchmarkError, command
from benchmarks.table import table
from cdek_async import CdekClient, DeleteOrder, Polling
from tests.virtual import run

EVERY = 0.01  # seconds between two orders
WITHIN = 0.02  # seconds of the best, where that is near nothing
Side = Callable[[CdekClient, UUID], Awaitable[None]]


class Cdek(httpx.AsyncBaseTransport):
    """Settles each order after a time that it draws, and notes when it was seen."""

    def __init__(self, law: str, seed: int) -> None:
        self._draw, self._rng = LAWS[law].draw, random.Random(seed)
        self.settled: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self.looks = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now, uuid = asyncio.get_running_loop().time(), request.url.path.rpartition("/")[2]
        if uuid == "token":
            return reply(200, {"access_token": "t", "token_type": "bearer", "expires_in": 86_400})
        if request.method == "DELETE":
            self.settled[uuid] = now + self._draw(self._rng)
            return order(202, uuid, "ACCEPTED")
        self.looks += 1
        if now < self.settled[uuid] - 1e-6:  # what a jumping clock loses
            return order(200, uuid, "ACCEPTED")
        self.seen[uuid] = now
        return order(200, uuid, "SUCCESSFUL")


def order(status: int, uuid: str, state: str) -> httpx.Response:
    request = {"request_uuid": f"00000000{uuid[8:]}", "type": "DELETE", "state": state, "errors": []}
    request["date_time"] = "2026-11-22T10:00:00+0000"
    return reply(status, {"entity": {"uuid": uuid}, "requests": [request]})


def reply(status: int, data: object) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(data), headers={"content-type": "application/json"})


def ours(polling: Polling) -> Side:
    async def side(client: CdekClient, uuid: UUID) -> None:
        if not (await client.run(DeleteOrder(uuid), polling=polling)).ok:
            raise BenchmarkError(f"order {uuid} was not deleted")

    return side


async def jittered(client: CdekClient, uuid: UUID) -> None:
    """What one writes with tenacity."""
    await client.submit(DeleteOrder(uuid))
    retrying = tenacity.AsyncRetrying(
        sleep=asyncio.sleep,
        wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=10),
        retry=tenacity.retry_if_result(lambda done: not done),
        before=_first_wait,
    )

    async def look() -> bool:
        requests = (await client.get_order(uuid)).requests
        return any(one.state == "SUCCESSFUL" for one in requests)

    await retrying(look)


async def _first_wait(state: tenacity.RetryCallState) -> None:
    if state.attempt_number == 1:
        await asyncio.sleep(0.5)


SIDES: dict[str, Side] = {
    "cdek_async": ours(Polling(timeout=600)),
    "0.4 s, growing by a quarter": ours(Polling(wait_initial=0.4, wait_max=5, timeout=600)),
    "tenacity, exponential with jitter": jittered,
    "every second": ours(Polling(wait_initial=1, wait_max=1, timeout=600)),
}


def measured(law: str, side: Side, orders: int, seed: int) -> tuple[float, float]:
    """Mean lag and looks per order."""
    cdek = Cdek(law, seed)

    async def main() -> None:
        async with (
            CdekClient("id", "secret", transport=cdek, rate=None) as client,
            asyncio.TaskGroup() as group,
        ):
            for number in range(orders):
                group.create_task(_one(side, client, UUID(int=(4 << 76) | (1 << 63) | number)))
                await asyncio.sleep(EVERY)

    run(main())
    if len(cdek.seen) != orders or cdek.seen.keys() != cdek.settled.keys():
        raise BenchmarkError(f"{law}: {len(cdek.seen)} of {orders} orders were seen to have settled")
    lags = [cdek.seen[uuid] - settled for uuid, settled in cdek.settled.items()]
    if min(lags) < -1e-6:
        raise BenchmarkError(f"{law}: something was known before it was so")
    return statistics.mean(lags), cdek.looks / orders


async def _one(side: Side, client: CdekClient, uuid: UUID) -> None:
    await side(client, uuid)


def compared(law: str, points: Best, orders: int, seed: int) -> str:
    rows = []
    for name, side in SIDES.items():
        lag, looks = measured(law, side, orders, seed)
        at_best = points.lag(looks)
        ratio = f"{lag / at_best:.2f}" if at_best > 0.001 else "-"
        rows.append([name, f"{looks:.2f}", f"{lag:.3f}", f"{at_best:.3f}", ratio, f"{lag - at_best:.3f}"])
    head = [law, "looks per order", "mean lag, s", "the best at as many, s", "ratio", "more, s"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--laws", nargs="+", choices=LAWS, default=list(LAWS))
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    orders = 200 if options.quick else options.orders
    for law in options.laws:
        print(f"{compared(law, best(law), orders, options.seed)}\n", flush=True)


if __name__ == "__main__":
    command(main)
