"""What SECURITY.md promises, each with its test here or the name of the one that proves it.

- Redirects: below for a whole client; for one call `test_ways.test_a_redirect_leads_nowhere`.
- No transport sends again: `test_ways.test_a_call_that_may_have_arrived_is_in_doubt_and_was_sent_once`.
- Who is not trusted is told nothing: `test_ways.test_the_environments_certificates_are_trusted`.
- A body that is encoded or too long is no answer: `test_ways.test_a_body_that_may_do_harm_is_left_alone`.
- `repr` of every value: `test_orders.test_no_repr_shows_a_person`, `test_models`, `test_differences`.
- A terminal: `cli/test_text.py`, `cli/test_json.py`, `cli/test_order.test_texts_of_an_order_are_only_texts`,
  `cli/test_rehearse_update.test_values_drive_neither_terminal_nor_spreadsheet`.
"""

import asyncio
import csv
import gzip
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import pytest

from cdek_async import (
    BadReply,
    CdekClient,
    DeleteOrder,
    Journal,
    Operation,
    OrderNotFound,
    Outcome,
    Polling,
    Ticket,
    TransportError,
    UpdateOrder,
)
from cdek_async._endpoint import checked_url
from cdek_async._wire import changes_json, dumps
from cdek_async.cli._report import Entry, csv_line, json_line
from cdek_async.cli._rows import Row
from tests import replies, test_ways
from tests.cli.terminal import environment, finish
from tests.planted import MESSAGE, NOISE, ORDER, SECRET, TOKEN, changes, marks, request, shown, told
from tests.ways import WAYS, Way, every_way

JSON = "Content-Type: application/json\r\n"


def reply(status: int, body: object, headers: str = JSON) -> bytes:
    """An answer in bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {NOISE}\r\nContent-Length: {len(data)}\r\nSet-Cookie: a={NOISE}\r\n{headers}\r\n"
    )
    return head.encode() + data


def settled(state: str) -> dict[str, Any]:
    return shown(*(request(kind, state, errors=state == "INVALID") for kind in ("DELETE", "UPDATE")))


NOTED = reply(202, {"entity": {"uuid": ORDER, NOISE: NOISE}, "requests": [request("DELETE", "ACCEPTED")]})
REFUSED = {"requests": [request("DELETE", "INVALID", uuid=None, errors=True)]}
UNKNOWN = {"requests": [{"errors": [{"code": "v2_entity_not_found", "message": f"{MESSAGE} {ORDER}"}]}]}
GRANTED = reply(200, {"access_token": TOKEN, "expires_in": 3600, NOISE: NOISE})
PAGE = f"<html>{NOISE} {MESSAGE}</html>".encode()
ECHO = json.dumps(shown()).encode()


def always(answer: bytes) -> tuple[bytes, bytes, bytes]:
    """The same to a write and to a look, with a token that is granted."""
    return answer, answer, GRANTED


# What a server answers to a write, to a look, and (unless it grants a token) to the credentials.
SERVERS: dict[str, tuple[bytes, bytes, bytes]] = {
    "ok": (NOTED, reply(200, settled("SUCCESSFUL")), GRANTED),
    "invalid": (NOTED, reply(200, settled("INVALID")), GRANTED),
    "never": (NOTED, reply(200, settled("ACCEPTED")), GRANTED),
    "refused": (reply(400, REFUSED), reply(400, REFUSED), GRANTED),
    "unknown": (reply(400, UNKNOWN), reply(400, UNKNOWN), GRANTED),
    "page": always(reply(200, PAGE, "Content-Type: text/html\r\n")),
    "echo": always(reply(500, ECHO)),
    "busy": always(reply(429, ECHO, f"{JSON}Retry-After: {NOISE}\r\n")),
    "forbidden": always(reply(403, ECHO)),
    "list": always(reply(200, [MESSAGE])),
    "half": always(reply(200, ECHO[: len(ECHO) // 2])),
    "cut": always(reply(200, ECHO)[:-40]),
    "elsewhere": always(reply(307, ECHO, f"Location: https://{NOISE}.example/{MESSAGE}\r\n")),
    "garbage": always(ECHO + b"\r\n\r\n"),
    "headers": always(f"HTTP/1.1 200 OK\r\n{MESSAGE} {NOISE}\r\n\r\n".encode()),
    "number": always(f"HTTP/1.1 {MESSAGE} OK\r\n\r\n".encode()),
    "length": always(f"HTTP/1.1 200 OK\r\nContent-Length: {MESSAGE}\r\n\r\n".encode()),
    "chunks": always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + MESSAGE.encode() + b"\r\n"),
    "gone": always(b""),
    "expired": always(reply(401, ECHO)),
    "closed": (
        NOTED,
        NOTED,
        reply(401, {"error": "invalid_client", "error_description": f"{SECRET} {TOKEN}"}),
    ),
    "puzzling": (NOTED, NOTED, reply(200, {"access_token": f"{TOKEN} {SECRET}", "token": TOKEN})),
}


SETTLED = {"ok", "invalid", "refused", "unknown"}  # each call of these has an end of its own


class Server:
    """Answers as `SERVERS` says under the first part of a path; in a thread: it is no client."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lengths = [
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                await reader.readexactly(int(lengths[0].split()[1]) if lengths else 0)
                method, path = head.decode("latin-1").split()[:2]
                name = path.split("/")[1]
                write, look, token = SERVERS[name] if name in SERVERS else (b"", BOMBS[name], GRANTED)
                answer = token if "oauth" in path else look if method == "GET" else write
                # What is noted of a PATCH is an update; the word has as many letters.
                kind = b'"UPDATE"' if method == "PATCH" else b'"DELETE"'
                writer.write(answer.replace(b'"DELETE"', kind) if answer is NOTED else answer)
                await writer.drain()
                if answer in (NOTED, GRANTED):
                    continue
                break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            writer.close()


