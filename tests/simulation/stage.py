"""Processes on a stage: clients that are born, closed or killed, over one sandbox."""

import asyncio
from pathlib import Path

from attrs import define

from cdek_async import CdekClient, CdekError, Outcome
from tests.simulation.fronts import front
from tests.simulation.journal import SimulatedJournal
from tests.simulation.judge import Judge
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Faults, Network
from tests.simulation.record import SECRET, Record
from tests.simulation.schedule import Schedule

GRACE = 1.0 + 1e-6  # seconds of virtual time beyond a call's timeout
FAREWELL = 10.0  # seconds that a client waits for the answers to what it sent


@define(eq=False)
class Life:
    """One process with its client."""

    client: CdekClient
    network: Network
    tasks: set[asyncio.Task[None]]
    journal: SimulatedJournal | None = None
    over: bool = False
    dead: bool = False
    closing: float | None = None


class Stage:
    """What one schedule has going on."""

    def __init__(self, schedule: Schedule, loop: SimulatedLoop, folder: Path) -> None:
        self.schedule = schedule
        self.loop = loop
        self.folder = folder
        self.record = Record(schedule, loop.time)
        self.faults = Faults(self.record)
        self.judge = Judge(self.record)
        self.clients = 0
        self.in_job = False
        self.main: asyncio.Task[None] | None = None
        self.listening: set[int] = set()
        """Operations whose caller wants to hear of their tickets."""
        self.paused = 0.0
        """Seconds for which a bulk job has waited for CDEK to be there again."""
        self.life = self.born()

    def born(self) -> Life:
        """A process with a client of its own."""
        rate = self.schedule.rate
        network = Network(self.record, self.faults, self.clients, rate, cuttable=not self.schedule.httpx)
        self.clients += 1
        return Life(CdekClient("sandbox", SECRET, rate=rate, transport=front(network)), network, set())

    def jumps(self, seconds: float) -> None:
        """The clock is about to jump."""
        if self.life.client.paused:
            self.paused += seconds

    def failed(self, error: BaseException) -> None:
        """What no public call may raise."""
        self.record.violate(f"R8: {type(error).__name__} out of a public call: {error}")

    def cover(self, what: str) -> None:
        """Count where in the protocol everybody is to whom this happens."""
        for effort in self.record.efforts:
            if effort.over_at is None and effort.last_point is not None:
                self.record.covered[what, effort.last_point] += 1

    # -- the end of a client -------------------------------------------------------------------------------

    def close_now(self) -> None:
        """Somebody closes the client, whatever it is doing."""
        life = self.life
        if life.over or life.closing is not None:
            return
        self.record.tell("the client is closed")
        self.cover("client closed")
        life.closing, life.network.closing = self.loop.time(), True
        life.tasks.add(self.loop.create_task(self.end(life)))

    async def end(self, life: Life) -> None:
        """Close a client: nothing of it is left."""
        if life.over:
            return
        began = self.loop.time()
        life.closing = began if life.closing is None else life.closing
        life.network.closing = True
        await life.client.aclose()
        life.over = True
        if self.loop.time() > began + FAREWELL + GRACE:
            self.record.violate("R5: aclose took too long")
        ours = {asyncio.current_task(), self.main, *life.tasks}
        left = [_name(each) for each in asyncio.all_tasks() if each not in ours and not each.done()]
        if left and not self.in_job:  # a block that is open still ends by itself
            self.record.violate(f"R5: tasks left behind after aclose: {left}")
        if life.network.open:
            self.record.violate(f"R5: {life.network.open} connections left open after aclose")
        if not life.network.closed:
            self.record.violate("R5: the transport was not closed")

    async def rest(self) -> None:
        """Wait for everybody who waits."""
        tasks = self.life.tasks
        while tasks:
            waited = list(tasks)
            for result in await asyncio.gather(*waited, return_exceptions=True):
                if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                    self.failed(result)
            tasks.difference_update(waited)

    # -- the death of a process ----------------------------------------------------------------------------

    def kill(self, life: Life) -> None:
        """The process dies here and now: what it still does reaches neither CDEK nor the disk."""
        if life.over or life.closing is not None or not self.in_job:
            return
        self.record.tell("the job is killed")
        self.cover("job killed")
        life.dead = life.network.dead = True
        if life.journal is not None:
            life.journal.die()
        for effort in self.record.efforts:
            effort.killed(self.loop.time())
        self._cancel_all()

    async def bury(self, life: Life) -> None:
        """Clear away what is left of a killed process in our own."""
        for _ in range(100):
            if not self._cancel_all():
                break
            await asyncio.sleep(0)
        else:
            self.record.violate("R8: tasks that cannot be cancelled")
        life.over = True

    def _cancel_all(self) -> bool:
        tasks = asyncio.all_tasks(self.loop) - {self.main}
        for task in sorted(tasks, key=_age):  # a set of tasks has another order each time
            task.cancel()
        return bool(tasks)


def told(result: Outcome | CdekError) -> str:
    """A result, for the trace."""
    if isinstance(result, Outcome):
        adopted = " adopted" if result.adopted else ""
        return f"{result.verdict}{adopted} {[each.code for each in result.errors]}"
    undecided = " undecided" if getattr(result, "undecided", False) else ""
    return f"{type(result).__name__}{undecided}: {result}"


def _age(task: asyncio.Task[object]) -> int:
    return int(task.get_name().rpartition("-")[2])


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", repr(task))
