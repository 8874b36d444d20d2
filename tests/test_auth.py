"""One token: however many ask, whoever is cancelled, whenever it is refused."""

import asyncio

import httpx
import pytest

from cdek_async import AuthError, BadReply, CdekClient, DeleteOrder, OrderNotFound, TransportError
from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.sandboxed import client_of
from tests.virtual import run

NOBODY = "6f2c8a8e-3f0e-4b44-9a51-0d5a3b1f7c11"


async def ask(client: CdekClient) -> None:
    with pytest.raises(OrderNotFound):
        await client.get_order(NOBODY)


def test_many_callers_fetch_one_token() -> None:
    """A thousand tasks that start at once make one call for it."""
    sandbox = Sandbox()

    async def main() -> None:
        async with client_of(sandbox, rate=None) as client:
            await asyncio.gather(*(ask(client) for _ in range(1000)))

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 1


def test_the_fetch_outlives_the_caller_that_began_it() -> None:
    """Whichever caller is cancelled, the others get their token."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", Fault("slow", 2.0))

    async def main() -> None:
        async with client_of(sandbox) as client:
            first = asyncio.create_task(ask(client))
            await asyncio.sleep(0.5)
            second = asyncio.create_task(ask(client))
            await asyncio.sleep(0.5)
            first.cancel()
            await second

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 1


@pytest.mark.parametrize(("lifetime", "used_until"), [(3599, 3539), (100, 90)])
def test_a_token_is_renewed_before_it_expires(lifetime: float, used_until: float) -> None:
    """A minute before, or a tenth of a short life: no call meets the end of it."""
    sandbox = Sandbox(token_lifetime=lifetime)

    async def main() -> None:
        async with client_of(sandbox) as client:
            await ask(client)
            await asyncio.sleep(used_until - 1)
            await ask(client)
            assert len(sandbox.calls["TOKEN"]) == 1
            await asyncio.sleep(2)
            await ask(client)
            assert len(sandbox.calls["TOKEN"]) == 2

    run(main())


@pytest.mark.parametrize("layout", ["requests", "errors"])
def test_a_refused_token_is_renewed_once_for_all(layout: str) -> None:
    """A hundred calls with the revoked token renew it once; each is replayed once."""
    sandbox = Sandbox(unauthorized=layout)  # type: ignore[arg-type]

    async def main() -> None:
        async with client_of(sandbox, rate=None) as client:
            await ask(client)
            sandbox.revoke_tokens()
            await asyncio.gather(*(ask(client) for _ in range(40)))

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 2
    assert len(sandbox.calls["GET"]) == 1 + 40 + 40


def test_a_token_that_is_refused_as_soon_as_issued_is_an_auth_error() -> None:
    """One replay, not a loop."""
    sandbox = Sandbox()
    sandbox.script("GET", Fault("token_expired"), Fault("token_expired"))

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(AuthError, match="issued"):
                await client.get_order(NOBODY)

    run(main())
    assert len(sandbox.calls["GET"]) == 2


@pytest.mark.parametrize("code", ["v2_token_expired", "V2_AUTHORIZATION_INCORRECT", "unauthorized"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_an_expired_token_is_known_by_its_code_too(code: str, status: int) -> None:
    """Whether CDEK says 401 is not certain; the code may stand anywhere in an answer without an order."""
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": f"t{len(calls)}"})
        if request.headers["authorization"] == "Bearer t1":
            auth = {"type": "AUTH", "state": "INVALID", "errors": [{"code": code, "message": ""}]}
            return httpx.Response(status, json={"requests": [auth]})
        return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": []})

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            await client.get_order(NOBODY)

    run(main())
    assert calls == ["/v2/oauth/token", f"/v2/orders/{NOBODY}"] * 2


def test_an_old_request_with_an_auth_code_in_its_history_renews_nothing() -> None:
    """An answer that shows an order was let in."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        old = {"type": "UPDATE", "state": "INVALID", "errors": [{"code": "unauthorized"}]}
        return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": [old]})

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            await client.get_order(NOBODY)
            assert client.calls == 2

    run(main())


