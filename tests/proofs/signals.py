"""SIGINT once and twice, SIGTERM, and SIGHUP from a terminal that is gone: it ends well and goes on."""

import os
import pty
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.proofs.judge import rows_of
from tests.proofs.kept import kept
from tests.proofs.life import Life
from tests.proofs.proof import Case, arrived, finished, held
from tests.proofs.remote import Remote, sandbox

ORDERS = 200
GRACE = 6.0
WORDS = ["delete", "orders.csv", "--report", "report.csv", "--rate", "100", "--grace", f"{GRACE:g}"]
# A process that leads its session takes the terminal it was given as its own, then becomes the command.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "cdek_async", *sys.argv[1:]])
"""


def once(folder: Path, seed: int, number: signal.Signals) -> Iterator[str]:
    """What is in flight settles, no longer than its grace; every order that was sent is in the report."""
    with sandbox(ORDERS, seed) as remote:
        case = Case.deletions(folder, remote, random.Random(f"signals {seed}"))
        with Life(folder, remote.url, *WORDS) as life:
            _hit(life, remote, number, 60)
            since = time.monotonic()
            code = life.ends()
            seconds = time.monotonic() - since
        held(seconds < GRACE + 2, f"it took {seconds:.1f} s to end, and has {GRACE:g}")
        yield from _ended(case, code, life.line(), f"ended in {seconds:.1f} s", life.told)


def twice(folder: Path, seed: int) -> Iterator[str]:
    """The second ends it at once, and what has no verdict keeps its ticket."""
    with sandbox(ORDERS, seed, settle="fixed:9") as remote:
        case = Case.deletions(folder, remote, random.Random(f"signals {seed}"))
        with Life(folder, remote.url, *WORDS) as life:
            _hit(life, remote, signal.SIGINT, 60)
            held(life.lasts(0.5), f"it did not wait for what was in flight: {life.told}")
            life.process.send_signal(signal.SIGINT)
            since = time.monotonic()
            code = life.ends()
            seconds = time.monotonic() - since
        held(seconds < 2, f"it took {seconds:.1f} s to end at once")
        open_rows = [row for row in rows_of(folder / "report.csv") if row["verdict"] == "unsettled"]
        held(open_rows, "nothing was in flight")
        held(all(row["ticket"] for row in open_rows), "an unsettled order without a ticket")
        how = f"the second ended it in {seconds:.1f} s, {len(open_rows)} tickets in the report"
        yield from _ended(case, code, life.line(), how, life.told)


def gone(folder: Path, seed: int) -> Iterator[str]:
    """The terminal of a job is closed, as when an ssh line drops: SIGHUP, and nobody to tell."""
    with sandbox(ORDERS, seed) as remote:
        case = Case.deletions(folder, remote, random.Random(f"signals {seed}"))
        master, slave = pty.openpty()
        with Life(folder, remote.url, *WORDS, before=_TAKE_TERMINAL, terminal=slave) as life:
            os.close(slave)
            _read_until(master, b"submitted")
            while len(arrived(remote.record())) < 60:
                _read_until(master, b"submitted")
            os.close(master)
            since = time.monotonic()
            code = life.ends()
            seconds = time.monotonic() - since
        held(seconds < GRACE + 2, f"it took {seconds:.1f} s to end, and has {GRACE:g}")
        journal = next(path.name for path in folder.glob("*.journal"))
        line = ["resume", journal, "--report", "report.csv"]
        yield from _ended(case, code, line, f"ended in {seconds:.1f} s", "")


def _hit(life: Life, remote: Remote, number: signal.Signals, after: int) -> None:
    """Send a signal as a DELETE arrives, in the middle of the job."""
    held(life.opens(), f"it ended before it began: {life.told}")
    remote.aim({"pid": life.process.pid, "signal": number, "kind": "DELETE", "after": after})
    while "Interrupted: " not in life.told:
        held(life.lasts(0.01), f"it ended before it was hit: {life.told}")


def _read_until(master: int, word: bytes) -> None:
    while word not in os.read(master, 65536):
        pass


def _ended(case: Case, code: int, line: list[str], how: str, told: str) -> Iterator[str]:
    """What holds after every interrupt; then the line that was printed is run."""
    held(code == 130, f"exit code {code}, not 130: {told}")
    held("Traceback" not in told, told)
    held(line[:1] == ["resume"], f"no line that goes on: {told}")
    found = case.judged(complete=False)
    held(found.holds, f"the report is not true: {found}")
    sent, on_disk = arrived(case.remote.record()), kept(case.folder)
    reported = {row["uuid"] for row in rows_of(case.folder / "report.csv")}
    held(sent <= reported, f"{len(sent - reported)} orders were sent and are not in the report")
    held(sent <= on_disk.orders, f"{len(sent - on_disk.orders)} orders were sent and are not in the journal")
    held(len(sent) < ORDERS, "the job was done already: nothing was interrupted in its middle")
    yield f"{how}, exit code 130, {len(sent)} of {ORDERS} orders sent, each of them in report and journal"
    lives = finished(case.folder, case.remote, line)
    found = case.judged()
    yield f"the printed line finished it ({lives}): {found}"
    held(found.holds, "the report and the sandbox's own record do not agree")
