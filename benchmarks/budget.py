"""What does a bulk job make of 200 calls per second, against a look every second? In virtual time."""

import argparse
import asyncio
import statistics
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx

from benchmarks.driving import BenchmarkError, command
from benchmarks.figures import peak_second
from benchmarks.table import table
from cdek_async import CdekClient, DeleteOrder, Outcome
from cdek_async._pacing import Pacer, Urgency
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport
from tests.virtual import run

RATE = 200
LAWS = ["lognormal:0.5,1", "fixed:0.2", "exponential:1", "tail:0.3,20,0.1", "uniform:20,40"]
TIMEOUT = 60.0  # seconds for an order, on both sides
Job = Callable[[Sandbox, list[str]], Awaitable[int]]


class Latent(SandboxTransport):
    """A sandbox some milliseconds away."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.025)
        response = await super().handle_async_request(request)
        await asyncio.sleep(0.025)
        return response


class Cost(NamedTuple):
    """What a job cost; `unsettled` orders had no verdict within their 60 seconds."""

    seconds: float
    calls: int
    peak: int
    unsettled: int


def client_of(sandbox: Sandbox) -> CdekClient:
    return CdekClient(sandbox.client_id, sandbox.client_secret, transport=Latent(sandbox), rate=RATE)


async def ours(sandbox: Sandbox, uuids: list[str]) -> int:
    """`run_all` as it comes; how many were unsettled."""
    async with client_of(sandbox) as client, client.run_all([DeleteOrder(one) for one in uuids]) as results:
        async for _, result in results:
            if isinstance(result, Outcome) and not result.ok:
                raise BenchmarkError(f"an order was {result.verdict}")
        if results.progress.ok + results.progress.unsettled != len(uuids):
            raise BenchmarkError(f"not every order has a verdict: {results.progress}")
        return results.progress.unsettled


async def all_at_once(sandbox: Sandbox, uuids: list[str]) -> int:
    """The plain loop without a semaphore: every DELETE queues before the first GET."""
    return await plain(sandbox, uuids, len(uuids))


async def hundred(sandbox: Sandbox, uuids: list[str]) -> int:
    """The plain loop with a semaphore of 100, held for the whole order."""
    return await plain(sandbox, uuids, 100)


async def plain(sandbox: Sandbox, uuids: list[str], places: int) -> int:
    """DELETE, then GET after every second until it is final, through the same pacer in turn."""
    transport, pacer, bearer = Latent(sandbox), Pacer(RATE, 50), await token(sandbox)
    places_left = asyncio.Semaphore(places)
    await asyncio.sleep(1.1)  # the token went past the pacer

    async def ask(method: str, uuid: str) -> Any:
        await pacer.acquire(Urgency.BULK)
        try:
            url = f"https://sandbox.invalid/v2/orders/{uuid}"
            reply = await transport.handle_async_request(httpx.Request(method, url, headers=bearer))
            return httpx.Response(reply.status_code, content=await reply.aread()).json()
        finally:
            pacer.release()

    async def delete(uuid: str) -> bool:
        async with places_left:
            await ask("DELETE", uuid)
            until = asyncio.get_running_loop().time() + TIMEOUT
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(1)
                order = await ask("GET", uuid)
                if any(one["type"] == "DELETE" and one["state"] == "SUCCESSFUL" for one in order["requests"]):
                    return True
        return False

    return (await asyncio.gather(*map(delete, uuids))).count(False)


async def token(sandbox: Sandbox) -> dict[str, str]:
    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    request = httpx.Request(
        "POST", "https://sandbox.invalid/v2/oauth/token", data={"grant_type": "client_credentials", **form}
    )
    reply = await SandboxTransport(sandbox).handle_async_request(request)
    bearer = httpx.Response(reply.status_code, content=await reply.aread()).json()["access_token"]
    return {"Authorization": f"Bearer {bearer}"}


def cost(job: Job, law: str, orders: int, faults: Callable[[Call], Fault | None] | float = 0.0) -> Cost:
    """Run a job to its end and compare what it says with what is so."""
    sandbox = Sandbox(settle=law, seed=1, faults=faults)
    uuids = [one.uuid for one in sandbox.add_orders(orders)]

    async def main() -> tuple[int, float]:
        return await job(sandbox, uuids), asyncio.get_running_loop().time()

    unsettled, seconds = run(main())
    applied = [one.order_uuid for one in sandbox.applied if one.type == "DELETE"]
    if len(set(applied)) != len(applied) or len(applied) + unsettled < orders:
        raise BenchmarkError(
            f"{law}: {len(set(applied))} of {orders} orders are deleted, {unsettled} unsettled"
        )
    calls = sorted(at for kind in sandbox.calls.values() for at in kind)
    return Cost(seconds, len(calls), peak_second(calls), unsettled)


WAYS: dict[str, Job] = {"run_all": ours, "semaphore 100": hundred, "all at once": all_at_once}


def laws(orders: int) -> str:
    """The usual law for a long job; all of them for one of a tenth, of which the end is a large part."""
    head = ["orders, law", "way", "s", "s / (2.1 N / rate)", "calls per order", "busiest s", "unsettled"]
    rows = []
    for law, count in [(LAWS[0], orders), *((law, orders // 10) for law in LAWS)]:
        for name, job in WAYS.items():
            one = cost(job, law, count)
            ratio, calls = one.seconds / (2.1 * count / RATE), one.calls / count
            figures = f"{one.seconds:.1f} {ratio:.2f} {calls:.2f} {one.peak} {one.unsettled}"
            rows.append([f"{count}, {law}", name, *figures.split()])
    return table(head, rows)


class Halving(Pacer):
    """The other way: half the rate at every fault, and a tenth of it back per second."""

    def slow_down(self, retry_after: float) -> None:  # noqa: ARG002 - as the pacer's
        self._factor = max(0.01, self._factor / 2)

    def _judge(self, now: float) -> None:
        seconds = int(now - self._window_at)
        if seconds:
            self._factor, self._window_at = min(1.0, self._factor + 0.1 * seconds), now


async def kept(pacer: Pacer, calls: int, share: float) -> float:
    """The average rate while so many calls are sent, of which a share is turned away."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(calls):
        await pacer.acquire(Urgency.BULK)
        pacer.release()
        if number * share % 1 < share:
            pacer.slow_down(0.0)
    return calls / (loop.time() - began)


