"""When looks happen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from math import inf
from typing import Any

import httpx
import pytest
import tenacity

from cdek_async import CdekClient, DeleteOrder, Outcome, Polling, Unsettled
from cdek_async._alarm import Alarm
from cdek_async._deadline import Deadline
from cdek_async._learning import SettleTimes
from cdek_async._polling import LearnedLooks, PromptLooks, poll
from cdek_async._schedule import ANYTHING, Plan, law_of, seen_between
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run


def looks(polling: Polling | None, settle: str, *, bulk: bool = False) -> Sequence[float]:
    """Seconds from the DELETE to each look at it."""
    sandbox = Sandbox(settle=settle)
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            if bulk:
                async with client.run_all([DeleteOrder(uuid)], polling=polling) as results:
                    async for _ in results:
                        pass
                return
            try:
                await client.run(DeleteOrder(uuid), polling=polling)
            except Unsettled:
                return

    run(main())
    return [round(at - sandbox.calls["DELETE"][0], 2) for at in sandbox.calls["GET"]]


@pytest.mark.parametrize("bulk", [False, True])
def test_an_endless_timeout_changes_nothing_else(bulk: bool) -> None:
    """How old an order is does not hang on when its deadline ends."""
    endless, long = (looks(Polling(timeout=timeout), "fixed:20", bulk=bulk) for timeout in (inf, 10**6))
    assert endless == long


def test_explicit_numbers_are_kept() -> None:
    """`wait_initial` before the first look, then growing to `wait_max`."""
    at = looks(Polling(wait_initial=2, wait_max=3, timeout=30), "fixed:14")
    assert at[:2] == pytest.approx([2, 4], abs=0.1)
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert gaps == pytest.approx([2, 2.5, 3, 3, 3], abs=0.1)


def test_a_single_order_is_looked_at_soon_and_often() -> None:
    """Somebody waits: no look is later than a third of what was waited already, once it is seconds."""
    at = looks(None, "fixed:20")
    assert at[0] <= 0.5
    assert all(later <= earlier * 1.34 + 0.5 for earlier, later in pairwise(at))


def test_the_first_of_a_bulk_jobs_orders_are_scouts() -> None:
    """Nothing is known yet: they are looked at before the others would be, and then ever more rarely."""
    at = looks(None, "fixed:20", bulk=True)
    assert at[0] == 0.4
    assert all(later - earlier <= max(0.41, earlier / 4) for earlier, later in pairwise(at))


class Seen(SandboxTransport):
    """Notes when each order was asked about, since its DELETE."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.ages: dict[str, list[float]] = {}
        self._sent: dict[str, float] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        order, now = request.url.path[-36:], asyncio.get_running_loop().time()
        if request.method == "DELETE":
            self._sent[order], self.ages[order] = now, []
        if request.method == "GET":
            self.ages[order].append(round(now - self._sent[order], 3))
        return await super().handle_async_request(request)


def job(
    sandbox: Sandbox, count: int, *, every: float = 0.05, **options: Any
) -> tuple[list[list[float]], float]:
    """The ages of the looks at each order of a job that is fed so slowly, in turn; and when it ended."""
    orders = sandbox.add_orders(count)
    transport = Seen(sandbox)

    async def source() -> AsyncIterator[DeleteOrder]:
        for order in orders:
            yield DeleteOrder(order.uuid)
            await asyncio.sleep(every)

    async def main() -> float:
        client = CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport, **options)
        async with client, client.run_all(source()) as results:
            async for _, result in results:
                assert isinstance(result, Outcome)
        return asyncio.get_running_loop().time()

    ended = run(main())
    return [transport.ages[order.uuid] for order in orders], ended


def others(ages: list[list[float]]) -> list[list[float]]:
    """Without the scouts, which may be told by their number."""
    return [each for number, each in enumerate(ages) if number >= 30 and number % 50]


def busy() -> bool:
    return False


def at_the_end() -> bool:
    return True


