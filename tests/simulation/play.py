"""Plays one schedule to the end and beyond, and says which invariants broke."""

import asyncio
import logging
import random
from collections import Counter
from pathlib import Path

from attrs import frozen

from cdek_async import CdekError, Outcome, Ticket
from tests.simulation.callers import call, heard, read
from tests.simulation.faults import Point, Wrong
from tests.simulation.jobs import JobPlayer
from tests.simulation.loop import SimulatedLoop, StuckError
from tests.simulation.network import WHOSE
from tests.simulation.record import Record
from tests.simulation.schedule import Schedule
from tests.simulation.stage import Stage, told

_LOG = logging.getLogger("cdek_async")
_AFTER = 120.0  # seconds after which all that can settle has settled
_LATER = 600.0


@frozen
class Played:
    """What came of a schedule."""

    violations: tuple[str, ...]
    covered: Counter[tuple[str, Point]]
    wrongs: dict[tuple[Point, int], Wrong]
    record: Record
    exchanges: int


class _Listener(logging.Handler):
    """Hears all that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


def play(schedule: Schedule, folder: Path) -> Played:
    """Play a schedule in a loop of its own; `folder` is for its journal."""
    random.seed(schedule.seed)  # the client's own jitter is drawn from there
    loop = SimulatedLoop()
    stage = Stage(schedule, loop, folder)
    record = stage.record
    listener = _Listener()
    if schedule.listening:
        _LOG.addHandler(listener)
        _LOG.setLevel(logging.DEBUG)
    try:
        loop.run_until_complete(_play(stage))
        _left(stage, loop)
        loop.close()
    except StuckError as error:  # its tasks go on living, so does their loop
        record.violate(f"R8: {error}")
    finally:
        _LOG.removeHandler(listener)
        _LOG.setLevel(logging.NOTSET)
    _spilt(record, listener.texts, folder)
    return Played(tuple(record.violations), record.covered, record.wrongs, record, len(record.exchanges))


async def _play(stage: Stage) -> None:
    """From the first call to the last ticket."""
    schedule, loop = stage.schedule, stage.loop
    stage.main = asyncio.current_task()
    if schedule.jobs:
        loop.when_jumping(stage.jumps)
    for stranger in schedule.strangers:
        loop.call_later(stranger.at, stage.record.interfere, stranger.asked)
    if schedule.closed is not None:
        loop.before_step(schedule.closed, stage.close_now)
    for caller in schedule.callers:
        call(stage, caller)
    for reader in schedule.readers:
        read(stage, reader)
    for job in schedule.jobs:
        await JobPlayer(stage, job).play()
    await stage.rest()
    await stage.end(stage.life)
    stage.faults.quiet = True
    await asyncio.sleep(_AFTER)
    await _afterwards(stage)
    stage.judge.applied()


async def _afterwards(stage: Stage) -> None:
    """Another process settles what was left unsettled."""
    for effort in stage.record.efforts:
        heard(stage, effort)
        if effort.heard and not effort.judged:
            stage.judge.ticket(effort, effort.heard[-1])
    tickets = [each for each in stage.judge.tickets if not stage.judge.cannot_settle(*each)]
    if not tickets:
        return
    life = stage.born()
    for effort, ticket in tickets:
        WHOSE.set(effort)
        effort.state = "noted"
        kept = Ticket.from_json(ticket.to_json())
        try:
            result: Outcome | CdekError = await life.client.settle(kept, timeout=_LATER)
        except CdekError as error:
            result = error
        stage.record.tell(f"op {effort.key}, its ticket: {told(result)}")
        stage.judge.settled(effort, result)
    await stage.end(life)


def _left(stage: Stage, loop: SimulatedLoop) -> None:
    for complaint in loop.complaints:
        stage.record.violate(f"R8: {complaint}")
    killed = any(effort.reborn for effort in stage.record.efforts)  # its timers died with it
    if loop.timers and not killed:
        stage.record.violate(f"R5: timers left behind: {loop.timers}")


def _spilt(record: Record, logged: list[str], folder: Path) -> None:
    if any(map(record.leaks, logged)):
        record.violate("R6: a secret or a person's data in the log")
    for file in folder.iterdir():
        if record.leaks_bytes(file.read_bytes()):
            record.violate("R6: a secret or a person's data in the journal")
        file.unlink()
