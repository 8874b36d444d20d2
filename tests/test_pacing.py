"""The pacer: its promise to CDEK over any second, its throughput, its order, and those who are cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdek_async._pacing import MAX_RATE, Pacer, Urgency
from tests.virtual import run, stall

RATES = [0.5, 1, 2.5, 7, 50, 200, 999.9]


def now() -> float:
    return asyncio.get_running_loop().time()


async def sent(pacer: Pacer, count: int, times: list[float], urgency: Urgency = Urgency.BULK) -> None:
    """So many calls queue at once, each answered as soon as it is sent."""

    async def one() -> None:
        await pacer.acquire(urgency)
        times.append(now())
        pacer.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())


def most_in_a_second(times: list[float]) -> int:
    """The most calls that any second saw, wherever it begins; both its ends counted."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] > 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def backlog(pacer: Pacer, times: list[float]) -> None:
    await sent(pacer, 1500, times)


async def bursts_after_idling(pacer: Pacer, times: list[float]) -> None:
    for idle in (0.0, 0.3, 1.0, 1.7, 60.0, 0.001, 0.049, 0.051):
        await asyncio.sleep(idle)
        await sent(pacer, 250, times)


async def one_by_one_at_random(pacer: Pacer, times: list[float]) -> None:
    random = Random(7)  # noqa: S311 - traffic, no secret
    for _ in range(1500):
        await asyncio.sleep(random.expovariate(pacer.rate or 1.0))
        await sent(pacer, random.choice((1, 1, 5)), times)


async def behind_a_stalling_loop(pacer: Pacer, times: list[float]) -> None:
    random = Random(7)  # noqa: S311 - traffic, no secret
    async with asyncio.TaskGroup() as group:
        group.create_task(sent(pacer, 1500, times))
        while len(times) < 1500:
            await asyncio.sleep(random.uniform(0.0, 0.4) / (pacer.rate or 1.0))
            stall(random.choice((0.0, 0.004, 0.03, 0.2, 0.9, 1.1)))


@pytest.mark.parametrize(
    "traffic", [backlog, bursts_after_idling, one_by_one_at_random, behind_a_stalling_loop]
)
@pytest.mark.parametrize("rate", RATES)
def test_no_second_sees_more_than_the_rate(
    rate: float, traffic: Callable[[Pacer, list[float]], Awaitable[None]]
) -> None:
    """Whatever queues, idles or stalls, no second sees more calls than the rate (and at least one)."""

    async def main() -> None:
        times: list[float] = []
        await traffic(Pacer(rate, 50), times)
        assert len(times) >= 1500
        assert most_in_a_second(times) <= max(1, rate)

    run(main())


@pytest.mark.parametrize("rate", [0.25, 0.5, 1, 2, 7, 50, 200, 1000])
def test_a_backlog_goes_at_the_full_rate(rate: float) -> None:
    """Under a backlog the budget is used, within 1 %."""

    async def main() -> None:
        times: list[float] = []
        pacer = Pacer(rate, 50)
        await sent(pacer, 1, [])
        began = now()
        await sent(pacer, max(20, int(20 * rate)), times)
        assert (now() - began) * rate == pytest.approx(len(times), rel=0.01)

    run(main())


def test_calls_go_evenly() -> None:
    """A backlog goes in even steps, not 200 at once and then a pause."""

    async def main() -> None:
        times: list[float] = []
        await asyncio.sleep(100)
        await sent(Pacer(200, 50), 1000, times)
        for start in range(0, 1000, 20):
            assert times[min(start + 20, 999)] - times[start] == pytest.approx(0.1, abs=0.052)

    run(main())


def test_without_a_rate_only_connections_bound() -> None:
    """`None` is no limit: everything goes at once, as long as there are connections."""

    async def main() -> None:
        pacer, times = Pacer(None, 2), list[float]()
        assert pacer.rate is None
        await sent(pacer, 1000, times)
        assert set(times) == {0.0}

    run(main())


def test_no_more_calls_than_connections() -> None:
    """A call waits for a connection however fast the rate."""

    async def main() -> None:
        pacer, granted = Pacer(None, 3), list[int]()

        async def one(number: int) -> None:
            await pacer.acquire(Urgency.BULK)
            granted.append(number)

        tasks = [asyncio.create_task(one(number)) for number in range(5)]
        await asyncio.sleep(10)
        assert granted == [0, 1, 2]
        pacer.release()
        await asyncio.sleep(0)
        assert granted == [0, 1, 2, 3]
        pacer.release()
        await asyncio.gather(*tasks)

    run(main())


