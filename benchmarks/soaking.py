"""The soak's work: what an application does all day; what it is told goes to the sandbox to be checked."""

import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from benchmarks.driving import BenchmarkError
from benchmarks.soaked import Ended, Start, Told, Word
from cdek_async import (
    AuthError,
    CdekClient,
    CdekError,
    DeleteOrder,
    Journal,
    Operation,
    OrderChanges,
    Outcome,
    Polling,
    Ticket,
    UpdateOrder,
)

_LATER = 60.0  # seconds for what its caller has left


class Served:
    """The sandbox's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()
        self.lies: list[str] = []

    async def ask(self, question: object) -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        async with self._turn:
            asked.write(json.dumps(question).encode() + b"\n")
            await asked.drain()
            answer = await answers.readline()
        if not answer:
            raise BenchmarkError("the sandbox's process ended early")
        return json.loads(answer)

    async def orders(self, number: int) -> list[str]:
        uuids: list[str] = await self.ask(number)
        return uuids

    async def told(self, *told: Told) -> None:
        """Hold what was told against the record; what is wrong is kept, the rest is forgotten."""
        self.lies += await self.ask(list(told))

    async def ended(self) -> Ended:
        found: Ended = await self.ask("end")
        return found


@asynccontextmanager
async def served(start: Start) -> AsyncIterator[tuple[Served, list[str]]]:
    """A sandbox as long as the block lasts; with it its URL, client_id and client_secret."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soaked",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    sandbox = Served(process)
    try:
        yield sandbox, await sandbox.ask(start)
    finally:
        if process.stdin is not None:
            process.stdin.close()  # it ends when there is nothing more to hear
        await process.wait()


class Mixed:
    """Work without end on one client; every stream draws from the one seed."""

    def __init__(self, client: CdekClient, another: list[str], sandbox: Served, seed: int) -> None:
        self._client, self._another, self._sandbox = client, another, sandbox
        self._rng = random.Random(seed)
        self.counts: Counter[str] = Counter()

    async def work(self, handlers: int, jobs: int) -> NoReturn:
        """Until it is cancelled; whatever goes wrong in a stream ends them all."""
        async with asyncio.TaskGroup() as streams:
            for _ in range(handlers):
                streams.create_task(self._singles())
            for _ in range(jobs):
                streams.create_task(self._bulks())
            streams.create_task(self._visitors())
        raise AssertionError("a stream came to an end")

    async def _singles(self) -> NoReturn:
        """An order's life: read, changed, read again, deleted; with deadlines and with callers that leave."""
        while True:
            for uuid in await self._sandbox.orders(20):
                await self._read(uuid)
                changes = OrderChanges(uuid=uuid, comment=f"позвонить {self._rng.random()}")
                await self._single(UpdateOrder(changes), uuid)
                await self._read(uuid)
                await self._single(DeleteOrder(uuid), uuid)

    async def _read(self, uuid: str) -> None:
        try:
            found = await self._client.get_order(uuid)
        except CdekError as error:
            self.counts[f"a read: {type(error).__name__}"] += 1
            return
        self.counts["a read"] += 1
        if found.order.uuid != UUID(uuid):
            self._sandbox.lies.append(f"GET of {uuid}: answered with {found.order.uuid}")

    async def _single(self, operation: Operation, uuid: str) -> None:
        saved: list[Ticket] = []
        running = asyncio.create_task(
            self._client.run(operation, timeout=self._rng.uniform(1, 15), on_ticket=saved.append)
        )
        leaves = self._rng.random() < 0.2
        try:
            await asyncio.wait({running}, timeout=self._rng.uniform(0, 0.6) if leaves else None)
        finally:
            running.cancel()  # nothing, where it is done
            await asyncio.wait({running})
        try:
            word = _word(await running)
        except asyncio.CancelledError:
            if not leaves:
                raise BenchmarkError("a run was cancelled by nobody") from None
            word = "open"
            self.counts["a caller that left"] += 1
            await asyncio.sleep(1)  # its answer may still come, and its ticket with it
        except CdekError as error:
            word = "open"
            self.counts[f"run: {type(error).__name__}"] += 1
        if word == "open" and saved:
            word = await self._later(saved[0])
        self.counts[f"run: {word}"] += 1
        await self._sandbox.told(Told(uuid=uuid, type=operation.request_type, word=word))

    async def _later(self, ticket: Ticket) -> Word:
        """What another process would do with a ticket."""
        try:
            return _word(await self._client.settle(Ticket.from_json(ticket.to_json()), timeout=_LATER))
        except CdekError as error:
            self.counts[f"settle: {type(error).__name__}"] += 1
            return "open"

    async def _bulks(self) -> NoReturn:
        """Bulk jobs with journals: of three one is left early, and gone on with."""
        while True:
            uuids = await self._sandbox.orders(300)
            with tempfile.TemporaryDirectory() as folder:
                journal = Path(folder) / "journal"
                if self._rng.random() < 0.33:
                    await self._bulk(uuids, journal, most=self._rng.randrange(len(uuids)))
                while (told := await self._bulk(uuids, journal)) is None:
                    pass
            if sorted(told) != sorted(uuids):
                self._sandbox.lies.append(f"a job of {len(uuids)} orders told of {len(told)}")
            await self._sandbox.told(*(Told(uuid=uuid, type="DELETE", word=told[uuid]) for uuid in told))

    async def _bulk(self, uuids: list[str], journal: Path, most: int = sys.maxsize) -> dict[str, Word] | None:
        """What a job tells; None where two faulty 401s in a row have ended it, and it is to go on."""
        told: dict[str, Word] = {}
        operations = [DeleteOrder(uuid) for uuid in uuids]
        try:
            async with self._client.run_all(operations, journal=Journal(journal)) as job:
                async for operation, result in job:
                    told[str(operation.uuid)] = _word(result)
                    self.counts[f"run_all: {told[str(operation.uuid)]}"] += 1
                    if len(told) > most:
                        break
        except AuthError:
            self.counts["a job that 401s ended"] += 1
            return None
        return told

    async def _visitors(self) -> NoReturn:
        """Other clients that come, do a thing or two, and go; every second one in the middle of it."""
        url, client_id, secret = self._another
        while True:
            uuids = await self._sandbox.orders(2)
            async with CdekClient(client_id, secret, base_url=url, polling=Polling(timeout=20)) as visitor:
                left = asyncio.gather(
                    *(visitor.run(DeleteOrder(each)) for each in uuids), return_exceptions=True
                )
                try:
                    await asyncio.wait({left}, timeout=self._rng.choice([0.2, None]))
                finally:
                    await visitor.aclose(grace=1)
                    results = await left
                for uuid, result in zip(uuids, results, strict=True):
                    word = _word(result) if isinstance(result, Outcome | CdekError) else None
                    if word is None:
                        raise BenchmarkError(f"a client that was closed raised {result!r}")
                    self.counts["a visitor"] += 1
                    await self._sandbox.told(Told(uuid=uuid, type="DELETE", word=word))
            await asyncio.sleep(2)


def _word(result: Outcome | CdekError) -> Word:
    return result.verdict.value if isinstance(result, Outcome) else "open"
