"""Commands as people start them, in a child process; and a sandbox for them to talk to."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from cdek_async.sandbox import Sandbox, serve


@contextlib.contextmanager
def served(sandbox: Sandbox) -> Iterator[str]:
    """The sandbox behind a real socket, in a thread of its own."""
    ready, urls = threading.Event(), []

    async def main() -> None:
        async with serve(sandbox) as url:
            urls.append(url)
            loops.append(asyncio.get_running_loop())
            stop.append(asyncio.Event())
            ready.set()
            await stop[0].wait()

    loops: list[asyncio.AbstractEventLoop] = []
    stop: list[asyncio.Event] = []
    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loops[0].call_soon_threadsafe(stop[0].set)
        thread.join()


def environment(url: str = "http://127.0.0.1:1", **more: str) -> dict[str, str]:
    """What a command needs to know of a sandbox at `url`."""
    known = {"CDEK_BASE_URL": url, "CDEK_CLIENT_ID": "sandbox", "CDEK_CLIENT_SECRET": "sandbox-secret"}
    return {**os.environ, "COLUMNS": "100", **known, **more}


def start(
    *arguments: str,
    env: dict[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    start_new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """A command in a child process, with pipes for what is not given."""
    ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a child of nohup's would rightly ignore it
    try:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "cdek_async", *arguments],
            env=env or environment(),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=start_new_session,
        )
    finally:
        signal.signal(signal.SIGHUP, ours)


def finish(*arguments: str, given: bytes = b"", **options: Any) -> tuple[int, str, str]:
    """The exit code, output and errors of a command in a child process."""
    with start(*arguments, **options) as child:
        out, err = child.communicate(given, timeout=20)
    return child.returncode, (out or b"").decode(), err.decode()
