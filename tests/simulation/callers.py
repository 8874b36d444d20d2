"""People who wait for one operation, and may stop waiting at any instant."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from cdek_async import CdekError, DeleteOrder, Outcome
from tests.simulation.network import WHOSE
from tests.simulation.record import Effort
from tests.simulation.schedule import Asked, Caller, Reader
from tests.simulation.stage import GRACE, Life, Stage, told

T = TypeVar("T")
_READ = 60.0  # seconds that a read may take
_FAREWELL = 9.9  # seconds: an answer in the last instant of a client may come too late


def call(stage: Stage, caller: Caller) -> None:
    """Let somebody call; cancelled at a step of the loop, whatever is awaited then."""
    effort = stage.record.effort(caller.asked)
    if caller.how == "listen":
        stage.listening.add(effort.key)
    task = stage.loop.create_task(_called(stage, stage.life, caller, effort))
    stage.life.tasks.add(task)

    _cancel_at(stage, effort, task, caller.cancelled)


def read(stage: Stage, reader: Reader) -> None:
    """Let somebody read an order."""
    effort = stage.record.effort(Asked("delete", reader.order, reader.by))
    task = stage.loop.create_task(_read(stage, stage.life, reader, effort))
    stage.life.tasks.add(task)
    _cancel_at(stage, effort, task, reader.cancelled)


def _cancel_at(stage: Stage, effort: Effort, task: asyncio.Task[None], step: int | None) -> None:
    def cancel() -> None:
        if task.done() or effort.over_at is not None:
            return
        stage.record.tell(f"the caller of op {effort.key} is cancelled")
        if effort.last_point is not None:
            stage.record.covered["caller cancelled", effort.last_point] += 1
        effort.over_at = stage.loop.time()
        task.cancel()

    if step is not None:
        stage.loop.before_step(step, cancel)


async def _read(stage: Stage, life: Life, reader: Reader, effort: Effort) -> None:
    WHOSE.set(effort)
    await asyncio.sleep(reader.at)
    named = effort.operation
    assert isinstance(named, DeleteOrder)
    if named.uuid is not None:
        reading = life.client.get_order(named.uuid)
    else:
        reading = life.client.find_order(cdek_number=named.cdek_number, im_number=named.im_number)
    result = await _came(life, _in_time(stage, _READ, reading))
    if result is None:
        return
    stage.record.tell(f"op {effort.key}, read: {type(result).__name__}")
    stage.judge.read(effort, result)


async def _came(life: Life, waited: Awaitable[T]) -> T | CdekError | None:
    """What came of a call; None: its client had been closed."""
    try:
        return await waited
    except CdekError as error:
        return error
    except RuntimeError:
        if life.closing is None:
            raise
        return None


async def _called(stage: Stage, life: Life, caller: Caller, effort: Effort) -> None:
    WHOSE.set(effort)
    await asyncio.sleep(caller.at)
    result = await _came(life, _result(stage, life, caller, effort))
    if result is None:
        return
    stage.record.tell(f"op {effort.key}: {told(result)}")
    stage.judge.result(effort, result, ran=caller.how != "submit")


async def _result(stage: Stage, life: Life, caller: Caller, effort: Effort) -> Outcome:
    client, timeout = life.client, caller.timeout
    if caller.how == "submit":
        ticket = await _in_time(stage, timeout, client.submit(effort.operation, timeout=timeout))
        stage.judge.ticket(effort, ticket)
        return await _in_time(stage, timeout, client.settle(ticket, timeout=timeout))
    listener = effort.heard.append if caller.how == "listen" else None
    run = client.run(effort.operation, timeout=timeout, on_ticket=listener)
    return await _in_time(stage, timeout, run)


async def _in_time(stage: Stage, timeout: float, call: Awaitable[T]) -> T:
    began = stage.loop.time()
    try:
        return await call
    finally:
        took = stage.loop.time() - began
        if took > timeout + GRACE:
            stage.record.violate(f"R5: a call took {took:.2f} s, its timeout was {timeout:g}")


def heard(stage: Stage, effort: Effort) -> None:
    """Who listens hears of the ticket, also after leaving; one that was killed hears nothing."""
    cut = stage.life.closing
    noted = (each.ended for each in effort.exchanges if each.result == "noted")
    if effort.key not in stage.listening or effort.heard or effort.reborn:
        return
    if any(cut is None or at < cut + _FAREWELL for at in noted):
        stage.record.violate(f"R4: CDEK took note, and on_ticket was not told (operation {effort.key})")
