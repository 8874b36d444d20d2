"""When a client counts as cut off, and what it does about it."""

import asyncio

from cdek_async._outage import Outage
from tests.virtual import run


def test_five_calls_in_a_row_without_an_answer_are_an_outage() -> None:
    """Fewer can be chance; one answer ends it."""

    async def main() -> None:
        outage = Outage()
        for _ in range(4):
            outage.unanswered()
        assert not outage.on
        outage.answered()
        for _ in range(4):
            outage.unanswered()
        assert not outage.on
        outage.unanswered()
        assert outage.on
        outage.answered()
        assert not outage.on
        assert outage.probe_at == 0

    run(main())


def test_its_seconds_are_added_up() -> None:
    """From the moment it is known; the one that goes on is counted too."""

    async def main() -> None:
        outage = Outage()
        assert outage.seconds() == 0
        for length in (10, 20):
            for _ in range(9):
                outage.unanswered()
            await asyncio.sleep(length)
            assert outage.seconds() == (10 if length == 10 else 30)
            outage.answered()
            await asyncio.sleep(1000)
        assert outage.seconds() == 30

    run(main())


def test_probes_grow_apart_and_begin_anew() -> None:
    """1 s after the beginning, then 2, 4, … and 30 at most."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        outage = Outage()
        for _ in range(2):
            for _ in range(5):
                outage.unanswered()
            waits = []
            for _ in range(8):
                waits.append(outage.probe_at - loop.time())
                await asyncio.sleep(waits[-1])
                outage.probing()
                outage.unanswered()
            assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
            outage.answered()

    run(main())