def ages_of(times: SettleTimes, settle: float, idle: Callable[[], bool] = busy) -> list[float]:
    """When an order that settles after so many seconds is looked at."""
    learned = LearnedLooks(Polling(), times, idle)
    ages = [learned.first]
    state = tenacity.RetryCallState(tenacity.AsyncRetrying(), None, (), {})
    while ages[-1] < settle:
        learned.saw(ages[-1], settled=False)
        ages.append(ages[-1] + learned(state))
    learned.saw(ages[-1], settled=True)
    return ages


@pytest.mark.parametrize("settle", [0.2, 0.5, 2.5, 10, 33])
def test_a_bulk_job_learns_when_to_look(settle: float) -> None:
    """Once some have settled, one look soon after it is all that others need; scouts cost little more."""
    times = SettleTimes()
    for _ in range(100):
        ages_of(times, settle)
    ages = [ages_of(times, settle) for _ in range(1000)]
    assert max(map(len, others(ages))) == 1
    assert all(settle <= each[0] < max(0.41, settle * 1.3, settle + 0.4) for each in others(ages))
    assert sum(map(len, ages)) < 1.1 * len(ages)


def test_nothing_is_looked_at_later_than_wait_max() -> None:
    """However long others took."""
    times = SettleTimes()
    assert max(ages_of(times, 1000)[0] for _ in range(200)) == 45


def test_a_few_quick_ones_do_not_hurry_the_others() -> None:
    """The first that settle are the quickest: looks stay where they were until more is known."""
    times = SettleTimes()
    assert {ages_of(times, 0.2)[0] for _ in range(19)} == {0.4}  # scouts
    while (learned := LearnedLooks(Polling(), times, busy)).prompt:
        pass
    assert learned.first == 3


def test_a_cdek_that_becomes_quick_is_noticed() -> None:
    """Every ten thousand orders looks come twice as soon."""
    times = SettleTimes()
    for settle in [10.0] * 10_000 + [1.0] * 40_000:
        ages_of(times, settle)
    assert max(ages_of(times, 1)[0] for _ in range(100)) < 2


def test_a_cdek_that_becomes_slow_is_waited_for() -> None:
    """Half a minute later its orders are looked at once again, not every few seconds."""

    def slow(call: Call) -> Fault | None:
        return Fault("lag", 20.0) if call.kind == "DELETE" and call.at >= 20 else None

    ages, _ = job(Sandbox(settle="fixed:0.3", faults=slow), 1600)
    assert max(map(len, others(ages)[100:300])) == 1
    late = others(ages)[-400:]
    assert max(map(len, late)) == 1
    assert all(20 <= each[0] <= 45 for each in late)


def single(sandbox: Sandbox, count: int, *, cancel: bool = False, **options: Any) -> list[list[float]]:
    """The ages of the looks at orders that are run one by one, ten in a second."""
    orders = sandbox.add_orders(count)
    transport = Seen(sandbox)

    async def main() -> None:
        async with CdekClient(sandbox.client_id, sandbox.client_secret, transport=transport) as client:
            tasks = []
            for order in orders:
                tasks.append(asyncio.create_task(client.run(DeleteOrder(order.uuid), **options)))
                await asyncio.sleep(0.1)
                if cancel and len(tasks) % 2:
                    tasks[-1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    run(main())
    return [transport.ages[order.uuid] for order in orders]


@pytest.mark.parametrize("cancel", [False, True])
def test_single_runs_learn_when_to_look(cancel: bool) -> None:
    """Also where every other caller leaves before it is told."""
    ages = [each for each in single(Sandbox(settle="fixed:0.2"), 400, cancel=cancel)[200:] if each]
    assert sum(map(len, ages)) < 1.3 * len(ages)
    assert sum(each[-1] for each in ages) / len(ages) < 0.3


def test_an_explicit_schedule_of_single_runs_does_not_learn() -> None:
    """Nor does a deadline change anything."""
    fixed = single(Sandbox(settle="fixed:0.2"), 100, polling=Polling(wait_initial=0.4))
    assert fixed == [[0.4]] * 100
    learned = single(Sandbox(settle="fixed:0.2"), 300, polling=Polling(timeout=50))
    assert learned[0] == [0.4]
    assert learned[-1][-1] < 0.3


def test_a_look_of_a_single_run_that_fails_teaches_nothing() -> None:
    """It comes again after what was to be waited anyway."""
    sandbox = Sandbox(settle="fixed:0.3")
    sandbox.script("GET", *[Fault("html")] * 2)
    assert single(sandbox, 1) == [[0.4, 0.9, 1.525]]


def test_a_ticket_that_is_taken_up_again_is_looked_at_when_it_is_time() -> None:
    """Its first seconds count; of an age that is not known exactly nothing is learnt."""
    sandbox = Sandbox(settle="fixed:3")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(uuid))
            await asyncio.sleep(10)
            assert (await client.settle(ticket)).ok
            assert asyncio.get_running_loop().time() < 10.5

    run(main())