@pytest.mark.parametrize(
    "fault", ["server_error", "dropped_before", "empty", "html", "truncated", "too_many", "refused"]
)
def test_the_token_endpoint_is_retried_like_any_read(fault: str) -> None:
    """It is known to be flaky: timeouts, empty bodies."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", Fault(fault), Fault(fault))

    async def main() -> None:
        async with client_of(sandbox) as client:
            await ask(client)

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 3


def test_a_token_that_does_not_come_in_time_leaves_nothing_undecided() -> None:
    """Nothing of the call was sent."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", *[Fault("server_error")] * 99)

    async def main() -> None:
        async with client_of(sandbox) as client:
            with pytest.raises(TransportError) as caught:
                await client.get_order(NOBODY)
            assert not caught.value.undecided
            assert asyncio.get_running_loop().time() <= 61

    run(main())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"token": "t"}),
        (200, {"access_token": 7}),
        (200, {"access_token": ""}),
        (200, {"access_token": "a b"}),
        (200, {"access_token": "a\r\nHost: evil"}),
        (200, {"access_token": "токен"}),
        (404, {"message": "page_not_found"}),
        (400, {"message": "?"}),
        (302, {}),
    ],
)
def test_an_answer_without_a_token_is_a_bad_reply(status: int, body: object) -> None:
    """A wrong base_url, mostly; a token that would break a header is none."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))

    async def main() -> None:
        async with CdekClient("me", "secret", transport=transport) as client:
            with pytest.raises(BadReply, match="token"):
                await client.get_order(NOBODY)

    run(main())


@pytest.mark.parametrize("status", [400, 401])
def test_refused_credentials_are_not_asked_about_again_at_once(status: int) -> None:
    """However many ask; some seconds later they may be tried again."""
    calls = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        echo = {"error": "invalid_client", "error_description": "Bad client credentials: me s3cret"}
        return httpx.Response(status, json=echo)

    async def main() -> None:
        async with CdekClient("me", "s3cret", transport=httpx.MockTransport(answer)) as client:
            for _ in range(5):
                with pytest.raises(AuthError) as caught:
                    await client.get_order(NOBODY)
                assert "s3cret" not in str(caught.value)
            assert calls == 1
            await asyncio.sleep(6)
            with pytest.raises(AuthError):
                await client.get_order(NOBODY)
            assert calls == 2

    run(main())


@pytest.mark.parametrize("expires_in", [None, "3599", "soon", -1, 0, 1e30, [], True])
def test_a_lifetime_that_says_nothing_is_an_hour(expires_in: object) -> None:
    """CDEK's own schema declares it a date-time."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": expires_in})
        return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": []})

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            await client.get_order(NOBODY)
            await asyncio.sleep(0.01 if expires_in is True else 3000)
            await client.get_order(NOBODY)
            assert client.calls == 3

    run(main())


def test_credentials_go_in_the_body_and_to_the_token_url_only() -> None:
    """A query string ends up in logs."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": []})

    async def main() -> None:
        async with CdekClient("me", "s&cret", transport=httpx.MockTransport(answer)) as client:
            await client.get_order(NOBODY)

    run(main())
    token, order = requests
    assert token.method == "POST"
    assert str(token.url) == "https://api.cdek.ru/v2/oauth/token"
    assert token.content == b"grant_type=client_credentials&client_id=me&client_secret=s%26cret"
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in token.headers
    assert b"cret" not in order.content
    assert "cret" not in str(order.url)


def test_a_token_that_expires_while_its_call_queues_is_renewed_first() -> None:
    """The pacer is the last gate before the wire: what left it is sent with a token that counts."""
    sandbox = Sandbox(token_lifetime=10)

    async def main() -> None:
        async with client_of(sandbox, rate=1) as client:
            await asyncio.gather(*(ask(client) for _ in range(20)))

    run(main())
    assert len(sandbox.calls["GET"]) == 20  # none was refused and replayed
    assert len(sandbox.calls["TOKEN"]) >= 2


def test_closing_while_the_token_is_fetched_ends_who_waits_for_it() -> None:
    """A read that has no token yet is told that the client was closed, and that trying again cannot help."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", Fault("slow", 28.0))

    async def main() -> None:
        client = client_of(sandbox)
        reading = asyncio.create_task(client.get_order(NOBODY))
        await asyncio.sleep(0.1)
        await client.aclose()
        with pytest.raises(TransportError, match="no token, the client was closed") as caught:
            await reading
        assert caught.value.lasting
        assert not caught.value.undecided
        assert asyncio.get_running_loop().time() == pytest.approx(0.1)

    run(main())
    assert not sandbox.calls["GET"]


