"""A full disk: one clear line, nothing sent without its intent on disk, and with room again it goes on."""

import random
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proofs.kept import kept
from tests.proofs.life import Life
from tests.proofs.proof import Case, arrived, finished, held
from tests.proofs.remote import Remote, sandbox

ORDERS = 200
WORDS = ("delete", "orders.csv", "--report", "report.csv", "--rate", "150")
_SAYS = ("cannot be written", "no space left", "file too large")
# A row whose answer was lost before that says why it was not sent again, too.
_LOST = re.compile(r"line [\d,]+: undecided, .*: its answer was lost; then ")
_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.executable, [sys.executable, "-m", "cdek_async", *sys.argv[2:]])
"""


def full(folder: Path, seed: int) -> Iterator[str]:
    """On a small tmpfs where one may be mounted, and with a limit on the size of files in any case."""
    with sandbox(ORDERS, seed) as remote:
        place = folder / "limited"
        place.mkdir()
        yield "no file may grow beyond 200 kB (RLIMIT_FSIZE)"
        yield from _filled(place, remote, seed, lambda: None, limit=200_000)
    place = folder / "mounted"
    place.mkdir()
    with _small_disk(place) as mounted:
        if not mounted:
            yield "a tmpfs cannot be mounted here, so that is all"
            return
        yield "a tmpfs of 256 kB, with input, journal and report on it"
        with sandbox(ORDERS, seed) as remote:
            yield from _filled(place, remote, seed, lambda: _mount("remount,size=64m", place))


def _filled(
    folder: Path, remote: Remote, seed: int, grow: Callable[[], object], *, limit: int = 0
) -> Iterator[str]:
    """A job until there is no room, and the rest of it when there is."""
    case = Case.deletions(folder, remote, random.Random(f"full {seed}"))
    words = (str(limit), *WORDS) if limit else WORDS
    with Life(folder, remote.url, *words, before=_LIMITED if limit else "") as life:
        code = life.ends()
    told = [line for line in life.told.splitlines() if not _LOST.match(line)]
    said = [line for line in told if any(word in line for word in _SAYS)]
    held(code == 1, f"exit code {code}, not 1: {life.told}")
    held(len(said) == 1 and "Traceback" not in life.told, f"not one clear line: {life.told}")
    sent, on_disk = arrived(remote.record()), kept(folder)
    held(0 < len(sent) < ORDERS, f"{len(sent)} orders were sent: nothing ended in its middle")
    held(sent <= on_disk.orders, f"{len(sent - on_disk.orders)} orders were sent without an intent on disk")
    found = case.judged(complete=False)
    held(found.holds, f"the report is not true: {found}")
    yield f"  exit code 1 after {len(sent)} of {ORDERS} orders, each with its intent on disk: {said[0]}"
    grow()
    lives = finished(folder, remote, life.line())
    found = case.judged()
    yield f"  with room again, the printed line finished it ({lives}): {found}"
    held(found.holds, "the report and the sandbox's own record do not agree")


@contextmanager
def _small_disk(place: Path) -> Iterator[bool]:
    """A disk of 256 kB at `place`, where this process may mount one (root outside of most containers)."""
    mounted = _mount("size=256k", place)
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", place], check=True)


def _mount(options: str, place: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:  # no mount on this machine at all
        return False
