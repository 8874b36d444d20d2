"""An operation's whole way: what is taken, and who hears of what."""

import asyncio
from typing import Any

import pytest

from cdek_async import CdekClient, DeleteOrder, OrderChanges, TransportError, UpdateOrder
from cdek_async.sandbox import Fault, Sandbox
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
