"""An operation's whole way: what is taken, and who hears of what."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from cdek_async import CdekClient, DeleteOrder, OrderChanges, Polling, Ticket, TransportError, UpdateOrder
from cdek_async._deadline import Deadline
from cdek_async._endpoint import CONNECTIONS
from cdek_async._submit import Doubt
from cdek_async._watch import Watch
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run


@pytest.mark.parametrize("junk", ["delete", None, 5, DeleteOrder, OrderChanges(cdek_number="1")])
def test_what_is_no_operation_is_a_type_error(junk: Any) -> None:
    """One line that names what came, before anything is sent."""
    sandbox = Sandbox()

    async def bulk(client: CdekClient) -> None:
        async with client.run_all([junk]) as results:
            async for _ in results:
                raise AssertionError("nothing was run")

    async def main() -> None:
        async with client_of(sandbox) as client:
            for ask in (client.run, client.submit):
                with pytest.raises(TypeError, match=f"not {type(junk).__name__}$"):
                    await ask(junk)
            with pytest.raises(TypeError, match="an operation expected"):
                await bulk(client)

    run(main())
    assert not sandbox.calls


def test_a_request_crossed_twice_is_busy_for_a_bulk_job_too() -> None:
    """Turned down for another one, sent again once, turned down again: nothing was applied."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("similar_later"), Fault("similar_later"))

    async def main() -> list[object]:
        async with client_of(sandbox) as client:
            update = UpdateOrder(OrderChanges(uuid=uuid, comment="x"))
            async with client.run_all([update]) as results:
                return [result async for _, result in results]

    (error,) = run(main())
    assert isinstance(error, TransportError)
    assert not error.undecided
    assert len(sandbox.calls["PATCH"]) == 2


def test_a_caller_that_left_still_hears_of_its_ticket() -> None:
    """And the answer is waited for by closing."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 5.0))
    heard: list[object] = []

    async def main() -> None:
        async with client_of(sandbox) as client:
            task = asyncio.create_task(
                client.run(DeleteOrder(uuid), on_ticket=lambda ticket: heard.append(str(ticket.order_uuid)))
            )
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not heard

    run(main())
    assert heard == [uuid]


class Turning(SandboxTransport):
    """Turns the first write away, a second later."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            await asyncio.sleep(1)
            return httpx.Response(self.status, json={})
        return await super().handle_async_request(request)

    status = 429


@pytest.mark.parametrize("status", [401, 429])
def test_a_caller_that_left_sends_nothing_again(status: int) -> None:
    """What he sent came back unapplied: the next one does not depart, and its place is given back."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    transport = Turning(sandbox)
    transport.status = status
    client = CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport)

    async def main() -> None:
        async with client:
            task = asyncio.create_task(client.run(DeleteOrder(uuid)))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(60)
            calls = client.calls
            await asyncio.gather(
                *(client.find_order(im_number="SHOP-0000001") for _ in range(60)), return_exceptions=True
            )
            assert client.calls == calls + 60

    run(main())
    assert not sandbox.truth(uuid).requests


def test_a_journaled_write_without_a_token_in_time_was_not_sent() -> None:
    """Its intent waits for the token, whose reply has the server's time."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("TOKEN", Fault("slow", 20.0))
    intents: list[object] = []

    class Intending(Watch):
        intends = True

        async def intend(self, draft: Ticket) -> None:
            intents.append(draft)

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match=r"within 5 s|no token") as caught:
                await client._engine.submit(DeleteOrder(uuid), Deadline(5), Intending())
            assert not caught.value.undecided
            assert not intents

    run(main())
    assert not sandbox.calls["DELETE"]


