"""After a lost answer: what is ours, what is another's, and what a "no" to a second send means."""

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cdek_async import (
    BadReply,
    CdekClient,
    DeleteOrder,
    Journal,
    OrderChanges,
    Outcome,
    TransportError,
    Unsettled,
    UpdateOrder,
    Verdict,
)
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run

ORDER = "5d3a1c9e-77b2-4f0a-8c6d-2e9f4b1a7c30"
PACKAGE = "6e4b2daf-88c3-4a1b-9d7e-3fa05c2b8d41"
LOST = [Fault("dropped_before")] * 3
STATUS = "error_validate_order_delete_status"


def update(uuid: str, comment: str) -> UpdateOrder:
    return UpdateOrder(OrderChanges(uuid=uuid, comment=comment))


def comments(sandbox: Sandbox, uuid: str) -> list[object]:
    """What was really changed, in turn."""
    return [
        each.payload["comment"]
        for each in sandbox.truth(uuid).requests
        if each.type == "UPDATE" and each.done(1e9)
    ]


@pytest.mark.parametrize("similar", ["reject", "invalid"])
@pytest.mark.parametrize("settle", [5.0, 5.5, 6.0, 6.5])
def test_the_update_that_was_waited_for_is_not_adopted(similar: Any, settle: float) -> None:
    """Ours met another one, waited for it, was sent again and lost: what was there before is not ours."""
    sandbox = Sandbox(settle=f"fixed:{settle}", similar=similar)
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", None, None, *LOST)

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            other = asyncio.create_task(theirs.run(update(uuid, "theirs")))
            await asyncio.sleep(3)
            with pytest.raises(TransportError, match="does not show") as caught:
                await ours.run(update(uuid, "ours"))
            assert caught.value.undecided
            assert (await other).ok

    run(main())
    assert comments(sandbox, uuid) == ["theirs"]


def test_what_was_done_while_ours_was_turned_away_is_not_adopted() -> None:
    """A 429 applied nothing: the submit counts from the send whose answer was lost."""
    sandbox = Sandbox(settle="fixed:0.3")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("too_many", 30.0), None, *LOST)

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            lost = asyncio.create_task(ours.run(update(uuid, "ours")))
            await asyncio.sleep(10)
            assert (await theirs.run(update(uuid, "theirs"))).ok
            with pytest.raises(TransportError, match="does not show") as caught:
                await lost
            assert caught.value.undecided

    run(main())
    assert comments(sandbox, uuid) == ["theirs"]


def test_a_submit_counts_from_the_first_send_that_was_lost() -> None:
    """The reads lagged, and the second send was lost too: the first is found, and not made a third time."""
    sandbox = Sandbox(settle="fixed:0.2")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", Fault("dropped_after"), Fault("dropped_before"))
    sandbox.script("GET", *[Fault("lag", 30.0)] * 3)

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(update(uuid, "ours"))
            assert outcome.ok
            assert outcome.adopted

    run(main())
    assert comments(sandbox, uuid) == ["ours"]
    assert len(sandbox.calls["PATCH"]) == 2


