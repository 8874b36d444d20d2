"""A CDEK that costs next to nothing: it remembers an order only for as long as its deletion takes."""

import asyncio
import json
import time

import httpx


class Instant(httpx.AsyncBaseTransport):
    """Takes note of every deletion, and shows it as done after `settle` seconds."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._noted: dict[str, float] = {}
        self.most = 0
        """Deletions under way at once, at most."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.path.endswith("/token"):
            return _json(200, {"access_token": "t", "token_type": "bearer", "expires_in": 86_400})
        uuid = request.url.path.rpartition("/")[2]
        if request.method == "DELETE":
            self._noted[uuid] = time.monotonic()
            self.most = max(self.most, len(self._noted))
            return _order(202, uuid, "ACCEPTED")
        if time.monotonic() < self._noted[uuid] + self._settle:
            return _order(200, uuid, "ACCEPTED")
        del self._noted[uuid]
        return _order(200, uuid, "SUCCESSFUL")


def _order(status: int, uuid: str, state: str) -> httpx.Response:
    request = {
        "request_uuid": f"00000000{uuid[8:]}",
        "type": "DELETE",
        "state": state,
        "date_time": "2026-11-22T10:00:00+0000",
        "errors": [],
        "warnings": [],
    }
    return _json(status, {"entity": {"uuid": uuid}, "requests": [request]})


def _json(status: int, data: object) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(data), headers={"content-type": "application/json"})
