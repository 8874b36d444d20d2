"""One exchange: what goes out, what comes back, and what is made of silence."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cdek_async import BadReply, TransportError
from cdek_async._exchange import LIMIT, ServerClock, Wire
from cdek_async._models import Call, Reply
from cdek_async._over_httpx import OverHttpx
from cdek_async._pacing import Pacer, Urgency
from cdek_async._transport import MAX_REPLY
from tests.virtual import run

GET = Call("GET", "/v2/orders/1")
DELETE = Call("DELETE", "/v2/orders/1", write=True)


class Scripted(httpx.AsyncBaseTransport):
    """Answers every request by a function, or hangs."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


class Hanging(httpx.AsyncBaseTransport):
    """Keeps no timeout that it is given."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(10_000)
        raise AssertionError("it should have been cut")


class Endless(httpx.AsyncByteStream):
    """A body that never ends: chunks of a size, some seconds apart."""

    def __init__(self, size: int = 1, every: float = 0) -> None:
        self.chunks = 0
        self._size, self._every = size, every

    def __aiter__(self) -> "Endless":
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(self._every)
        self.chunks += 1
        return b" " * self._size


async def exchange(transport: httpx.AsyncBaseTransport, call: Call = GET, seconds: float = 5) -> Reply:
    pacer = Pacer(None, 1)
    base_url = "https://cdek.test/prefix"
    wire = Wire(base_url, OverHttpx(base_url, transport), pacer)
    await pacer.acquire(Urgency.SINGLE)
    try:
        return await wire.exchange(call, seconds, "Bearer secret", alone=call.write)
    finally:
        await wire.aclose()
        pacer.close()


def answered(response: httpx.Response, call: Call = GET) -> Reply:
    return run(exchange(Scripted(lambda _: response), call))


def failed(error: BaseException, call: Call = DELETE) -> TransportError:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(TransportError) as caught:
        run(exchange(Scripted(answer), call))
    return caught.value


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def test_a_call_goes_to_the_host_with_its_token_and_asks_for_no_compression() -> None:
    """Half a megabyte of gzip can be half a gigabyte; and httpx takes its timeouts from the request."""
    transport = Scripted(lambda _: httpx.Response(200, json={}))
    call = Call("PATCH", "/v2/orders", params={"a": "я&b"}, body=b"{}", write=True)
    run(exchange(transport, call, seconds=3))
    (request,) = transport.requests
    assert str(request.url) == "https://cdek.test/prefix/v2/orders?a=%D1%8F%26b"
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("cdek-async/")
    assert request.extensions["timeout"] == {"connect": 3, "pool": 3, "read": 3, "write": 3}
    assert request.content == b"{}"


@pytest.mark.parametrize(
    ("response", "data"),
    [
        (httpx.Response(200, json={"requests": []}), {"requests": []}),
        (httpx.Response(200, content=b'{"a":1}'), {"a": 1}),
        (httpx.Response(200, content=b"{}", headers={"Content-Type": "application/problem+json"}), {}),
        (httpx.Response(200, content=b"{}", headers={"Content-Type": "text/html"}), None),
        (httpx.Response(200, content=b"<html>"), None),
        (httpx.Response(200, content=b""), None),
        (httpx.Response(200, content=b"[1]"), None),
        (httpx.Response(200, content=b'{"a":'), None),
    ],
)
def test_only_json_is_read(response: httpx.Response, data: object) -> None:
    """HTML, an empty body and a wrong content type are no answer, whatever the status."""
    assert answered(response).data == data


def test_a_compressed_body_is_not_opened() -> None:
    """It was not asked for; who sends one may mean harm."""
    bomb = Endless(size=65_536)
    reply = answered(httpx.Response(200, stream=bomb, headers={"Content-Encoding": "gzip"}))
    assert bomb.chunks == 0
    assert reply.data is None
    assert "encoded" in reply.snippet


def test_a_body_over_the_limit_is_not_kept() -> None:
    """No more than the limit and one chunk is ever held."""
    stream = Endless(size=65_536)
    reply = answered(httpx.Response(200, stream=stream))
    assert reply.data is None
    assert "4 MiB" in reply.snippet
    assert stream.chunks == MAX_REPLY // 65_536 + 1


class Generated(httpx.AsyncByteStream):
    """A body over the limit from an async generator, as those of httpx's own transports are."""

    ended_where_it_began = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        task = asyncio.current_task()
        try:
            yield b" " * (MAX_REPLY + 1)
            yield b"more"
        finally:
            self.ended_where_it_began = asyncio.current_task() is task


