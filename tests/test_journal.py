"""The journal: what a job goes on from, whatever ended it."""

import asyncio
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from attrs import evolve

from cdek_async import (
    BadReply,
    CdekClient,
    CdekError,
    DeleteOrder,
    Journal,
    OrderChanges,
    Outcome,
    Polling,
    Ticket,
    TransportError,
    UpdateOrder,
    Verdict,
)
from cdek_async._models import Issue, Request, State
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport, serve
from tests.sandboxed import Blind

SOON = Polling(wait_initial=0.02, wait_max=0.1, timeout=20)


class Overloaded(SandboxTransport):
    """Turns the first deletion away, after a while."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.sent = asyncio.Event()
        self.answering = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "DELETE" or self.sent.is_set():
            return await super().handle_async_request(request)
        self.sent.set()
        await self.answering.wait()
        return httpx.Response(429, json={})


class Undated(SandboxTransport):
    """Behind a proxy that tells no time."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.headers.pop("date", None)
        return response


def client_of(
    sandbox: Sandbox, transport: Callable[[Sandbox], SandboxTransport] = SandboxTransport
) -> CdekClient:
    """A journal writes in a thread of its own, so that time is real here, and short."""
    return CdekClient(
        sandbox.client_id,
        sandbox.client_secret,
        transport=transport(sandbox),
        polling=SOON,
        rate=None,
    )


async def job(
    client: CdekClient, uuids: Iterable[str], journal: Journal
) -> list[tuple[str, Outcome | CdekError]]:
    """Run a job to its end."""
    async with client.run_all((DeleteOrder(uuid) for uuid in uuids), journal=journal) as bulk:
        return [(str(operation.uuid), result) async for operation, result in bulk]


def test_what_is_final_is_yielded_again_and_not_asked_again(tmp_path: Path) -> None:
    """With its codes and without a call; the order itself is not kept."""
    sandbox = Sandbox(settle="fixed:0.01")
    orders = [sandbox.add_order(status=status) for status in ("CREATED", "DELIVERED")]
    uuids = [order.uuid for order in orders]

    async def main() -> None:
        async with client_of(sandbox) as client:
            first = dict(await job(client, uuids, Journal(tmp_path / "j")))
            calls = client.calls
            second = dict(await job(client, uuids, Journal(tmp_path / "j")))
            assert client.calls == calls
        for uuid in uuids:
            before, after = first[uuid], second[uuid]
            assert isinstance(before, Outcome)
            assert isinstance(after, Outcome)
            assert after.verdict is before.verdict
            assert [error.code for error in after.errors] == [error.code for error in before.errors]
            assert after.order is None

    asyncio.run(main())


def test_what_was_accepted_is_settled_and_not_sent_again(tmp_path: Path) -> None:
    """Also by another client, after a job that was left early."""
    sandbox = Sandbox(settle="fixed:0.4")
    uuids = [order.uuid for order in sandbox.add_orders(20)]

    async def main() -> None:
        async with client_of(sandbox) as client:
            journal = Journal(tmp_path / "j")
            async with client.run_all([DeleteOrder(uuid) for uuid in uuids], journal=journal) as bulk:
                while bulk.progress.submitted < 20:  # noqa: ASYNC110 - the counts have no event
                    await asyncio.sleep(0.01)
        async with client_of(sandbox) as client:
            results = await job(client, uuids, Journal(tmp_path / "j"))
            assert all(isinstance(result, Outcome) and result.ok for _, result in results)

    asyncio.run(main())
    assert len(sandbox.calls["DELETE"]) == 20


