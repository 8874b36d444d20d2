import asyncio
import json
import socket
import ssl
from typing import Any

import httpx
import pytest

from cdek_async.sandbox import Fault, Sandbox, SandboxTransport
from tests.virtual import run


def connected(sandbox: Sandbox, **options: Any) -> Any:
    return httpx.AsyncClient(transport=SandboxTransport(sandbox), base_url="https://cdek.example", **options)


async def signed_in(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    credentials = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    reply = await client.post("/v2/oauth/token", data={"grant_type": "client_credentials", **credentials})
    client.headers["authorization"] = f"Bearer {reply.json()['access_token']}"


def test_an_order_is_deleted_through_httpx() -> None:
    """A plain httpx client sees a request settle as the running loop's clock goes on."""

    async def main() -> None:
        sandbox = Sandbox(settle="fixed:30")
        order = sandbox.add_order(number="A-1")
        async with connected(sandbox) as client:
            await signed_in(client, sandbox)
            reply = await client.delete(f"/v2/orders/{order.uuid}")
            assert (reply.status_code, reply.headers["content-type"]) == (202, "application/json")
            await asyncio.sleep(29)
            assert sandbox.truth(order.uuid).status == "CREATED"
            await asyncio.sleep(2)
            reply = await client.get("/v2/orders", params={"im_number": "A-1"})
            assert "REMOVED" in reply.text
            assert int(reply.headers["content-length"]) == len(reply.content)
            assert [(one.time, one.type) for one in sandbox.applied] == [(30, "DELETE")]

    run(main())


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        (Fault("refused"), httpx.ConnectError, ConnectionRefusedError),
        (Fault("dns"), httpx.ConnectError, socket.gaierror),
        (Fault("tls"), httpx.ConnectError, ssl.SSLError),
        (Fault("dropped_before"), httpx.ReadError, ConnectionResetError),
        (Fault("dropped_after"), httpx.ReadError, ConnectionResetError),
        (Fault("dropped_before", reset=False), httpx.RemoteProtocolError, type(None)),
        (Fault("truncated"), httpx.RemoteProtocolError, type(None)),
        (Fault("slow", 9), httpx.ReadTimeout, type(None)),
        (Fault("drip", 9), httpx.ReadTimeout, type(None)),
    ],
)
def test_a_broken_connection_raises_what_httpx_would(
    fault: Fault | None, error: type[httpx.RequestError], cause: type[object]
) -> None:
    """Each way to lose an answer is the exception, with the cause, of a real connection."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("GET", fault)
        async with connected(sandbox, timeout=5) as client:
            started = asyncio.get_running_loop().time()
            with pytest.raises(error) as caught:
                await client.get("/v2/orders")
            assert isinstance(caught.value.__cause__, cause)
            assert caught.value.request.method == "GET"
            waited = asyncio.get_running_loop().time() - started
            assert waited == (5 if error is httpx.ReadTimeout else 0)

    run(main())


def test_a_truncated_body_says_how_much_came() -> None:
    """The bytes that arrived and those that were promised are in the error, as with httpx."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("GET", Fault("truncated", size=7))
        async with connected(sandbox) as client:
            with pytest.raises(httpx.RemoteProtocolError, match=r"received 7 bytes, expected \d\d"):
                await client.get("/v2/orders")

    run(main())


@pytest.mark.parametrize(("timeout", "fault"), [(5, Fault("slow", 4)), (None, Fault("slow", 400))])
def test_a_slow_answer_comes_in_the_end(timeout: float | None, fault: Fault) -> None:
    """Below the read timeout, or without one, a slow answer is only slow."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("GET", fault)
        async with connected(sandbox, timeout=timeout) as client:
            assert (await client.get("/v2/orders")).status_code == 401
            assert asyncio.get_running_loop().time() == fault.seconds

    run(main())


@pytest.mark.parametrize("timeout", [5, None])
def test_a_dripping_body_outlives_the_read_timeout(timeout: float | None) -> None:
    """Each byte starts the read timeout anew, so the whole takes as long as it takes."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("GET", Fault("drip", 4))
        async with connected(sandbox, timeout=timeout) as client:
            reply = await client.get("/v2/orders")
            assert asyncio.get_running_loop().time() == 4 * len(reply.content) > 400
            assert json.loads(reply.content)

    run(main())


def test_a_compressed_body_is_one_that_httpx_can_read() -> None:
    """What the fault compresses is real gzip with a true Content-Length."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("GET", Fault("gzip", size=1000))
        async with connected(sandbox) as client:
            reply = await client.get("/v2/orders")
            assert len(reply.content) > 1000 > int(reply.headers["content-length"])
            assert reply.json()

    run(main())


def test_a_redirect_can_be_followed_only_by_who_wants_to() -> None:
    """A redirect is handed over as it is."""

    async def main() -> None:
        sandbox = Sandbox()
        sandbox.script("DELETE", Fault("redirect", status=302))
        async with connected(sandbox) as client:
            reply = await client.delete("/v2/orders/x")
            assert (reply.status_code, reply.has_redirect_location) == (302, True)

    run(main())