def test_what_was_called_off_gives_its_place_back() -> None:
    """Else a client whose jobs are stopped often would stand still one day."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    class CallingOff(Watch):
        def departing(self) -> None:
            raise asyncio.CancelledError

    async def main() -> None:
        async with client_of(sandbox, rate=None) as client:
            for _ in range(2 * CONNECTIONS):
                with pytest.raises(TransportError):
                    await client._engine.submit(DeleteOrder(uuid), Deadline(5), CallingOff())
            assert (await client.run(DeleteOrder(uuid))).ok

    run(main())
    assert len(sandbox.calls["DELETE"]) == 1


@pytest.mark.parametrize(("ago", "looks"), [(5.0, 1), (0.0, 3)])
def test_a_write_of_an_earlier_life_is_looked_for_until_three_seconds_after_it(
    ago: float, looks: int
) -> None:
    """A read may lag behind a write; once that is over, one look tells whether it was applied."""
    sandbox = Sandbox(settle="fixed:0")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with client_of(sandbox) as client:
            await client.get_order(uuid)  # the client knows the server's time
            await asyncio.sleep(ago)
            since = client._wire.clock.now()
            draft = Ticket(client._host, client._account, "delete", UUID(uuid), None, "DELETE", since)
            doubt = Doubt(draft, loop.time() - ago)
            outcome = await client._engine.run(
                DeleteOrder(uuid), Deadline(60), Polling(), Watch(), doubt=doubt
            )
            assert outcome.ok

    run(main())
    before = [at for at in sandbox.calls["GET"] if at <= sandbox.calls["DELETE"][0]]
    assert len(before) == 1 + looks


class Crossing(httpx.AsyncBaseTransport):
    """A proxy that answers a write with what was to answer another one."""

    def __init__(self, sandbox: Sandbox, answer: dict[str, Any]) -> None:
        self._behind = SandboxTransport(sandbox)
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        return httpx.Response(202, json=self._answer) if request.method == "PATCH" else response


@pytest.mark.parametrize("state", ["ACCEPTED", "SUCCESSFUL", "INVALID"])
def test_a_note_about_another_order_is_no_note_also_by_number(state: str) -> None:
    """Its uuid was looked up: what was done to theirs says nothing of ours, which is looked for."""
    sandbox = Sandbox()
    ours, theirs = sandbox.add_order(), sandbox.add_order()

    async def main() -> None:
        async with client_of(sandbox) as colleague:
            done = await colleague.run(UpdateOrder(OrderChanges(uuid=theirs.uuid, comment="theirs")))
        request = {"request_uuid": str(done.request.request_uuid), "type": "UPDATE", "state": state}
        transport = Crossing(sandbox, {"entity": {"uuid": theirs.uuid}, "requests": [request]})
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            changes = OrderChanges(cdek_number=ours.cdek_number, comment="ours")
            outcome = await client.run(UpdateOrder(changes))
            assert outcome.ok
            assert outcome.adopted
            assert outcome.ticket.order_uuid == UUID(ours.uuid)

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_what_was_adopted_and_turned_down_for_another_leaves_the_update_in_doubt() -> None:
    """It may have been somebody else's of the same seconds, and ours applied: nothing is sent again."""
    sandbox = Sandbox(settle="fixed:1", similar="invalid")
    uuid = sandbox.add_order().uuid
    update = UpdateOrder(OrderChanges(uuid=uuid, comment="x"))

    async def main() -> None:
        async with client_of(sandbox) as client, client_of(sandbox) as colleague:
            await client.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="before")))
            sandbox.script("PATCH", Fault("dropped_before"))
            running = asyncio.create_task(client.run(update))
            await asyncio.sleep(0.5)
            await colleague.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="theirs")))
            with pytest.raises(TransportError, match="may have been it") as caught:
                await running
            assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_what_was_turned_away_and_named_by_nobody_leaves_the_write_in_doubt(kind: str) -> None:
    """The note had no request_uuid: the one that the order shows may be a stranger's, and ours applied."""
    order = UUID("8d3c1d9e-52d5-4b0f-9a57-0f6a3f4a8c11")
    turned_away = [{"code": "v2_similar_request_still_processed", "message": ""}]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("token"):
            return dated(200, {"access_token": "t", "expires_in": 3600})
        if request.method != "GET":
            return dated(202, {"entity": {"uuid": str(order)}, "requests": [{"type": kind.upper()}]})
        theirs = {
            "request_uuid": str(UUID(int=seen.count(202))),
            "type": kind.upper(),
            "state": "INVALID",
            "date_time": f"2026-08-01T12:00:{seen.count(202) * 10 - 10:02}+0000",
            "errors": turned_away,
        }
        return dated(200, {"entity": {"uuid": str(order)}, "requests": [theirs]})

    def dated(status: int, body: object) -> httpx.Response:
        seen.append(status)
        return httpx.Response(status, json=body, headers={"Date": "Sat, 01 Aug 2026 12:00:00 GMT"})

    seen: list[int] = []
    operation = DeleteOrder(order) if kind == "delete" else UpdateOrder(OrderChanges(uuid=order, comment="x"))

    async def main() -> None:
        async with CdekClient("id", "secret", transport=httpx.MockTransport(answer)) as client:
            with pytest.raises(TransportError) as caught:
                await client.run(operation)
            assert caught.value.undecided

    run(main())
    assert seen.count(202) == (2 if kind == "delete" else 1)