def test_a_body_that_is_given_up_leaves_no_generator_behind() -> None:
    """The loop would close it later, in a task of its own that outlives the client."""
    stream = Generated()
    answered(httpx.Response(200, stream=stream))
    assert stream.ended_where_it_began


def test_a_body_that_drips_is_cut() -> None:
    """The read timeout starts anew with every byte; the total does not."""

    async def main() -> None:
        with pytest.raises(TransportError) as caught:
            await exchange(Scripted(lambda _: httpx.Response(200, stream=Endless(every=1))), DELETE)
        assert caught.value.undecided
        assert asyncio.get_running_loop().time() < 7

    run(main())


def test_a_transport_that_keeps_no_timeout_is_cut() -> None:
    """A second after its own limit; a write may have left."""

    async def main() -> None:
        with pytest.raises(TransportError) as caught:
            await exchange(Hanging(), DELETE, seconds=1000)
        assert caught.value.undecided
        assert asyncio.get_running_loop().time() == pytest.approx(LIMIT + 1)

    run(main())


def test_a_read_that_is_cut_off_by_somebody_else_is_no_cancellation() -> None:
    """A transport whose own work was cancelled has not answered; its caller was not called off."""

    class Cancelled(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise asyncio.CancelledError(request.method)

    with pytest.raises(TransportError, match="no answer, cut off") as caught:
        run(exchange(Cancelled()))
    assert not caught.value.undecided


def test_what_a_transport_says_of_its_own_limit_is_told() -> None:
    """It comes a little later than the limit: the call was on its way to it by then."""

    class Late(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.1 + request.extensions["timeout"]["read"])
            raise httpx.ReadTimeout("too late")

    with pytest.raises(TransportError, match="ReadTimeout"):
        run(exchange(Late(), seconds=1000))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_redirects_are_not_followed(status: int) -> None:
    """Followed, the credentials would go elsewhere, or a DELETE become a GET that succeeds."""
    transport = Scripted(
        lambda _: httpx.Response(status, headers={"Location": "https://elsewhere.test/"}),
    )
    with pytest.raises(BadReply, match="redirect") as caught:
        run(exchange(transport))
    assert caught.value.status == status
    assert caught.value.lasting
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "soon"}, None),
        (
            {"Retry-After": "Sat, 21 Nov 2026 10:01:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"},
            60.0,
        ),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:01:00 GMT"}, None),
        ({"Retry-After": "Sat, 99 Nov 2026 10:01:00 GMT", "Date": "nonsense"}, None),
    ],
)
def test_retry_after_comes_as_seconds_or_date(headers: dict[str, str], seconds: float | None) -> None:
    """A date is taken against the reply's own Date: our clock may be off."""
    assert answered(httpx.Response(429, headers=headers)).retry_after == seconds


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Sat, 21 Nov 2026 10:00:00 GMT", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 13:00:00 +0300", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:00:00 -0000", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("nonsense", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Mon, 01 Jan 0999 00:00:00 GMT", None),
    ],
)
def test_the_servers_date_is_read(text: str, date: datetime | None) -> None:
    """Always with a zone, so that it compares, and far from the calendar's ends."""
    assert answered(httpx.Response(200, headers={"Date": text})).date == date


