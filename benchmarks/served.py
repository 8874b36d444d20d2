"""The sandbox in a process of its own: hears questions on stdin, a line each, and answers on stdout."""

import asyncio
import json
import sys
import time
from typing import Any

from benchmarks.terms import Address, Now, Plan, Record, Truth
from cdek_async.sandbox import Sandbox, serve


async def main() -> None:
    plan: Plan = json.loads(await heard())
    # On Linux and macOS time.monotonic() is one clock for all processes of a machine: what is settled here
    # and known there can be subtracted. The driver checks it.
    sandbox = Sandbox(settle=plan["settle"], seed=plan["seed"], clock=time.monotonic)
    orders = sandbox.add_orders(plan["orders"], locked=plan["locked"])
    locked = {one.uuid: one.status != "CREATED" or one.warehouse or one.claims for one in orders}
    async with serve(sandbox) as url:
        say(
            Address(
                url=url,
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
                uuids=list(locked),
            )
        )
        while question := await heard():
            say(now() if question == "now" else record(sandbox, locked))


async def heard() -> str:
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def now() -> Now:
    return Now(clock=time.monotonic(), cpu=time.process_time())


def record(sandbox: Sandbox, locked: dict[str, bool]) -> Record:
    orders = {uuid: truth(sandbox, uuid, locked=is_locked) for uuid, is_locked in locked.items()}
    applied = [one.order_uuid for one in sandbox.applied if one.type == "DELETE"]
    return Record(
        orders=orders, applied=applied, calls=sorted(at for kind in sandbox.calls.values() for at in kind)
    )


def truth(sandbox: Sandbox, uuid: str, *, locked: bool) -> Truth:
    order = sandbox.truth(uuid)
    return {
        "locked": locked,
        "removed": order.status == "REMOVED",
        "deletions": [
            {"successful": one.state == "SUCCESSFUL", "settled_at": one.settled_at}
            for one in order.requests
            if one.type == "DELETE"
        ],
    }


if __name__ == "__main__":
    asyncio.run(main())
