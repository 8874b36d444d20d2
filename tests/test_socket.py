"""The client over real sockets on loopback: what a transport in memory would hide."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from cdek_async import (
    AuthError,
    CdekClient,
    DeleteOrder,
    OrderChanges,
    OrderNotFound,
    Outcome,
    Polling,
    TransportError,
    UpdateOrder,
)
from cdek_async.sandbox import Fault, Sandbox, serve
from cdek_async.sandbox.calls import Call
from tests.ways import Way, every_way

SOON = Polling(wait_initial=0.02, wait_max=0.1, timeout=20)


@asynccontextmanager
async def client_over(sandbox: Sandbox, way: Way, secret: str | None = None) -> AsyncIterator[CdekClient]:
    """A client whose calls go this way, talking to a server over the sandbox."""
    async with (
        serve(sandbox) as url,
        CdekClient(
            sandbox.client_id,
            secret or sandbox.client_secret,
            base_url=url,
            polling=SOON,
            rate=None,
            transport=way(),
        ) as client,
    ):
        yield client


@every_way
def test_an_order_is_updated_and_deleted(way: Way) -> None:
    """The token's reply is read, the body is sent, the outcome is true."""
    sandbox = Sandbox(settle="fixed:0.05")
    order = sandbox.add_order()

    async def main() -> None:
        async with client_over(sandbox, way) as client:
            changes = OrderChanges(uuid=order.uuid, comment="Позвонить заранее")
            assert (await client.run(UpdateOrder(changes))).ok
            assert (await client.find_order(im_number=order.number)).order.comment == "Позвонить заранее"
            assert (await client.run(DeleteOrder(order.uuid))).ok
            with pytest.raises(OrderNotFound):
                await client.get_order(uuid4())

    asyncio.run(main())
    assert sandbox.truth(order.uuid).status == "REMOVED"


@every_way
@pytest.mark.parametrize(
    "fault",
    [
        Fault("dropped_after"),
        Fault("dropped_after", reset=False),
        Fault("truncated"),
        Fault("empty"),
        Fault("html"),
        Fault("gzip"),
        Fault("huge"),
        Fault("server_error", status=502, applied=True),
    ],
    ids=lambda fault: f"{fault.kind}{'' if fault.reset else '-closed'}",
)
def test_a_lost_answer_is_looked_for_and_not_sent_again(fault: Fault, way: Way) -> None:
    """As over the sandbox in memory."""
    sandbox = Sandbox(settle="fixed:0.05")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", fault)

    async def main() -> None:
        async with client_over(sandbox, way) as client:
            outcome = await client.run(DeleteOrder(uuid))
            assert outcome.ok
            assert outcome.adopted

    asyncio.run(main())
    assert len(sandbox.calls["DELETE"]) == 1


@every_way
def test_a_body_that_drips_does_not_hold_a_poll_up(way: Way) -> None:
    """Each byte starts the read timeout anew; the deadline does not wait."""
    sandbox = Sandbox(settle="fixed:0.05")
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", Fault("drip", 0.2))

    async def main() -> None:
        async with client_over(sandbox, way) as client:
            ticket = await client.submit(DeleteOrder(uuid))
            with pytest.raises(TimeoutError):
                await client.settle(ticket, timeout=0.6)
            assert (await client.settle(ticket)).ok

    asyncio.run(main())


@every_way
def test_many_at_once_with_faults_agree_with_the_sandbox(way: Way) -> None:
    """Every order exactly one result, and no order deleted twice."""
    sandbox = Sandbox(settle="uniform:0,0.1", seed=11, faults=_quick_fault)
    orders = sandbox.add_orders(120, locked=0.2)

    async def main() -> None:
        async with client_over(sandbox, way) as client:
            results = {}
            async with client.run_all([DeleteOrder(order.uuid) for order in orders]) as job:
                async for operation, result in job:
                    assert isinstance(result, Outcome), result
                    results[str(operation.uuid)] = result.ok
            assert results == {order.uuid: sandbox.truth(order.uuid).status == "REMOVED" for order in orders}

    asyncio.run(main())
    removed = [applied.order_uuid for applied in sandbox.applied if applied.type == "DELETE"]
    assert len(removed) == len(set(removed))


QUICK = ("dropped_after", "truncated", "token_expired", "empty")


def _quick_fault(call: Call) -> Fault | None:
    """Every twentieth call meets one that costs no waiting: what is lost is found at the first look."""
    turn, other = divmod(call.number, 20)
    kind = QUICK[turn % len(QUICK)]
    # One refused token: a replay that met a second one would rightly end the job.
    again = kind == "token_expired" and turn > len(QUICK)
    return None if other or again or call.kind == "TOKEN" else Fault(kind)


@every_way
def test_callers_cancelled_at_any_moment_leave_the_pool_whole(way: Way) -> None:
    """httpx loses a connection per request that is cancelled; here none is (encode/httpcore#1093)."""
    sandbox = Sandbox(settle="fixed:0", faults=lambda call: Fault("slow", 0.02))
    orders = sandbox.add_orders(240)

    async def main() -> None:
        async with client_over(sandbox, way) as client:
            tasks = [asyncio.create_task(client.get_order(order.uuid)) for order in orders]
            for number, task in enumerate(tasks):
                asyncio.get_running_loop().call_later(number * 37 % 100 * 0.003, task.cancel)
            await asyncio.gather(*tasks, return_exceptions=True)
            for order in orders[:60]:  # more than the pool has connections
                await client.get_order(order.uuid)

    asyncio.run(main())


@every_way
def test_nobody_listens(way: Way) -> None:
    """Connection refused: nothing was sent, and the error says so in the system's words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def main() -> None:
        async with CdekClient("me", "secret", base_url=f"http://127.0.0.1:{port}", transport=way()) as client:
            with pytest.raises(TransportError, match="refused") as caught:
                await client.submit(DeleteOrder(uuid4()), timeout=5)
            assert not caught.value.undecided

    asyncio.run(main())


@every_way
def test_wrong_credentials(way: Way) -> None:
    """401 with CDEK's body."""

    async def main() -> None:
        async with client_over(Sandbox(), way, secret="wrong") as client:
            with pytest.raises(AuthError):
                await client.get_order(uuid4())

    asyncio.run(main())


@pytest.mark.parametrize("bypassed", [False, True])
def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch, bypassed: bool) -> None:
    """As httpx.AsyncClient would use it, though it is not behind the seam; loopback needs none."""
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("no_proxy", "cdek.invalid" if bypassed else "")
            client = CdekClient("me", "secret", base_url="http://cdek.invalid", allow_http=True)
            async with client:
                with pytest.raises((AuthError, TransportError)):
                    await client.submit(DeleteOrder(uuid4()), timeout=0.5)

    asyncio.run(main())
    expected = [] if bypassed else [b"POST http://cdek.invalid/v2/oauth/token HTTP/1.1\r\n"]
    assert heard == expected
