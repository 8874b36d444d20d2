"""Cuts: each ends in its time, by one timer; and all of them when they are told to."""

import asyncio

import pytest

from cdek_async._cuts import Cuts
from tests.virtual import run


async def waits(cuts: Cuts, seconds: float, takes: float = 1000.0) -> tuple[str, float]:
    """What becomes of a wait, and when."""
    cut = asyncio.timeout(None)
    try:
        async with cut:
            cuts.add(cut, seconds)
            await asyncio.sleep(takes)
        what = "done"
    except TimeoutError:
        what = "cut"
    finally:
        cuts.discard(cut)
    return what, asyncio.get_running_loop().time()


def test_each_ends_in_its_time() -> None:
    """Also where one that began later is to end earlier, and where others were over long before."""

    async def main() -> None:
        cuts = Cuts()
        work = [waits(cuts, 30), waits(cuts, 5), waits(cuts, 10, takes=1), waits(cuts, 20), waits(cuts, 20)]
        ended = await asyncio.gather(*work)
        assert [what for what, _ in ended] == ["cut", "cut", "done", "cut", "cut"]
        assert [at for _, at in ended] == pytest.approx([30, 5, 1, 20, 20])
        what, at = await waits(cuts, 5)  # and again, after all were over
        assert what == "cut"
        assert at == pytest.approx(35)

    run(main())


def test_all_end_at_once_and_are_waited_for() -> None:
    """Whoever tidies up behind a cut is let end, and is not cut twice."""

    async def main() -> None:
        cuts, loop = Cuts(), asyncio.get_running_loop()
        tidied = []

        async def tidy() -> None:
            cut = asyncio.timeout(None)
            try:
                async with cut:
                    cuts.add(cut, 3)
                    try:
                        await asyncio.sleep(1000)
                    finally:
                        await asyncio.sleep(2)
                        tidied.append(loop.time())
            except TimeoutError:
                pass
            finally:
                cuts.discard(cut)

        both = asyncio.gather(tidy(), waits(cuts, 30))
        await asyncio.sleep(4)
        await cuts.all()
        assert tidied == [5]
        assert loop.time() == 5
        assert (await both)[1][0] == "cut"

    run(main())


def test_nothing_under_way_ends_at_once() -> None:
    """And leaves no timer."""

    async def main() -> None:
        cuts = Cuts()
        await cuts.all()
        assert await waits(cuts, 30, takes=1) == ("done", 1)
        await cuts.all()
        assert asyncio.get_running_loop().time() == 1

    run(main())
