"""Calls with a token: what counts as an answer, what is tried again, and when a client stops trying."""

import asyncio
from itertools import pairwise
from uuid import uuid4

import pytest

from cdek_async import AuthError, BadReply, CdekError, DeleteOrder, OrderNotFound, TransportError, Unsettled
from cdek_async._deadline import Deadline
from cdek_async._http import answered, passing, retried
from cdek_async._models import Call, Reply
from cdek_async.sandbox import Fault, Sandbox
from tests.replies import NOT_FOUND, refuses, shows, ticket
from tests.sandboxed import client_of
from tests.virtual import run

READ, WRITE = Call("GET", "/v2/orders/1"), Call("DELETE", "/v2/orders/1", write=True)


@pytest.mark.parametrize(
    ("reply", "to_a_read", "to_a_write"),
    [
        (shows(), True, True),
        (NOT_FOUND, True, True),
        (Reply(200, None), True, True),
        (Reply(404, None), True, True),
        (Reply(429, None), False, False),
        (Reply(500, None), False, True),
        (Reply(503, {}), False, True),
        (refuses({"code": "v2_internal_error"}), False, True),
        (refuses({"code": "V2_ENTITY_NOT_READY"}), False, True),
        (Reply(400, {"errors": [{"code": "v2_internal_error"}]}), False, True),
        (refuses({"code": "v2_internal_error"}, status=200), True, True),
    ],
)
def test_not_now_is_no_answer(reply: Reply, to_a_read: bool, to_a_write: bool) -> None:
    """429 applied nothing; a 5xx says "later" to a read, and to a write says nothing that is sure."""
    for call, is_answer in ((READ, to_a_read), (WRITE, to_a_write)):
        if is_answer:
            assert answered(call, reply) is reply
        else:
            with pytest.raises(TransportError, match=rf"/v2/orders/1: answered {reply.status}\Z") as caught:
                answered(call, reply)
            assert not caught.value.undecided
            assert not caught.value.lasting


@pytest.mark.parametrize(("seconds", "lasting"), [(1.0, False), (120.0, False), (121.0, True)])
def test_who_is_asked_to_wait_for_minutes_does_not_wait(seconds: float, lasting: bool) -> None:
    """A short Retry-After is kept; of a long one the caller is told at once, in seconds."""
    with pytest.raises(TransportError, match=f"asking to wait for {seconds:.0f} s") as caught:
        answered(WRITE, Reply(429, None, retry_after=seconds))
    assert caught.value.lasting is lasting


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (TransportError("no answer"), True),
        (TransportError("TLS failed", lasting=True), True),
        (BadReply("HTML", status=200), True),
        (BadReply("answered 302", status=302, lasting=True), False),
        (AuthError("refused"), True),
        (AuthError("refused", lasting=True), False),
        (Unsettled("the client was closed", ticket=ticket()), False),
        (CdekError("closed", lasting=True), False),
        (ValueError("a defect"), False),
        (asyncio.CancelledError(), False),
    ],
    ids=repr,
)
def test_accepted_work_does_not_fail_because_asking_does(error: BaseException, passes: bool) -> None:
    """A look that failed is made again, unless trying again cannot help or the failure is no CDEK's."""
    assert passing(error) is passes


def test_attempts_come_farther_and_farther_apart() -> None:
    """From half a second, doubled, each with up to half a second added, and never beyond the deadline."""

    async def main() -> list[float]:
        times: list[float] = []
        loop = asyncio.get_running_loop()

        async def attempt() -> None:
            times.append(loop.time())
            raise TransportError(f"attempt {len(times)}")

        with pytest.raises(TransportError, match="attempt 5"):
            await retried(attempt, passing, Deadline(12))
        assert loop.time() == times[-1] <= 12
        return times

    gaps = [later - earlier for earlier, later in pairwise(run(main()))]
    assert [least <= gap <= least + 0.5 for gap, least in zip(gaps, (0.5, 1, 2, 4), strict=True)] == [
        True
    ] * 4


def test_what_must_not_be_tried_again_is_raised_as_it_is() -> None:
    """The last attempt's own error comes out, and a number of attempts is kept."""

    async def main() -> None:
        errors = [TransportError("1"), BadReply("2", status=302, lasting=True), TransportError("3")]

        async def attempt() -> None:
            raise errors.pop(0)

        with pytest.raises(BadReply, match="2"):
            await retried(attempt, passing, Deadline(60))
        errors[:0] = [TransportError("1"), TransportError("2")]
        with pytest.raises(TransportError, match="2"):
            await retried(attempt, passing, Deadline(60), attempts=2)

    run(main())


def test_a_client_that_is_turned_away_stops_repeating_itself() -> None:
    """However many ask: a hundred retries without an answer are all that a whole client makes."""
    sandbox = Sandbox(faults=lambda call: Fault("too_many") if call.kind == "GET" else None)

    async def main() -> None:
        async with client_of(sandbox, rate=None) as client:
            reads = [client.get_order(uuid4()) for _ in range(200)]
            failed = await asyncio.gather(*reads, return_exceptions=True)
            assert all(isinstance(each, TransportError) for each in failed)

    run(main())
    assert 200 < len(sandbox.calls["GET"]) <= 200 + 100 + 400 / 5  # an answered call buys a fifth of one


def test_answers_buy_retries() -> None:
    """A client that has used its retries up gains one more with every five calls that were answered."""
    sandbox = Sandbox(faults=lambda call: Fault("too_many") if turned_away and call.kind == "GET" else None)
    uuid = sandbox.add_order().uuid
    turned_away = True

    async def main() -> None:
        nonlocal turned_away
        async with client_of(sandbox, rate=None) as client:
            await asyncio.gather(*(client.get_order(uuid) for _ in range(200)), return_exceptions=True)
            turned_away = False
            for _ in range(5):
                await client.get_order(uuid)
            sandbox.script("GET", Fault("refused"))
            await client.get_order(uuid)

    run(main())


def test_polls_are_not_retries() -> None:
    """Accepted work is asked after to the end of its deadline, though a client's retries are used up."""
    sandbox = Sandbox(settle="fixed:20")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox, rate=None) as client:
            submitted = await client.submit(DeleteOrder(uuid))
            sandbox.script("GET", *[Fault("too_many")] * 330)
            reads = [client.get_order(uuid4()) for _ in range(150)]
            await asyncio.gather(*reads, return_exceptions=True)
            assert (await client.settle(submitted, timeout=600)).ok

    run(main())


@pytest.mark.parametrize(
    ("fault", "calls"), [("html", 4), ("empty", 4), ("server_error", 4), ("redirect", 1), ("tls", 1)]
)
def test_a_read_is_tried_four_times_where_that_can_help(fault: str, calls: int) -> None:
    """Garbage in a 2xx and silence may pass; a redirect and a certificate do not heal."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("GET", *[Fault(fault)] * 9)

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(CdekError):
                await client.get_order(uuid)

    run(main())
    assert len(sandbox.calls["GET"]) == calls


def test_a_retry_after_holds_the_whole_client() -> None:
    """Not only the call that was told: CDEK counts an account's calls together."""
    sandbox = Sandbox()
    sandbox.script("GET", None, Fault("too_many", 7.0))

    async def main() -> None:
        async with client_of(sandbox) as client:

            async def ask() -> None:
                with pytest.raises(OrderNotFound):
                    await client.get_order(uuid4())

            await ask()
            told = asyncio.create_task(ask())
            await asyncio.sleep(0.5)
            await ask()
            await told
            assert asyncio.get_running_loop().time() >= 7

    run(main())
    _, second, third, *_ = sandbox.calls["GET"]
    assert third - second >= 7