def test_the_urgent_go_first() -> None:
    """Tokens before single calls, those before a bulk job's, of which looks go last; equals in turn."""

    async def main() -> None:
        pacer, order = Pacer(10, 50), list[tuple[Urgency, int]]()

        async def one(urgency: Urgency, turn: int) -> None:
            await pacer.acquire(urgency)
            order.append((urgency, turn))

        await pacer.acquire(Urgency.BULK)
        queue = [(urgency, turn) for turn in range(5) for urgency in reversed(Urgency)]
        async with asyncio.TaskGroup() as group:
            for urgency, turn in queue:
                group.create_task(one(urgency, turn))
        assert "".join(urgency.name[0] for urgency, _ in order) == "TTTTTSSSSSPPPPPBBBBBLLLLL"
        assert all(
            order.index((urgency, turn)) < order.index((urgency, turn + 1))
            for urgency, turn in queue
            if turn < 4
        )

    run(main())


def test_a_look_waits_for_later_writes_only_for_seconds() -> None:
    """However many writes come after it: strictly last, it would meet its deadline in the queue."""

    async def main() -> None:
        pacer, times = Pacer(10, 50), list[float]()

        async def writes() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(20):  # more than may go meanwhile
                    group.create_task(sent(pacer, 10, []))
                    await asyncio.sleep(1)

        await pacer.acquire(Urgency.BULK)
        async with asyncio.TaskGroup() as group:
            group.create_task(sent(pacer, 1, times, Urgency.LOOK))
            group.create_task(sent(pacer, 5, []))
            group.create_task(writes())
        assert 5 < times[0] < 10

    run(main())


class Traffic:
    """Calls that queue, leave, go and end as they are told; too many under way is a failure."""

    def __init__(self, rate: float | None, connections: int) -> None:
        self.pacer = Pacer(rate, connections)
        self.connections = connections
        self.tasks: list[asyncio.Task[None]] = []
        self.under_way: list[float] = []
        self.used: list[float] = []

    async def _one(self, urgency: Urgency) -> None:
        self.under_way.append(await self.pacer.acquire(urgency))
        assert self.under_way[-1] == now()
        assert len(self.under_way) <= self.connections

    async def queue(self, number: int) -> None:
        self.tasks.append(asyncio.create_task(self._one(Urgency(number % len(Urgency)))))

    async def leave(self, number: int) -> None:
        for task in self.tasks[number % max(1, len(self.tasks)) :][:1]:
            task.cancel()

    async def end(self, _: int = 0) -> None:
        if self.under_way:
            self.used.append(self.under_way.pop(0))
            self.pacer.release()

    async def give_back(self, _: int) -> None:
        if self.under_way:
            self.pacer.give_back(self.under_way.pop())

    async def yield_(self, _: int) -> None:
        await asyncio.sleep(0)

    async def wait(self, _: int) -> None:
        await asyncio.sleep(0.3)

    async def slow_down(self, _: int) -> None:
        self.pacer.slow_down(0.5)

    async def to_the_end(self) -> None:
        while self.under_way or not all(task.done() for task in self.tasks):
            await self.end()
            await asyncio.sleep(1)
        assert not [task.exception() for task in self.tasks if not task.cancelled() and task.exception()]


STEPS = [
    Traffic.queue,
    Traffic.leave,
    Traffic.end,
    Traffic.give_back,
    Traffic.yield_,
    Traffic.wait,
    Traffic.slow_down,
]


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 30)), max_size=60),
    st.integers(1, 3),
    st.sampled_from([None, 3, 50, 1000]),
)
def test_the_cancelled_take_no_place_with_them(
    steps: list[tuple[Callable[[Traffic, int], Awaitable[None]], int]], connections: int, rate: float | None
) -> None:
    """However calls queue, leave and end, never too many go at once, and everyone who stays is let go."""

    async def main() -> None:
        traffic = Traffic(rate, connections)
        for step, number in steps:
            await step(traffic, number)
        await traffic.to_the_end()
        assert most_in_a_second(sorted(traffic.used)) <= (rate or len(steps))

        async with asyncio.timeout(3600):  # every place is there again, and not one more
            for _ in range(connections):
                await traffic.pacer.acquire(Urgency.BULK)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await traffic.pacer.acquire(Urgency.TOKEN)

    run(main())


@pytest.mark.parametrize("rate", [None, 1])
def test_a_call_cancelled_right_after_its_turn_came_gives_it_back(rate: float | None) -> None:
    """A caller cancelled between its grant and its waking costs neither a place nor the rate anything."""

    async def main() -> None:
        pacer, times = Pacer(rate, 1), list[float]()
        await pacer.acquire(Urgency.SINGLE)
        await asyncio.sleep(10)
        waiting = asyncio.create_task(pacer.acquire(Urgency.SINGLE))
        await asyncio.sleep(0)
        pacer.release()  # grants
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await sent(pacer, 1, times)
        assert times == [10]

    run(main())


@pytest.mark.parametrize("rate", [None, 1])
def test_a_leave_that_was_not_used_goes_to_another(rate: float | None) -> None:
    """A leave that is given back costs neither a place nor the rate anything."""

    async def main() -> None:
        pacer, times = Pacer(rate, 1), list[float]()
        for _ in range(100):
            pacer.give_back(await pacer.acquire(Urgency.SINGLE))
        await sent(pacer, 1, times)
        assert times == [0]

    run(main())


