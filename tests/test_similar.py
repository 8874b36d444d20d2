"""Another write to the same order: theirs, found by CDEK's code; ours, one after the other."""

import asyncio
from uuid import UUID

import pytest

from cdek_async import (
    DeleteOrder,
    OrderChanges,
    Outcome,
    TransportError,
    UpdateOrder,
)
from cdek_async._deadline import Deadline
from cdek_async._turns import Turns
from cdek_async.sandbox import Fault, Sandbox
from tests.sandboxed import client_of
from tests.virtual import run


def test_a_delete_beside_a_running_one_adopts_it() -> None:
    """v2_similar_request_still_processed: the same was asked for, theirs is as good as ours."""
    sandbox = Sandbox(settle="fixed:5", similar="reject")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            await theirs.submit(DeleteOrder(uuid))
            sandbox.script("DELETE", Fault("similar"))
            outcome = await ours.run(DeleteOrder(uuid))
            assert outcome.ok
            assert outcome.adopted

    run(main())
    assert len([each for each in sandbox.truth(uuid).requests if each.type == "DELETE"]) == 1


def test_a_delete_told_of_one_that_is_not_there_is_sent_again() -> None:
    """The other one was turned down meanwhile, or never was: ours is still to do."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("similar"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(uuid))
            assert outcome.ok
            assert not outcome.adopted

    run(main())
    assert len(sandbox.calls["DELETE"]) == 2


def test_an_update_waits_for_the_one_before_it_and_is_sent_again_once() -> None:
    """v2_similar_request_still_processed, not after a cut-off: somebody else's."""
    sandbox = Sandbox(settle="fixed:5", similar="reject")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            await theirs.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="theirs")))
            assert (await ours.run(UpdateOrder(OrderChanges(uuid=uuid, comment="ours")))).ok

    run(main())
    theirs, _, ours = sandbox.calls["PATCH"]
    # By as much as two seconds of margin and two clocks of whole seconds may deceive: where CDEK names no
    # request, theirs could pass for ours.
    assert ours - (theirs + 5) >= 4


def test_an_update_that_meets_another_one_twice_gives_up_and_says_so() -> None:
    """Sent again once; nothing of it was applied."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("similar"), Fault("similar"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match="busy") as caught:
                await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")))
            assert not caught.value.undecided

    run(main())


def test_an_update_turned_down_later_for_another_one_is_sent_again_once() -> None:
    """The same code minutes later, in an INVALID request, is no "no" either."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("similar_later"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            assert (await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")))).ok

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_an_update_turned_down_for_another_one_twice_was_not_applied() -> None:
    """It is no "no" the second time either; it may be run again as it is."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("similar_later"), Fault("similar_later"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match="busy") as caught:
                await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")))
            assert not caught.value.undecided

    run(main())


def test_what_was_turned_down_and_bears_no_name_may_be_another() -> None:
    """CDEK shows one update, which met another one, and not whose it is: ours may be the other one."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("similar_later"))
    sandbox.script("GET", Fault("no_request_uuid"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match="look at the order") as caught:
                await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")))
            assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 1


def test_after_a_lost_answer_the_running_request_is_ours() -> None:
    """v2_similar_request_still_processed after a cut-off: nobody else asked."""
    sandbox = Sandbox(settle="fixed:30", similar="reject")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("dropped_after"))
    # The looks see the order as it was before, so the update is sent again, and meets itself.
    sandbox.script("GET", *[Fault("lag", 9.0)] * 6)

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")))
            assert outcome.ok
            assert outcome.adopted

    run(main())
    assert [applied.type for applied in sandbox.applied] == ["UPDATE"]


def test_writes_to_one_order_go_one_after_the_other() -> None:
    """Within one client, so that CDEK need not turn the second away."""
    sandbox = Sandbox(settle="fixed:0.1", similar="reject")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("slow", 2.0), None)

    async def main() -> None:
        async with client_of(sandbox) as client:
            updates = [
                client.submit(UpdateOrder(OrderChanges(uuid=uuid, comment=text)), timeout=20)
                for text in ("first", "second")
            ]
            await asyncio.gather(*updates)

    run(main())
    first, second = sandbox.calls["PATCH"]
    assert second - first >= 2


