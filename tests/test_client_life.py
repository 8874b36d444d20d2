"""A client's life: what it is made of, where it may be used, how it is closed."""

import asyncio
import gc
import sys
from uuid import UUID, uuid4

import pytest

from cdek_async import (
    CdekClient,
    DeleteOrder,
    OrderNotFound,
    TransportError,
    Unsettled,
)
from cdek_async.sandbox import Fault, Sandbox
from tests.sandboxed import client_of
from tests.virtual import run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_secret": "  "}, "client_secret"),
        ({"base_url": "api.cdek.ru"}, "base_url"),
        ({"base_url": "ftp://api.cdek.ru"}, "base_url"),
        ({"base_url": "http://[::1"}, "base_url"),
        ({"client_secret": "a\nb"}, "client_secret"),
        ({"client_id": "\udcff"}, "client_id"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://api.cdek.ru:99999"}, "base_url"),
        ({"base_url": "https://user:pass@api.cdek.ru"}, "base_url"),
        ({"base_url": "https://api.cdek.ru/?a=1"}, "base_url"),
        ({"base_url": "http://api.cdek.ru"}, "plain http"),
        ({"base_url": "http://10.0.0.1"}, "plain http"),
        ({"rate": 0}, "rate"),
        ({"rate": -1.0}, "rate"),
    ],
)
def test_bad_settings_are_refused_by_name(options: dict[str, object], words: str) -> None:
    """One line that says what; nothing of the credentials in it."""
    with pytest.raises(ValueError, match=words) as caught:
        CdekClient(**{"client_id": "me", "client_secret": "s3cret", **options})  # type: ignore[arg-type]
    assert "pass" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
def test_plain_http_is_for_loopback(url: str) -> None:
    """And for who says so."""
    CdekClient("me", "secret", base_url=url)
    CdekClient("me", "secret", base_url="http://gateway.internal/cdek/", allow_http=True)


def test_no_secret_in_repr() -> None:
    """The host is enough."""
    assert repr(CdekClient("me", "s3cret")) == "<CdekClient of https://api.cdek.ru>"


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three variables; what is missing is named."""
    for name in ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET", "CDEK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="CDEK_CLIENT_ID, CDEK_CLIENT_SECRET"):
        CdekClient.from_env()
    monkeypatch.setenv("CDEK_CLIENT_ID", "me")
    monkeypatch.setenv("CDEK_CLIENT_SECRET", " s3cret ")
    assert "api.cdek.ru" in repr(CdekClient.from_env())
    for name, host in (
        ("test", "api.edu.cdek.ru"),
        ("China", "int.cdek-express.cn"),
        ("http://127.0.0.1:1", "127.0.0.1:1"),
    ):
        monkeypatch.setenv("CDEK_BASE_URL", name)
        assert host in repr(CdekClient.from_env(rate=10))
    monkeypatch.setenv("CDEK_BASE_URL", " ")  # a variable that nobody filled in means no production
    with pytest.raises(ValueError, match=r"CDEK_BASE_URL: .*production, test or china, not ''"):
        CdekClient.from_env()
    monkeypatch.setenv("CDEK_BASE_URL", "prod")
    with pytest.raises(ValueError, match=r"CDEK_BASE_URL: .*production, test or china, not 'prod'"):
        CdekClient.from_env()


def test_a_closed_client_says_so() -> None:
    """Whatever is asked of it; closing twice is fine."""

    async def main() -> None:
        client = client_of(Sandbox())
        await client.aclose()
        await client.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await client.get_order(uuid4())
        with pytest.raises(RuntimeError, match="closed"):
            await client.submit(DeleteOrder(uuid4()))

    run(main())


def test_closing_ends_who_still_waits() -> None:
    """A submit that never hears is undecided; a poll says that the client is closed; nothing is left."""
    sandbox = Sandbox(settle="never")
    hanging, polled, read = (sandbox.add_order().uuid for _ in range(3))

    async def main() -> None:
        client = client_of(sandbox)
        polling = asyncio.create_task(client.run(DeleteOrder(polled)))
        await asyncio.sleep(0.2)
        sandbox.script("DELETE", Fault("slow", 28.0))
        sandbox.script("TOKEN", Fault("slow", 28.0))
        submitting = asyncio.create_task(client.submit(DeleteOrder(hanging)))
        await asyncio.sleep(0.1)
        sandbox.script("GET", Fault("slow", 28.0))
        reading = asyncio.create_task(client.get_order(read))
        await asyncio.sleep(0.1)
        await client.aclose()
        with pytest.raises(TransportError, match="closed") as caught:
            await submitting
        assert caught.value.undecided
        with pytest.raises(TransportError, match="closed"):
            await reading
        with pytest.raises(Unsettled, match="closed") as left:
            await polling
        assert left.value.ticket.order_uuid == UUID(polled)

    run(main())


def test_closing_while_the_token_is_fetched() -> None:
    """Nothing was sent."""
    sandbox = Sandbox()
    sandbox.script("TOKEN", Fault("slow", 28.0))

    async def main() -> None:
        client = client_of(sandbox)
        submitting = asyncio.create_task(client.submit(DeleteOrder(uuid4())))
        await asyncio.sleep(0.1)
        await client.aclose()
        with pytest.raises(TransportError, match="closed") as caught:
            await submitting
        assert not caught.value.undecided

    run(main())


def test_another_loop_is_refused() -> None:
    """Its connections and timers belong to the first."""
    client = client_of(Sandbox())

    async def ask() -> None:
        with pytest.raises(OrderNotFound):
            await client.get_order(uuid4())

    run(ask())

    async def again() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await client.get_order(uuid4())

    run(again())


FORKS = """
import os, sys
from uuid import uuid4

from cdek_async import CdekClient

client = CdekClient("me", "secret")
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
try:
    client.get_order(uuid4()).send(None)
except RuntimeError as error:
    sys.exit(str(error))
"""


def test_a_forked_child_is_refused() -> None:
    """Two processes must not speak over one connection."""

    async def main() -> None:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FORKS, stderr=asyncio.subprocess.PIPE
        )
        _, said = await child.communicate()
        assert said == b"this CdekClient was made before a fork; make one in each process\n"
        assert child.returncode == 1

    asyncio.run(main())


def test_what_is_done_leaves_nothing_to_the_collector() -> None:
    """What only a collection frees grows with every order, and stops a busy loop for longer."""
    sandbox = Sandbox(settle="fixed:0.3")
    operations = [DeleteOrder(order.uuid) for order in sandbox.add_orders(60)]

    async def main() -> int:
        async with client_of(sandbox) as client:

            async def ask(some: list[DeleteOrder]) -> None:
                for operation in some[:10]:
                    await client.run(operation)
                async with client.run_all(some[10:]) as results:
                    async for _ in results:
                        pass

            await ask(operations[:30])
            gc.collect()
            gc.disable()
            try:
                await ask(operations[30:])
                return gc.collect()
            finally:
                gc.enable()

    assert run(main()) < 30  # less than one for each order: the job's own
