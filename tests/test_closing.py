"""Closing a client: nothing new is taken, nothing is left, and who still waits keeps what is known."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cdek_async import (
    CdekClient,
    CdekError,
    DeleteOrder,
    Polling,
    TransportError,
    Unsettled,
)
from cdek_async._deadline import Deadline
from cdek_async._exchange import Wire
from cdek_async._models import Call
from cdek_async._over_httpx import OverHttpx
from cdek_async._pacing import Pacer, Urgency
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run

NOBODY = "7a1f3c5e-9b2d-4e6f-8a0c-4d2b6e8f1a35"

URL = "https://api.cdek.ru"


class Watched(SandboxTransport):
    """Tells when it was closed, and what came after."""

    closed = False
    late = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.late += self.closed
        return await super().handle_async_request(request)

    async def aclose(self) -> None:
        self.closed = True


def watched(sandbox: Sandbox) -> tuple[CdekClient, Watched]:
    transport = Watched(sandbox)
    return CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport), transport


def test_what_cdek_took_note_of_keeps_its_ticket() -> None:
    """A poll that is cut, in run, in settle and in a bulk job, at once: it can be settled later."""
    sandbox = Sandbox(settle="fixed:20")
    one, two, three = (order.uuid for order in sandbox.add_orders(3))

    async def main() -> None:
        client = client_of(sandbox)

        async def bulk() -> list[object]:
            async with client.run_all([DeleteOrder(two)]) as results:
                return [result async for _, result in results]

        ticket = await client.submit(DeleteOrder(three))
        settling = asyncio.create_task(client.settle(ticket))
        running, job = asyncio.create_task(client.run(DeleteOrder(one))), asyncio.create_task(bulk())
        await asyncio.sleep(2)
        await client.aclose()
        errors = [*await asyncio.gather(running, settling, return_exceptions=True), *await job]
        assert asyncio.get_running_loop().time() == pytest.approx(2, abs=0.1)
        async with client_of(sandbox) as later:
            for error, uuid in zip(errors, (one, three, two), strict=True):
                assert isinstance(error, Unsettled)
                assert error.ticket.order_uuid == UUID(uuid)
                assert (await later.settle(error.ticket)).ok

    run(main())


def test_a_ticket_that_comes_while_the_client_closes_is_not_lost() -> None:
    """The answer is heard; what polls would tell is for another client."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 8.0))

    async def main() -> None:
        client = client_of(sandbox)
        running = asyncio.create_task(client.run(DeleteOrder(uuid)))
        await asyncio.sleep(1)
        await client.aclose()
        with pytest.raises(Unsettled, match="the client was closed") as caught:
            await running
        assert caught.value.ticket.order_uuid == UUID(uuid)
        assert 8 <= asyncio.get_running_loop().time() < 8.1

    run(main())


def test_a_poll_that_would_begin_after_closing_is_cut_too() -> None:
    """Its ticket came in the same moment, or from a journal: it is not lost either."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        client = client_of(sandbox)
        ticket = await client.submit(DeleteOrder(uuid))
        await client.aclose()
        with pytest.raises(Unsettled, match="the client was closed") as caught:
            await client._engine.settle(ticket, Deadline(60), Polling())
        assert caught.value.ticket == ticket
        assert asyncio.get_running_loop().time() < 0.1

    run(main())
    assert not sandbox.calls["GET"]


def test_a_look_that_is_answered_while_the_client_closes_is_the_last() -> None:
    """Without a verdict nobody waits for the next one."""
    sandbox = Sandbox(settle="fixed:30")
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", Fault("slow", 2.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            running = asyncio.create_task(client.run(DeleteOrder(uuid)))
            await asyncio.sleep(1)
            await client._engine.aclose()  # what comes before the transport's end
            with pytest.raises(Unsettled, match="the client was closed") as caught:
                await running
            assert caught.value.ticket.order_uuid == UUID(uuid)
            assert asyncio.get_running_loop().time() < 3

    run(main())
    assert len(sandbox.calls["GET"]) == 1


def test_nothing_new_is_taken_while_a_client_closes() -> None:
    """It would be cut right away."""
    sandbox = Sandbox()
    one, two = (order.uuid for order in sandbox.add_orders(2))
    sandbox.script("DELETE", Fault("slow", 8.0))

    async def main() -> None:
        client = client_of(sandbox)
        submitting = asyncio.create_task(client.submit(DeleteOrder(one)))
        await asyncio.sleep(1)
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="closed"):
            await client.run(DeleteOrder(two))
        with pytest.raises(RuntimeError, match="closed"):
            await client.get_order(two)
        await client.aclose()  # nothing is left when it returns, whoever began
        assert closing.done()
        assert (await submitting).order_uuid == UUID(one)

    run(main())
    assert not sandbox.truth(two).requests


def test_closing_again_elsewhere_is_nothing() -> None:
    """Whatever became of the loop in which it was begun, nobody waits for it."""
    client = client_of(Sandbox())
    run(client.aclose())
    run(client.aclose())


def test_a_farewell_that_is_cancelled_closes_everything_all_the_same() -> None:
    """The transport is closed, and no task is left."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 25.0))

    async def main() -> None:
        client, transport = watched(sandbox)

        async def job() -> None:
            async with client:
                await client.run(DeleteOrder(uuid))

        task = asyncio.create_task(job())
        for _ in range(2):  # out of the block, then out of its end
            await asyncio.sleep(1)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert transport.closed
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


