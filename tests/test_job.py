"""A bulk job with a journal: the same operation twice is run once, and holds nobody up."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cdek_async import (
    AuthError,
    Bulk,
    CdekClient,
    CdekError,
    DeleteOrder,
    Journal,
    Operation,
    OrderChanges,
    Outcome,
    Polling,
    Progress,
    Ticket,
    TransportError,
    UpdateOrder,
)
from cdek_async._journal import Entry
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests import sandboxed, virtual

SOON = Polling(wait_initial=0.02, wait_max=0.1, timeout=20)


class Heard(SandboxTransport):
    """Tells of each call's method before it is answered."""

    def __init__(self, sandbox: Sandbox, hear: Callable[[str], None]) -> None:
        super().__init__(sandbox)
        self._hear = hear

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._hear(request.method)
        return await super().handle_async_request(request)


def client_of(
    sandbox: Sandbox, rate: float | None = None, hear: Callable[[str], None] = lambda _: None
) -> CdekClient:
    """A journal writes in a thread of its own, so that time is real here, and short."""
    transport = Heard(sandbox, hear)
    return CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport, polling=SOON, rate=rate)


def test_twins_that_wait_for_a_result_keep_no_other_order_from_being_sent(tmp_path: Path) -> None:
    """An order that stands in hundreds of rows is sent once, and the next one right after it."""
    sandbox = Sandbox(settle="fixed:1.5")
    one, other = (sandbox.add_order().uuid for _ in range(2))
    operations = [DeleteOrder(one)] * 250 + [DeleteOrder(other)]

    async def main() -> None:
        async with client_of(sandbox) as client, client.run_all(operations, journal=journal) as job:
            results = [result async for _, result in job]
        assert len(results) == 251
        assert all(isinstance(result, Outcome) and result.ok for result in results)

    journal = Journal(tmp_path / "j")
    asyncio.run(main())
    first, second = sandbox.calls["DELETE"]
    assert second - first < 1.5


def test_a_stop_calls_off_twins_with_their_first(tmp_path: Path) -> None:
    """Of an operation that was not sent none of its rows has a result, and nothing fails."""
    sandbox = Sandbox(settle="fixed:0.01")
    sent, kept = (sandbox.add_order().uuid for _ in range(2))
    operations = [DeleteOrder(uuid) for uuid in (sent, kept, kept, kept)]
    told: list[str] = []

    async def main() -> None:
        def hear(method: str) -> None:
            if method == "DELETE":
                job.stop()

        async with client_of(sandbox, 2, hear) as client:
            job = client.run_all(operations, journal=Journal(tmp_path / "j"))
            async with job:
                told.extend([str(operation.uuid) async for operation, _ in job])

    asyncio.run(main())
    (one,) = set(told)  # whichever was on disk first
    assert told == [one] * [str(operation.uuid) for operation in operations].count(one)
    assert len(sandbox.calls["DELETE"]) == 1


def test_what_is_found_instead_of_sent_settles_after_a_stop(tmp_path: Path) -> None:
    """It was sent in an earlier life, of which the journal knows no more than that it began."""
    sandbox = Sandbox(settle="fixed:1")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("late", 0.1))
    journal = Journal(tmp_path / "j")

    async def cut_off() -> None:
        gone = asyncio.Event()
        client = client_of(sandbox, hear=lambda method: gone.set() if method == "DELETE" else None)
        async with client, client.run_all([DeleteOrder(uuid)], journal=journal):
            await gone.wait()

    async def later() -> None:
        looks = 0

        def hear(method: str) -> None:
            nonlocal looks
            looks += method == "GET"
            if looks == 3:  # it was found, and is waited for
                job.stop()

        async with client_of(sandbox, hear=hear) as client:
            job = client.run_all([DeleteOrder(uuid)], journal=Journal(tmp_path / "j"))
            async with job:
                results = [result async for _, result in job]
        assert [isinstance(result, Outcome) and result.ok for result in results] == [True]
        assert looks >= 3

    asyncio.run(cut_off())
    asyncio.run(later())
    assert len(sandbox.calls["DELETE"]) == 1


def test_what_was_noted_and_crossed_is_sent_again_after_a_resume_too(tmp_path: Path) -> None:
    """Turned down only because another request was under way: the next life waits and sends, as it would."""
    sandbox = Sandbox(settle="fixed:0.3")
    update = UpdateOrder(OrderChanges(uuid=sandbox.add_order().uuid, comment="x"))
    sandbox.script("PATCH", Fault("similar_later"))

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        async with client_of(sandbox) as client, client.run_all([update], journal=journal) as bulk:
            while not bulk.progress.submitted:  # noqa: ASYNC110 - the counts have no event
                await asyncio.sleep(0.01)
        async with client_of(sandbox) as client:
            async with client.run_all([update], journal=Journal(tmp_path / "j")) as bulk:
                ((_, result),) = [each async for each in bulk]
            assert isinstance(result, Outcome)
            assert result.ok

    asyncio.run(main())
    assert len(sandbox.calls["PATCH"]) == 2


