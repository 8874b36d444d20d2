"""The contract of CdekClient, over a sandbox in memory."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from cdek_async import (
    AuthError,
    BadReply,
    CdekClient,
    DeleteOrder,
    Environment,
    OrderChanges,
    OrderNotFound,
    Outcome,
    Rejected,
    Ticket,
    TransportError,
    Unsettled,
    UpdateOrder,
    Verdict,
)
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run


def test_run_returns_when_it_is_true() -> None:
    """202 is not the end: the order is gone when `run` returns."""
    sandbox = Sandbox(settle="fixed:7")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(uuid))
            assert outcome.ok
            truth = sandbox.truth(uuid)
            assert truth is not None
            assert truth.status == "REMOVED"
            assert outcome.order is not None
            assert outcome.order.order.uuid == UUID(uuid)
            assert outcome.raise_for_state() is outcome

    run(main())


def test_a_no_is_data_whenever_it_comes() -> None:
    """At once with a 400 or minutes later in an INVALID request: the same Outcome, not ok."""
    sandbox = Sandbox(settle="fixed:3")
    moved = sandbox.add_order(status="DELIVERED").uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            late = await client.run(DeleteOrder(moved))
            assert late.verdict is Verdict.REJECTED
            assert [error.code for error in late.errors] == ["error_validate_order_delete_status"]
            missing = await client.run(DeleteOrder(uuid4()))
            assert missing.verdict is Verdict.NOT_FOUND
            with pytest.raises(Rejected) as caught:
                late.raise_for_state()
            assert caught.value.request is late.request
            assert caught.value.verdict is Verdict.REJECTED

    run(main())


def test_a_no_at_once_makes_a_final_ticket_that_needs_no_call() -> None:
    """`settle` then makes no call, also after a trip through JSON, and keeps the codes."""
    sandbox = Sandbox()

    async def main() -> None:
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(uuid4()))
            assert ticket.final
            calls = client.calls
            for each in (ticket, Ticket.from_json(ticket.to_json())):
                outcome = await client.settle(each)
                assert outcome.verdict is Verdict.NOT_FOUND
                assert [error.code for error in outcome.errors] == ["v2_entity_not_found"]
            assert client.calls == calls

    run(main())


def test_a_ticket_settles_in_another_process() -> None:
    """Its JSON is all that is needed; the first look comes at once."""
    sandbox = Sandbox(settle="fixed:5")
    uuid = sandbox.add_order().uuid

    async def submit() -> str:
        async with client_of(sandbox) as client:
            return (await client.submit(DeleteOrder(uuid))).to_json()

    async def settle(text: str) -> Outcome:
        await asyncio.sleep(60)
        async with client_of(sandbox) as client:
            return await client.settle(Ticket.from_json(text))

    async def main() -> None:
        text = await submit()
        outcome = await settle(text)
        assert outcome.ok
        assert asyncio.get_running_loop().time() == pytest.approx(60, abs=0.5)

    run(main())


def test_a_ticket_of_another_host_or_account_is_refused() -> None:
    """A test order's ticket asked in production would be "not found": after a deletion, success."""
    sandbox = Sandbox()
    sandbox.add_account("other", "other-secret")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(uuid))
        async with client_of(sandbox, base_url=Environment.TEST) as elsewhere:
            with pytest.raises(ValueError, match=r"api\.cdek\.ru"):
                await elsewhere.settle(ticket)
            assert elsewhere.calls == 0
        async with CdekClient("other", "other-secret", transport=SandboxTransport(sandbox)) as other:
            with pytest.raises(ValueError, match="another account"):
                await other.settle(ticket)
        async with client_of(sandbox) as client:
            with pytest.raises(ValueError, match="unknown"):
                await client.settle(Ticket.from_json(ticket.to_json().replace('"delete"', '"teleport"')))
            homeless = Ticket.from_json(ticket.to_json().replace(f'"{ticket.order_uuid}"', "null"))
            with pytest.raises(ValueError, match="order"):
                await client.settle(homeless)

    run(main())


def test_the_deadline_bounds_the_whole_call() -> None:
    """Submit, retries and waiting together; a hanging GET is cut."""
    sandbox = Sandbox(settle="never")
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", Fault("slow", 500.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            loop = asyncio.get_running_loop()
            with pytest.raises(Unsettled) as caught:
                await client.run(DeleteOrder(uuid), timeout=8)
            assert loop.time() <= 9
            assert caught.value.ticket.order_uuid == UUID(uuid)
            assert isinstance(caught.value.__cause__, TransportError)
            assert isinstance(caught.value, TimeoutError)

    run(main())


