"""kill -9 on the command line: the same command goes on, and so does `resume`."""

import random
from pathlib import Path

from tests.proofs.instants import Instant
from tests.proofs.kills import killed
from tests.proofs.proof import Case
from tests.proofs.remote import sandbox

INSTANTS = (
    Instant("sends", 20, kind="DELETE", after=7),
    Instant("looks", 20, kind="GET", after=30),
    Instant("claims", 0),
)


def test_a_command_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Three times, at the worst of moments: every row one verdict, none sent twice, lost or wrong."""
    rng = random.Random(3)  # noqa: S311 - to be repeatable
    folder = tmp_path / "job"
    folder.mkdir()
    with sandbox(60, 3, settle="uniform:0.1,0.3", faults=0.0) as remote:
        case = Case.deletions(folder, remote, rng)
        *_, findings = killed(case, ["delete", "orders.csv"], INSTANTS, rng)
    assert findings.endswith("none twice, none resent, none lost, none wrong")