def test_an_outage_teaches_nothing() -> None:
    """Who waited for ten minutes without network was not settled slowly."""

    def plan(call: Call) -> Fault | None:
        return Fault("refused") if 0.6 <= call.at < 600 else None  # the first scouts wait to be looked at

    ages, ended = job(Sandbox(settle="fixed:0.3", faults=plan), 800)
    assert ended < 720
    assert all(each[0] < 1 for each in others(ages)[-300:])


def test_a_look_that_fails_teaches_nothing() -> None:
    """It comes again after what was to be waited anyway."""
    sandbox = Sandbox(settle="fixed:0.3")
    sandbox.script("GET", *[Fault("html")] * 3)
    ages, _ = job(sandbox, 1)
    assert ages == [[0.4, 0.8, 1.2, 1.6]]


@pytest.mark.parametrize(
    ("polling", "first"),
    [
        (Polling(wait_jitter=0), 3.0),
        (Polling(wait_initial=2), 2.0),
        (Polling(wait_max=20), 3.0),
        (Polling(timeout=50), 0.4),
    ],
)
def test_a_number_that_was_given_switches_learning_off(polling: Polling, first: float) -> None:
    """Every order is looked at when it was said; `timeout` says nothing of that."""
    ages, _ = job(Sandbox(settle="fixed:0.3"), 300, polling=polling)
    assert {round(each[0], 1) for each in ages} == {first}


def test_where_nothing_queues_looks_come_closer() -> None:
    """At a job's end they take no other call's place: a slow order is known after a tenth of its time."""
    for idle, apart in ((busy, 1.25), (at_the_end, 1.1)):
        times = SettleTimes()
        for _ in range(101):
            ages_of(times, 1)
        at = ages_of(times, 40, idle)
        assert at[0] < 2
        gaps = [max(0.4, earlier * (apart - 1)) for earlier in at]
        assert [later - earlier for earlier, later in pairwise(at)] == pytest.approx(gaps[:-1])


@pytest.mark.parametrize(("rate", "settle", "timeout"), [(5, 0.3, 6), (20, 30, 60)])
def test_nothing_is_unsettled_for_having_queued(rate: float, settle: float, timeout: float) -> None:
    """However many writes queue, a look that is at the end of its time lets them wait."""
    polling = Polling(timeout=timeout)
    _, ended = job(Sandbox(settle=f"fixed:{settle}"), 1000, every=0, rate=rate, polling=polling)
    assert ended < 2.5 * 1000 / rate + settle * 1.5


@pytest.mark.parametrize(("settle", "woken"), [(5, 4), (40, 30)])
def test_a_long_sleep_ends_sooner_when_others_are_seen_to_settle(settle: float, woken: float) -> None:
    """At the age at which they did; no sleep becomes longer."""
    looks = [seen_between(0, settle * 0.99, False), seen_between(settle * 0.99, settle, True)] * 300
    plan, times = Plan(law_of(looks, ANYTHING)), SettleTimes()

    async def main() -> float:
        waiting, alarm = PromptLooks(times, 0.0), Alarm()
        waiting.saw(1.0, settled=False)
        sleeper = waiting.sleep(30, alarm)
        assert times.sleepers == {waiting}
        await asyncio.sleep(2)
        waiting.replanned(plan)
        await sleeper
        waiting.saw(1.0 + asyncio.get_running_loop().time(), settled=False)
        assert not times.sleepers
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(woken, abs=0.3)


