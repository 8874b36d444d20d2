"""The side of this package: one `run_all`, or a `run` per handler, with the default polling."""

import time

from benchmarks import side
from benchmarks.terms import Job, Known
from cdek_async import CdekClient, CdekError, DeleteOrder, Outcome


async def work(job: Job) -> list[Known]:
    address = job["address"]
    client_id, client_secret = address["client_id"], address["client_secret"]
    async with CdekClient(client_id, client_secret, base_url=address["url"], rate=job["rate"]) as client:
        operations = [DeleteOrder(uuid) for uuid in address["uuids"]]
        if job["every"] is not None:
            return await side.one_by_one((handle(client, one) for one in operations), job["every"])
        known = []
        async with client.run_all(operations) as results:
            async for operation, result in results:
                known.append(heard(operation, result))
        return known


async def handle(client: CdekClient, operation: DeleteOrder) -> Known:
    return heard(operation, await client.run(operation))


def heard(operation: DeleteOrder, result: Outcome | CdekError) -> Known:
    if isinstance(result, CdekError):
        raise result
    return Known(uuid=str(operation.uuid), deleted=result.ok, at=time.monotonic())


if __name__ == "__main__":
    side.main(work)