@pytest.mark.parametrize("transport", [SandboxTransport, Undated])
def test_what_may_have_been_sent_is_looked_up_first(
    tmp_path: Path, transport: Callable[[Sandbox], SandboxTransport]
) -> None:
    """An intent without a ticket: adopted where the order shows it, sent where it does not."""
    sandbox = Blind("fixed:0.01", "server_error")
    sent, unsent = (sandbox.add_order().uuid for _ in range(2))
    # Nobody hears the answers, and no look succeeds until time is up: both stay intents.
    sandbox.script("DELETE", Fault("dropped_after"), Fault("dropped_before"))

    async def main() -> None:
        hasty = Polling(timeout=0.5)
        async with client_of(sandbox, transport) as client:
            operations = [DeleteOrder(sent), DeleteOrder(unsent)]
            async with client.run_all(operations, polling=hasty, journal=Journal(tmp_path / "j")) as bulk:
                async for _, result in bulk:
                    assert isinstance(result, TransportError)
                    assert result.undecided
        assert len(sandbox.calls["DELETE"]) == 2
        sandbox.blind = False
        async with client_of(sandbox, transport) as client:
            results = dict(await job(client, [sent, unsent], Journal(tmp_path / "j")))
            assert all(isinstance(result, Outcome) and result.ok for result in results.values())
        assert len(sandbox.calls["DELETE"]) == 3

    asyncio.run(main())


def failed_and_done_again(tmp_path: Path, fault: Fault, failure: type[CdekError]) -> Sandbox:
    """The sandbox after a deletion that failed so in one life of its job, and was done in the next."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", fault)

    async def main() -> None:
        async with client_of(sandbox) as client:
            ((_, failed),) = await job(client, [uuid], Journal(tmp_path / "j"))
            assert isinstance(failed, failure)
            ((_, done),) = await job(client, [uuid], Journal(tmp_path / "j"))
            assert isinstance(done, Outcome)
            assert done.ok

    asyncio.run(main())
    return sandbox


def test_what_never_left_is_sent_and_not_looked_up(tmp_path: Path) -> None:
    """A failure that proves it leaves the operation to do, as if it had never been intended."""
    sandbox = failed_and_done_again(tmp_path, Fault("tls"), TransportError)
    assert min(sandbox.calls["GET"]) > sandbox.calls["DELETE"][-1]


def test_what_had_an_answer_that_cdek_does_not_document_is_looked_up_first(tmp_path: Path) -> None:
    """It tells the caller that nothing is in doubt; the next life makes sure."""
    sandbox = failed_and_done_again(tmp_path, Fault("redirect"), BadReply)
    assert min(sandbox.calls["GET"]) < sandbox.calls["DELETE"][-1]


def test_what_is_noted_or_told_too_late_is_not_withdrawn(tmp_path: Path) -> None:
    """Only an intent is; one that nobody could strike out any more is looked up."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        drafts = [
            Ticket("host", "account", "delete", UUID(int=each), None, "DELETE", datetime.now(UTC))
            for each in range(3)
        ]
        for position, draft in enumerate(drafts):
            await journal.claim(position, DeleteOrder(draft.order_uuid))
            await journal.intend(position, draft)
        journal.accept(0, evolve(drafts[0], request_uuid=UUID(int=9)))
        journal.withdraw(0)
        journal.withdraw(1)
        await journal.close()
        journal.withdraw(2)
        await journal.open("host", "account")
        entries = [await journal.claim(each, DeleteOrder(UUID(int=each))) for each in range(3)]
        await journal.close()
        assert [entry and entry.intended for entry in entries] == [True, False, True]

    asyncio.run(main())


