"""Rule 1: a write is never sent twice blindly; and what its first answer makes of it."""

import asyncio
from itertools import pairwise
from uuid import UUID

import httpx
import pytest

from cdek_async import (
    BadReply,
    CdekClient,
    DeleteOrder,
    OrderChanges,
    Outcome,
    Package,
    Polling,
    TransportError,
    Unsettled,
    UpdateOrder,
    Verdict,
)
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run

LOST_AND_APPLIED = [
    Fault("dropped_after"),
    Fault("dropped_after", reset=False),
    Fault("truncated"),
    Fault("empty"),
    Fault("html"),
    Fault("server_error", status=502, applied=True),
    Fault("gzip"),
    Fault("huge"),
    Fault("unknown_state"),
    Fault("drip", 0.5),
    Fault("slow", 40.0),
]
LOST_AND_NOT_APPLIED = [
    Fault("dropped_before"),
    Fault("dropped_before", reset=False),
    Fault("server_error", status=500),
    Fault("server_error", status=502, html=True),
    Fault("server_error", status=503),
    Fault("server_error", status=408),
]
PROVEN_UNSENT = [
    Fault("refused"),
    Fault("dns"),
    Fault("too_many"),
    Fault("too_many", 3.0),
    Fault("too_many", 3.0, as_date=True),
    Fault("token_expired"),
]


def deleted_times(sandbox: Sandbox, uuid: object) -> int:
    """How many DELETE requests the sandbox took note of for an order."""
    return sum(request.type == "DELETE" for request in sandbox.truth(uuid).requests)


def delete(sandbox: Sandbox, uuid: str, timeout: float = 120) -> Outcome:
    async def main() -> Outcome:
        async with client_of(sandbox) as client:
            return await client.run(DeleteOrder(uuid), timeout=timeout)

    return run(main())


@pytest.mark.parametrize("fault", LOST_AND_APPLIED, ids=lambda fault: f"{fault.kind}{fault.status or ''}")
def test_a_write_whose_answer_was_lost_is_adopted_and_not_sent_again(fault: Fault) -> None:
    """If the order shows exactly one request that can be ours, it is ours."""
    sandbox = Sandbox(settle="fixed:0.3")
    order = sandbox.add_order()
    sandbox.script("DELETE", fault)
    outcome = delete(sandbox, str(order.uuid))
    assert outcome.ok
    assert outcome.adopted or fault.kind == "unknown_state"
    assert len(sandbox.calls["DELETE"]) == 1


@pytest.mark.parametrize("fault", LOST_AND_NOT_APPLIED, ids=lambda fault: f"{fault.kind}{fault.status or ''}")
def test_a_write_that_does_not_show_is_sent_again_after_three_seconds(fault: Fault) -> None:
    """A read may lag behind a write: "not there" counts only after looks at 0, 1 and 3 seconds."""
    sandbox = Sandbox(settle="fixed:0.3")
    order = sandbox.add_order()
    sandbox.script("DELETE", fault)
    outcome = delete(sandbox, str(order.uuid))
    assert outcome.ok
    assert not outcome.adopted
    first, second = sandbox.calls["DELETE"]
    assert second - first >= 3
    looks = [at - first for at in sandbox.calls["GET"] if at <= second]
    assert [round(at) for at in looks] == [0, 1, 3]


@pytest.mark.parametrize("fault", PROVEN_UNSENT, ids=lambda fault: f"{fault.kind}{fault.seconds or ''}")
def test_what_provably_was_not_applied_is_sent_again_without_a_look(fault: Fault) -> None:
    """No connection, 429 and a refused token leave nothing to look for."""
    sandbox = Sandbox(settle="fixed:0.3")
    order = sandbox.add_order()
    sandbox.script("DELETE", fault)
    assert delete(sandbox, str(order.uuid)).ok
    first, second = sandbox.calls["DELETE"]
    assert not [at for at in sandbox.calls["GET"] if first <= at <= second]
    assert second - first >= (fault.seconds or 0)


def test_a_read_that_lags_behind_the_write_does_not_send_it_twice() -> None:
    """The write shows two seconds late: the look at three seconds still finds it."""
    sandbox = Sandbox(settle="fixed:0.3")
    order = sandbox.add_order()
    sandbox.script("DELETE", Fault("dropped_after"))
    sandbox.script("GET", Fault("lag", 2.0), Fault("lag", 2.0))
    assert delete(sandbox, str(order.uuid)).adopted
    assert deleted_times(sandbox, order.uuid) == 1