def faults(calls: int) -> str:
    sides = {"ours, by the share of faults": Pacer, "half at every fault": Halving}
    return table(
        ["2 % of 503s", "calls per second, of 200"],
        [[name, f"{run(kept(side(RATE, 50), calls, 0.02)):.0f}"] for name, side in sides.items()],
    )


async def beside(sandbox: Sandbox, uuids: list[str], handlers: int) -> list[float]:
    """What single runs take while a bulk job runs, seconds each."""
    loop, taken = asyncio.get_running_loop(), list[float]()

    async def handler(client: CdekClient, uuid: str) -> None:
        began = loop.time()
        if not (await client.run(DeleteOrder(uuid))).ok:
            raise BenchmarkError("a single run failed")
        taken.append(loop.time() - began)

    async with client_of(sandbox) as client, asyncio.TaskGroup() as group:
        mine, bulk = uuids[:handlers], uuids[handlers:]

        async def handle() -> None:
            for uuid in mine:
                await asyncio.sleep(0.2)
                group.create_task(handler(client, uuid))

        group.create_task(handle())
        if bulk:
            async with client.run_all([DeleteOrder(one) for one in bulk]) as results:
                async for _ in results:
                    pass
    return taken


def single(orders: int) -> str:
    rows = []
    for count in (0, orders):
        sandbox = Sandbox(settle="fixed:0.3", seed=1)
        uuids = [one.uuid for one in sandbox.add_orders(count + 50)]
        taken = run(beside(sandbox, uuids, 50))
        rows.append([f"beside {count} deletions", f"{statistics.median(taken):.3f}", f"{max(taken):.3f}"])
    return table(["a single run, settled in 0.3 s", "median, s", "longest, s"], rows)


def outage(orders: int) -> str:
    def down(call: Call) -> Fault | None:
        return Fault("refused") if 5 <= call.at < 605 else None

    up, gone = cost(ours, LAWS[0], orders), cost(ours, LAWS[0], orders, down)
    rows = [
        ["seconds more", f"{gone.seconds - up.seconds:.0f}"],
        ["calls more", str(gone.calls - up.calls)],
        ["orders without a verdict", str(gone.unsettled)],
    ]
    return table([f"ten minutes without network, {orders} orders", "cost"], rows)


def main() -> None:
    options = parsed()
    print(f"{laws(options.orders)}\n", flush=True)
    print(f"{faults(options.orders)}\n")
    print(f"{single(options.orders // 4)}\n", flush=True)
    print(outage(options.orders // 10))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    if options.quick:
        options.orders = 1000
    if options.orders < 1000:
        parser.error("at least 1000 orders")
    return options


if __name__ == "__main__":
    command(main)