def test_waiting_for_another_write_ends_with_the_deadline() -> None:
    """Whoever waits for his turn has sent nothing."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("slow", 8.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            first = asyncio.create_task(client.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="1"))))
            await asyncio.sleep(1)
            with pytest.raises(TransportError) as caught:
                await client.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="2")), timeout=3)
            assert not caught.value.undecided
            await first

    run(main())
    assert len(sandbox.calls["PATCH"]) == 1


def test_a_lost_update_that_is_busy_and_never_shown_is_undecided() -> None:
    """Nothing under way is shown: what another client's update becomes is not taken for ours."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("dropped_before"), Fault("similar"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match="time was up") as caught:
                await client.run(UpdateOrder(OrderChanges(uuid=uuid, comment="x")), timeout=20)
            assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_a_lost_update_that_was_busy_with_another_is_sent_when_that_is_over() -> None:
    """The other one was seen to run before ours was turned away, and may have settled by the next look."""
    sandbox = Sandbox(settle="fixed:8.05", similar="reject")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            await theirs.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="theirs")))
            await asyncio.sleep(5)  # older than ours beyond doubt
            sandbox.script("PATCH", Fault("dropped_before"))
            outcome = await ours.run(UpdateOrder(OrderChanges(uuid=uuid, comment="ours")))
            assert outcome.ok
            assert not outcome.adopted

    run(main())
    assert len(sandbox.calls["PATCH"]) == 4


def test_a_turn_is_waited_for_no_longer_than_the_deadline() -> None:
    """Whoever is before is not disturbed, and whoever comes after gets the turn."""

    async def main() -> None:
        turns, loop = Turns(), asyncio.get_running_loop()
        first = await turns.wait(UUID(int=1), Deadline(60))
        with pytest.raises(TransportError, match=f"{UUID(int=1)}: not sent, another write was") as caught:
            await turns.wait(UUID(int=1), Deadline(3))
        assert not caught.value.undecided
        await turns.wait(UUID(int=2), Deadline(3))
        assert loop.time() == 3
        first.release()
        await turns.wait(UUID(int=1), Deadline(3))
        assert loop.time() == 3

    run(main())


def test_a_turn_that_is_promised_to_another_is_waited_for_no_longer_than_the_deadline() -> None:
    """Whoever comes between a release and the waking of the next is bounded like those who queue."""

    async def main() -> None:
        turns, loop = Turns(), asyncio.get_running_loop()
        first = await turns.wait(UUID(int=1), Deadline(60))
        second = asyncio.create_task(turns.wait(UUID(int=1), Deadline(60)))
        await asyncio.sleep(0)
        first.release()
        with pytest.raises(TransportError, match="not sent"):
            await turns.wait(UUID(int=1), Deadline(3))
        assert loop.time() == 3
        (await second).release()

    run(main())


def test_a_turn_in_a_bulk_job_is_waited_for_through_an_outage() -> None:
    """Ten minutes without an answer do not count against the second write to one order."""
    sandbox = Sandbox(
        settle="fixed:0.3", faults=lambda call: Fault("refused") if 0.4 < call.at < 600 else None
    )
    sandbox.add_order(number="N-1")
    others = [DeleteOrder(order.uuid) for order in sandbox.add_orders(6)]

    async def main() -> None:
        async with (
            client_of(sandbox, rate=20) as client,
            client.run_all([*others, DeleteOrder(im_number="N-1"), DeleteOrder(im_number="N-1")]) as results,
        ):
            outcomes = [outcome async for _, outcome in results]
            assert len(outcomes) == 8
            assert [outcome for outcome in outcomes if not isinstance(outcome, Outcome)] == []

    run(main())


def test_a_turn_is_waited_for_while_the_clock_stands_still() -> None:
    """The deadline counts what is left of it after the pause."""
    paused = 0.0

    async def main() -> None:
        nonlocal paused
        turns, loop = Turns(), asyncio.get_running_loop()
        deadline = Deadline(10, paused=lambda: paused)

        async def other() -> None:
            nonlocal paused
            turn = await turns.wait(UUID(int=1), Deadline(1000))
            await asyncio.sleep(5)
            paused = 100
            await asyncio.sleep(100)
            turn.release()

        holding = asyncio.create_task(other())
        await asyncio.sleep(0)
        await turns.wait(UUID(int=1), deadline)
        assert loop.time() == 105
        await holding

    run(main())
