"""The contract of CdekClient, over a sandbox in memory."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cdek_async import (
    AuthError,
    BadReply,
    Bulk,
    CdekClient,
    DeleteOrder,
    Environment,
    OrderChanges,
    OrderNotFound,
    Outcome,
    Polling,
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
    """It is raised as it is; the ticket was there."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid

    def full(ticket: Ticket) -> None:
        raise OSError("disk full")

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(OSError, match="disk full"):
                await client.run(DeleteOrder(uuid), on_ticket=full)

    run(main())


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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_secret": "  "}, "client_secret"),
        ({"base_url": "api.cdek.ru"}, "base_url"),
        ({"base_url": "ftp://api.cdek.ru"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://api.cdek.ru:99999"}, "base_url"),
        ({"base_url": "https://user:pass@api.cdek.ru"}, "base_url"),
        ({"base_url": "https://api.cdek.ru/?a=1"}, "base_url"),
        ({"base_url": "http://api.cdek.ru"}, "plain http"),
        ({"base_url": "http://10.0.0.1"}, "plain http"),
        ({"rate": 0}, "rate"),
        ({"rate": -1.0}, "rate"),
    ],
)
def test_bad_settings_are_refused_by_name(options: dict[str, object], words: str) -> None:
    """One line that says what; nothing of the credentials in it."""
    with pytest.raises(ValueError, match=words) as caught:
        CdekClient(**{"client_id": "me", "client_secret": "s3cret", **options})  # type: ignore[arg-type]
    assert "pass" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
def test_plain_http_is_for_loopback(url: str) -> None:
    """And for who says so."""
    CdekClient("me", "secret", base_url=url)
    CdekClient("me", "secret", base_url="http://gateway.internal/cdek/", allow_http=True)


def test_no_secret_in_repr() -> None:
    """The host is enough."""
    assert repr(CdekClient("me", "s3cret")) == "<CdekClient of https://api.cdek.ru>"


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three variables; what is missing is named."""
    for name in ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET", "CDEK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="CDEK_CLIENT_ID, CDEK_CLIENT_SECRET"):
        CdekClient.from_env()
    monkeypatch.setenv("CDEK_CLIENT_ID", "me")
    monkeypatch.setenv("CDEK_CLIENT_SECRET", " s3cret ")
    assert "api.cdek.ru" in repr(CdekClient.from_env())
    for name, host in (
        ("test", "api.edu.cdek.ru"),
        ("China", "int.cdek-express.cn"),
        ("http://127.0.0.1:1", "127.0.0.1:1"),
    ):
        monkeypatch.setenv("CDEK_BASE_URL", name)
        assert host in repr(CdekClient.from_env(rate=10))


def test_a_closed_client_says_so() -> None:
    """Whatever is asked of it; closing twice is fine."""

    async def main() -> None:
        client = client_of(Sandbox())
        await client.aclose()
        await client.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await client.get_order(uuid4())
        with pytest.raises(RuntimeError, match="closed"):
            await client.submit(DeleteOrder(uuid4()))

    run(main())


def test_closing_ends_who_still_waits() -> None:
    """A submit that never hears is undecided; a poll says that the client is closed; nothing is left."""
    sandbox = Sandbox(settle="never")
    hanging, polled, read = (sandbox.add_order().uuid for _ in range(3))

    async def main() -> None:
        client = client_of(sandbox)
        polling = asyncio.create_task(client.run(DeleteOrder(polled)))
        await asyncio.sleep(0.2)
        sandbox.script("DELETE", Fault("slow", 28.0))
        sandbox.script("TOKEN", Fault("slow", 28.0))
        submitting = asyncio.create_task(client.submit(DeleteOrder(hanging)))
        await asyncio.sleep(0.1)
        sandbox.script("GET", Fault("slow", 28.0))
        reading = asyncio.create_task(client.get_order(read))
        await asyncio.sleep(0.1)
        await client.aclose()
        with pytest.raises(TransportError, match="closed") as caught:
            await submitting
        assert caught.value.undecided
        with pytest.raises(TransportError, match="closed"):
            await reading
        with pytest.raises(RuntimeError, match="closed"):
            await polling

    run(main())


def test_closing_while_the_token_is_fetched() -> None:
    """Nothing was sent."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", Fault("slow", 28.0))

    async def main() -> None:
        client = client_of(sandbox)
        submitting = asyncio.create_task(client.submit(DeleteOrder(uuid4())))
        await asyncio.sleep(0.1)
        await client.aclose()
        with pytest.raises(TransportError, match="closed") as caught:
            await submitting
        assert not caught.value.undecided

    run(main())


def test_another_loop_is_refused() -> None:
    """Its connections and timers belong to the first."""
    client = client_of(Sandbox())

    async def ask() -> None:
        with pytest.raises(OrderNotFound):
            await client.get_order(uuid4())

    run(ask())

    async def again() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await client.get_order(uuid4())

    run(again())


def test_a_forked_child_is_refused() -> None:
    """Two processes must not speak over one connection."""
    client = client_of(Sandbox())
    pid = os.fork()
    if pid == 0:  # no pytest in the child: its exit code is the answer
        code = 1
        try:
            client.get_order(uuid4()).send(None)
        except RuntimeError as error:
            code = 0 if "fork" in str(error) else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


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


def test_run_all_is_thrifty() -> None:
    """Nobody waits for the single order: one write and one look, most of the time."""
    sandbox = Sandbox(settle="lognormal:0.5,1", seed=1)
    orders = sandbox.add_orders(2000)

    async def main() -> None:
        async with client_of(sandbox) as client:
            await collect(client.run_all([DeleteOrder(order.uuid) for order in orders]), [])
            assert client.calls <= 2.15 * 2000

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


def test_ten_minutes_without_network_cost_a_job_ten_minutes_and_no_order() -> None:
    """The job waits and looks now and then; no operation's clock runs, and single calls may try."""
    down = (2.0, 602.0)
    sandbox = Sandbox(settle="fixed:0.5", faults=lambda call: _down(call.at, down))
    orders = sandbox.add_orders(400)

    async def main() -> None:
        async with client_of(sandbox, polling=Polling(timeout=30)) as client:
            loop = asyncio.get_running_loop()
            paused: list[bool] = []
            loop.call_at(300, lambda: paused.append(client.paused))
            results: list[tuple[object, object]] = []
            await collect(client.run_all([DeleteOrder(order.uuid) for order in orders]), results)
            assert all(isinstance(result, Outcome) and result.ok for _, result in results)
            assert len(results) == 400
            assert loop.time() < 602 + 60
            assert paused == [True]
            assert not client.paused

    run(main())
    during = [at for calls in sandbox.calls.values() for at in calls if 60 < at < 602]
    assert len(during) < 60  # a call now and then, and not 4,000 retries
    removed = [applied.order_uuid for applied in sandbox.applied]
    assert len(removed) == len(set(removed)) == 400


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
    orders = sandbox.add_orders(2000)
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