async def everything(client: CdekClient, folder: Path) -> list[object]:
    """All that a client can do, the ways to stop it included; what each came to."""
    tickets: list[Ticket] = []

    async def bulk() -> list[object]:
        operations: list[Operation] = [
            UpdateOrder(changes()),
            DeleteOrder(ORDER),
            DeleteOrder(im_number="N-1"),
        ]
        async with client.run_all(operations, journal=Journal(folder / "journal")) as results:
            return [result async for _, result in results]

    async def left(wait: float) -> object:
        async with asyncio.timeout(wait):
            return await client.run(UpdateOrder(changes()), on_ticket=tickets.append)

    job = asyncio.create_task(
        bulk()
    )  # it waits for as long as nothing is answered at all, until it is closed
    done = await asyncio.gather(
        client.run(UpdateOrder(changes()), on_ticket=tickets.append),
        client.run(DeleteOrder(ORDER), on_ticket=tickets.append),
        client.run(DeleteOrder(cdek_number="1400000001")),
        client.submit(UpdateOrder(changes())),
        client.submit(DeleteOrder(ORDER)),
        client.get_order(ORDER),
        client.find_order(im_number="N-1"),
        left(0.01),
        left(0.2),
        return_exceptions=True,
    )
    found: list[object] = list(done)
    tickets += [each for each in found if isinstance(each, Ticket)]
    for each in found:
        if isinstance(each, Outcome):
            try:
                each.raise_for_state()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
                found.append(error)
    waiting = [asyncio.create_task(client.settle(each)) for each in tickets]
    waiting.append(asyncio.create_task(client.run(DeleteOrder(ORDER))))
    await asyncio.sleep(0)
    await client.aclose(grace=0.05)
    (came,) = await asyncio.gather(job, return_exceptions=True)
    found += came if isinstance(came, list) else [came]
    return [*found, *tickets, client, *await asyncio.gather(*waiting, return_exceptions=True)]


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """A few at a time: asyncio's debug mode takes its time."""
    rest = list(names)
    while rest:
        some, rest = rest[:size], rest[size:]
        yield some


