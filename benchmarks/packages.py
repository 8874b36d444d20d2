"""The sides of the other CDEK packages on PyPI, each in a process of its own."""

import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.cores import pin
from benchmarks.loops import CORE, some_uuids

# aiocdek 0.1.7 cannot be imported here, for it needs Python 3.13, and talks to CDEK's own hosts only;
# the rest are for the API before this one.
VERSIONS = {"cdek": "1.2.0", "gocream-pycdek": "2.0.1"}
_THREADS = 20  # more make each call dearer
Deletion = Callable[[str], object]


def cdek(base_url: str) -> Deletion:
    client = import_module("cdek").CdekClient("id", "secret")
    client.base_url = f"{base_url}/v2/"
    orders = client.order

    def delete(uuid: str) -> None:
        noted = orders.delete(uuid).requests[0].request_uuid
        done = False
        while not done:
            shown = {one.request_uuid: one.state for one in orders.get_by_uuid(uuid).requests}
            done = shown[noted] == "SUCCESSFUL"

    return delete


def gocream(base_url: str) -> Deletion:
    client = import_module("gocream_pycdek").CdekClient("id", "secret", base_url=base_url)
    as_it_came: Any = {"origin_response": True, "headers": {"Authorization": "Bearer token"}}

    def delete(uuid: str) -> None:
        noted = client.remove_order(uuid, **as_it_came).json()["requests"][0]["request_uuid"]
        done = False
        while not done:
            requests = client.get_order(uuid=uuid, **as_it_came).json()["requests"]
            done = {one["request_uuid"]: one["state"] for one in requests}[noted] == "SUCCESSFUL"

    return delete


SIDES = {"cdek": cdek, "gocream-pycdek": gocream}


def in_threads(side: Callable[[str], Deletion], base_url: str, uuids: list[str]) -> None:
    """A client for each thread, for the sessions that they stand on are not to be shared."""
    own = threading.local()

    def start() -> None:
        own.delete = side(base_url)

    with ThreadPoolExecutor(_THREADS, initializer=start) as pool:
        assert len(list(pool.map(lambda uuid: own.delete(uuid), uuids))) == len(uuids)  # noqa: PLW0108 - each its own


def main(name: str, base_url: str, orders: str, _: str) -> None:
    if find_spec(name.replace("-", "_")) is None:
        sys.exit(f"not installed: pip install {name}=={VERSIONS[name]}")
    pin(CORE)
    uuids = some_uuids(int(orders))
    began, cpu = time.monotonic(), time.process_time()
    in_threads(SIDES[name], base_url, uuids)
    json.dump({"cpu": time.process_time() - cpu, "seconds": time.monotonic() - began}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
