"""The sandbox hangs for a while, then is gone for a while: the job waits, says so, and loses nothing."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from tests.proofs.life import Life
from tests.proofs.proof import Case, arrived, held
from tests.proofs.remote import Remote, sandbox

ORDERS = 600
HANGS, GONE = 5.0, 24.0  # seconds; a screen that is no terminal speaks every 10, of what moved since


def stopped(folder: Path, seed: int) -> Iterator[str]:
    """One job through both."""
    # No other fault: what is turned down without a word why is left to do, whatever else goes well.
    with sandbox(ORDERS, seed, faults=0.0) as remote:
        case = Case.deletions(folder, remote, random.Random(f"stopped {seed}"))
        start = time.monotonic()
        words = ("delete", "orders.csv", "--report", "report.csv", "--rate", "80")
        with Life(folder, remote.url, *words) as life:
            sent = _sent(life, remote, 100)
            remote.freeze()
            held(life.lasts(HANGS), f"it did not wait while the sandbox hung: {life.told}")
            remote.thaw()
            yield f"after {sent} orders it hung for {HANGS:g} s (SIGSTOP)"
            sent = _sent(life, remote, 300)
            remote.close()
            held(life.lasts(GONE), f"it did not wait while nobody listened: {life.told}")
            held(len(arrived(remote.record())) <= sent + 50, "calls arrived though nobody listened")
            remote.open()
            yield f"after {sent} nobody listened for {GONE:g} s"
            code = life.ends()
        said = [line for line in life.told.splitlines() if "no answer from" in line]
        held(said, f"it did not say that it waited: {life.told}")
        yield f"it said: {said[0]}"
        held(code == 1, f"exit code {code}, not 1 (some cannot be deleted): {life.told}")
        held(not life.line(), f"something is still to do: {life.told}")
        found = case.judged()
        yield f"one life of {time.monotonic() - start:.0f} s, {found.calls:,} calls"
        yield str(found)
        held(found.holds, "the report and the sandbox's own record do not agree")


def _sent(life: Life, remote: Remote, orders: int) -> int:
    """Wait until so many orders were sent."""
    while (sent := len(arrived(remote.record()))) < orders:
        held(life.lasts(0.02), f"it ended too early: {life.told}")
    return sent