class Heard(logging.Handler):
    """Counts what every logger says at DEBUG, by logger, and keeps what names somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.getMessage()} {record.args} {told_of(record.exc_info)}"
        self.counts[record.name] += 1
        # Where a caller takes httpx's own transport, httpcore logs the heads of answers at DEBUG.
        if marks(text) and not record.name.startswith("httpcore."):
            self.leaks.append(f"{record.name}: {text[:400]}")


def told_of(exc_info: Any) -> str:
    return " ".join(told(exc_info[1])) if exc_info and exc_info[1] else ""


@contextmanager
def heard() -> Iterator[Heard]:
    """All logging goes to one place, for as long as the block lasts."""
    root, handler = logging.getLogger(), Heard()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.handlers[:] = before
        root.setLevel(level)


@every_way
def test_nothing_that_is_said_names_a_person_or_a_secret(way: Way, tmp_path: Path) -> None:
    """Logs at DEBUG, asyncio's too; results, errors, causes and contexts, tickets, pickles, journals."""
    results: dict[str, list[object]] = {}

    async def main(port: int) -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0  # in debug mode each step is logged, with what it works on

        def client_of(name: str) -> CdekClient:
            (tmp_path / name).mkdir()
            return CdekClient(
                "zq7xidk",
                SECRET,
                base_url=f"http://127.0.0.1:{port}/{name}",
                polling=Polling(wait_initial=0.05, timeout=10 if name in SETTLED else 1.5),
                transport=way(),
            )

        clients = {name: client_of(name) for name in SERVERS}  # each reads certificates, which takes a while
        for some in batched(clients, 5):
            done = await asyncio.gather(*(everything(clients[name], tmp_path / name) for name in some))
            results.update(zip(some, done, strict=True))

    with Server() as server, heard() as logs:
        asyncio.run(main(server.port), debug=True)
    assert len(marks(json.dumps(shown()))) > 60
    kinds = {type(each).__name__ for found in results.values() for each in found}
    assert kinds >= {"Outcome", "Ticket", "OrderInfo", "Rejected", "TransportError", "BadReply", "AuthError"}
    assert kinds >= {"Unsettled", "OrderNotFound", "TimeoutError"}
    leaks = {
        f"{name}: {type(each).__name__}: {text[max(0, text.index(mark) - 60) :][:160]}"
        for name, found in results.items()
        for each in found
        for text in told(each)
        for mark in marks(text)
    }
    assert leaks == set()
    assert logs.leaks == []
    assert logs.counts["asyncio"] > 1000
    assert logs.counts["cdek_async"] > 50
    kept = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) >= len(SERVERS)
    assert set().union(*map(marks, kept)) == set()


@pytest.mark.parametrize(
    ("name", "verdict"), [("refused", "rejected"), ("invalid", "rejected"), ("closed", ""), ("half", "")]
)
def test_the_command_line_names_nobody(tmp_path: Path, name: str, verdict: str) -> None:
    """Its standard error has codes; CDEK's messages are in the report, which its user asked for."""
    orders, report = tmp_path / "changes.jsonl", tmp_path / "report.csv"
    orders.write_bytes(dumps(changes_json(changes())) + b'\n{"uuid": "x", "comment": "zq7xak"}\n')
    arguments = [f"{orders}", "--yes", "--timeout", "3", "--grace", "0", "--report", f"{report}"]
    with Server() as server:
        env = environment(f"http://127.0.0.1:{server.port}/{name}", CDEK_CLIENT_SECRET=SECRET)
        code, out, err = finish("update", *arguments, env=env | {"PYTHONASYNCIODEBUG": "1"})
    assert code in (1, 3), err
    assert verdict in err
    assert marks(out + err) == set()
    assert not report.exists() or marks(report.read_text()) == ({MESSAGE} if verdict else set())