class Remembering(Journal):
    """Keeps one operation's draft in memory, so that time may be virtual."""

    entry: Entry | None = None

    async def open(self, host: str, account: str) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def claim(self, position: int, operation: Operation) -> Entry | None:
        return self.entry

    async def intend(self, position: int, draft: Ticket) -> None:
        self.entry = Entry(position, draft, intended=True, accepted=False)

    def accept(self, position: int, ticket: Ticket) -> None:
        """Forgotten."""

    def withdraw(self, position: int) -> None:
        """Forgotten."""

    async def settle(self, position: int, ticket: Ticket) -> None:
        """Forgotten."""


@pytest.mark.parametrize("fault", ["dropped_before", "dropped_after"])
def test_a_twin_of_what_was_lost_in_this_very_life_is_looked_for_and_not_sent(
    tmp_path: Path, fault: str
) -> None:
    """The same operation is run once: its twin looks, in full for it was lost just now, and sends nothing."""
    sandbox = sandboxed.Blind("fixed:0")
    sandbox.script("DELETE", Fault(fault))
    operation = DeleteOrder(sandbox.add_order().uuid)

    async def main() -> float:
        async with sandboxed.client_of(sandbox) as client:
            twins = client.run_all(
                [operation] * 2,
                journal=Remembering(tmp_path / "j"),
                polling=Polling(timeout=20),
                concurrency=1,
            )
            async with twins as bulk:
                _, first = await anext(bulk)
                assert isinstance(first, TransportError)
                assert first.undecided
                sandbox.blind, told_at = False, asyncio.get_running_loop().time()
                _, second = await anext(bulk)
                if fault == "dropped_after":
                    assert isinstance(second, Outcome)
                    assert second.ok
                else:
                    assert isinstance(second, TransportError)
                    assert second.undecided
                return told_at

    told_at = virtual.run(main())
    looks = [at for at in sandbox.calls["GET"] if told_at <= at]
    assert len(looks) == 1 + (3 if fault == "dropped_before" else 1)  # the first one's last
    assert len(sandbox.calls["DELETE"]) == 1


class Noted(Remembering):
    """A journal whose first operation was noted, and that knows of no other."""

    async def claim(self, position: int, operation: Operation) -> Entry | None:
        return None if position else self.entry


def test_what_an_earlier_life_noted_is_not_taken_for_what_this_one_lost(tmp_path: Path) -> None:
    """Two updates of one order: the first one's request, which may settle any time, is not the second's."""
    sandbox = Sandbox(settle="fixed:0.3")
    uuid = sandbox.add_order().uuid
    first, second = (UpdateOrder(OrderChanges(uuid=uuid, comment=comment)) for comment in ("first", "second"))
    journal = Noted(tmp_path / "j")

    async def main() -> None:
        async with sandboxed.client_of(sandbox) as client:
            ticket = await client.submit(first)
        journal.entry = Entry(0, ticket, intended=True, accepted=True)
        sandbox.script("PATCH", Fault("dropped_before"))
        async with sandboxed.client_of(sandbox) as client:
            async with client.run_all([first, second], journal=journal) as bulk:
                results = [result async for _, result in bulk]
            assert all(isinstance(result, Outcome) and result.ok and not result.adopted for result in results)
            assert (await client.get_order(uuid)).order.comment == "second"

    virtual.run(main())
    assert len(sandbox.calls["PATCH"]) == 3


async def drained(bulk: Bulk[DeleteOrder, Outcome | CdekError, Progress]) -> None:
    """Run to its end a job that has no result."""
    async with bulk as results:
        async for _ in results:
            raise AssertionError("a result")


def test_refused_credentials_end_a_job_for_twins_too(tmp_path: Path) -> None:
    """None of them has a result: its operations are still to do."""
    sandbox = Sandbox(faults=lambda call: Fault("token_expired") if call.kind == "DELETE" else None)
    operation = DeleteOrder(sandbox.add_order().uuid)

    async def main() -> None:
        async with client_of(sandbox) as client:
            bulk = client.run_all([operation] * 3, journal=Journal(tmp_path / "j"))
            with pytest.raises(AuthError):
                await drained(bulk)
            assert bulk.progress.done == 0

    asyncio.run(main())


class Full(Remembering):
    """A journal on a full disk."""

    async def intend(self, position: int, draft: Ticket) -> None:
        raise OSError("no space left")


def test_what_cannot_be_intended_is_not_sent(tmp_path: Path) -> None:
    """The job ends with what the journal says."""
    sandbox = Sandbox()
    operation = DeleteOrder(sandbox.add_order().uuid)

    async def main() -> None:
        async with sandboxed.client_of(sandbox) as client:
            with pytest.raises(OSError, match=r"^no space left$"):
                await drained(client.run_all([operation], journal=Full(tmp_path / "j")))

    virtual.run(main())
    assert not sandbox.calls["DELETE"]
