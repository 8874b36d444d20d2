import asyncio
from typing import Any

from cdek_async.sandbox.clock import LoopClock
from tests.virtual import run


def test_the_clock_goes_on_from_loop_to_loop() -> None:
    """Time starts at 0, is the running loop's, stands still without one and never goes back."""
    clock = LoopClock()
    assert clock() == 0

    async def wait(seconds: float) -> Any:
        before = clock()
        await asyncio.sleep(seconds)
        return before, clock()

    assert run(wait(5)) == (0, 5)
    assert clock() == 5
    assert run(wait(2)) == (5, 7)