def test_a_write_is_sent_three_times_at_most() -> None:
    """Sent again twice, then undecided: nobody knows what a network still holds."""
    sandbox = Sandbox()
    order = sandbox.add_order()
    sandbox.script("DELETE", *[Fault("dropped_before")] * 9)
    with pytest.raises(TransportError) as caught:
        delete(sandbox, str(order.uuid))
    assert caught.value.undecided
    assert len(sandbox.calls["DELETE"]) == 3


def test_an_update_that_adds_a_package_is_never_sent_again() -> None:
    """Sent twice, a package without package_id is added twice."""
    sandbox = Sandbox()
    order = sandbox.add_order()
    changes = OrderChanges(uuid=str(order.uuid), packages=[Package(number="9", weight=100)])
    sandbox.script("PATCH", Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError) as caught:
                await client.run(UpdateOrder(changes))
            assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 1


def test_two_requests_that_can_be_ours_are_not_guessed_between() -> None:
    """If the order shows several, none can be called ours: undecided."""
    sandbox = Sandbox(settle="fixed:60", similar="queue")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("slow", 40.0), None)

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            changes = OrderChanges(uuid=uuid, comment="ours")
            update = asyncio.create_task(ours.run(UpdateOrder(changes), timeout=120))
            await asyncio.sleep(0.1)
            await theirs.submit(UpdateOrder(OrderChanges(uuid=uuid, comment="theirs")))
            with pytest.raises(TransportError) as caught:
                await update
            assert caught.value.undecided

    run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_an_older_request_of_somebody_else_is_not_adopted() -> None:
    """Not older than our submit by the server's clock, with two seconds of margin."""
    sandbox = Sandbox(settle="fixed:0.1")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", None, Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            await theirs.run(UpdateOrder(OrderChanges(uuid=uuid, comment="theirs")))
            await ours.get_order(uuid)  # the last Date that ours knows is minutes old when it submits
            await asyncio.sleep(300)
            outcome = await ours.run(UpdateOrder(OrderChanges(uuid=uuid, comment="ours")))
            assert outcome.ok
            assert not outcome.adopted

    run(main())
    assert len(sandbox.calls["PATCH"]) == 3


def test_without_a_look_until_the_deadline_a_lost_write_is_undecided() -> None:
    """No readable look: nobody may say that it was not applied."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("dropped_after"))
    sandbox.script("GET", *[Fault("server_error")] * 99)
    with pytest.raises(TransportError) as caught:
        delete(sandbox, uuid, timeout=10)
    assert caught.value.undecided


def test_what_goes_wrong_after_a_lost_write_leaves_it_undecided() -> None:
    """A later failure that proves nothing of itself does not clear the first."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("dropped_before"), *[Fault("refused")] * 99)
    with pytest.raises(TransportError) as caught:
        delete(sandbox, uuid, timeout=20)
    assert caught.value.undecided