@pytest.mark.parametrize(
    ("error", "undecided", "lasting"),
    [
        (httpx.ConnectError("refused"), False, False),
        (httpx.ConnectTimeout("slow"), False, False),
        (httpx.PoolTimeout("full"), False, False),
        (httpx.ProxyError("407"), False, False),
        (httpx.UnsupportedProtocol("ftp"), False, True),
        (caused(httpx.ConnectError("tls"), ssl.SSLCertVerificationError(1, "self-signed")), False, True),
        (caused(httpx.ConnectError("reset"), ConnectionResetError(104, "Connection reset")), True, False),
        (caused(httpx.ConnectTimeout("cut"), BrokenPipeError(32, "Broken pipe")), True, False),
        (httpx.ReadTimeout("slow"), True, False),
        (httpx.WriteError("cut"), True, False),
        (httpx.RemoteProtocolError("cut"), True, False),
        (caused(httpx.ReadError("tls"), ssl.SSLError(1, "bad record")), True, False),
        (OSError(5, "Input/output error"), True, False),
        (ValueError("a defect of the transport"), True, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_silence_is_told_apart_by_what_lies_beneath(error: Exception, undecided: bool, lasting: bool) -> None:
    """Some transports report a connection that was cut after the send as one that was never made."""
    raised = failed(error)
    assert (raised.undecided, raised.lasting) == (undecided, lasting)
    assert type(error).__name__ in repr(raised.__cause__)
    assert not failed(error, GET).undecided


def test_what_happened_is_told_in_the_systems_words() -> None:
    """A person can act on "Connection refused"; the transport's own text may hold anything."""
    refused = caused(httpx.ConnectError("marker"), ConnectionRefusedError(111, "Connection refused"))
    assert str(failed(refused)) == "DELETE /v2/orders/1: no answer from cdek.test (Connection refused)"
    slow = httpx.ReadTimeout("marker")
    assert str(failed(slow)) == "DELETE /v2/orders/1: no answer from cdek.test (ReadTimeout)"
    tls = caused(httpx.ConnectError("marker"), ssl.SSLCertVerificationError(1, "self-signed"))
    assert str(failed(tls)) == "DELETE /v2/orders/1: no answer from cdek.test (TLS failed: self-signed)"


@pytest.mark.parametrize(
    "error", [httpx.RemoteProtocolError("marker"), ValueError("marker"), OSError("marker")]
)
def test_what_a_library_says_goes_no_further(error: Exception) -> None:
    """It may quote what came: of the cause its name is left, and nothing hides in a context."""
    raised = failed(caused(error, ValueError("marker")))
    cause = raised.__cause__
    assert type(error).__name__ in repr(cause)
    assert cause is not None
    for each in (raised, cause):
        assert "marker" not in f"{each} {each!r}"
        assert each.__context__ is None
    assert cause.__cause__ is None


def test_causes_that_go_in_circles_end() -> None:
    """Two errors can name each other."""
    one, two = httpx.ReadError("1"), httpx.ReadError("2")
    one.__cause__, two.__cause__ = two, one
    assert failed(one).undecided


def test_a_response_without_an_async_stream_is_a_defect_that_is_told() -> None:
    """A sync body under an async transport cannot be read."""
    response = httpx.Response(200, content=iter([b"{}"]))
    with pytest.raises(TransportError, match=r"TypeError|RuntimeError"):
        answered(response)


@pytest.mark.parametrize(
    ("response", "snippet"),
    [
        (httpx.Response(200, json={"reason": "Иван", "Бог": 1}), "JSON with the keys: reason"),
        (httpx.Response(200, json={"+79990001122": 1}), "JSON with the keys: none known"),
        (httpx.Response(502, html="<title>Иван</title>"), "23 bytes, text/html"),
        (httpx.Response(502, content=b"x", headers={"Content-Type": "Ivan Petrov"}), "no content type"),
    ],
)
def test_a_snippet_says_nothing_of_a_person(response: httpx.Response, snippet: str) -> None:
    """Only what the body looked like: a gateway may echo anything."""
    assert snippet in answered(response).snippet
    assert "Иван" not in answered(response).snippet


def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """DEBUG tells method, path and status; never a query, a body or a token."""
    caplog.set_level(logging.DEBUG)
    call = Call("GET", "/v2/orders", params={"im_number": "marker"}, body=b"marker")
    run(exchange(Scripted(lambda _: httpx.Response(200, json={"marker": 1})), call))
    assert "GET /v2/orders: 200" in caplog.text
    assert "marker" not in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("status", [200, 302])
def test_an_exchange_gives_its_place_back_once(status: int, *, alone: bool) -> None:
    """Twice would let more out than there are connections, in time any number."""

    async def main() -> None:
        pacer = Pacer(None, 1)
        transport = Scripted(lambda _: httpx.Response(status, json={}))
        wire = Wire("https://cdek.test", OverHttpx("https://cdek.test", transport), pacer)
        await pacer.acquire(Urgency.SINGLE)
        with suppress(BadReply):
            await wire.exchange(GET, 1, alone=alone)
        assert pacer.take() is not None
        assert pacer.take() is None

    run(main())


def test_the_servers_clock_goes_on_between_replies() -> None:
    """By our monotonic clock: a Date of five minutes ago does not make an old request look new."""

    async def main() -> None:
        pacer = Pacer(None, 1)
        date = {"Date": "Sat, 21 Nov 2026 10:00:00 GMT"}
        transport = Scripted(lambda _: httpx.Response(200, headers=date, json={}))
        wire = Wire("https://cdek.test", OverHttpx("https://cdek.test", transport), pacer)
        assert wire.clock.now() is None
        await pacer.acquire(Urgency.SINGLE)
        await wire.exchange(GET, 1)
        await asyncio.sleep(300)
        assert wire.clock.now() == datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
        wire.clock.note(None, wire.clock.moment())
        assert wire.clock.now() == datetime(2026, 11, 21, 10, 5, tzinfo=UTC)

    run(main())


def test_of_the_replies_of_one_second_the_first_tells_most() -> None:
    """Each of them was sent within that second; carried on from a later one the clock would be behind."""

    async def main() -> None:
        clock = ServerClock(asyncio.get_running_loop().time)
        date = datetime(2026, 11, 21, 10, tzinfo=UTC)
        clock.note(date, clock.moment())
        await asyncio.sleep(0.75)
        clock.note(date, clock.moment())
        assert clock.now() == date + timedelta(seconds=0.75)

    run(main())


def test_the_servers_clock_is_unknown_after_the_machine_slept() -> None:
    """Its monotonic clock stood still meanwhile: with it, an hour-old request would look new."""

    async def main() -> None:
        wall = 0.0
        clock = ServerClock(lambda: wall)
        asked = clock.moment()
        clock.note(datetime(2026, 11, 21, 10, tzinfo=UTC), asked)
        await asyncio.sleep(5)
        wall += 5.5  # clocks drift
        assert clock.now() == datetime(2026, 11, 21, 10, 0, 5, tzinfo=UTC)
        wall += 3600
        assert clock.now() is None
        clock.note(datetime(2026, 11, 21, 10, tzinfo=UTC), asked)  # it slept with that answer under way
        assert clock.now() is None
        clock.note(datetime(2026, 11, 21, 11, tzinfo=UTC), clock.moment())
        assert clock.now() == datetime(2026, 11, 21, 11, tzinfo=UTC)

    run(main())


@pytest.mark.parametrize(("status", "body"), [(429, "{}"), (502, "{}"), (200, "<html></html>")])
def test_who_is_not_cdek_does_not_tell_the_time(status: int, body: str) -> None:
    """It is not CDEK that answers, and its clock may be minutes off."""

    async def main() -> None:
        pacer = Pacer(None, 1)
        date = {"Date": "Sat, 21 Nov 2026 10:00:00 GMT"}
        transport = Scripted(lambda _: httpx.Response(status, headers=date, text=body))
        wire = Wire("https://cdek.test", OverHttpx("https://cdek.test", transport), pacer)
        await pacer.acquire(Urgency.SINGLE)
        await wire.exchange(GET, 1)
        assert wire.clock.now() is None

    run(main())


@pytest.mark.parametrize(("seconds", "shown"), [(0.5, (10, 0, 30)), (20.0, (10, 1, 0))])
def test_an_answer_that_took_long_does_not_set_the_servers_clock_back(
    seconds: float, shown: tuple[int, int, int]
) -> None:
    """Its Date is as old as the answer; with it, a colleague's update of that time could pass for ours."""

    async def main() -> None:
        wire = Wire(
            "https://cdek.test",
            OverHttpx("https://cdek.test", Scripted(lambda _: httpx.Response(200))),
            Pacer(None, 1),
        )
        asked = wire.clock.moment()
        wire.clock.note(datetime(2026, 11, 21, 10, tzinfo=UTC), asked)
        await asyncio.sleep(60 - seconds)
        asked = wire.clock.moment()
        await asyncio.sleep(seconds)
        wire.clock.note(datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC), asked)
        assert wire.clock.now() == datetime(2026, 11, 21, *shown, tzinfo=UTC)

    run(main())
