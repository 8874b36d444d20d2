"""Bulk jobs: run to their end, left early, stopped, or killed and run again from their journal."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from copy import copy

from cdek_async import AuthError, Bulk, CdekError, Operation, Outcome, Polling, Progress
from tests.simulation.journal import SimulatedJournal
from tests.simulation.network import WHOSE
from tests.simulation.record import Effort
from tests.simulation.schedule import Asked, BulkJob
from tests.simulation.stage import GRACE, Life, Stage, told


class JobPlayer:
    """One job through all its lives."""

    def __init__(self, stage: Stage, job: BulkJob) -> None:
        self._stage = stage
        self._job = job
        self._efforts = self._make_efforts()
        self._told: dict[int, Outcome] = {}
        self._left = False

    async def play(self) -> None:
        """Run it, and again as often as it is killed or cancelled."""
        stage, kills = self._stage, list(self._job.kills)
        while True:
            life = stage.life
            if self._job.journal:
                life.journal = SimulatedJournal(stage.folder / "job.journal")
            task = stage.loop.create_task(self._run(life))
            if kills:
                self._end_at(kills.pop(0), life, task)
            stage.in_job = True
            await asyncio.wait({task})
            stage.in_job = False
            failure = None if task.cancelled() else task.exception()
            if task.cancelled() and life.closing is None and not life.dead:
                for effort in self._efforts:  # what it knew by word of mouth, its next life has to find out
                    effort.killed(stage.loop.time())
                continue
            if not life.dead:
                if failure is not None:
                    stage.failed(failure)
                return
            await stage.bury(life)
            stage.life = stage.born()

    def _end_at(self, steps: int, life: Life, task: asyncio.Task[None]) -> None:
        stage = self._stage

        def again() -> None:
            task.cancel()

        def cancel() -> None:
            if not task.done() and life.closing is None:
                stage.record.tell("the job is cancelled")
                task.cancel()
                for effort in self._efforts:
                    effort.over_at = stage.loop.time()
                # And again, for somebody has no patience while it ends.
                then = stage.loop.step + stage.faults.chance.randrange(1, 60)
                stage.loop.before_step(then, again)

        end = cancel if stage.schedule.cancelling else lambda: stage.kill(life)
        stage.loop.before_step(stage.loop.step + steps, end)

    def _make_efforts(self) -> list[Effort]:
        """With a journal, the same operation at two positions is run once."""
        efforts: list[Effort] = []
        for asked in self._job.asked:
            twin = self._last_like(asked, efforts)
            if twin is None or not self._job.journal:
                efforts.append(self._stage.record.effort(asked))
                efforts[-1].journaled = self._job.journal
            else:
                twin.shared = True
                efforts.append(twin)
        return efforts

    def _last_like(self, asked: Asked, efforts: list[Effort]) -> Effort | None:
        """The same operation; an update that stands twice with another between is none."""
        order = self._stage.record.orders[asked.order]  # all that is not there is one
        for each in reversed(efforts):
            if each.asked == asked:
                return each
            if asked.what != "delete" and each.order is order and each.asked.by == asked.by:
                return None
        return None

    async def _run(self, life: Life) -> None:
        seen: Counter[int] = Counter()
        whole = False
        try:
            whole = await self._results(life, seen)
        except AuthError as error:  # ends a job; what was in flight had its results before
            self._stage.record.tell(f"the job ended: {error}")
            if self._stage.record.leaks(f"{error}{error!r}"):
                self._stage.record.violate("R6: a secret in an AuthError")
        except RuntimeError:
            if life.closing is None:
                raise
            return
        finally:
            if any(count > 1 for count in seen.values()) and not life.dead:
                self._stage.record.violate("R3: an operation of a bulk job got two results")
        self._check_all(seen, whole=whole)

    async def _results(self, life: Life, seen: Counter[int]) -> bool:
        """Take the results; whether all of them were to come."""
        stage, job = self._stage, self._job
        operations = [copy(effort.operation) for effort in self._efforts]
        positions = {id(each): position for position, each in enumerate(operations)}
        paused = stage.paused

        def source() -> Iterator[Operation]:
            for effort, operation in zip(self._efforts, operations, strict=True):
                WHOSE.set(effort)  # the task of this operation inherits it
                yield operation

        polling = Polling(timeout=job.timeout)
        bulk = life.client.run_all(
            source(), concurrency=job.concurrency, polling=polling, journal=life.journal
        )
        async with bulk as results:
            if job.leave == 0:
                self._leave()
                return False
            if job.stop == 0:
                self._stop(results)
            async for operation, result in results:
                position = positions[id(operation)]
                seen[position] += 1
                self._tell(position, result, job.timeout + stage.paused - paused)
                if seen.total() == job.leave:
                    self._leave()
                    return False
                if seen.total() == job.stop:
                    self._stop(results)
        return job.stop is None

    def _leave(self) -> None:
        self._left = True
        self._let_go(self._efforts)

    def _stop(self, results: Bulk[Operation, Outcome | CdekError, Progress]) -> None:
        self._let_go([each for each in self._efforts if each.written_at is None])
        results.stop()

    def _let_go(self, efforts: list[Effort]) -> None:
        """Nobody waits for them any more."""
        for effort in efforts:
            effort.over_at = self._stage.loop.time() if effort.over_at is None else effort.over_at

    def _tell(self, position: int, result: Outcome | CdekError, timeout: float) -> None:
        stage, effort = self._stage, self._efforts[position]
        stage.record.tell(f"op {effort.key}, position {position}: {told(result)}")
        # What a life that was cancelled left under way goes on, and the next one's waits for its turn.
        began = None if effort.reborn and stage.schedule.cancelling else effort.first_at
        if began is not None and not effort.shared and stage.loop.time() > began + timeout + GRACE:
            took = stage.loop.time() - began
            stage.record.violate(f"R5: an operation of a job took {took:.2f} s of {timeout:g}")
        before = self._told.get(position)
        if before is not None and not (isinstance(result, Outcome) and result.verdict is before.verdict):
            stage.record.violate(f"R3: another result in another life (operation {effort.key})")
        if isinstance(result, Outcome):
            self._told[position] = result
        stage.judge.result(effort, result)

    def _check_all(self, seen: Counter[int], *, whole: bool) -> None:
        record = self._stage.record
        for position, effort in enumerate(self._efforts):
            if seen[position] or self._left:
                continue
            if whole:
                record.violate(f"R3: no result (operation {effort.key})")
            elif record.noted(effort) and not (effort.reborn or effort.shared):
                record.violate(f"R3: sent, and no result (operation {effort.key})")
