"""SIGKILL at random instants over one journal: every row one true verdict, no write applied or sent twice."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.proofs.instants import Instant, drawn, reached
from tests.proofs.kept import Kept, kept
from tests.proofs.life import Life
from tests.proofs.proof import REPORT, Case, arrived, finished, held
from tests.proofs.remote import sandbox

KILLS = 50


def deleted(folder: Path, seed: int) -> Iterator[str]:
    """2,000 deletions, over 50 lives and one more."""
    rng = random.Random(f"deleted {seed}")
    with sandbox(2000, seed) as remote:
        case = Case.deletions(folder, remote, rng)
        words = ["delete", "orders.csv", "--rate", "200"]
        yield from killed(case, words, drawn(rng, KILLS, "DELETE"), rng)


def updated(folder: Path, seed: int) -> Iterator[str]:
    """300 updates over 10 lives; a third of them must never be sent again, for each adds a package."""
    rng = random.Random(f"updated {seed}")
    with sandbox(300, seed) as remote:
        case = Case.changes(folder, remote, rng)
        words = ["update", "changes.jsonl", "--rate", "60"]
        yield from killed(case, words, drawn(rng, 10, "PATCH"), rng)


def killed(case: Case, words: list[str], instants: Sequence[Instant], rng: random.Random) -> Iterator[str]:
    """Kill the job of a command at each of the instants, then let it finish."""
    phases, states = Counter[str](), [Kept()]
    command = [*words, "--report", REPORT]
    for instant in instants:
        with Life(case.folder, case.remote.url, *command) as life:
            ended = not reached(instant, life, case.remote)
            held(not ended, f"{instant}: it had ended with {life.process.returncode}: {life.told}")
        states.append(_left(case, states[-1]))
        phases[instant.phase] += 1
        command = [*words, "--report", REPORT]
        if states[-1].rows and rng.random() < 0.5:
            journal = next(case.folder.glob("*.journal")).name
            command = ["resume", journal, *command[2:]]
    yield (
        f"{len(instants)} kills ({', '.join(f'{n} in {phase}' for phase, n in sorted(phases.items()))});"
        f" {case.operations:,} operations of {len(case.asked):,} rows"
    )
    yield f"final on disk at each: {' '.join(str(state.final) for state in states[1:])}"
    worst = max(state.intended for state in states), max(state.accepted for state in states)
    yield f"at most {worst[0]} intents without a ticket and {worst[1]} tickets without a verdict were left"
    lives = finished(case.folder, case.remote, [*words[:2], "--report", REPORT, "--rate", "1000"])
    found = case.judged()
    yield f"{lives} {'life' if lives == 1 else 'lives'} more to its end; {found.calls:,} calls"
    yield str(found)
    held(found.holds, "the report and the sandbox's own record do not agree")


def _left(case: Case, before: Kept) -> Kept:
    """What is on disk after a kill, and whether it is what has to be there."""
    state = kept(case.folder)
    held(state.final < case.operations, "the job was done already: nothing was killed in its middle")
    held(state.final >= before.final, f"{before.final - state.final} verdicts are not on disk any more")
    unintended = arrived(case.remote.record()) - state.orders
    held(
        len(unintended) <= state.nameless,
        f"{len(unintended)} orders were written to with {state.nameless} intents on disk: {unintended}",
    )
    return state