def test_who_sleeps_shortly_or_left_is_told_of_no_plan() -> None:
    """It would gain nothing, and nothing of it is to stay."""
    sandbox = Sandbox(settle="fixed:100")
    order = sandbox.add_order()

    class Watched(SettleTimes):
        def next_look(self, age: float) -> float:
            return age + (0.1 if age < 1 else 20)

    async def main() -> None:
        times, alarm = Watched(), Alarm()
        async with client_of(sandbox) as client:
            ticket = await client.submit(DeleteOrder(order.uuid))

        async def look(*_: object) -> None:
            return None

        polled = poll(ticket, look, PromptLooks(times, 0.0), 0.0, Deadline(60), alarm)
        task = asyncio.ensure_future(polled)
        await asyncio.sleep(0.55)
        assert not times.sleepers
        await asyncio.sleep(5)
        assert len(times.sleepers) == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not times.sleepers

    run(main())


def test_jitter_is_added_only_when_asked_for() -> None:
    """It harms looks at one's own orders, which their submits have spread already."""
    plain = Polling(wait_initial=1, wait_max=1, timeout=20)
    assert looks(plain, "fixed:9.5") == pytest.approx(list(range(1, 11)), abs=0.05)
    jittered = looks(Polling(wait_initial=1, wait_max=1, wait_jitter=0.5, timeout=20), "fixed:9.5")
    gaps = [later - earlier for earlier, later in pairwise(jittered)]
    assert all(0.98 <= gap <= 1.55 for gap in gaps)  # moments are rounded
    assert len({round(gap, 2) for gap in gaps}) > 1


def test_the_last_look_comes_before_the_deadline() -> None:
    """The last wait is clipped, so that what settled in it is still seen."""
    at = looks(Polling(wait_initial=40, timeout=60), "fixed:58")
    assert at[-1] == pytest.approx(59, abs=0.1)
    assert looks(Polling(wait_initial=500, timeout=60), "fixed:58") == pytest.approx([59], abs=0.1)


def test_an_hour_of_polling_ends_in_its_deadline() -> None:
    """And in a blink of real time."""
    at = looks(Polling(timeout=3600), "never")
    assert 3590 < at[-1] <= 3600


def test_a_wait_of_zero_is_allowed() -> None:
    """Look at once, then soon."""
    assert looks(Polling(wait_initial=0, wait_max=1), "fixed:0.01")[0] < 0.02


@pytest.mark.parametrize(
    "numbers",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": "5"},
        {"timeout": None},
        {"wait_initial": -1},
        {"wait_initial": "1"},
        {"wait_max": 0},
        {"wait_max": float("nan")},
        {"wait_jitter": -0.1},
        {"wait_jitter": True},
    ],
)
def test_numbers_that_mean_nothing_are_refused(numbers: dict[str, Any]) -> None:
    """With the name and the value of the one that is meant."""
    ((name, value),) = numbers.items()
    with pytest.raises(ValueError, match=rf"\A{name}: seconds, .*not {value!r}\Z"):
        Polling(**numbers)
    if name == "timeout" and value is not None:

        async def main() -> None:
            async with client_of(Sandbox()) as client:
                with pytest.raises(ValueError, match="timeout"):
                    await client.run(DeleteOrder("6f2c8a8e-3f0e-4b44-9a51-0d5a3b1f7c11"), **numbers)

        run(main())


def test_unsettled_keeps_the_last_failure_as_its_cause() -> None:
    """So that "no verdict" can be told from "no answer"."""
    sandbox = Sandbox(settle="never")
    uuid = sandbox.add_order().uuid

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(Unsettled) as waited:
                await client.run(DeleteOrder(uuid), timeout=5)
            assert waited.value.__cause__ is None
            sandbox.script("GET", *[Fault("html")] * 99)
            with pytest.raises(Unsettled) as failed:
                await client.settle(waited.value.ticket, timeout=5)
            assert type(failed.value.__cause__).__name__ == "BadReply"
            assert asyncio.get_running_loop().time() < 12

    run(main())
