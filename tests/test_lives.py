"""What a job's lives in one client know of each other: whose a request is, and what was lost."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from cdek_async import (
    AuthError,
    BadReply,
    CdekClient,
    CdekError,
    DeleteOrder,
    Item,
    Money,
    Operation,
    OrderChanges,
    Outcome,
    Package,
    Polling,
    Ticket,
    TransportError,
    UpdateOrder,
    Verdict,
)
from cdek_async._errors import is_undecided
from cdek_async._journal import Entry
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport
from tests.sandboxed import Blind, client_of
from tests.simulation.journal import SimulatedJournal
from tests.virtual import run

Result = Outcome | CdekError


def update(uuid: str, comment: str = "x") -> UpdateOrder:
    return UpdateOrder(OrderChanges(uuid=uuid, comment=comment))


async def life(
    client: CdekClient,
    operations: Iterable[Operation] | AsyncIterable[Operation],
    journal: SimulatedJournal,
    *,
    timeout: float = 10,
    concurrency: int = 100,
) -> list[Result]:
    """Run a job to its end."""
    polling = Polling(timeout=timeout)
    async with client.run_all(operations, journal=journal, polling=polling, concurrency=concurrency) as bulk:
        return [result async for _, result in bulk]


async def cut_off(task: asyncio.Task[list[Result]]) -> None:
    """Cancel a job out of its block, then out of the block's end."""
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.1)


async def killed(job: asyncio.Task[list[Result]], journal: SimulatedJournal) -> None:
    """End a job at once: what it still does reaches no journal."""
    journal.die()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


def test_what_is_still_on_its_way_is_found_by_the_next_life(tmp_path: Path) -> None:
    """The journal was closed when it was noted: it is no other one's, and may show late; by any path."""
    sandbox = Sandbox(settle="fixed:0.3")
    sandbox.script("PATCH", Fault("slow", 8.0))
    sandbox.script("GET", Fault("lag", 9.0))
    operations = [update(sandbox.add_order().uuid)]

    async def main() -> None:
        async with client_of(sandbox) as client:
            first = asyncio.create_task(life(client, operations, SimulatedJournal(tmp_path / "j")))
            await asyncio.sleep(1)
            await cut_off(first)
            (tmp_path / "sub").mkdir()
            again = SimulatedJournal(tmp_path / "sub" / ".." / "j")
            (result,) = await life(client, operations, again, timeout=20)
            assert isinstance(result, Outcome)
            assert result.ok

    run(main())
    assert len(sandbox.calls["PATCH"]) == 1


def test_a_job_that_its_source_stopped_goes_on(tmp_path: Path) -> None:
    """What was taken and never begun is still to do, and in its place."""
    sandbox = Sandbox(settle="fixed:0.3")
    operations = [DeleteOrder(sandbox.add_order().uuid) for _ in range(20)]

    async def main() -> None:
        async with client_of(sandbox) as client:

            def source() -> Iterator[Operation]:
                for number, each in enumerate(operations):
                    if number == 5:
                        bulk.stop()
                    yield each

            bulk = client.run_all(source(), journal=SimulatedJournal(tmp_path / "j"))
            async with bulk:
                assert len([result async for _, result in bulk]) <= 5
            results = await life(client, operations, SimulatedJournal(tmp_path / "j"))
            assert [isinstance(each, Outcome) and each.ok for each in results] == [True] * 20

    run(main())
    assert len(sandbox.calls["DELETE"]) == 20


def test_another_job_under_the_same_name_is_another_job(tmp_path: Path) -> None:
    """A journal is known by what is in it: the request of the one before is not this one's."""
    sandbox = Sandbox(settle="fixed:0.1")
    sandbox.script("PATCH", None, Fault("dropped_before"))
    uuid = sandbox.add_order().uuid

    def forget() -> None:
        for file in tmp_path.iterdir():
            file.unlink()

    async def main() -> None:
        async with client_of(sandbox) as client:
            await life(client, [update(uuid, "one")], SimulatedJournal(tmp_path / "j"))
            forget()
            await life(client, [update(uuid, "other")], SimulatedJournal(tmp_path / "j"))
            assert (await client.get_order(uuid)).order.comment == "other"

    run(main())
    assert len(sandbox.applied) == 2


