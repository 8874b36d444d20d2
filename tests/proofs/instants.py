"""When a life ends: instants drawn from its start-up to the settling of what it sent."""

import random

from attrs import frozen

from tests.proofs.life import Life
from tests.proofs.remote import Remote


@frozen
class Instant:
    """`seconds` after the start or the journal is open; or earlier, at the `after`-th call of a kind."""

    phase: str
    seconds: float
    opened: bool = True
    kind: str = ""
    after: int = 0


def drawn(rng: random.Random, n: int, write: str) -> list[Instant]:
    """`n` of them, in no order; `write` is the method of the writes."""
    found = [_drawn(rng, _PHASES[number % len(_PHASES)], write) for number in range(n)]
    rng.shuffle(found)
    return found


# Many are cheap; the dear ones, which let the job come further, are in every handful.
_PHASES = (
    *("start-up", "sends", "looks", "claims", "settling"),
    *("start-up", "claims", "looks", "sends", "claims"),
)


def _drawn(rng: random.Random, phase: str, write: str) -> Instant:
    match phase:
        case "start-up":
            return Instant(phase, rng.uniform(0, 0.6), opened=False)
        case "claims":
            return Instant(phase, rng.uniform(0, 0.08))
        case "sends":
            return Instant(phase, 4.0, kind=write, after=rng.randint(1, 60))
        case "looks":
            return Instant(phase, 4.0, kind="GET", after=rng.randint(1, 120))
        case _:
            return Instant(phase, rng.uniform(3.2, 4.5))


def reached(instant: Instant, life: Life, remote: Remote) -> bool:
    """Let a life go on until its instant; then it is dead, or (False) has ended by itself before."""
    if instant.opened and not life.opens():
        return False
    if instant.kind:
        remote.aim({"pid": life.process.pid, "signal": 9, "kind": instant.kind, "after": instant.after})
        shot = not life.lasts(instant.seconds)
        remote.aim(None)
        if shot:
            return life.process.returncode == -9
    elif not life.lasts(instant.seconds):
        return False
    if not life.alive:
        return life.process.returncode == -9  # between the two words to the sandbox
    life.kill()
    return life.process.returncode == -9