@pytest.mark.parametrize("wait", [None, 5.0])
def test_nothing_goes_out_after_closing(wait: float | None) -> None:
    """Not even a call that was to be tried again."""
    sandbox = Sandbox(faults=lambda call: None if call.kind == "TOKEN" else Fault("server_error"))
    uuid = sandbox.add_order().uuid
    if wait is not None:
        sandbox.script("GET", Fault("too_many", wait))

    async def main() -> None:
        client, transport = watched(sandbox)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(client.get_order(uuid)),
            asyncio.create_task(client.run(DeleteOrder(uuid))),
        ]
        await asyncio.sleep(0.3)
        await client.aclose()
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(error, TransportError) for error in errors), errors
        assert not transport.late

    run(main())


def test_a_closed_wire_takes_no_call() -> None:
    """Who was let go by the pacer hears that nothing was sent, and gives his place back."""

    async def main() -> None:
        sandbox = Sandbox()
        pacer = Pacer(None, 1)
        wire = Wire(URL, OverHttpx(URL, SandboxTransport(sandbox)), pacer)
        await pacer.acquire(Urgency.SINGLE)
        queueing = asyncio.create_task(pacer.acquire(Urgency.SINGLE))
        await asyncio.sleep(1)
        await wire.aclose()
        await queueing
        await pacer.acquire(Urgency.BULK)
        with pytest.raises(TransportError, match="not sent, the client was closed") as caught:
            await wire.exchange(Call("DELETE", f"/v2/orders/{uuid4()}"), 1)
        assert not caught.value.undecided
        assert caught.value.lasting
        assert not sandbox.calls

    run(main())


async def deletes(client: CdekClient) -> object:
    return await client.run(DeleteOrder(NOBODY))


async def reads(client: CdekClient) -> object:
    return await client.get_order(NOBODY)


async def authenticates(client: CdekClient) -> object:
    return await client.get_order(NOBODY)


Ask = Callable[[CdekClient], Coroutine[Any, Any, object]]
FAILING: dict[Ask, str] = {deletes: "DELETE", reads: "GET", authenticates: "TOKEN"}


async def left_after(steps: int, ask: Ask, fault: str) -> None:
    """A caller that leaves some steps of the loop after it began; whatever it asks for fails."""
    sandbox = Sandbox(faults=lambda call: Fault(fault) if call.kind == FAILING[ask] else None)
    async with client_of(sandbox) as client:
        task = asyncio.create_task(ask(client))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(CdekError, asyncio.CancelledError):
            await task
        await asyncio.sleep(60)


@pytest.mark.parametrize("ask", [deletes, reads, authenticates])
@pytest.mark.parametrize("fault", ["redirect", "tls", "html"])
def test_a_caller_that_left_leaves_no_noise(ask: Ask, fault: str) -> None:
    """An error that nobody waits for any more is not "never retrieved"."""
    noise: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        for steps in range(30):
            await left_after(steps, ask, fault)
        gc.collect()  # asyncio tells when a task is collected

    run(main())
    assert not noise