def test_what_was_rejected_is_not_what_its_retry_lost(tmp_path: Path) -> None:
    """What is over is nobody's to find: a retry that was lost is looked for, not its predecessor."""
    sandbox = Sandbox(settle="fixed:0.1")
    order = sandbox.add_order(status="RECEIVED_AT_SHIPMENT_WAREHOUSE")
    sandbox.script("PATCH", None, Fault("dropped_before"))

    async def main() -> None:
        for retrying in (False, True):
            journal = SimulatedJournal(tmp_path / "j", retry_rejected=retrying)
            async with client_of(sandbox) as client:
                (result,) = await life(client, [update(order.uuid)], journal)
                assert isinstance(result, Outcome)
                assert result.verdict is (Verdict.OK if retrying else Verdict.REJECTED)
            order.status = "CREATED"

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


def test_what_was_rejected_in_this_client_is_not_what_its_retry_lost(tmp_path: Path) -> None:
    """The same where the process lives on, and the retry was applied, but shows late."""
    sandbox = Sandbox(settle="fixed:0.1")
    order = sandbox.add_order(status="RECEIVED_AT_SHIPMENT_WAREHOUSE")

    async def main() -> None:
        async with client_of(sandbox) as client:
            await life(client, [update(order.uuid)], SimulatedJournal(tmp_path / "j"))
            await asyncio.sleep(0.8)
            order.status = "CREATED"
            sandbox.script("PATCH", Fault("dropped_after"))
            sandbox.script("GET", Fault("lag", 1.2))
            again = SimulatedJournal(tmp_path / "j", retry_rejected=True)
            (result,) = await life(client, [update(order.uuid)], again)
            assert isinstance(result, Outcome)
            assert result.ok

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_of_two_that_were_lost_in_one_life_a_twin_finds_neither(tmp_path: Path) -> None:
    """The first was applied, unseen, the second was not: what shows later may be either's."""
    sandbox = Blind("fixed:3")
    sandbox.script("PATCH", Fault("dropped_after"), Fault("dropped_before"))
    uuid = sandbox.add_order().uuid

    async def source() -> AsyncIterable[Operation]:
        yield update(uuid, "one")
        await asyncio.sleep(0.01)
        yield update(uuid, "other")
        await asyncio.sleep(3)
        sandbox.blind = False
        yield update(uuid, "other")

    async def main() -> None:
        async with client_of(sandbox) as client:
            results = await life(client, source(), SimulatedJournal(tmp_path / "j"), timeout=1.2)
            assert [is_undecided(each) for each in results] == [True] * 3

    run(main())
    assert len(sandbox.applied) == 1


