"""When looks happen."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from cdek_async import DeleteOrder, Polling, Unsettled
from cdek_async.sandbox import Fault, Sandbox
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


def test_a_bulk_jobs_orders_are_looked_at_late() -> None:
    """Nobody waits for the single one: the first look finds nearly all settled."""
    assert looks(None, "lognormal:0.5,1", bulk=True) == [3.0]


def test_jitter_is_added_only_when_asked_for() -> None:
    """It harms looks at one's own orders, which their submits have spread already."""
    plain = Polling(wait_initial=1, wait_max=1, timeout=20)
    assert looks(plain, "fixed:9.5") == pytest.approx(list(range(1, 11)), abs=0.05)
    jittered = looks(Polling(wait_initial=1, wait_max=1, wait_jitter=0.5, timeout=20), "fixed:9.5")
    gaps = [later - earlier for earlier, later in pairwise(jittered)]
    assert all(1 <= gap <= 1.55 for gap in gaps)
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
    [{"timeout": 0}, {"timeout": -1}, {"wait_initial": -1}, {"wait_max": 0}, {"wait_jitter": -0.1}],
)
def test_numbers_that_mean_nothing_are_refused(numbers: dict[str, float]) -> None:
    """With the name of the one that is meant."""
    (name,) = numbers
    with pytest.raises(ValueError, match=name):
        Polling(**numbers)
    if name == "timeout":

        async def main() -> None:
            async with client_of(Sandbox()) as client:
                with pytest.raises(ValueError, match="timeout"):
                    await client.run(DeleteOrder("6f2c8a8e-3f0e-4b44-9a51-0d5a3b1f7c11"), **numbers)  # type: ignore[arg-type]

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
