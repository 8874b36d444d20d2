"""Bulk jobs of one client: one result each, one budget of calls, and outages that cost no order."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from cdek_async import (
    AuthError,
    Bulk,
    CdekClient,
    CdekError,
    DeleteOrder,
    Outcome,
    Polling,
    TransportError,
    Unsettled,
    Verdict,
)
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run


async def collect(job: Bulk[Any, Any, Any], into: list[Any]) -> None:
    async with job:
        async for each in job:
            into.append(each)  # noqa: PERF401 - what came before an error counts


def test_run_all_gives_each_operation_one_result() -> None:
    """Outcomes and errors alike, as they settle, and the counts agree."""
    sandbox = Sandbox(settle="lognormal:0.5,1", seed=3, faults=0.05)
    orders = sandbox.add_orders(300, locked=0.2)

    async def main() -> None:
        async with client_of(sandbox) as client:
            results = {}
            async with client.run_all(DeleteOrder(order.uuid) for order in orders) as job:
                async for operation, result in job:
                    assert operation not in results
                    results[operation] = result
            assert len(results) == 300
            assert job.progress.done == job.progress.taken == 300
            assert job.progress.waiting == 0
            for operation, result in results.items():
                assert isinstance(result, Outcome)
                truth = sandbox.truth(operation.uuid)
                assert truth is not None
                assert result.ok == (truth.status == "REMOVED")

    run(main())


def test_an_error_is_a_result_too() -> None:
    """What could not be learnt of one operation stops no other; the counts tell how each ended."""

    def plan(call: Call) -> Fault | None:
        return Fault("stuck") if call.kind == "DELETE" and call.path.endswith(stuck) else None

    sandbox = Sandbox(settle="fixed:1", faults=plan)
    stuck, locked = sandbox.add_order().uuid, sandbox.add_order(status="DELIVERED").uuid
    fine = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox, polling=Polling(timeout=20)) as client:
            results: list[tuple[DeleteOrder, object]] = []
            job = client.run_all([DeleteOrder(uuid) for uuid in (stuck, locked, uuid4(), fine)])
            await collect(job, results)
            assert results[-1][0].uuid == UUID(stuck)
            unsettled = results[-1][1]
            assert isinstance(unsettled, Unsettled)
            assert unsettled.ticket.order_uuid == UUID(stuck)
            progress = job.progress
            assert (progress.taken, progress.submitted, progress.done, progress.waiting) == (4, 4, 4, 0)
            assert (progress.ok, progress.rejected, progress.not_found, progress.unsettled) == (1, 1, 1, 1)

    run(main())


@pytest.mark.parametrize(
    ("fault", "word"), [("dropped_before", "undecided"), ("redirect", "failed"), ("tls", "failed")]
)
def test_what_has_no_ticket_is_undecided_or_failed(fault: str, word: str) -> None:
    """A write that nobody can tell of is undecided; one that surely was not applied has failed."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", *[Fault(fault)] * 3)

    async def main() -> None:
        async with client_of(sandbox) as client:
            results: list[tuple[DeleteOrder, object]] = []
            job = client.run_all([DeleteOrder(uuid)])
            await collect(job, results)
            assert isinstance(results[0][1], CdekError)
            assert getattr(job.progress, word) == job.progress.done == job.progress.taken == 1
            assert job.progress.submitted == 0

    run(main())


def test_run_all_is_thrifty() -> None:
    """Nobody waits for the single order: one write and one look, most of the time."""
    sandbox = Sandbox(settle="lognormal:0.5,1", seed=1)
    orders = sandbox.add_orders(1000)

    async def main() -> None:
        async with client_of(sandbox) as client:
            async with client.run_all(DeleteOrder(order.uuid) for order in orders) as job:
                ahead = [job.progress.taken - job.progress.submitted async for _ in job]
            assert client.calls <= 2.15 * 1000
            assert max(ahead) <= 110  # a hundred queue, and some are under way

    run(main())


def test_run_all_takes_what_is_left_of_time_from_the_first_send() -> None:
    """An operation that queues for minutes has not used its minute."""
    sandbox = Sandbox(settle="fixed:1")
    orders = sandbox.add_orders(30)

    async def main() -> None:
        async with client_of(sandbox, rate=1, polling=Polling(timeout=40)) as client:
            async with client.run_all(DeleteOrder(order.uuid) for order in orders) as job:
                async for _, result in job:
                    assert isinstance(result, Outcome)
            assert asyncio.get_running_loop().time() > 60

    run(main())


def test_wrong_credentials_end_a_job_and_its_inputs_stay_to_do() -> None:
    """No result for what was not sent; the block raises."""
    sandbox = Sandbox()

    async def main() -> None:
        async with CdekClient(sandbox.client_id, "no", transport=SandboxTransport(sandbox)) as client:
            seen: list[object] = []
            job = client.run_all(DeleteOrder(uuid4()) for _ in range(100))
            with pytest.raises(AuthError):
                await collect(job, seen)
            assert not seen
            assert job.progress.taken == 0

    run(main())
    assert len(sandbox.calls["DELETE"]) == 0


def test_what_is_in_flight_settles_when_the_source_raises() -> None:
    """Then the user's own exception comes out bare."""
    sandbox = Sandbox(settle="fixed:2")
    orders = sandbox.add_orders(3)

    async def source() -> AsyncIterator[DeleteOrder]:
        for order in orders:
            yield DeleteOrder(order.uuid)
        await asyncio.sleep(1)
        raise KeyError("row 4")

    async def main() -> None:
        async with client_of(sandbox) as client:
            results: list[tuple[object, object]] = []
            with pytest.raises(KeyError, match="row 4"):
                await collect(client.run_all(source()), results)
            assert [result.verdict for _, result in results if isinstance(result, Outcome)] == [
                Verdict.OK
            ] * 3

    run(main())


