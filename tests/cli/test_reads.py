import asyncio
from collections.abc import AsyncIterator

import pytest

from cdek_async import AuthError, DeleteOrder, Operation, OrderInfo, OrderNotFound, TransportError
from cdek_async.cli._reads import Seen, read_all
from cdek_async.sandbox import Fault, Sandbox
from cdek_async.sandbox.faults import Plan
from tests.sandboxed import client_of
from tests.virtual import run


def read(sandbox: Sandbox, *operations: Operation, rate: float = 200.0) -> tuple[dict[int, Seen], float]:
    """What was seen, by the position of its operation, and how many seconds that took."""

    async def asked() -> AsyncIterator[tuple[int, Operation]]:
        for item in enumerate(operations):
            yield item

    async def main() -> tuple[dict[int, Seen], float]:
        seen = {}
        async with (
            client_of(sandbox, rate=rate) as client,
            read_all(client, asked(), rate=rate) as results,
        ):
            async for (known, _), found in results:
                seen[known] = found
            return seen, asyncio.get_running_loop().time()

    return run(main())


def test_each_order_is_read_once_by_whatever_names_it() -> None:
    """Beside what its caller knows it by; what is not there is an error like any other."""
    sandbox = Sandbox()
    order = sandbox.add_order(number="N-1")
    seen, _ = read(
        sandbox,
        DeleteOrder(order.uuid),
        DeleteOrder(im_number="N-1"),
        DeleteOrder(cdek_number=order.cdek_number),
        DeleteOrder(im_number="nobody's"),
    )
    for n in range(3):
        found = seen[n]
        assert isinstance(found, OrderInfo)
        assert str(found.order.uuid) == order.uuid
    assert isinstance(seen[3], OrderNotFound)
    assert {kind: len(calls) for kind, calls in sandbox.calls.items()} == {"TOKEN": 1, "GET": 4}


@pytest.mark.parametrize(("rate", "most"), [(0.5, 2), (4, 20), (1000, 100)])
def test_no_more_are_read_at_once_than_the_rate_serves(rate: float, most: int) -> None:
    """A read that queues for as long as its deadline would come to nothing."""
    sandbox = Sandbox(faults=lambda call: Fault("slow", 20.0) if call.kind == "GET" else None)
    orders = sandbox.add_orders(120)
    taken: list[int] = []

    async def asked() -> AsyncIterator[tuple[int, Operation]]:
        for n, order in enumerate(orders):
            taken.append(n)
            yield n, DeleteOrder(order.uuid)

    async def main() -> None:
        async with client_of(sandbox, rate=rate) as client, read_all(client, asked(), rate=rate):
            await asyncio.sleep(10)
            assert len(taken) == most

    run(main())


def test_at_a_call_a_minute_every_order_is_read_all_the_same() -> None:
    """Its place in the queue comes after a deadline or two."""
    sandbox = Sandbox()
    seen, _ = read(sandbox, *(DeleteOrder(order.uuid) for order in sandbox.add_orders(4)), rate=1 / 70)
    assert {type(found) for found in seen.values()} == {OrderInfo}


def test_a_retry_after_of_two_minutes_costs_no_order() -> None:
    """Nothing is sent for so long, and a read's own deadline is a minute."""
    sandbox = Sandbox()
    sandbox.script("GET", Fault("too_many", 115.0))
    seen, seconds = read(sandbox, *(DeleteOrder(order.uuid) for order in sandbox.add_orders(30)))
    assert {type(found) for found in seen.values()} == {OrderInfo}
    assert 115 <= seconds < 125


def test_an_order_that_cannot_be_read_is_an_error_of_its_own() -> None:
    """After some more tries; the others are read."""
    sandbox = Sandbox(faults=lambda call: Fault("server_error") if call.path.endswith(bad.uuid) else None)
    bad, good = sandbox.add_order(), sandbox.add_order()
    seen, _ = read(sandbox, DeleteOrder(bad.uuid), DeleteOrder(good.uuid))
    assert isinstance(seen[0], TransportError)
    assert isinstance(seen[1], OrderInfo)


def test_what_lasts_is_not_tried_again() -> None:
    """A certificate that is not trusted will not be in a moment."""
    sandbox = Sandbox(faults=lambda call: Fault("tls") if call.kind == "GET" else None)
    seen, _ = read(sandbox, DeleteOrder(sandbox.add_order().uuid))
    assert isinstance(seen[0], TransportError)
    assert len(sandbox.calls["GET"]) == 1


def down(*spans: tuple[float, float]) -> Plan:
    """Nothing is answered within spans of the sandbox's clock."""
    return lambda call: Fault("refused") if any(start <= call.at < end for start, end in spans) else None


def test_an_outage_costs_time_and_no_order() -> None:
    """While nothing is answered one tries for all, now and then; soon after it is over, all are read."""
    sandbox = Sandbox(faults=down((2.0, 602.0)))
    operations = [DeleteOrder(order.uuid) for order in sandbox.add_orders(1000)]
    seen, seconds = read(sandbox, *operations)
    assert {type(found) for found in seen.values()} == {OrderInfo}
    assert len(seen) == 1000
    assert 602 <= seconds < 650
    unanswered = [at for at in sandbox.calls["GET"] if 12 <= at < 602]
    assert len(unanswered) < 100


def test_the_second_outage_is_met_like_the_first() -> None:
    """It is tried soon, and then in growing intervals again."""
    sandbox = Sandbox(faults=down((1.0, 301.0), (360.0, 420.0)))
    operations = [DeleteOrder(order.uuid) for order in sandbox.add_orders(400)]
    seen, _ = read(sandbox, *operations, rate=5)
    assert {type(found) for found in seen.values()} == {OrderInfo}
    # until then those that were under way tried for themselves
    assert [at for at in sandbox.calls["GET"] if 386 < at < 400]


def test_a_host_that_never_answers_is_waited_for() -> None:
    """By a single order too; what is stopped leaves at once."""
    sandbox = Sandbox(faults=lambda _: Fault("refused"))
    order = sandbox.add_order()

    async def asked() -> AsyncIterator[tuple[int, Operation]]:
        yield 1, DeleteOrder(order.uuid)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with client_of(sandbox) as client, read_all(client, asked(), rate=200) as results:
            loop.call_later(3600, results.stop)
            assert [each async for each in results] == []
            assert 3600 <= loop.time() < 3601

    run(main())


def test_refused_credentials_end_it() -> None:
    """They are no order's fault."""
    sandbox = Sandbox(client_secret="another")
    order = sandbox.add_order()
    sandbox.client_secret = "wrong"
    with pytest.raises(AuthError):
        read(sandbox, DeleteOrder(order.uuid))
