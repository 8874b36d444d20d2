"""The proofs as a command: what was done to a job, and whether it is true all the same."""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.proofs import full, kills, signals, stopped
from tests.proofs.proof import Disproved

PROOFS: dict[str, tuple[str, Callable[[Path, int], Iterator[str]]]] = {
    "deleted": ("kill -9, deletions", kills.deleted),
    "updated": ("kill -9, updates", kills.updated),
    "SIGINT": ("SIGINT", partial(signals.once, number=signal.SIGINT)),
    "SIGINT2": ("SIGINT twice", signals.twice),
    "SIGTERM": ("SIGTERM", partial(signals.once, number=signal.SIGTERM)),
    "SIGHUP": ("SIGHUP, the terminal is gone", signals.gone),
    "stopped": ("the sandbox stopped for a while", stopped.stopped),
    "full": ("a full disk", full.full),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="proofs", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("proof", nargs="*", help=f"only these, of {', '.join(PROOFS)}")
    wishes = parser.parse_args()
    if unknown := set(wishes.proof) - set(PROOFS):
        parser.error(f"no such proof: {', '.join(unknown)}")
    print(f"seed {wishes.seed}", flush=True)
    start = time.monotonic()
    failed = [name for name in wishes.proof or PROOFS if not proved(name, wishes.seed)]
    if failed:
        print(f"does NOT hold: {', '.join(failed)}; once more: --seed {wishes.seed}")
    else:
        print(f"all hold, in {time.monotonic() - start:.0f} s")
    return bool(failed)


def proved(name: str, seed: int) -> bool:
    """Carry one proof out, and tell what it finds as it finds it."""
    title, proof = PROOFS[name]
    print(f"\n{title}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cdek-async-proof-") as place:
        folder = Path(place) / "job"
        folder.mkdir()
        try:
            for line in proof(folder, seed):
                print(f"  {line}", flush=True)
        except Disproved as error:
            print(f"  DOES NOT HOLD: {error}")
            return False
    print(f"  {time.monotonic() - start:.0f} s")
    return True


if __name__ == "__main__":
    sys.exit(main())