def test_no_token_is_fetched_once_the_client_is_closed() -> None:
    """A call whose token was refused just then comes back for one: no task begins that nobody ends."""
    sandbox = Sandbox()

    async def main() -> None:
        client = client_of(sandbox)
        await client.get_order(sandbox.add_order().uuid)
        await client.aclose()
        client._auth.refused(client._auth._token)
        for _ in range(2):
            with pytest.raises(TransportError, match="no token, the client was closed"):
                await client._auth.token()
        assert len(asyncio.all_tasks()) == 1

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 1


@pytest.mark.parametrize(("proven", "lasting"), [(True, False), (False, True)])
def test_credentials_that_worked_before_may_work_again(proven: bool, lasting: bool) -> None:
    """Refused from the start they stay wrong; refused after they worked they are worth another try."""

    def answer(request: httpx.Request) -> httpx.Response:
        if not accepted:
            return httpx.Response(401, json={"error": "invalid_client"})
        if request.url.path == "/v2/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 100})
        return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": []})

    accepted = proven

    async def main() -> None:
        nonlocal accepted
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            if proven:
                await client.get_order(NOBODY)
                await asyncio.sleep(200)
                accepted = False
            for _ in range(2):  # as refused, and as remembered
                with pytest.raises(AuthError) as caught:
                    await client.get_order(NOBODY)
                assert caught.value.lasting is lasting

    run(main())


def test_an_expired_token_is_not_sent_because_its_renewal_was_refused() -> None:
    """What is remembered of refused credentials gives no old token another five seconds."""
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path != "/v2/oauth/token":
            return httpx.Response(200, json={"entity": {"uuid": NOBODY}, "requests": []})
        if len(paths) == 1:
            return httpx.Response(200, json={"access_token": "t", "expires_in": 100})
        return httpx.Response(401, json={"error": "invalid_client"})

    async def main() -> None:
        async with CdekClient("me", "secret", transport=httpx.MockTransport(answer)) as client:
            await client.get_order(NOBODY)
            await asyncio.sleep(200)
            for _ in range(2):
                with pytest.raises(AuthError):
                    await client.get_order(NOBODY)

    run(main())
    assert paths == ["/v2/oauth/token", f"/v2/orders/{NOBODY}", "/v2/oauth/token"]


def test_each_caller_of_a_shared_fetch_has_an_error_of_its_own() -> None:
    """It bears his ticket, which is no business of the others."""
    sandbox = Sandbox(settle="fixed:5")
    orders = sandbox.add_orders(3)

    async def main() -> None:
        async with client_of(sandbox) as client:
            tickets = [await client.submit(DeleteOrder(order.uuid)) for order in orders]
        async with CdekClient(sandbox.client_id, "wrong", transport=SandboxTransport(sandbox)) as other:
            errors = await asyncio.gather(*map(other.settle, tickets), return_exceptions=True)
        for error, ticket in zip(errors, tickets, strict=True):
            assert isinstance(error, AuthError)
            assert error.ticket == ticket
        assert len(set(map(id, errors))) == 3

    run(main())
    assert len(sandbox.calls["TOKEN"]) == 2


def test_in_an_outage_a_failure_is_not_tried_again_at_once() -> None:
    """However many ask: a call now and then, and each caller hears why."""
    sandbox = Sandbox(faults=lambda call: Fault("refused") if call.at < 600 else None)

    async def main() -> None:
        async with client_of(sandbox) as client:
            while asyncio.get_running_loop().time() < 550:
                with pytest.raises(TransportError, match="Connection refused"):
                    await client.get_order(NOBODY)
            await asyncio.sleep(60)
            await ask(client)

    run(main())
    assert len(sandbox.calls["TOKEN"]) < 550 / 2
