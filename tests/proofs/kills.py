"""SIGKILL at random instants over one journal: every row one true verdict, no write applied or sent twice."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from tests.proofs.asked import Asked, changes, deletions
from tests.proofs.instants import Instant, drawn, reached
from tests.proofs.judge import judge
from tests.proofs.kept import Kept, kept
from tests.proofs.life import Life
from tests.proofs.proof import Disproved, arrived, finished
from tests.proofs.remote import Remote, sandbox

REPORT = "report.csv"


def deleted(folder: Path, seed: int, *, kills: int = 50, orders: int = 2000) -> Iterator[str]:
    """Deletions, over 50 lives and one more."""
    rng = random.Random(f"deleted {seed}")
    with sandbox(orders, seed) as remote:
        asked = deletions(folder / "orders.csv", remote.record()["orders"], rng)
        words = ["delete", "orders.csv", "--rate", "200"]
        yield from _killed(folder, remote, asked, words, drawn(rng, kills, "DELETE"), rng, "DELETE")


def updated(folder: Path, seed: int, *, kills: int = 10, orders: int = 300) -> Iterator[str]:
    """Updates, a third of which must never be sent again: each adds a package."""
    rng = random.Random(f"updated {seed}")
    with sandbox(orders, seed) as remote:
        asked = changes(folder / "changes.jsonl", remote.record()["orders"], rng)
        words = ["update", "changes.jsonl", "--rate", "60"]
        yield from _killed(folder, remote, asked, words, drawn(rng, kills, "PATCH"), rng, "UPDATE")


def _killed(
    folder: Path,
    remote: Remote,
    asked: Sequence[Asked],
    words: list[str],
    instants: Sequence[Instant],
    rng: random.Random,
    kind: Literal["DELETE", "UPDATE"],
) -> Iterator[str]:
    operations = len({each.uuid or each.line for each in asked if each.usable})
    phases, states = Counter[str](), [Kept(0, 0, 0, 0, frozenset())]
    opened = False
    for instant in instants:
        known = next((path.name for path in folder.glob("*.journal")), None)
        if known and opened and rng.random() < 0.5:
            command = ["resume", known, "--report", REPORT, *words[2:]]
        else:
            command = [*words, "--report", REPORT]
        with Life(folder, remote.url, *command) as life:
            if not reached(instant, life, remote):
                raise Disproved(f"{instant}: it had ended with {life.process.returncode}: {life.told}")
            opened = opened or "Journal: " in life.told
        states.append(_left(folder, remote, states[-1], operations))
        phases[instant.phase] += 1
    yield (
        f"{len(instants)} kills ({', '.join(f'{n} in {phase}' for phase, n in sorted(phases.items()))});"
        f" {operations:,} operations of {len(asked):,} rows"
    )
    steps = " ".join(str(state.final) for state in states[1:])
    yield f"final on disk at each: {steps}"
    worst = max(state.intended for state in states), max(state.accepted for state in states)
    yield f"at most {worst[0]} intents without a ticket and {worst[1]} tickets without a verdict were left"
    lives = finished(folder, remote, [*words[:2], "--report", REPORT, "--rate", "1000"])
    found = judge(kind, asked, folder / REPORT, remote.record())
    yield f"{lives} {'life' if lives == 1 else 'lives'} more to its end; {found.calls:,} calls"
    yield str(found)
    if not found.holds:
        raise Disproved("the report and the sandbox's own record do not agree")


def _left(folder: Path, remote: Remote, before: Kept, operations: int) -> Kept:
    """What is on disk after a kill, and whether it is what has to be there."""
    state = kept(folder)
    if state.final >= operations:
        raise Disproved("the job was done already: nothing was killed in its middle")
    if state.final < before.final:
        raise Disproved(f"{before.final - state.final} verdicts that were on disk are not any more")
    unintended = arrived(remote.record()) - state.orders
    if unintended:
        raise Disproved(f"{len(unintended)} writes were sent without an intent on disk: {unintended}")
    return state