def test_two_lost_updates_of_one_order_are_not_taken_for_each_other_in_one_client() -> None:
    """Without a journal, too: the first ended undecided, and shows when the second was lost."""
    sandbox = Sandbox(settle="fixed:0.3")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("dropped_after"), Fault("dropped_before"))
    sandbox.script("GET", Fault("html"), Fault("html"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            for comment, timeout in (("one", 0.4), ("other", 20)):
                with pytest.raises(TransportError) as caught:
                    await client.run(update(uuid, comment), timeout=timeout)
                assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_what_was_lost_for_a_caller_who_left_is_not_taken_for_the_next_one() -> None:
    """He left while another's update was waited for; his own was held back on its way, and arrives now."""
    sandbox = Sandbox(settle="fixed:10", similar="reject")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client, client_of(sandbox) as colleague:
            await colleague.submit(update(uuid, "theirs"))
            await asyncio.sleep(3)
            sandbox.script("PATCH", Fault("late", 17.5))
            leaving = asyncio.create_task(client.run(update(uuid, "his")))
            await asyncio.sleep(5)
            leaving.cancel()
            await asyncio.sleep(12)
            sandbox.script("PATCH", Fault("dropped_before"))
            with pytest.raises(TransportError, match="may be ours") as caught:
                await client.run(update(uuid, "next"))
            assert caught.value.undecided

    run(main())


class Late(SandboxTransport):
    """Takes 25 seconds for the first update, then loses its answer."""

    first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH" or not self.first:
            return await super().handle_async_request(request)
        self.first = False
        await asyncio.sleep(25)
        await super().handle_async_request(request)
        raise httpx.ReadError("reset")


class Delayed(SandboxTransport):
    """Hands the first update on after 25 seconds."""

    first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and self.first:
            self.first = False
            await asyncio.sleep(25)
        return await super().handle_async_request(request)


@pytest.mark.parametrize("kind", [Late, Delayed])
def test_what_an_earlier_life_sent_till_just_now_is_looked_for_in_full(
    tmp_path: Path, kind: Callable[[Sandbox], SandboxTransport]
) -> None:
    """It was answered, or was not, when its deadline was long over and its journal closed: a read may lag."""
    sandbox = Sandbox(
        settle="fixed:0.02", faults=lambda call: Fault("lag", 0.5) if call.kind == "GET" else None
    )
    first, second = DeleteOrder(sandbox.add_order().uuid), update(sandbox.add_order().uuid)

    async def source(seconds: float) -> AsyncIterable[Operation]:
        yield first
        await asyncio.sleep(seconds)
        yield second

    async def main() -> None:
        transport = kind(sandbox)
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            journal = SimulatedJournal(tmp_path / "j")
            job = asyncio.create_task(life(client, source(0), journal, timeout=5))
            await asyncio.sleep(1)
            await cut_off(job)
            # It is taken up when its earlier life has just given its turn back.
            results = await life(client, source(23.9), SimulatedJournal(tmp_path / "j"), timeout=5)
            assert [isinstance(each, Outcome) and each.ok for each in results] == [True] * 2

    run(main())
    assert [each.type for each in sandbox.applied].count("UPDATE") == 1


class Slow(SimulatedJournal):
    """Tells the second operation late what it read of the first."""

    intents = 0

    async def claim(self, position: int, operation: Operation) -> Entry | None:
        entry = await super().claim(position, operation)
        await asyncio.sleep(0.05 if position else 0)
        return entry

    async def intend(self, position: int, draft: Ticket) -> None:
        self.intents += 1
        await super().intend(position, draft)


def test_a_twin_that_read_what_was_withdrawn_since_intends_anew(tmp_path: Path) -> None:
    """No write leaves that the journal does not know of."""
    sandbox = Sandbox(settle="fixed:0.1")
    operation = update(sandbox.add_order().uuid)
    sandbox.script("PATCH", Fault("tls"))
    journal = Slow(tmp_path / "j")

    async def source() -> AsyncIterable[Operation]:
        yield operation
        await asyncio.sleep(0.004)
        yield operation

    async def main() -> None:
        async with client_of(sandbox) as client:
            first, second = await life(client, source(), journal)
            assert isinstance(first, TransportError | BadReply)
            assert isinstance(second, Outcome)

    run(main())
    assert len(sandbox.calls["PATCH"]) == journal.intents == 2


@pytest.mark.parametrize("before", ["never left", "rejected"])
def test_what_is_asked_again_is_not_what_another_left_in_doubt(tmp_path: Path, before: str) -> None:
    """The first of two updates of an order is done anew, and lost; the second was in doubt at the kill."""
    sandbox = Sandbox(settle="fixed:4")
    order = sandbox.add_order(status="RECEIVED_AT_SHIPMENT_WAREHOUSE")
    sandbox.script("PATCH", Fault("tls") if before == "never left" else None, Fault("slow", 5.0))
    updates = [update(order.uuid, comment) for comment in ("one", "other")]

    async def source() -> AsyncIterable[Operation]:
        yield updates[0]
        await asyncio.sleep(10)
        order.status = "CREATED"
        yield updates[1]

    async def main() -> None:
        journal = SimulatedJournal(tmp_path / "j")
        async with client_of(sandbox) as client:
            job = asyncio.create_task(life(client, source(), journal))
            await asyncio.sleep(11)
            await killed(job, journal)
        sandbox.script("PATCH", Fault("dropped_before"))
        async with client_of(sandbox) as client:
            again = SimulatedJournal(tmp_path / "j", retry_rejected=True)
            results = await life(client, updates, again, timeout=30)
            assert all(is_undecided(each) for each in results)

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


def test_what_another_one_was_noted_as_is_not_what_an_earlier_one_lost(tmp_path: Path) -> None:
    """The journal tells whose the request is, before it comes to its row."""
    sandbox = Blind("fixed:0.1")
    uuid = sandbox.add_order().uuid
    updates = [update(uuid, comment) for comment in ("one", "other")]
    sandbox.script("PATCH", Fault("dropped_before"))

    async def main() -> None:
        for timeout in (0.5, 20):
            async with client_of(sandbox) as client:
                journal = SimulatedJournal(tmp_path / "j")
                results = await life(client, updates, journal, timeout=timeout, concurrency=1)
            assert [isinstance(each, Outcome) and each.ok for each in results] == [not sandbox.blind] * 2
            sandbox.blind = False
        assert not isinstance(results[0], CdekError)
        assert not results[0].adopted

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


def test_what_an_earlier_process_lost_long_ago_is_looked_for_once(tmp_path: Path) -> None:
    """Thousands may have been on their way when it was killed; a read lags three seconds at most."""
    sandbox = Blind("fixed:0.1")
    sandbox.script("PATCH", Fault("dropped_before"))
    first, second = DeleteOrder(sandbox.add_order().uuid), update(sandbox.add_order().uuid)

    async def source(seconds: float) -> AsyncIterable[Operation]:
        yield first
        await asyncio.sleep(seconds)
        yield second

    async def main() -> float:
        journal = SimulatedJournal(tmp_path / "j")
        async with client_of(sandbox) as client:
            job = asyncio.create_task(life(client, source(0), journal))
            await asyncio.sleep(1)
            await killed(job, journal)
        sandbox.blind, began = False, asyncio.get_running_loop().time()
        async with client_of(sandbox) as client:
            results = await life(client, source(10), SimulatedJournal(tmp_path / "j"))
            assert [isinstance(each, Outcome) and each.ok for each in results] == [True] * 2
        return began

    began = run(main())
    assert len([at for at in sandbox.calls["GET"] if began + 9 < at <= sandbox.calls["PATCH"][1]]) == 1


def test_a_late_copy_of_what_was_sent_again_is_not_taken_for_the_next_one() -> None:
    """The network held the first back, the second did it; when the next one is lost, the first arrives."""
    sandbox = Sandbox(settle="fixed:0.3")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            sandbox.script("PATCH", Fault("late", 8))
            assert (await client.run(update(uuid, "one"))).ok
            await asyncio.sleep(6.8 - asyncio.get_running_loop().time())
            sandbox.script("PATCH", Fault("dropped_before"))
            with pytest.raises(TransportError, match="may be ours") as caught:
                await client.run(update(uuid, "other"))
            assert caught.value.undecided

    run(main())


def test_who_has_left_intends_nothing_any_more(tmp_path: Path) -> None:
    """A lost write is to be sent again when a token comes: by then its job is gone, its journal closed."""
    sandbox = Sandbox(settle="fixed:0.3")
    sandbox.script("PATCH", Fault("dropped_before"), Fault("token_expired"))
    operations = [update(sandbox.add_order().uuid)]
    told: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with client_of(sandbox) as client:
            journal = SimulatedJournal(tmp_path / "j")
            job = asyncio.create_task(life(client, operations, journal, timeout=60))
            await asyncio.sleep(1)
            sandbox.script("TOKEN", Fault("refused"), Fault("refused"), Fault("slow", 25.0))
            await asyncio.sleep(5)
            await cut_off(job)
            await asyncio.sleep(60)

    run(main())
    assert not told
    assert len(sandbox.calls["PATCH"]) == 2


def added(uuid: str) -> UpdateOrder:
    """An update that is never sent again once it may have been."""
    item = Item(name="m", ware_key="1", payment=Money(value=0), cost=1, weight=100, amount=1)
    return UpdateOrder(OrderChanges(uuid=uuid, packages=[Package(number="9", weight=100, items=[item])]))


def test_what_was_called_off_before_it_left_is_still_to_do(tmp_path: Path) -> None:
    """A stop while writes queue for the rate: their intents are on disk, and are withdrawn."""
    sandbox = Sandbox(settle="fixed:0.2")
    operations = [added(sandbox.add_order().uuid) for _ in range(8)]

    async def main() -> None:
        journal = SimulatedJournal(tmp_path / "j")
        async with (
            client_of(sandbox, rate=1) as client,
            client.run_all(operations, journal=journal) as bulk,
        ):
            await asyncio.sleep(3.5)
            bulk.stop()
            assert len([each async for each in bulk]) < 8
        async with client_of(sandbox) as client:
            results = await life(client, operations, SimulatedJournal(tmp_path / "j"))
            assert [isinstance(each, Outcome) and each.ok for each in results] == [True] * 8

    run(main())
    assert len(sandbox.calls["PATCH"]) == 8


def test_what_was_refused_with_its_token_is_still_to_do(tmp_path: Path) -> None:
    """CDEK refused a new token, too, which ends the job: nothing of the write was applied."""
    sandbox = Sandbox(settle="fixed:0.2")
    operations = [added(sandbox.add_order().uuid)]
    sandbox.script("PATCH", Fault("token_expired"), Fault("token_expired"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(AuthError):
                await life(client, operations, SimulatedJournal(tmp_path / "j"))
        async with client_of(sandbox) as client:
            (result,) = await life(client, operations, SimulatedJournal(tmp_path / "j"))
            assert isinstance(result, Outcome)

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


async def crossed_for_a_colleague(
    sandbox: Sandbox, client: CdekClient, ours: Operation, theirs: Operation, *, timeout: float, match: str
) -> None:
    """Ours is held back for 9 seconds, and adopts a colleague's that is turned away: it stays in doubt."""
    order = ours.order_uuid
    assert order is not None
    async with client_of(sandbox) as colleague:
        await client.get_order(order)
        await colleague.get_order(order)
        sandbox.script("DELETE" if ours.removal else "PATCH", Fault("late", 9), Fault("similar_later"))
        running = asyncio.create_task(client.run(ours, timeout=timeout))
        await asyncio.sleep(0.5)
        await colleague.submit(theirs)
        with pytest.raises(TransportError, match=match) as caught:
            await running
        assert caught.value.undecided


def test_a_lost_deletion_stays_in_doubt_when_another_was_taken_for_it() -> None:
    """It adopted a colleague's, which was turned away; then time is up: ours, held back, is yet to come."""
    sandbox = Sandbox(settle="fixed:0.2")
    deletion = DeleteOrder(sandbox.add_order().uuid)

    async def main() -> None:
        async with client_of(sandbox) as client:
            await crossed_for_a_colleague(sandbox, client, deletion, deletion, timeout=3, match="time was up")

    run(main())


def test_what_adopted_a_request_that_was_turned_away_is_not_taken_for_the_next_one() -> None:
    """It was held back, adopted a colleague's, and is undecided; it arrives when the next one is lost."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    ours, theirs = update(uuid, "one"), update(uuid, "theirs")

    async def main() -> None:
        async with client_of(sandbox) as client:
            await crossed_for_a_colleague(
                sandbox, client, ours, theirs, timeout=60, match="may have been it was turned down"
            )
            await asyncio.sleep(8 - asyncio.get_running_loop().time())
            sandbox.script("PATCH", Fault("dropped_before"))
            with pytest.raises(TransportError, match="may be ours") as caught:
                await client.run(update(uuid, "next"))
            assert caught.value.undecided

    run(main())


def test_a_deletion_that_was_turned_away_and_bears_no_name_is_in_doubt() -> None:
    """CDEK never shows whose it is: it may be a stranger's, and ours may yet be done."""
    sandbox = Sandbox(settle="fixed:0.2")
    sandbox.script("DELETE", Fault("similar_later"))
    sandbox.script("GET", *[Fault("no_request_uuid")] * 50)

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError) as caught:
                await client.run(DeleteOrder(sandbox.add_order().uuid))
            assert caught.value.undecided

    run(main())


def test_an_order_that_an_earlier_life_found_by_its_number_was_there(tmp_path: Path) -> None:
    """The deletion was on its way at the kill: that there is no order any more is what it did."""
    sandbox = Sandbox(settle="fixed:0", readable=0)
    operations = [DeleteOrder(im_number=sandbox.add_order().number)]
    sandbox.script("DELETE", Fault("slow", 5.0))

    async def main() -> None:
        journal = SimulatedJournal(tmp_path / "j")
        async with client_of(sandbox) as client:
            job = asyncio.create_task(life(client, operations, journal))
            await asyncio.sleep(2)
            await killed(job, journal)
        async with client_of(sandbox) as client:
            (result,) = await life(client, operations, SimulatedJournal(tmp_path / "j"))
            assert isinstance(result, Outcome)
            assert result.ok

    run(main())


class Forbidding(SandboxTransport):
    """Shows a page of its own for what CDEK says to the first update of an order."""

    def __init__(self, sandbox: Sandbox, order: str) -> None:
        super().__init__(sandbox)
        self._order = order

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.method != "PATCH" or self._order not in request.content.decode():
            return response
        self._order = "none any more"
        headers = {"content-type": "text/html", "date": response.headers["date"]}
        return httpx.Response(403, content=b"<html>", headers=headers)


def test_a_twin_of_what_had_an_undocumented_answer_sends_nothing(tmp_path: Path) -> None:
    """It proves nothing: the update was applied, and reads lag behind it."""
    sandbox = Sandbox(
        settle="fixed:0.02", faults=lambda call: Fault("lag", 2.0) if call.kind == "GET" else None
    )
    other, uuid = (sandbox.add_order().uuid for _ in range(2))

    async def source() -> AsyncIterable[Operation]:
        yield update(other)
        await asyncio.sleep(10)
        yield update(uuid)
        await asyncio.sleep(0.1)
        yield update(uuid)

    async def main() -> None:
        transport = Forbidding(sandbox, uuid)
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            results = await life(client, source(), SimulatedJournal(tmp_path / "j"))
            assert [type(each) for each in results] == [Outcome, BadReply, Outcome]

    run(main())
    assert len(sandbox.applied) == 2


def test_a_deletion_that_was_turned_away_and_then_lost_is_no_deletion_of_nothing() -> None:
    """The order was there when the first one was noted: that it is not after the second is its end."""
    sandbox = Sandbox(settle="fixed:0", readable=0)
    order = sandbox.add_order()
    sandbox.script("DELETE", Fault("similar_later"), Fault("dropped_after"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(im_number=order.number))
            assert outcome.ok

    run(main())


def test_a_number_is_not_looked_up_again_for_what_was_turned_away() -> None:
    """The order that the first one was about is meant, whatever bears its number by now."""
    by_number = 0

    def counted(call: Call) -> None:
        nonlocal by_number
        by_number += bool(call.query)

    sandbox = Sandbox(settle="fixed:0.2", faults=counted)
    order = sandbox.add_order()
    sandbox.script("DELETE", Fault("similar_later"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            assert (await client.run(DeleteOrder(im_number=order.number))).ok

    run(main())
    assert by_number == 1