def test_what_is_known_of_orders_with_a_write_in_doubt_is_told(tmp_path: Path) -> None:
    """What such an order shows may be another one's, noted or in doubt as well; at others nobody looks."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        orders = [UUID(int=each) for each in (1, 1, 2, 3, 3, 4)]
        updates = [
            UpdateOrder(OrderChanges(uuid=uuid, comment=str(position)))
            for position, uuid in enumerate(orders)
        ]
        for position, (uuid, update) in enumerate(zip(orders, updates, strict=True)):
            await journal.claim(position, update)
            draft = Ticket("host", "account", "update", uuid, None, "UPDATE", datetime.now(UTC))
            await journal.intend(position, draft)
        noted = Ticket("host", "account", "update", orders[3], UUID(int=9), "UPDATE", datetime.now(UTC))
        journal.accept(3, noted)
        journal.accept(5, evolve(noted, order_uuid=orders[5]))
        await journal.close()
        await journal.open("host", "account")
        await journal.close()
        assert [each.position for each in journal.beside] == [0, 1, 2, 3, 4]
        assert [each.order_uuid for each in journal.beside] == orders[:5]
        assert [each.request_uuid for each in journal.beside] == [None, None, None, noted.request_uuid, None]

    asyncio.run(main())


@pytest.mark.parametrize("found", [0, 1])
def test_two_lost_updates_of_one_order_are_not_taken_for_each_other(tmp_path: Path, found: int) -> None:
    """Both were in doubt when their job ended, one had reached CDEK: the next life leaves both undecided."""
    sandbox = Blind("fixed:0.01", "server_error")
    uuid = sandbox.add_order().uuid
    updates = [UpdateOrder(OrderChanges(uuid=uuid, comment=comment)) for comment in ("one", "two")]
    faults = [Fault("dropped_before"), Fault("dropped_before")]
    faults[found] = Fault("dropped_after")
    sandbox.script("PATCH", *faults)

    async def main() -> None:
        for timeout in (0.3, 10):
            async with client_of(sandbox) as client:
                polling = Polling(wait_initial=0.02, wait_max=0.1, timeout=timeout)
                async with client.run_all(updates, polling=polling, journal=Journal(tmp_path / "j")) as bulk:
                    results = [result async for _, result in bulk]
                assert len(results) == 2
                assert all(isinstance(each, TransportError) and each.undecided for each in results)
            sandbox.blind = False

    asyncio.run(main())
    assert len(sandbox.calls["PATCH"]) == 2


def test_the_same_operation_twice_is_run_once(tmp_path: Path) -> None:
    """Each row has its result; duplicates are found on disk, also while the first is under way."""
    sandbox = Sandbox(settle="fixed:0.05")
    one, two, bad = (sandbox.add_order().uuid for _ in range(3))
    sandbox.script("DELETE", None, None, Fault("tls"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            results = await job(client, [one, two, bad, one, bad], Journal(tmp_path / "j"))
            assert sorted(uuid for uuid, _ in results) == sorted([one, two, bad, one, bad])
            assert all(isinstance(result, Outcome) for uuid, result in results if uuid != bad)
            assert all(isinstance(result, TransportError) for uuid, result in results if uuid == bad)
            assert len(sandbox.calls["DELETE"]) == 3
            later = await job(client, [one, two, bad, one, bad], Journal(tmp_path / "j"))
            assert len(later) == 5
            assert all(isinstance(result, Outcome) and result.ok for _, result in later)
        assert len(sandbox.calls["DELETE"]) == 4

    asyncio.run(main())


def test_what_was_changed_back_in_between_is_no_twin(tmp_path: Path) -> None:
    """An update that stands twice with another of its order between is sent twice: the last one counts."""
    sandbox = Sandbox(settle="fixed:0")
    uuid = sandbox.add_order().uuid
    operations = [UpdateOrder(OrderChanges(uuid=uuid, comment=comment)) for comment in "xxyx"]

    async def main() -> None:
        async with client_of(sandbox) as client:
            for _ in range(2):
                async with client.run_all(operations, journal=Journal(tmp_path / "j")) as bulk:
                    results = [result async for _, result in bulk]
                assert all(isinstance(result, Outcome) and result.ok for result in results)
                assert len(results) == 4
                assert (await client.get_order(uuid)).order.comment == "x"

    asyncio.run(main())
    assert len(sandbox.calls["PATCH"]) == 3


def test_a_deletion_is_a_twin_whatever_comes_between(tmp_path: Path) -> None:
    """Nothing brings an order back: it is asked for once."""
    sandbox = Sandbox(settle="fixed:0")
    uuid = sandbox.add_order().uuid
    between = UpdateOrder(OrderChanges(uuid=uuid, comment="x"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            operations: list[DeleteOrder | UpdateOrder] = [DeleteOrder(uuid), between, DeleteOrder(uuid)]
            async with client.run_all(operations, journal=Journal(tmp_path / "j")) as bulk:
                results = [result async for operation, result in bulk if operation is not between]
            assert all(isinstance(result, Outcome) and result.ok for result in results)
            assert len(results) == 2

    asyncio.run(main())
    assert len(sandbox.calls["DELETE"]) == 1


def test_updates_and_their_looks_are_kept_without_what_they_say(tmp_path: Path) -> None:
    """No name, no phone, no message, no secret: a digest, tickets and codes."""
    sandbox = Sandbox(settle="fixed:0.01")
    moved, there = sandbox.add_order(status="DELIVERED").uuid, sandbox.add_order().uuid
    operations = [
        UpdateOrder(OrderChanges(uuid=uuid, comment="marker Иван +79990001122")) for uuid in (moved, there)
    ]

    async def main() -> None:
        for _ in range(2):
            async with client_of(sandbox) as client:
                async with client.run_all(operations, journal=Journal(tmp_path / "j")) as bulk:
                    verdicts = {
                        str(operation.order_uuid): result.verdict
                        async for operation, result in bulk
                        if isinstance(result, Outcome)
                    }
                assert verdicts == {moved: Verdict.REJECTED, there: Verdict.OK}

    asyncio.run(main())
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"v2_update_forbidden" in kept
    for word in ("marker", "Иван", "79990001122", sandbox.client_secret, "Orders can only"):
        assert word.encode() not in kept
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("uuid", "options", "words"),
    [
        ("another", {}, "another input: operation 1"),
        ("same", {"about": {"digest": "b"}}, "another digest"),
        ("same", {"host": "http://127.0.0.1:9"}, "another host"),
        ("same", {"client_id": "somebody"}, "another account"),
    ],
)
def test_a_journal_of_something_else_is_refused(
    tmp_path: Path, uuid: str, options: dict[str, Any], words: str
) -> None:
    """It says so, asks nothing and changes nothing."""
    sandbox = Sandbox(settle="fixed:0.01")
    sandbox.add_account("somebody", "secret")
    uuids = {"same": sandbox.add_order().uuid, "another": sandbox.add_order().uuid}
    about = {"digest": "a"}

    async def main() -> None:
        async with client_of(sandbox) as client:
            await job(client, [uuids["same"]], Journal(tmp_path / "j", about=about))
        before = dump(tmp_path / "j")
        calls = sum(map(len, sandbox.calls.values()))
        client = CdekClient(
            options.get("client_id", sandbox.client_id),
            sandbox.client_secret,
            base_url=options.get("host", "https://api.cdek.ru"),
            transport=SandboxTransport(sandbox),
        )
        async with client:
            with pytest.raises(ValueError, match=words):
                await job(client, [uuids[uuid]], Journal(tmp_path / "j", about=options.get("about", about)))
        assert sum(map(len, sandbox.calls.values())) == calls
        assert dump(tmp_path / "j") == before

    asyncio.run(main())


def dump(path: Path) -> list[str]:
    """Everything that a journal says."""
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def test_two_jobs_on_one_journal_the_second_is_turned_away(tmp_path: Path) -> None:
    """Whether it is another process or this one."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            journal = Journal(tmp_path / "j")
            async with client.run_all([DeleteOrder(uuid)], journal=journal):
                with pytest.raises(ValueError, match="in use by another process"):
                    await job(client, [uuid], Journal(tmp_path / "j"))
                with pytest.raises(RuntimeError, match="open already"):
                    await job(client, [uuid], journal)
            await journal.close()
            with pytest.raises(RuntimeError, match="not open"):
                await journal.claim(0, DeleteOrder(uuid))

    asyncio.run(main())


