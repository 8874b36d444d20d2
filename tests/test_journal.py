"""The journal: what a job goes on from, whatever ended it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from cdek_async import (
    CdekClient,
    CdekError,
    DeleteOrder,
    Journal,
    Outcome,
    Polling,
    TransportError,
)
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport

SOON = Polling(wait_initial=0.02, wait_max=0.1, timeout=20)


def client_of(sandbox: Sandbox, secret: str | None = None) -> CdekClient:
    transport = SandboxTransport(sandbox)
    return CdekClient(
        sandbox.client_id, secret or sandbox.client_secret, transport=transport, polling=SOON, rate=None
    )


async def job(
    client: CdekClient, uuids: Iterable[str], journal: Journal, stop_after: int | None = None
) -> list[tuple[str, Outcome | CdekError]]:
    """Run a job; leave it after some results."""
    results: list[tuple[str, Outcome | CdekError]] = []
    async with client.run_all((DeleteOrder(uuid) for uuid in uuids), journal=journal) as bulk:
        async for operation, result in bulk:
            results.append((str(operation.uuid), result))
            if len(results) == stop_after:
                break
    return results


def test_what_is_final_is_yielded_again_and_not_asked_again(tmp_path: Path) -> None:
    """With its codes and without a call; the order itself is not kept."""
    sandbox = Sandbox(settle="fixed:0.01")
    orders = [sandbox.add_order(status=status) for status in ("CREATED", "DELIVERED")]
    uuids = [order.uuid for order in orders]

    async def main() -> None:
        async with client_of(sandbox) as client:
            first = dict(await job(client, uuids, Journal(tmp_path / "j")))
            calls = client.calls
            second = dict(await job(client, uuids, Journal(tmp_path / "j")))
            assert client.calls == calls
        for uuid in uuids:
            before, after = first[uuid], second[uuid]
            assert isinstance(before, Outcome)
            assert isinstance(after, Outcome)
            assert after.verdict is before.verdict
            assert [error.code for error in after.errors] == [error.code for error in before.errors]
            assert after.order is None

    asyncio.run(main())


def test_what_was_accepted_is_settled_and_not_sent_again(tmp_path: Path) -> None:
    """Also by another client, after a job that was left early."""
    sandbox = Sandbox(settle="fixed:0.4")
    uuids = [order.uuid for order in sandbox.add_orders(20)]

    async def main() -> None:
        async with client_of(sandbox) as client:
            journal = Journal(tmp_path / "j")
            async with client.run_all([DeleteOrder(uuid) for uuid in uuids], journal=journal) as bulk:
                while bulk.progress.submitted < 20:  # noqa: ASYNC110 - the counts have no event
                    await asyncio.sleep(0.01)
        async with client_of(sandbox) as client:
            results = await job(client, uuids, Journal(tmp_path / "j"))
            assert all(isinstance(result, Outcome) and result.ok for _, result in results)

    asyncio.run(main())
    assert len(sandbox.calls["DELETE"]) == 20


def test_what_may_have_been_sent_is_looked_up_first(tmp_path: Path) -> None:
    """An intent without a ticket: adopted where the order shows it, sent where it does not."""
    sandbox = Sandbox(settle="fixed:0.01")
    sent, unsent = (sandbox.add_order().uuid for _ in range(2))
    # Nobody hears the answer, and no look succeeds until time is up: both stay intents.
    sandbox.script("DELETE", Fault("dropped_after"), Fault("dropped_before"))
    hasty = Polling(timeout=0.5)

    async def main() -> None:
        async with client_of(sandbox) as client:
            sandbox.script("GET", *[Fault("server_error")] * 2)
            operations = [DeleteOrder(sent), DeleteOrder(unsent)]
            async with client.run_all(operations, polling=hasty, journal=Journal(tmp_path / "j")) as bulk:
                async for _, result in bulk:
                    assert isinstance(result, TransportError)
                    assert result.undecided
        assert len(sandbox.calls["DELETE"]) == 2
        sandbox._script.clear()
        async with client_of(sandbox) as client:
            results = dict(await job(client, [sent, unsent], Journal(tmp_path / "j")))
            assert all(isinstance(result, Outcome) and result.ok for result in results.values())
        assert len(sandbox.calls["DELETE"]) == 3

    asyncio.run(main())