def test_time_up_before_cdek_took_note_is_undecided() -> None:
    """The write is on its way: it may arrive yet."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 25.0))

    async def main() -> None:
        heard: list[Ticket] = []
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError) as caught:
                await client.run(DeleteOrder(uuid), timeout=20, on_ticket=heard.append)
            assert caught.value.undecided
            assert asyncio.get_running_loop().time() == pytest.approx(20)
            assert not heard
        assert [ticket.order_uuid for ticket in heard] == [UUID(uuid)]  # aclose waited for the answer

    run(main())


def test_a_cancelled_caller_loses_nothing() -> None:
    """The exchange goes on until the ticket is known, and `on_ticket` hears of it."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 2.0))

    async def main() -> None:
        heard: list[Ticket] = []
        async with client_of(sandbox) as client:
            task = asyncio.create_task(client.run(DeleteOrder(uuid), on_ticket=heard.append))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(2)
            assert [ticket.order_uuid for ticket in heard] == [UUID(uuid)]
            assert (await client.settle(heard[0])).ok

    run(main())
    assert len(sandbox.calls["DELETE"]) == 1


def test_after_a_cancellation_nothing_is_sent_again() -> None:
    """Not after a lost answer, not after a refused connection, not after a token that expired."""
    for fault in (Fault("slow", 35.0), Fault("refused"), Fault("token_expired")):
        sandbox = Sandbox()
        uuid = sandbox.add_order().uuid
        sandbox.script("DELETE", *[fault] * 5)
        sandbox.script("TOKEN", None, Fault("slow", 3.0))

        async def main(sandbox: Sandbox = sandbox, uuid: str = uuid) -> None:
            async with client_of(sandbox) as client:
                task = asyncio.create_task(client.run(DeleteOrder(uuid)))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await asyncio.sleep(100)

        run(main())
        assert len(sandbox.calls["DELETE"]) == 1, fault


def test_a_caller_cancelled_while_queueing_sends_nothing() -> None:
    """Nothing was sent, so nothing is followed."""
    sandbox = Sandbox()
    orders = sandbox.add_orders(5)

    async def main() -> None:
        async with client_of(sandbox, rate=1) as client:
            tasks = [asyncio.create_task(client.submit(DeleteOrder(order.uuid))) for order in orders]
            await asyncio.sleep(2.5)  # the token, one, and one more
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(10)

    run(main())
    assert len(sandbox.calls["DELETE"]) == 2


def test_a_failing_on_ticket_is_the_callers_own_error() -> None:
    """It is raised as it is, and to nobody else; the ticket was there."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    told: list[str] = []

    def full(ticket: Ticket) -> None:
        raise OSError("disk full")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
        async with client_of(sandbox) as client:
            with pytest.raises(OSError, match="disk full"):
                await client.run(DeleteOrder(uuid), on_ticket=full)

    run(main())
    assert told == []


def test_an_on_ticket_that_nobody_would_await_is_refused() -> None:
    """Before anything is sent: its ticket would be lost without a word."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    async def save(ticket: Ticket) -> None:
        raise AssertionError

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TypeError, match="on_ticket: a plain function expected"):
                await client.run(DeleteOrder(uuid), on_ticket=save)  # type: ignore[arg-type]

    run(main())
    assert not sandbox.calls