class Slow(httpx.AsyncBaseTransport):
    """CDEK whose first write is lost but applied, whose reads lag, and which turns the second write down."""

    def __init__(self, kind: str, code: str, *, applied: bool) -> None:
        self.kind, self.code, self.applied = kind, code, applied
        self.writes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now = datetime.fromtimestamp(1_785_585_600 + asyncio.get_running_loop().time(), UTC)
        headers = {"date": format_datetime(now.replace(microsecond=0), usegmt=True)}
        if request.url.path.endswith("token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3599}, headers=headers)
        if request.method in ("DELETE", "PATCH"):
            self.writes += 1
            if self.writes == 1:
                raise httpx.ReadError("cut")
            error = {"code": self.code, "message": f"uuid {ORDER}"}
            no = {"type": self.kind, "state": "INVALID", "errors": [error]}
            return httpx.Response(400, json={"requests": [no]}, headers=headers)
        done = self.applied and self.writes > 1
        moment = now.strftime("%Y-%m-%dT%H:%M:%S%z")
        requests = [{"request_uuid": PACKAGE, "type": self.kind, "state": "SUCCESSFUL", "date_time": moment}]
        entity = {"uuid": ORDER, "statuses": [{"code": "CREATED", "date_time": "2026-08-01T10:00:00+0000"}]}
        return httpx.Response(
            200, json={"entity": entity, "requests": requests if done else []}, headers=headers
        )


def second_send(kind: str, code: str, *, applied: bool) -> tuple[Outcome, int]:
    slow = Slow(kind, code, applied=applied)

    async def main() -> Outcome:
        async with CdekClient("me", "secret", transport=slow) as client:
            return await client.run(DeleteOrder(ORDER) if kind == "DELETE" else update(ORDER, "x"))

    return run(main()), slow.writes


@pytest.mark.parametrize("kind", ["DELETE", "UPDATE"])
@pytest.mark.parametrize("code", [STATUS, "v2_entity_not_found"])
def test_a_no_to_the_second_send_may_be_about_what_the_first_did(kind: str, code: str) -> None:
    """The looks came too early; the ones after the "no" show our request, and it was done."""
    outcome, writes = second_send(kind, code, applied=True)
    assert outcome.ok
    assert outcome.adopted
    assert writes == 2


@pytest.mark.parametrize("kind", ["DELETE", "UPDATE"])
@pytest.mark.parametrize(("code", "verdict"), [(STATUS, "rejected"), ("v2_entity_not_found", "not_found")])
def test_a_no_to_the_second_send_counts_where_the_first_left_nothing(
    kind: str, code: str, verdict: str
) -> None:
    """The looks after it show nothing of ours: it is CDEK's word."""
    outcome, writes = second_send(kind, code, applied=False)
    assert outcome.verdict == verdict
    assert [error.code for error in outcome.errors] == [code]
    assert not outcome.adopted
    assert writes == 2


def test_an_order_found_by_its_number_and_gone_after_a_lost_deletion_is_deleted() -> None:
    """It was there a moment ago: nobody need guess about a wrong uuid."""
    sandbox = Sandbox(settle="fixed:0", readable=0)
    sandbox.add_order(number="N-1")
    sandbox.script("DELETE", Fault("dropped_after"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(im_number="N-1"))
            assert outcome.ok
            assert outcome.adopted
            assert outcome.request.state == "SUCCESSFUL"

    run(main())
    assert [applied.type for applied in sandbox.applied] == ["DELETE"]


def test_an_order_seen_after_a_lost_deletion_and_gone_later_is_deleted() -> None:
    """The looks lag, the second deletion finds no order: the first one did it."""
    sandbox = Sandbox(settle="fixed:0", readable=0)
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("dropped_after"))
    sandbox.script("GET", *[Fault("lag", 3.0)] * 2, Fault("lag", 30.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            outcome = await client.run(DeleteOrder(uuid))
            assert outcome.ok
            assert outcome.adopted

    run(main())
    assert len(sandbox.calls["DELETE"]) == 2
    assert [applied.type for applied in sandbox.applied] == ["DELETE"]


def test_an_update_of_an_order_that_went_away_is_not_found() -> None:
    """Only a deletion is done when the order is gone."""
    sandbox = Sandbox(settle="fixed:0", readable=0)
    order = sandbox.add_order()
    sandbox.script("PATCH", Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            lost = asyncio.create_task(ours.run(update(order.uuid, "x")))
            await asyncio.sleep(2)
            assert (await theirs.run(DeleteOrder(order.uuid))).ok
            assert (await lost).verdict is Verdict.NOT_FOUND

    run(main())


def without_date(request: httpx.Request) -> httpx.Response:
    """Takes note without a request_uuid, and shows an update of long ago."""
    if request.url.path.endswith("token"):
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
    noted = {"type": "UPDATE", "state": "ACCEPTED", "date_time": "2026-08-01T10:00:00+0000"}
    elder = {"request_uuid": PACKAGE, "type": "UPDATE", "state": "SUCCESSFUL"}
    requests = [noted] if request.method == "PATCH" else [elder | {"date_time": "2020-01-01T10:00:00+0000"}]
    return httpx.Response(
        202 if request.method == "PATCH" else 200, json={"entity": {"uuid": ORDER}, "requests": requests}
    )


def test_without_a_submit_time_nothing_is_matched_by_its_type() -> None:
    """No reply bore a date: an update of years ago looks as new as ours."""

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(without_date)) as client:
            with pytest.raises(Unsettled) as caught:
                await client.run(update(ORDER, "x"))
            assert caught.value.ticket.since is None

    run(main())


def no_package(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("token"):
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
    error = {"code": "v2_entity_not_found", "message": f"Entity is not found by uuid {PACKAGE}"}
    no = {"type": "UPDATE", "state": "INVALID", "errors": [error]}
    return httpx.Response(400, json={"requests": [no]})


def test_a_part_that_is_missing_is_not_a_missing_order() -> None:
    """A message that names another uuid names a package: the update is turned down."""

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(no_package)) as client:
            outcome = await client.run(UpdateOrder(OrderChanges(uuid=ORDER, comment="x")))
            assert outcome.verdict is Verdict.REJECTED

    run(main())


def test_a_refused_token_clears_the_doubt_about_a_write() -> None:
    """401 applied nothing; that no new token comes in time changes nothing of that."""
    sandbox = Sandbox()
    uuid = sandbox.add_order().uuid
    sandbox.script("DELETE", Fault("token_expired"))
    sandbox.script("TOKEN", None, Fault("slow", 20.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError) as caught:
                await client.run(DeleteOrder(uuid), timeout=5)
            assert not caught.value.undecided
            assert asyncio.get_running_loop().time() == pytest.approx(5)

    run(main())
    assert not sandbox.truth(uuid).requests


@pytest.mark.parametrize("settle", [8.5, 9.5, 20.0, 30.0])
def test_an_update_that_ran_when_ours_was_sent_is_not_adopted(settle: float) -> None:
    """Its date_time becomes newer than our submit when it settles; that it was there before is remembered."""
    sandbox = Sandbox(settle=f"fixed:{settle}")
    uuid = sandbox.add_order().uuid
    sandbox.script("PATCH", None, Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            other = asyncio.create_task(theirs.run(update(uuid, "theirs")))
            await asyncio.sleep(8)
            outcome = await ours.run(update(uuid, "ours"), timeout=120)
            assert outcome.ok
            assert not outcome.adopted
            assert (await other).ok

    run(main())
    assert comments(sandbox, uuid) == ["theirs", "ours"]


def test_what_was_done_while_a_journaled_update_queued_is_not_adopted(tmp_path: Path) -> None:
    """The intent is older than the send; a journal writes in a thread, so that time is real here."""
    sandbox = Sandbox(settle="fixed:0.1")
    first, uuid = (order.uuid for order in sandbox.add_orders(2))
    sandbox.script("DELETE", Fault("too_many", 6.0))
    sandbox.script("PATCH", None, Fault("dropped_before"))

    async def main() -> None:
        async with client_of(sandbox) as ours, client_of(sandbox) as theirs:
            turned_away = asyncio.create_task(ours.run(DeleteOrder(first)))
            await asyncio.sleep(0.1)

            async def bulk() -> list[object]:
                async with ours.run_all([update(uuid, "ours")], journal=Journal(tmp_path / "j")) as results:
                    return [result async for _, result in results]

            job = asyncio.create_task(bulk())
            await asyncio.sleep(2.2)
            assert (await theirs.run(update(uuid, "theirs"))).ok
            (outcome,) = await job
            assert isinstance(outcome, Outcome)
            assert not outcome.adopted
            await turned_away

    asyncio.run(main())
    assert comments(sandbox, uuid) == ["theirs", "ours"]


def test_updates_of_one_order_go_one_after_the_other_however_it_is_named() -> None:
    """What was lost of the first is found before the second is sent: neither passes for the other."""
    sandbox = Sandbox()
    order = sandbox.add_order()
    sandbox.script("PATCH", Fault("dropped_before"), Fault("dropped_after"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            by_number = UpdateOrder(OrderChanges(cdek_number=order.cdek_number, comment="second"))
            outcomes = await asyncio.gather(
                client.run(update(order.uuid, "first"), timeout=60), client.run(by_number, timeout=60)
            )
            assert all(outcome.ok for outcome in outcomes)
            assert outcomes[0].request.request_uuid != outcomes[1].request.request_uuid

    run(main())
    assert comments(sandbox, order.uuid) == ["first", "second"]


class Crossing(httpx.AsyncBaseTransport):
    """A proxy that answers the first look by number with another order."""

    def __init__(self, sandbox: Sandbox, other: str) -> None:
        self._behind = SandboxTransport(sandbox)
        self._other: str | None = other

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._other is not None and "cdek_number" in request.url.params:
            url = request.url.copy_set_param("cdek_number", self._other)
            self._other, request = None, httpx.Request("GET", url, headers=request.headers)
        return await self._behind.handle_async_request(request)


def test_a_look_by_number_that_shows_another_order_is_no_look() -> None:
    """What was done to that one in the same seconds is not what became of ours."""
    sandbox = Sandbox()
    ours, theirs = sandbox.add_order(), sandbox.add_order()

    async def main() -> None:
        async with client_of(sandbox) as colleague:
            await colleague.run(update(theirs.uuid, "theirs"))
        transport = Crossing(sandbox, theirs.cdek_number)
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            with pytest.raises(BadReply, match="another one"):
                await client.run(UpdateOrder(OrderChanges(cdek_number=ours.cdek_number, comment="ours")))

    run(main())
    assert comments(sandbox, ours.uuid) == []