@pytest.mark.parametrize("content", [b"uuid;number\n", b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    """An orders.csv given by mistake, a file that a disk has damaged: told, and left as it is."""
    path = tmp_path / "j"
    path.write_bytes(content)

    async def main() -> None:
        async with client_of(Sandbox()) as client:
            with pytest.raises(ValueError, match="not a journal, or a damaged one"):
                await job(client, [], Journal(path))

    asyncio.run(main())
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Before anything is sent."""

    async def main() -> None:
        async with client_of(Sandbox()) as client:
            with pytest.raises(OSError, match="cannot be opened"):
                await job(client, [], Journal(tmp_path / "nowhere" / "j"))

    asyncio.run(main())


CHILD = """
import asyncio, resource, sys
from cdek_async import CdekClient, DeleteOrder, Journal, Polling

async def main():
    url, journal, room, *uuids = sys.argv[1:]
    if int(room):  # what a full disk does: no file grows any further
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
    polling = Polling(wait_initial=0.05, wait_max=0.2, timeout=60)
    async with CdekClient("sandbox", "sandbox-secret", base_url=url, polling=polling, rate=500) as client:
        operations = (DeleteOrder(uuid) for uuid in uuids)
        async with client.run_all(operations, journal=Journal(journal), concurrency=40) as results:
            async for operation, result in results:
                print(operation.uuid, getattr(result, "verdict", result), flush=True)

try:
    asyncio.run(main())
except OSError as error:
    print("stopped:", error)
    sys.exit(7)
"""


async def life(url: str, journal: Path, uuids: list[str], *, lines: int = -1, room: int = 0) -> list[str]:
    """One life of a job in a process of its own: killed after some lines, or to its end; what it told."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", CHILD, url, str(journal), str(room), *uuids),
        stdout=asyncio.subprocess.PIPE,
        # A process that is killed, or has no room, would leave coverage half a file.
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    assert child.stdout is not None
    told = []
    async for line in child.stdout:
        told.append(line.decode())
        if len(told) == lines:
            child.kill()
    code = await child.wait()
    assert code == (-signal.SIGKILL if lines > 0 else 7 if room else 0)
    return told


def agrees(sandbox: Sandbox, uuids: list[str], told: list[str]) -> bool:
    """Whether every order has its true verdict, and no DELETE was sent twice."""
    verdicts = dict(line.split() for line in told)
    truths = {uuid: sandbox.truth(uuid) for uuid in uuids}
    asked = [request for truth in truths.values() for request in truth.requests if request.type == "DELETE"]
    expected = {uuid: "ok" if truth.status == "REMOVED" else "rejected" for uuid, truth in truths.items()}
    return verdicts == expected and len(told) == len(asked) == len(uuids)


def test_a_job_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    """kill -9, three times: every order one verdict, none sent twice, none wrong."""
    sandbox = Sandbox(settle="uniform:0.05,0.3", seed=4)
    uuids = [order.uuid for order in sandbox.add_orders(150, locked=0.2)]

    async def main() -> list[str]:
        async with serve(sandbox) as url:
            for lines in (1, 33, 17):
                await life(url, tmp_path / "j", uuids, lines=lines)
            return await life(url, tmp_path / "j", uuids)

    assert agrees(sandbox, uuids, asyncio.run(main()))


def test_a_full_disk_ends_a_job_which_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """No intent on disk, no call; what CDEK did with the rest is told all the same."""
    sandbox = Sandbox(settle="fixed:0.05")
    uuids = [order.uuid for order in sandbox.add_orders(300)]

    async def main() -> None:
        async with serve(sandbox) as url:
            *told, last = await life(url, tmp_path / "j", uuids, room=150_000)
            assert last.startswith(f"stopped: {tmp_path / 'j'}: the journal cannot be written")
            assert 0 < len(told) == len(sandbox.calls["DELETE"]) < 300
            assert agrees(sandbox, uuids, await life(url, tmp_path / "j", uuids))

    asyncio.run(main())


@contextmanager
def room(size: int) -> Iterator[None]:
    """What a full disk does: no file of this process grows beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_costs_no_result(tmp_path: Path) -> None:
    """What CDEK said of an order is told, though it cannot be written down; then the job ends."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    results: list[Outcome | CdekError] = []

    async def fill_up(client: CdekClient, full: ExitStack) -> None:
        async with client.run_all([DeleteOrder(uuid)], journal=Journal(tmp_path / "j")) as bulk:
            while not sandbox.calls["DELETE"]:  # noqa: ASYNC110 - the sandbox has no event
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            full.enter_context(room(0))
            async for _, result in bulk:
                results.append(result)

    async def main() -> None:
        with ExitStack() as full:
            async with client_of(sandbox) as client:
                with pytest.raises(OSError, match="the journal cannot be written"):
                    await fill_up(client, full)

    asyncio.run(main())
    assert [result.ok for result in results if isinstance(result, Outcome)] == [True]


def test_a_disk_that_fills_up_is_told_once(tmp_path: Path) -> None:
    """By the job: operations that it called off meanwhile failed of the same, and are no news."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuids = [order.uuid for order in sandbox.add_orders(300)]
    noise: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        async with client_of(sandbox) as client:
            with room(100_000), pytest.raises(OSError, match="the journal cannot be written"):
                await job(client, uuids, Journal(tmp_path / "j"))

    asyncio.run(main())
    assert noise == []


def test_a_journal_for_which_there_is_no_room_is_told(tmp_path: Path) -> None:
    """Before anything is sent."""

    async def main() -> None:
        async with client_of(Sandbox()) as client:
            with room(0), pytest.raises(OSError, match="the journal cannot be used"):
                await job(client, [], Journal(tmp_path / "j"))

    asyncio.run(main())


def test_a_journal_whose_making_broke_off_is_made_by_the_next_job(tmp_path: Path) -> None:
    """Wherever it broke off: what it is about is there as a whole, or not at all."""
    sandbox = Sandbox(settle="fixed:0")
    broken = 0

    async def main(path: Path, size: int) -> None:
        nonlocal broken
        async with client_of(sandbox) as client:
            try:
                with room(size):
                    await job(client, [], Journal(path, about={"digest": "a"}))
            except OSError:
                broken += 1
            else:
                return
            await job(client, [], Journal(path, about={"digest": "a"}))
            assert Journal.read(path)["digest"] == "a"

    for size in range(0, 48_000, 4000):
        asyncio.run(main(tmp_path / f"j{size}", size))
    assert 4 < broken < 12


def rejected_twice(path: Path, *, retry_rejected: bool) -> tuple[list[Verdict], int]:
    """A job with a locked order and its twin, run twice: verdicts, and DELETEs sent."""
    sandbox = Sandbox(settle="fixed:0.01")
    locked, free = sandbox.add_order(claims=True), sandbox.add_order()
    uuids = [locked.uuid, free.uuid, locked.uuid]

    async def main() -> list[Verdict]:
        async with client_of(sandbox) as client:
            await job(client, uuids, Journal(path))
            results = await job(client, uuids, Journal(path, retry_rejected=retry_rejected))
        return [result.verdict for _, result in results if isinstance(result, Outcome)]

    verdicts = asyncio.run(main())
    return sorted(verdicts), len(sandbox.calls["DELETE"])


def test_what_was_rejected_is_asked_again_only_when_told_to(tmp_path: Path) -> None:
    """Once, also where the order stands twice in the input; what is deleted is left alone."""
    assert rejected_twice(tmp_path / "a", retry_rejected=False)[1] == 2
    verdicts, deletes = rejected_twice(tmp_path / "b", retry_rejected=True)
    assert verdicts == [Verdict.OK, Verdict.REJECTED, Verdict.REJECTED]
    assert deletes == 3


def test_a_retry_that_was_cut_off_is_in_doubt_and_no_longer_rejected(tmp_path: Path) -> None:
    """The old verdict says nothing of the second write."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        operation = DeleteOrder(uuid)
        journal = Journal(tmp_path / "j", retry_rejected=True)
        await journal.open("h", "a")
        assert await journal.claim(0, operation) is None
        no = Ticket("h", "a", "delete", UUID(uuid), None, "DELETE", None, verdict=Verdict.REJECTED)
        await journal.settle(0, no)
        again = await journal.claim(0, operation)
        assert again is not None
        assert not again.ticket.final
        await journal.intend(0, evolve(again.ticket, since=datetime.now(UTC)))
        await journal.close()
        later = Journal(tmp_path / "j")
        await later.open("h", "a")
        assert later.verdicts == {}
        doubtful = await later.claim(0, operation)
        assert doubtful is not None
        assert not doubtful.ticket.final
        assert doubtful.ticket.since is not None
        await later.close()

    asyncio.run(main())


def test_a_journal_says_what_it_is_about(tmp_path: Path) -> None:
    """Notes may change from run to run, what it is about may not; verdicts are counted when it is opened."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuids = [order.uuid for order in sandbox.add_orders(3)]

    async def main() -> None:
        async with client_of(sandbox) as client:
            await job(client, uuids, Journal(tmp_path / "j", about={"digest": "d"}, notes={"input": "a"}))
            journal = Journal(tmp_path / "j", about={"digest": "d"}, notes={"input": "b"})
            await job(client, uuids, journal)
            assert journal.verdicts == {"ok": 3}

    asyncio.run(main())
    said = Journal.read(tmp_path / "j")
    assert (said["digest"], said["input"]) == ("d", "b")


def test_reading_what_is_no_journal_says_so(tmp_path: Path) -> None:
    """A file that is not there is not made; another program's database is not touched."""
    with pytest.raises(FileNotFoundError, match="no such journal"):
        Journal.read(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").touch()
    assert Journal.read(tmp_path / "empty") == {}
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    with pytest.raises(ValueError, match="another program's database"):
        Journal.read(other)
    assert other.read_bytes() == before


def test_a_journal_that_is_turned_away_here_stays_locked_for_others(tmp_path: Path) -> None:
    """POSIX drops a process's locks on a file when it closes the file anywhere."""
    entering = (
        "import asyncio, sys; from cdek_async import Journal;"
        " asyncio.run(Journal(sys.argv[1]).open('host', 'account'))"
    )

    async def main() -> str:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        with pytest.raises(ValueError, match="in use by another process"):
            await Journal(tmp_path / "j").open("host", "account")
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", entering, str(tmp_path / "j"), stderr=asyncio.subprocess.PIPE
        )
        _, told = await other.communicate()
        await journal.close()
        return told.decode()

    assert "in use by another process" in asyncio.run(main())


def test_a_journal_whose_opening_was_cancelled_keeps_nobody_out(tmp_path: Path) -> None:
    """Its thread may have opened it all the same."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        opening = asyncio.create_task(journal.open("host", "account"))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await Journal(tmp_path / "j").open("host", "account")

    asyncio.run(main())


async def cancelled_twice(task: asyncio.Task[Any]) -> None:
    """Cancel a job out of its block, then out of the block's end."""
    for _ in range(2):
        task.cancel()
        for _ in range(50):
            await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_job_that_is_cancelled_while_it_ends_lets_others_in(tmp_path: Path) -> None:
    """Its journal is closed, whatever was still to be heard."""

    async def main() -> None:
        sent = asyncio.Event()

        def slow(call: Call) -> Fault | None:
            if call.kind != "DELETE":
                return None
            sent.set()
            return Fault("slow", 1.0)

        sandbox = Sandbox(settle="fixed:0.01", faults=slow)
        uuid = sandbox.add_order().uuid
        async with client_of(sandbox) as client:
            task = asyncio.create_task(job(client, [uuid], Journal(tmp_path / "j")))
            await sent.wait()
            await cancelled_twice(task)
            assert dict(await job(client, [uuid], Journal(tmp_path / "j")))[uuid]

    asyncio.run(main())


def test_a_write_that_outlives_its_journal_is_not_made_again(tmp_path: Path) -> None:
    """Nobody is there who could write it down; and it is no defect to tell of."""
    sandbox = Sandbox(settle="fixed:0.01")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        transport = Overloaded(sandbox)
        async with client_of(sandbox, lambda _: transport) as client:
            task = asyncio.create_task(job(client, [uuid], Journal(tmp_path / "j")))
            await transport.sent.wait()
            await cancelled_twice(task)
            transport.answering.set()
        assert not told

    asyncio.run(main())
    assert not sandbox.calls["DELETE"]


def test_what_cannot_be_written_is_told_whatever_it_is(tmp_path: Path) -> None:
    """Nobody waits for ever, and what comes after is written."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        uuid = UUID(int=1)
        await journal.claim(0, DeleteOrder(uuid))
        draft = Ticket("host", "account", "delete", uuid, None, "DELETE", None)
        with pytest.raises(OSError, match="cannot be written"):
            await asyncio.wait_for(journal.intend(1 << 70, draft), 5)  # more than SQLite's integers hold
        await journal.intend(0, evolve(draft, since=datetime.now(UTC)))
        entry = await journal.claim(0, DeleteOrder(uuid))
        assert entry
        assert entry.ticket.since
        await journal.close()

    asyncio.run(main())


def test_a_ticket_that_comes_too_late_leaves_the_intent(tmp_path: Path) -> None:
    """The answer came after the journal was closed: the next life looks for what was sent."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        operation = DeleteOrder(UUID(int=1))
        await journal.claim(0, operation)
        draft = Ticket("host", "account", "delete", UUID(int=1), None, "DELETE", datetime.now(UTC))
        await journal.intend(0, draft)
        await journal.close()
        journal.accept(0, evolve(draft, request_uuid=UUID(int=2)))
        await journal.open("host", "account")
        entry = await journal.claim(0, operation)
        await journal.close()
        assert entry
        assert not entry.accepted
        assert entry.ticket == draft

    asyncio.run(main())


def test_a_code_that_is_no_text_is_kept_as_far_as_it_is(tmp_path: Path) -> None:
    """JSON can escape half a letter, which no file takes."""

    async def main() -> None:
        journal = Journal(tmp_path / "j")
        await journal.open("host", "account")
        operation = DeleteOrder(UUID(int=1))
        await journal.claim(0, operation)
        request = Request(None, "DELETE", State.INVALID, errors=(Issue("v2_\ud800"),))
        ticket = Ticket("host", "account", "delete", UUID(int=1), None, "DELETE", None)
        await journal.settle(0, evolve(ticket, verdict=Verdict.REJECTED, request=request))
        entry = await journal.claim(0, operation)
        assert entry
        assert entry.ticket.request
        assert [issue.code for issue in entry.ticket.request.errors] == [r"v2_\ud800"]
        await journal.close()

    asyncio.run(main())


@pytest.mark.parametrize("table", ["note", "operation"])
def test_a_journal_that_is_damaged_within_says_so(tmp_path: Path, table: str) -> None:
    """Also where it begins well, when it is read for its input or opened."""
    path = tmp_path / "j"

    async def main() -> None:
        journal = Journal(path)
        await journal.open("host", "account")
        await journal.close()
        with closing(sqlite3.connect(path)) as db:
            (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            (size,) = db.execute("PRAGMA page_size").fetchone()
        with path.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"no page of a tree")
        with pytest.raises(ValueError, match="damaged"):
            Journal.read(path) if table == "note" else await journal.open("host", "account")

    asyncio.run(main())
