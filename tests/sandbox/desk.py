"""Somebody who calls a sandbox directly, without HTTP, by a clock that is set by hand."""

import json
from typing import Any

from cdek_async.sandbox import Answer, Sandbox


class Desk:
    """A sandbox whose time stands still until `at` is set, and a token for it."""

    def __init__(self, *, settle: str = "fixed:1", **options: Any) -> None:
        self.at = 0.0
        self.sandbox = Sandbox(settle=settle, clock=lambda: self.at, **options)
        self.sandbox.script("TOKEN", None)  # whatever the plan, the first token is given
        self.token = self.new_token(self.sandbox.client_id, self.sandbox.client_secret)

    def new_token(self, client_id: str, client_secret: str) -> str:
        form = f"grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}"
        answer = self.sandbox.handle("POST", "/v2/oauth/token", body=form.encode())
        return str(json.loads(answer.body)["access_token"])

    def answer(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Answer:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return self.sandbox.handle(method, path, query, headers, json.dumps(body).encode())

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
        answer = self.answer(method, path, body, **options)
        return answer.status, json.loads(answer.body)

    def get(self, uuid: str) -> Any:
        status, body = self.ask("GET", f"/v2/orders/{uuid}")
        assert status == 200, body
        return body

    def delete(self, uuid: str) -> str:
        return self.accepted("DELETE", f"/v2/orders/{uuid}")

    def update(self, uuid: str, **changes: object) -> str:
        return self.accepted("PATCH", "/v2/orders", {"uuid": uuid, **changes})

    def accepted(self, method: str, path: str, body: object = None) -> str:
        """The uuid of the request that the sandbox took note of."""
        status, reply = self.ask(method, path, body)
        assert status == 202, reply
        return str(reply["requests"][0]["request_uuid"])

    def request(self, uuid: str, request_uuid: str) -> Any:
        """One request as a GET shows it."""
        return {one["request_uuid"]: one for one in self.get(uuid)["requests"]}[request_uuid]


def codes(reply: tuple[int, Any]) -> list[str]:
    """The error codes of a refusal in the layout of orders."""
    status, body = reply
    assert status == 400, body
    (request,) = body["requests"]
    assert request["state"] == "INVALID"
    assert "request_uuid" not in request
    assert "entity" not in body
    return [error["code"] for error in request["errors"]]
