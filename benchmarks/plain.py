"""The side of an ordinary user: plain httpx, gather, a semaphore, and a look every second."""

import asyncio
import contextlib
import time

import httpx

from benchmarks import side
from benchmarks.terms import Job, Known


async def work(job: Job) -> list[Known]:
    address = job["address"]
    gate = asyncio.Semaphore(job["semaphore"])
    whole, each = (gate, contextlib.nullcontext()) if job["hold"] else (contextlib.nullcontext(), gate)

    async def delete(http: httpx.AsyncClient, uuid: str) -> Known:
        async with whole:
            async with each:
                reply = await http.delete(f"/v2/orders/{uuid}")
            reply.raise_for_status()
            request_uuid = reply.json()["requests"][0]["request_uuid"]
            while True:
                await asyncio.sleep(1)
                async with each:
                    reply = await http.get(f"/v2/orders/{uuid}")
                reply.raise_for_status()
                requests = reply.json()["requests"]
                state = next(one["state"] for one in requests if one.get("request_uuid") == request_uuid)
                if state in ("SUCCESSFUL", "INVALID"):
                    return Known(uuid=uuid, deleted=state == "SUCCESSFUL", at=time.monotonic())

    async with httpx.AsyncClient(base_url=address["url"], timeout=30) as http:
        form = {"client_id": address["client_id"], "client_secret": address["client_secret"]}
        reply = await http.post("/v2/oauth/token", data={"grant_type": "client_credentials", **form})
        http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        handlers = (delete(http, uuid) for uuid in address["uuids"])
        if job["every"] is not None:
            return await side.one_by_one(handlers, job["every"])
        return await asyncio.gather(*handlers)


if __name__ == "__main__":
    side.main(work)
