"""When a client counts as cut off, and what it does about it."""

import asyncio
from uuid import uuid4

import pytest

from cdek_async import DeleteOrder, Polling, TransportError
from cdek_async._outage import Outage
from cdek_async.sandbox import Fault, Sandbox
from tests.sandboxed import client_of
from tests.virtual import run


def test_five_calls_in_a_row_without_an_answer_are_an_outage() -> None:
    """Fewer can be chance; one answer ends it."""

    async def main() -> None:
        outage = Outage()
        for _ in range(4):
            outage.unanswered()
        assert not outage.on
        outage.answered()
        for _ in range(4):
            outage.unanswered()
        assert not outage.on
        outage.unanswered()
        assert outage.on
        outage.answered()
        assert not outage.on
        assert outage.probe_at == 0

    run(main())


def test_its_seconds_are_added_up() -> None:
    """From the moment it is known; the one that goes on is counted too."""

    async def main() -> None:
        outage = Outage()
        assert outage.seconds() == 0
        for length in (10, 20):
            for _ in range(9):
                outage.unanswered()
            await asyncio.sleep(length)
            assert outage.seconds() == (10 if length == 10 else 30)
            outage.answered()
            await asyncio.sleep(1000)
        assert outage.seconds() == 30

    run(main())


def test_probes_grow_apart_and_begin_anew() -> None:
    """1 s after the beginning, then 2, 4, … and 30 at most."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        outage = Outage()
        for _ in range(2):
            for _ in range(5):
                outage.unanswered()
            waits = []
            for _ in range(8):
                waits.append(outage.probe_at - loop.time())
                await asyncio.sleep(waits[-1])
                outage.probing()
                outage.unanswered()
            assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
            outage.answered()

    run(main())


@pytest.mark.parametrize(("status", "outage"), [(500, False), (502, True), (503, True), (504, True)])
def test_only_a_gateways_word_is_no_answer(status: int, outage: bool) -> None:
    """500 is CDEK's own: it can be reached."""
    sandbox = Sandbox(
        faults=lambda call: None if call.kind == "TOKEN" else Fault("server_error", status=status)
    )

    async def main() -> None:
        async with client_of(sandbox) as client:
            for _ in range(3):
                with pytest.raises(TransportError):
                    await client.get_order(uuid4())
            assert client.paused is outage

    run(main())


def test_a_bulk_job_whose_orders_always_get_a_500_ends() -> None:
    """It is no outage: clocks run, and each operation has its error."""
    sandbox = Sandbox(faults=lambda call: None if call.kind == "TOKEN" else Fault("server_error", status=500))
    operations = [DeleteOrder(order.uuid) for order in sandbox.add_orders(3)]

    async def main() -> None:
        async with (
            client_of(sandbox, polling=Polling(timeout=10)) as client,
            client.run_all(operations) as results,
        ):
            errors = [error async for _, error in results]
            assert len(errors) == 3
            for error in errors:
                assert isinstance(error, TransportError)
                assert error.undecided
        assert asyncio.get_running_loop().time() < 20

    run(main())
