"""The sandbox in a process of its own: it hears a question a line on stdin, and answers each on stdout."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

from cdek_async.sandbox import Call, Fault, Sandbox, serve
from cdek_async.sandbox.faults import Mix
from tests.proofs.terms import Arrival, Known, Plan, Record, Shot

TYPES = {"DELETE": "DELETE", "PATCH": "UPDATE"}  # what a method asks for


class Witness:
    """Sees every call as it arrives, before anything is made of it; pulls a trigger at one of them."""

    def __init__(self, plan: Plan) -> None:
        self._faults = Mix(plan["faults"], random.Random(plan["seed"]))
        self.sandbox = Sandbox(settle=plan["settle"], seed=plan["seed"], faults=self._arrived)
        self.orders = self.sandbox.add_orders(plan["orders"], locked=plan["locked"])
        self._uuids = {order.cdek_number: order.uuid for order in self.orders}
        self.shot: Shot | None = None
        self.arrivals: list[Arrival] = []

    def _arrived(self, call: Call) -> Fault | None:
        if call.method in TYPES:
            self.arrivals.append(self._arrival(call))
        if self.shot and self.shot["kind"] == call.kind:
            self.shot["after"] -= 1
            if self.shot["after"] <= 0:
                shot, self.shot = self.shot, None
                os.kill(shot["pid"], shot["signal"])
        return self._faults(call)

    def _arrival(self, call: Call) -> Arrival:
        uuid = call.path.rpartition("/")[2]
        if call.method == "PATCH":
            body: dict[str, Any] = json.loads(call.body)
            uuid = body.get("uuid") or self._uuids.get(str(body.get("cdek_number")), "")
        try:
            requests = self.sandbox.truth(uuid).requests
        except LookupError:
            requests = ()
        # What is older than the sandbox itself, a fault has put into the order's history.
        noted = sum(one.type == TYPES[call.method] and one.accepted_at >= 0 for one in requests)
        return {"type": TYPES[call.method], "uuid": uuid, "noted": noted}

    def record(self) -> Record:
        applied = Counter((one.type, one.order_uuid) for one in self.sandbox.applied)
        orders: list[Known] = [
            {
                "uuid": order.uuid,
                "cdek_number": order.cdek_number,
                "im_number": order.number,
                "deletable": order.status == "CREATED" and not (order.warehouse or order.claims),
                "changeable": order.status == "CREATED",
                "deleted": applied["DELETE", order.uuid],
                "updated": applied["UPDATE", order.uuid],
            }
            for order in self.orders
        ]
        calls = sum(len(times) for times in self.sandbox.calls.values())
        return {"orders": orders, "arrivals": self.arrivals, "calls": calls}


async def main() -> None:
    witness = Witness(json.loads(sys.stdin.readline()))
    async with AsyncExitStack() as listening:
        url = await listening.enter_async_context(serve(witness.sandbox))
        port = int(url.rpartition(":")[2])
        say(url)
        while question := await asyncio.to_thread(sys.stdin.readline):
            answer: object = None
            match json.loads(question):
                case "record":
                    answer = witness.record()
                case "close":  # the orders stay, and what they are asked goes on settling
                    await listening.aclose()
                case "open":
                    await listening.enter_async_context(serve(witness.sandbox, port=port))
                case shot:
                    witness.shot = shot
            say(answer)


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
