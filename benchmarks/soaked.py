"""The soak's sandbox in a process of its own: makes orders on demand, and checks what was told of them."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Literal, TypedDict

from cdek_async.sandbox import Sandbox, serve

# What became of a write by the client's word; "open" claims nothing: unsettled, undecided, cancelled.
Word = Literal["ok", "rejected", "not_found", "open"]
LOCKED = 0.05  # of the orders may no longer be deleted


class Start(TypedDict):
    """What the sandbox is to be like."""

    settle: str
    seed: int
    faults: float


class Told(TypedDict):
    """What the client was told of one write."""

    uuid: str
    type: str  # DELETE or UPDATE
    word: Word


class Ended(TypedDict):
    """The whole of it."""

    orders: int
    writes: int  # that took effect
    calls: int
    twice: list[str]


async def main() -> None:
    start: Start = json.loads(await heard())
    sandbox = Sandbox(settle=start["settle"], seed=start["seed"], faults=start["faults"])
    uuids: list[str] = []
    async with serve(sandbox) as url:
        say([url, sandbox.client_id, sandbox.client_secret])
        while question := await heard():
            match json.loads(question):
                case int(number):
                    fresh = [order.uuid for order in sandbox.add_orders(number, locked=LOCKED)]
                    uuids += fresh
                    say(fresh)
                case list(told):
                    say([line for one in told for line in lies(sandbox, one)])
                case _:
                    say(ended(sandbox, uuids))


def lies(sandbox: Sandbox, told: Told) -> Iterator[str]:
    """What is wrong about one word, held against the sandbox's own record."""
    done = successes(sandbox, told["uuid"], told["type"])
    if told["word"] != "open" and done != (told["word"] == "ok"):
        yield f"{told['type']} of {told['uuid']}: told {told['word']}, took effect {done} times"
    if told["word"] == "not_found":
        yield f"{told['type']} of {told['uuid']}: told not_found of an order that is there"


def successes(sandbox: Sandbox, uuid: str, kind: str) -> int:
    return sum(one.type == kind and one.state == "SUCCESSFUL" for one in sandbox.truth(uuid).requests)


def ended(sandbox: Sandbox, uuids: list[str]) -> Ended:
    """All orders once more: also what nothing is claimed of took effect once at most."""
    counts = {(uuid, kind): successes(sandbox, uuid, kind) for uuid in uuids for kind in ("DELETE", "UPDATE")}
    return Ended(
        orders=len(uuids),
        writes=sum(counts.values()),
        calls=sum(len(times) for times in sandbox.calls.values()),
        twice=[f"{kind} of {uuid}: {count} times" for (uuid, kind), count in counts.items() if count > 1],
    )


async def heard() -> str:
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