def test_stop_sends_nothing_new_and_lets_what_is_in_flight_settle() -> None:
    """Each operation that was sent still gets its result."""
    sandbox = Sandbox(settle="fixed:5")
    orders = sandbox.add_orders(100)

    async def main() -> None:
        async with client_of(sandbox, rate=10) as client:
            async with client.run_all([DeleteOrder(order.uuid) for order in orders]) as job:
                asyncio.get_running_loop().call_later(4, job.stop)
                done = 0
                async for _, result in job:
                    assert isinstance(result, Outcome)
                    assert result.ok
                    done += 1
            assert 0 < done < 100
            assert done == len(sandbox.calls["DELETE"]) == job.progress.taken

    run(main())


def test_leaving_a_job_early_leaves_nothing_behind() -> None:
    """A break: nothing new is sent, no task is left (see `run`)."""
    sandbox = Sandbox(settle="fixed:1")
    orders = sandbox.add_orders(50)

    async def main() -> None:
        async with client_of(sandbox, rate=10) as client:
            async with client.run_all(DeleteOrder(order.uuid) for order in orders) as job:
                async for _ in job:
                    break
            sent = len(sandbox.calls["DELETE"])
            await asyncio.sleep(60)
            assert len(sandbox.calls["DELETE"]) == sent

    run(main())


@pytest.mark.parametrize(("down", "orders"), [((2.0, 602.0), 400), ((0.0, 600.0), 400), ((0.0, 600.0), 99)])
def test_ten_minutes_without_network_cost_a_job_ten_minutes_and_no_order(
    down: tuple[float, float], orders: int
) -> None:
    """The job waits and looks now and then, also for its first token; no operation's clock runs."""
    sandbox = Sandbox(settle="fixed:0.5", faults=lambda call: _down(call.at, down))
    added = sandbox.add_orders(orders)

    async def main() -> None:
        async with client_of(sandbox, polling=Polling(timeout=30)) as client:
            loop = asyncio.get_running_loop()
            paused: list[bool] = []
            loop.call_at(300, lambda: paused.append(client.paused))
            results: list[tuple[object, object]] = []
            await collect(client.run_all([DeleteOrder(order.uuid) for order in added]), results)
            assert all(isinstance(result, Outcome) and result.ok for _, result in results)
            assert len(results) == orders
            assert loop.time() < 602 + 60
            assert paused == [True]
            assert not client.paused

    run(main())
    during = [at for calls in sandbox.calls.values() for at in calls if 60 < at < down[1]]
    assert len(during) < 130  # a call now and then, and not 4,000 retries
    removed = [applied.order_uuid for applied in sandbox.applied]
    assert len(removed) == len(set(removed)) == orders


def _down(at: float, between: tuple[float, float]) -> Fault | None:
    return Fault("refused") if between[0] <= at < between[1] else None


def test_a_single_call_does_not_wait_for_an_outage_to_end() -> None:
    """Somebody waits: it tries, and fails in time."""
    sandbox = Sandbox(faults=lambda call: _down(call.at, (1.0, 600.0)))
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            await client.get_order(uuid)
            await asyncio.sleep(1)
            for _ in range(3):
                with pytest.raises(TransportError):
                    await client.get_order(uuid)
            assert client.paused
            await asyncio.sleep(600)
            await client.get_order(uuid)
            assert not client.paused

    run(main())


def test_a_single_call_passes_a_bulk_job() -> None:
    """5,000 waiting deletions must not hold up a web handler."""
    sandbox = Sandbox(settle="fixed:0.2")
    orders = sandbox.add_orders(1000)
    mine = sandbox.add_order()

    async def main() -> None:
        async with client_of(sandbox) as client:
            loop = asyncio.get_running_loop()
            async with client.run_all([DeleteOrder(order.uuid) for order in orders]) as job:
                async for _ in job:
                    break
                began = loop.time()
                assert (await client.run(DeleteOrder(mine.uuid))).ok
                assert loop.time() - began < 2

    run(main())


def test_no_second_sees_more_than_the_rate() -> None:
    """CDEK promises 200 calls per second for all methods together, tokens included."""
    sandbox = Sandbox(settle="fixed:0.2", faults=0.05, seed=5)
    orders = sandbox.add_orders(1000)

    async def main() -> None:
        async with client_of(sandbox) as client:
            await collect(client.run_all([DeleteOrder(order.uuid) for order in orders]), [])

    run(main())
    times = sorted(at for calls in sandbox.calls.values() for at in calls)
    assert all(later - earlier >= 1 for earlier, later in zip(times, times[200:], strict=False))


def test_the_rate_can_change_while_a_job_runs() -> None:
    """From the next call on; what it was set to is what it says."""
    sandbox = Sandbox(settle="fixed:0.2")
    orders = sandbox.add_orders(400)

    async def main() -> None:
        async with client_of(sandbox, rate=100) as client:
            loop = asyncio.get_running_loop()
            for at, rate in ((2, 10), (5, 50)):
                loop.call_at(at, setattr, client, "rate", rate)
            await collect(client.run_all([DeleteOrder(order.uuid) for order in orders]), [])
            assert client.rate == 50
            with pytest.raises(ValueError, match=r"\Arate: calls per second"):
                client.rate = -1
            client.rate = None
            assert client.rate is None

    run(main())
    times = [at for calls in sandbox.calls.values() for at in calls]
    for since, until, rate in ((0, 1.9, 100), (2, 4.9, 10), (6, 9, 50)):
        assert rate * 0.6 < sum(since <= at < until for at in times) / (until - since) < rate * 1.1