def test_what_is_no_passing_failure_after_a_lost_write_leaves_it_undecided() -> None:
    """A look that ends everything does not say that the write was not applied either."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("dropped_after"))
    sandbox.script("GET", Fault("redirect"))
    with pytest.raises(TransportError, match=r"its answer was lost; then .*redirects") as caught:
        delete(sandbox, uuid)
    assert caught.value.undecided
    assert isinstance(caught.value.__cause__, BadReply)


@pytest.mark.parametrize("fault", [Fault("refused"), Fault("too_many"), Fault("too_many", 300.0)])
def test_what_never_reached_cdek_is_not_undecided(fault: Fault) -> None:
    """When time is up and nothing was applied, the operation may be run again as it is."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", *[fault] * 99)
    with pytest.raises(TransportError) as caught:
        delete(sandbox, uuid, timeout=10)
    assert not caught.value.undecided


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    """TLS: no retry; trying again cannot help."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("tls"))
    with pytest.raises(TransportError, match="TLS") as caught:
        delete(sandbox, uuid)
    assert not caught.value.undecided
    assert len(sandbox.calls["DELETE"]) == 1


def test_a_lost_delete_of_an_order_that_is_not_there_is_not_found() -> None:
    """Nobody can tell a wrong uuid from one that the lost attempt has deleted: a verdict of its own."""
    sandbox = Sandbox(settle="fixed:0.1", readable=0)
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 40.0))
    outcome = delete(sandbox, uuid)
    assert outcome.verdict is Verdict.NOT_FOUND
    assert not outcome.ok


def test_a_removed_order_settles_a_lost_delete() -> None:
    """REMOVED is the one status that decides."""
    sandbox = Sandbox(settle="fixed:0.1")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 40.0))
    outcome = delete(sandbox, uuid)
    assert outcome.ok
    assert outcome.adopted


def test_missing_request_uuids_are_found_by_type_and_time() -> None:
    """Without a request_uuid: the only one of its type that is not older than the submit."""
    sandbox = Sandbox(settle="fixed:0.3")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("no_request_uuid"))
    sandbox.script("GET", *[Fault("no_request_uuid")] * 9)
    outcome = delete(sandbox, uuid)
    assert outcome.ok
    assert not outcome.adopted


@pytest.mark.parametrize("by", ["cdek_number", "im_number"])
def test_a_delete_by_number_is_looked_up_first(by: str) -> None:
    """One call more, and the outcome names the order."""
    sandbox = Sandbox(settle="fixed:0.3")
    order = sandbox.add_order()
    number = {"cdek_number": order.cdek_number, "im_number": order.number}[by]

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(**{by: number}))
            assert outcome.ok
            assert outcome.ticket.order_uuid == UUID(order.uuid)
            missing = await client.run(DeleteOrder(**{by: "404404"}))
            assert missing.verdict is Verdict.NOT_FOUND

    run(main())
    assert len(sandbox.calls["DELETE"]) == 1


def test_an_update_by_cdek_number_needs_no_look_up() -> None:
    """CDEK takes the number itself; the uuid comes with its answer, or by a look when that is lost."""
    sandbox = Sandbox(settle="fixed:0.3")
    orders = [sandbox.add_order() for _ in range(2)]
    sandbox.script("PATCH", None, Fault("dropped_after"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            for order in orders:
                changes = OrderChanges(cdek_number=order.cdek_number, comment="x")
                ticket = await client.submit(UpdateOrder(changes))
                assert ticket.order_uuid == UUID(order.uuid)
                assert (await client.settle(ticket)).ok

    run(main())


class NotReady(SandboxTransport):
    """A sandbox of which some writes are told, in CDEK's layout, that their order is not ready."""

    def __init__(self, sandbox: Sandbox, times: int) -> None:
        super().__init__(sandbox)
        self.writes: list[float] = []
        self._times = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH":
            return await super().handle_async_request(request)
        self.writes.append(asyncio.get_running_loop().time())
        if len(self.writes) > self._times:
            return await super().handle_async_request(request)
        error = {"code": "v2_entity_not_ready", "message": "Entity is not ready"}
        only = {"type": "UPDATE", "state": "INVALID", "errors": [error]}
        return httpx.Response(400, json={"requests": [only]})


def test_an_order_that_is_not_ready_is_asked_again() -> None:
    """v2_entity_not_ready is "later", not "no": sent again farther and farther apart, without a look."""
    sandbox = Sandbox(settle="fixed:0.3")
    changes = OrderChanges(uuid=sandbox.add_order().uuid, comment="x")
    transport = NotReady(sandbox, times=3)

    async def main() -> None:
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            ticket = await client.submit(UpdateOrder(changes))
            assert not ticket.adopted
            assert not sandbox.calls["GET"]
            assert (await client.settle(ticket)).ok

    run(main())
    gaps = [later - earlier for earlier, later in pairwise(transport.writes)]
    assert [gap >= least for gap, least in zip(gaps, (0.5, 1, 2), strict=True)] == [True] * 3


def test_an_order_that_does_not_get_ready_in_time_was_not_changed() -> None:
    """Time up and nothing applied: not undecided, and nothing settles behind the caller's back."""
    sandbox = Sandbox()
    changes = OrderChanges(uuid=sandbox.add_order().uuid, comment="x")
    transport = NotReady(sandbox, times=1000)

    async def main() -> None:
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            with pytest.raises(TransportError, match="not ready") as caught:
                await client.run(UpdateOrder(changes), timeout=20)
            assert not caught.value.undecided

    run(main())
    assert not sandbox.applied


def test_looks_for_a_lost_write_end_where_the_next_would_come_too_late() -> None:
    """Who cannot wait for the look at three seconds is told so at once: undecided."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError, match="time was up") as caught:
                await client.run(DeleteOrder(uuid), timeout=2.5)
            assert caught.value.undecided
            assert asyncio.get_running_loop().time() == pytest.approx(1, abs=0.1)

    run(main())
    assert len(sandbox.calls["DELETE"]) == 1


def test_a_stuck_request_leaves_a_ticket_that_settles_later() -> None:
    """CDEK's test environment kept a DELETE in ACCEPTED for more than a day."""
    sandbox = Sandbox(settle="fixed:200")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox, polling=Polling(timeout=30)) as client:
            with pytest.raises(Unsettled) as caught:
                await client.run(DeleteOrder(uuid))
            assert asyncio.get_running_loop().time() == pytest.approx(30, abs=1)
            outcome = await client.settle(caught.value.ticket, timeout=300)
            assert outcome.ok

    run(main())
    assert len(sandbox.calls["DELETE"]) == 1