def test_a_failing_on_ticket_of_a_caller_that_left_is_told() -> None:
    """By the loop's exception handler: a ticket that could not be saved is nothing to be silent about."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("slow", 2.0))
    told: list[str] = []

    def full(ticket: Ticket) -> None:
        raise OSError("disk full")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError):
                await client.run(DeleteOrder(uuid), timeout=1, on_ticket=full)

    run(main())
    assert told == ["a submission whose caller had left failed"]


def test_on_ticket_does_not_hear_of_what_cdek_turned_down() -> None:
    """It is told as soon as CDEK accepted."""
    sandbox = Sandbox()

    async def main() -> None:
        heard: list[Ticket] = []
        async with client_of(sandbox) as client:
            await client.run(DeleteOrder(uuid4()), on_ticket=heard.append)
        assert not heard

    run(main())


def test_a_failing_poll_is_no_verdict() -> None:
    """Network, 5xx, garbage, 401, a token endpoint that is down: keep polling."""
    sandbox = Sandbox(settle="fixed:1")
    uuid = sandbox.add_order().uuid
    faults = ["dropped_after", "server_error", "html", "empty", "token_expired", "too_many", "truncated"]
    sandbox.script("GET", *[Fault(kind) for kind in faults])
    sandbox.script("TOKEN", None, Fault("server_error"), Fault("empty"), Fault("refused"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            assert (await client.run(DeleteOrder(uuid))).ok

    run(main())


def test_accepted_work_survives_credentials_that_die() -> None:
    """Authentication is not a verdict: Unsettled, with AuthError as its cause."""
    sandbox = Sandbox(settle="fixed:1")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(uuid))
            sandbox.script("GET", *[Fault("token_expired")] * 99)
            with pytest.raises(Unsettled) as caught:
                await client.settle(ticket, timeout=30)
            assert isinstance(caught.value.__cause__, AuthError)

    run(main())


def test_a_redirect_ends_polling_at_once_and_keeps_the_ticket() -> None:
    """3xx on any call: BadReply; what CDEK took note of is in its ticket."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", Fault("redirect"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(BadReply) as caught:
                await client.run(DeleteOrder(uuid))
            assert caught.value.status == 307
            assert caught.value.ticket is not None
            assert (await client.settle(caught.value.ticket)).ok

    run(main())


def test_wrong_credentials_are_told_at_once() -> None:
    """They do not heal by waiting."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        transport = SandboxTransport(sandbox)
        async with client_of(sandbox) as good:
            ticket = await good.submit(DeleteOrder(uuid))
        async with CdekClient(sandbox.client_id, "wrong", transport=transport) as client:
            for ask in (client.run(DeleteOrder(uuid)), client.settle(ticket), client.get_order(uuid)):
                with pytest.raises(AuthError) as caught:
                    await ask
                assert "wrong" not in str(caught.value)
            assert asyncio.get_running_loop().time() < 1

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 2


def test_warnings_of_the_first_answer_reach_the_outcome() -> None:
    """CDEK announces a changed price in the 202 only."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            changes = OrderChanges(uuid=uuid, tariff_code=137)
            outcome = await client.run(UpdateOrder(changes))
            assert [warning.code for warning in outcome.warnings] == ["v2_cost_change_by_tariff"]

    run(main())


def test_orders_are_read_by_uuid_and_by_number() -> None:
    """The whole reply, as values and as CDEK sent it."""
    sandbox = Sandbox()
    order = sandbox.add_order()

    async def main() -> None:
        async with client_of(sandbox) as client:
            for found in (
                await client.get_order(order.uuid),
                await client.get_order(UUID(order.uuid)),
                await client.find_order(cdek_number=order.cdek_number),
                await client.find_order(cdek_number=int(order.cdek_number)),
                await client.find_order(im_number=order.number),
            ):
                assert found.order.uuid == UUID(order.uuid)
                assert found.order.cdek_number == order.cdek_number
                assert found.raw["entity"]["uuid"] == order.uuid  # type: ignore[index]  # JSON
            for missing in (client.get_order(uuid4()), client.find_order(im_number="404404")):
                with pytest.raises(OrderNotFound):
                    await missing

    run(main())


def test_an_order_of_somebody_else_is_no_answer_to_a_read() -> None:
    """Neither found nor "not found": the code is told."""
    sandbox = Sandbox()
    sandbox.add_account("other", "secret")
    theirs = sandbox.add_order(client_id="other")

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(BadReply, match="forbidden"):
                await client.get_order(theirs.uuid)
            with pytest.raises(BadReply, match="forbidden"):
                await client.find_order(cdek_number=theirs.cdek_number)
            assert (await client.run(DeleteOrder(theirs.uuid))).verdict is Verdict.REJECTED

    run(main())


def test_a_read_is_tried_a_few_times() -> None:
    """Then it fails; nobody waits a minute for a page."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", *[Fault("server_error")] * 3)

    async def main() -> None:
        async with client_of(sandbox) as client:
            assert (await client.get_order(uuid)).order.uuid == UUID(uuid)
            for fault, error in (("server_error", TransportError), ("html", BadReply)):
                sandbox.script("GET", *[Fault(fault)] * 4)
                with pytest.raises(error):
                    await client.get_order(uuid)

    run(main())


@pytest.mark.parametrize("number", ["", "   ", "a\nb", "x" * 300])
def test_a_number_that_cannot_be_one_is_refused(number: str) -> None:
    """Before anything is sent."""

    async def main() -> None:
        async with client_of(Sandbox()) as client:
            with pytest.raises(ValueError, match="cdek_number"):
                await client.find_order(cdek_number=number)
            with pytest.raises(ValueError, match="exactly one"):
                await client.find_order()
            with pytest.raises(ValueError, match="not a UUID"):
                await client.get_order("../oauth/token")
            assert client.calls == 0

    run(main())


def test_any_httpx_transport_will_do() -> None:
    """`transport=` takes what httpx takes: here, its own mock."""
    uuid, request_uuid = uuid4(), uuid4()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
        state = "ACCEPTED" if request.method == "DELETE" else "SUCCESSFUL"
        noted = {"request_uuid": str(request_uuid), "type": "DELETE", "state": state}
        return httpx.Response(202, json={"entity": {"uuid": str(uuid)}, "requests": [noted]})

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            assert (await client.run(DeleteOrder(uuid))).ok

    run(main())
