import json
from typing import Any

import pytest

from tests.sandbox.desk import Desk

PATH = "/v2/oauth/token"
RIGHT = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}


@pytest.mark.parametrize("where", ["query", "form"])
def test_a_token_is_given_for_credentials_in_form_or_query(where: str) -> None:
    """The credentials are read from form body and query; the token lasts as long as it says."""
    desk = Desk(token_lifetime=100)
    form = "&".join(f"{name}={value}" for name, value in RIGHT.items()).encode()
    answer = desk.sandbox.handle(
        "POST", PATH, RIGHT if where == "query" else {}, body=form if where == "form" else b""
    )
    body = json.loads(answer.body)
    assert answer.status == 200
    assert (body["token_type"], body["expires_in"]) == ("bearer", 100)
    desk.at = 99.9
    assert desk.ask("GET", "/v2/orders", token=body["access_token"])[0] == 400
    desk.at = 100
    assert desk.ask("GET", "/v2/orders", token=body["access_token"])[0] == 401


@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "grant_type"])
def test_wrong_credentials_are_a_401_of_their_own_layout(wrong: str) -> None:
    """Who is unknown, or asks for another grant, gets OAuth's own error body."""
    answer = Desk().sandbox.handle("POST", PATH, {**RIGHT, wrong: "x"})
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_client")


def test_the_token_url_wants_a_post() -> None:
    """A GET of the token URL is `unauthorized` at the top of the body."""
    status, body = Desk().ask("GET", PATH)
    assert (status, body["errors"][0]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "unauthorized"),
        ("Bearer", "unauthorized"),
        ("Bearer forged", "v2_authorization_incorrect"),
        ("bearer {token}", "v2_authorization_incorrect"),
    ],
)
def test_a_missing_or_malformed_token_has_its_code(header: str, code: str) -> None:
    """No token, a forged one and a scheme in lower case are told apart."""
    desk = Desk(unauthorized="errors")
    answer = desk.sandbox.handle(
        "GET", "/v2/orders", headers={"authorization": header.format(token=desk.token)}
    )
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (401, code)


@pytest.mark.parametrize("layout", ["requests", "errors", "drawn"])
def test_a_revoked_token_is_expired_in_the_layout_chosen(layout: Any) -> None:
    """The two layouts of a 401 that clients have met can be had by choice, or drawn."""
    desk = Desk(unauthorized=layout)
    desk.sandbox.revoke_tokens()
    seen = set()
    for _ in range(20):
        status, body = desk.ask("GET", "/v2/orders")
        assert status == 401
        seen.add(next(iter(body)))
        issues = body["errors"] if "errors" in body else body["requests"][0]["errors"]
        assert issues[0]["code"] == "v2_token_expired"
        assert "requests" not in body or body["requests"][0]["type"] == "AUTH"
    assert seen == ({"requests", "errors"} if layout == "drawn" else {layout})


def test_an_expired_token_is_forgotten_in_time() -> None:
    """Long after its expiry a token is as unknown as a forged one, and costs no memory."""
    desk = Desk(unauthorized="errors", token_lifetime=10)
    old = desk.token
    desk.at = 5000
    desk.new_token("sandbox", "sandbox-secret")
    assert desk.ask("GET", "/v2/orders", token=old)[1]["errors"][0]["code"] == "v2_authorization_incorrect"


def test_one_accounts_orders_are_forbidden_to_another() -> None:
    """Another account's order can be neither read nor written, and is not found by its number."""
    desk = Desk()
    desk.sandbox.add_account("other", "secret")
    order = desk.sandbox.add_order(number="A-1", client_id="other")
    for method in ("GET", "DELETE"):
        body = desk.ask(method, f"/v2/orders/{order.uuid}")[1]
        assert body["requests"][0]["errors"][0]["code"] == "v2_entity_forbidden"
    body = desk.ask("GET", "/v2/orders", query={"im_number": "A-1"})[1]
    assert body["requests"][0]["errors"][0]["code"] == "v2_entity_not_found_im_number"
    token = desk.new_token("other", "secret")
    assert desk.ask("GET", f"/v2/orders/{order.uuid}", token=token)[0] == 200