@every_way
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_go_to_one_host(
    way: Way, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a token's nor an order's redirect is followed, wherever it leads; nor is a netrc read."""
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    elsewhere = test_ways.Server(test_ways.OK + b"\r\n{}")
    granted = GRANTED.replace(b"Set-Cookie", b"X-Cookie")

    async def main() -> None:
        async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as other:
            location = f"Location: http://localhost:{other.sockets[0].getsockname()[1]}/v2/oauth/token\r\n"
            moved = reply(status, {}, location)
            for answers in ([moved], [granted, moved]):
                asked = test_ways.Server(*answers)
                async with await asyncio.start_server(asked, "127.0.0.1", 0) as listening:
                    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
                    async with CdekClient("me", SECRET, base_url=url, transport=way()) as client:
                        with pytest.raises(BadReply):
                            await client.run(DeleteOrder(ORDER), timeout=0.5)
                assert SECRET.encode() in asked.bodies[0]
                assert not any(SECRET.encode() in head for head in asked.heads)
                assert b"authorization" not in asked.heads[0].lower()

    asyncio.run(main())
    assert elsewhere.heads == []


@pytest.mark.parametrize("way", ["aiohttp", "fast"], indirect=True)
def test_a_proxy_of_https_hears_only_where_it_leads(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONNECT and the host; credentials and tokens are within the tunnel."""
    proxy = test_ways.Server(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async def main() -> None:
        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listening:
            address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            monkeypatch.setenv("https_proxy", address)
            monkeypatch.setenv("no_proxy", "")
            async with CdekClient("me", SECRET, base_url="https://cdek.invalid", transport=way()) as client:
                with pytest.raises(TransportError):
                    await client.run(DeleteOrder(ORDER), timeout=1)

    asyncio.run(main())
    assert {head.split(b"\r\n")[0] for head in proxy.heads} == {b"CONNECT cdek.invalid:443 HTTP/1.1"}
    assert not any(b"authorization" in head.lower() for head in proxy.heads)
    assert set(proxy.bodies) == {b""}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://api.cdek.ru", False),
        ("HTTP://api.cdek.ru", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://192.168.0.1", False),
        ("http://0.0.0.0", False),
        ("http://localhost@example.com", False),
        ("ftp://localhost", False),
    ],
)
def test_plain_http_is_for_loopback(url: str, allowed: bool) -> None:
    """Elsewhere the credentials would be readable on their way; a user may allow it."""
    if allowed:
        checked_url(url, allow_http=False)
    else:
        with pytest.raises(ValueError, match="base_url"):
            checked_url(url, allow_http=False)


BOMB = gzip.compress(bytes(2**26)) * 60  # 4 GB in 4 MB: members of a gzip file follow each other
BOMBS = {
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
    "transfer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n" + BOMB,
    "long": b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + bytes(2**27),
    "header": b"HTTP/1.1 200 OK\r\nA: " + b"a" * 2**27,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"A: aaaa\r\n" * (2**27 // 9),
}
VICTIM = """
import asyncio, sys
from benchmarks.side import peak_memory
from cdek_async import CdekClient, CdekError, Polling
from tests.test_security import BOMBS, ORDER
from tests.ways import WAYS, as_on

async def ask(way, url, name):
    options = {"transport": way(), "polling": Polling(timeout=1)}
    async with CdekClient("me", "secret", base_url=f"{url}/{name}", **options) as client:
        try:
            await client.get_order(ORDER)
        except CdekError:
            return
        raise AssertionError(f"{name} was an answer")

async def main(way, url):
    await ask(WAYS[way], url, "page")
    for bomb in BOMBS:
        before = peak_memory()
        await ask(WAYS[way], url, bomb)
        print(bomb, peak_memory() - before)

with as_on(sys.argv[1]):
    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_bomb_costs_little_memory(way: str) -> None:
    """Less than 20 MB, whatever is sent; in a process of its own, so that its peak can be told."""
    with Server() as server:
        command = [sys.executable, "-c", VICTIM, way, f"http://127.0.0.1:{server.port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr
    cost = {name: float(grown) for name, grown in map(str.split, done.stdout.splitlines())}
    assert set(cost) == set(BOMBS)
    assert sum(cost.values()) < 20, cost


@every_way
def test_ids_are_never_paths(way: Way) -> None:
    """A uuid is one, or is refused before anything is sent; a number is a value of the query, and no more."""
    for nasty in (
        "../oauth/token",
        f"{ORDER}/../x",
        f"{ORDER}?a=b",
        f"{ORDER}#",
        "%2e%2e",
        f"{ORDER}\r\nA: b",
        "//x",
    ):
        with pytest.raises(ValueError, match="is not a UUID"):
            DeleteOrder(nasty)
        with pytest.raises(ValueError, match="damaged"):
            Ticket.from_json(
                replies.ticket().to_json().replace(str(replies.ORDER), nasty.replace("\r\n", " "))
            )
    server = test_ways.Server(GRANTED, reply(400, UNKNOWN))
    numbers = [
        "../../x",
        "a/b",
        "a?b=c&cdek_number=1",
        "a#b",
        "%2e%2e%2f",
        "a b+c",
        "http://elsewhere/",
        ";/",
    ]

    async def main() -> None:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            async with CdekClient("me", SECRET, base_url=url, transport=way()) as client:
                for number in numbers:
                    with pytest.raises((OrderNotFound, BadReply)):
                        await client.find_order(im_number=number)

    asyncio.run(main())
    asked = [head.decode("ascii").split()[1].partition("?") for head in server.heads[1:]]
    assert [(path, parse_qsl(query)) for path, _, query in asked] == [
        ("/v2/orders", [("im_number", number)]) for number in numbers
    ]


NASTY = "=1+1 \x1b[2J\x07\x9b\u202e;=HYPERLINK(1)\n@SUM(1)|+7,\t-2 <script>"


def test_a_report_carries_neither_formulas_nor_control() -> None:
    """Whichever separator a reader takes; CSV and JSON Lines are text, and no report shows markup."""
    entry = Entry(
        Row(2, cdek_number=NASTY, im_number=NASTY), NASTY, [(NASTY, NASTY)], NASTY, NASTY, None, NASTY
    )
    for line in (csv_line(entry), json_line(entry)):
        assert line.endswith("\n")
        assert line[:-1].isprintable()
    assert json.loads(json_line(entry))["im_number"] == NASTY
    for separator in ",;|\t":
        for cells in csv.reader([csv_line(entry)], delimiter=separator):
            assert [
                cell for cell in cells if cell.lstrip(" \"'")[:1] in tuple("=+-@") and "'" not in cell
            ] == []


def permissions(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


def test_a_journal_is_its_owners_alone(tmp_path: Path) -> None:
    """From its first moment, with what SQLite keeps beside it, also where these were there, open to all."""
    path = tmp_path / "journal"
    seen: dict[str, int] = {}

    async def main() -> None:
        before = os.umask(0)
        try:
            journal = Journal(path)
            await journal.open("host", "account")
            await journal.claim(0, DeleteOrder(ORDER))
            seen.update(permissions(tmp_path))
            await journal.close()
        finally:
            os.umask(before)

    asyncio.run(main())
    assert seen == {"journal": 0o600, "journal-wal": 0o600}
    path.chmod(0o666)
    Path(f"{path}-wal").touch(0o666)
    Path(f"{path}-wal").chmod(0o666)
    seen.clear()
    asyncio.run(main())
    assert seen == {"journal": 0o600, "journal-wal": 0o600}