def test_a_leave_that_is_given_back_late_is_no_leave_any_more() -> None:
    """Its second is over: its place is free, and nobody may go sooner for it."""

    async def main() -> None:
        pacer, times = Pacer(1, 2), list[float]()
        unused = await pacer.acquire(Urgency.SINGLE)
        await asyncio.sleep(5)
        await sent(pacer, 1, times)
        pacer.give_back(unused)
        await sent(pacer, 3, times)
        assert [round(each) for each in times] == [5, 6, 7, 8]

    run(main())


def test_a_closed_pacer_lets_everybody_go() -> None:
    """At once, whoever waits or comes later: the wire takes no call any more; no timer is left."""

    async def main() -> None:
        pacer = Pacer(1, 50)
        await pacer.acquire(Urgency.SINGLE)
        waiting = asyncio.create_task(pacer.acquire(Urgency.SINGLE))
        await asyncio.sleep(0)
        called_off = asyncio.create_task(pacer.acquire(Urgency.LOOK))
        await asyncio.sleep(0)
        called_off.cancel()
        await asyncio.wait({called_off})
        pacer.close()
        pacer.close()
        assert await waiting == await pacer.acquire(Urgency.BULK) == 0
        pacer.release()

    run(main())


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), MAX_RATE * 2, True, "200"])
def test_a_rate_is_a_positive_number(rate: Any) -> None:
    """A rate that is none is a ValueError that names it, also later, and changes nothing."""
    with pytest.raises(ValueError, match=r"\Arate: calls per second, .*not "):
        Pacer(rate, 50)
    pacer = Pacer(5, 50)
    with pytest.raises(ValueError, match=r"\Arate: calls per second, .*not "):
        pacer.full_rate = rate
    assert pacer.full_rate == 5


@pytest.mark.parametrize(
    "rates", [(100, 20), (20, 100), (100, 20, 100), (5, 0.5, 50), (100, None, 10), (None, 3), (7, 7)]
)
@pytest.mark.parametrize("after", [0.02, 0.5, 1.0, 1.7])
def test_a_second_sees_no_more_than_the_larger_of_its_rates(
    rates: tuple[float | None, ...], after: float
) -> None:
    """Whatever rates are set one after the other; None bounds nothing, but what follows it keeps its own."""

    async def main() -> None:
        pacer, times = Pacer(rates[0], 50), list[float]()
        changes = [(0.0, rates[0])]
        sending = asyncio.create_task(one_after_the_other(pacer, times))
        for rate in rates[1:]:
            await asyncio.sleep(after)
            pacer.full_rate = rate
            changes.append((now(), rate))
        await asyncio.sleep(5)
        sending.cancel()
        await asyncio.wait({sending})
        for first, began in enumerate(times):
            ended = [until for until, _ in changes[1:]] + [inf]
            inside = [
                inf if rate is None else max(1, rate)
                for (since, rate), until in zip(changes, ended, strict=True)
                if since <= began + 1 and until >= began
            ]
            assert sum(time - began <= 1 for time in times[first:]) <= max(inside)

    run(main())


async def one_after_the_other(pacer: Pacer, times: list[float]) -> None:
    """Always fifty that wait, and without a rate a hundred a second."""
    while True:
        await sent(pacer, 50, times)
        await asyncio.sleep(0 if pacer.full_rate else 0.5)


def test_a_new_rate_holds_at_once() -> None:
    """A call that waits for a slow rate's step goes by the new one; and the other way round."""

    async def main() -> None:
        pacer, times = Pacer(0.01, 50), list[float]()
        async with asyncio.TaskGroup() as group:
            group.create_task(sent(pacer, 103, times))
            await asyncio.sleep(3)
            pacer.full_rate = 100
            await asyncio.sleep(1)
            quick = len(times)
            pacer.full_rate = 1
        assert 95 < quick < 103
        gaps = [later - earlier for earlier, later in pairwise(times[quick:])]
        assert all(gap == pytest.approx(1, abs=0.01) for gap in gaps)
        pacer.full_rate = None
        times.clear()
        await sent(pacer, 40, times)
        assert len(set(times)) == 1

    run(main())


def test_a_rate_may_be_set_while_nobody_waits() -> None:
    """Also before there is a loop."""
    pacer = Pacer(200, 50)
    pacer.full_rate = 2

    async def main() -> None:
        times: list[float] = []
        await sent(pacer, 9, times)
        assert most_in_a_second(times) == 2
        assert pacer.idle

    run(main())


@pytest.mark.parametrize(("rate", "most"), [(2.5, 2), (7.9, 7), (0.5, 1)])
def test_a_fraction_of_a_call_is_none(rate: float, most: int) -> None:
    """Of 2.5 calls per second 2 are in any second: the promise is about whole calls."""

    async def main() -> None:
        times: list[float] = []
        await sent(Pacer(rate, 50), 40, times)
        assert most_in_a_second(times) == most

    run(main())
