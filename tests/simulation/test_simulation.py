"""The simulation: what it holds the client to, and that it would notice."""

import random
from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

import cdek_async
from cdek_async import CdekError, Outcome, Request, State, Ticket, TransportError, Unsettled, Verdict
from cdek_async.sandbox import Fault, Kind
from tests.simulation.__main__ import many
from tests.simulation.coverage import IMPOSSIBLE, empty_cells, table
from tests.simulation.faults import OTHERS, ROWS, Point, Wrong
from tests.simulation.judge import Judge
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.play import Played, play
from tests.simulation.record import SECRET, Effort, Record
from tests.simulation.schedule import Asked, Given, Schedule, draw
from tests.simulation.shrink import shrink


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_the_client_is_true_under_schedules_of_what_can_go_wrong(first: int) -> None:
    """Every invariant holds, whatever the network, the server, callers and kills do."""
    assert many(range(first, first + 50)).failed == {}


@pytest.mark.parametrize(
    "seed",
    [
        *(25072, 32046, 66010, 68530, 80463, 107336, 144332, 149520, 178849, 253112, 264684, 291341),
        *(336259, 395085, 508950, 602739, 627518, 670539, 691539, 711597, 954531, 1067126, 1135856),
        *(1165974, 1214776, 1386956, 1411172, 1416385, 2452640, 2518830, 2672750),
    ],
)
def test_what_a_million_schedules_found_stays_mended(seed: int) -> None:
    """The first seed of each kind that failed once, of the client or of its judge."""
    assert many(range(seed, seed + 1)).failed == {}


def test_a_seed_plays_the_same_again(tmp_path: Path) -> None:
    """Nothing depends on time, on memory or on what was played before."""
    seeds = [*[seed for seed in range(60) if draw(seed).jobs][:4], 1, 2, 3]
    once, again = ([play(draw(seed), tmp_path).record.trace() for seed in seeds] for _ in range(2))
    assert once == again


def test_every_fault_of_the_sandbox_has_its_row() -> None:
    """The table cannot forget one: each kind is drawn by some row, or carried out by the network itself."""
    rng = random.Random(0)  # noqa: S311 - to be repeated
    drawn = {fault.kind for row in ROWS if (fault := row.draw(rng)) is not None}
    assert set(Kind) - drawn == set()


def test_a_cell_that_was_never_met_is_told() -> None:
    """But not one that is closed, with its reason."""
    met = Counter({(row.name, point): 1 for row in (*ROWS, *OTHERS) for point in row.points})
    assert empty_cells(met) == []
    del met["refused", Point.POLL]
    assert empty_cells(met) == [("refused", Point.POLL)]
    assert all(reason for reason in IMPOSSIBLE.values())
    assert all(row.elsewhere for row in ROWS if row.points != frozenset(Point))
    assert len(list(table(met))) == 2 + len(ROWS) + len(OTHERS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_breaks_what_is_there(mutant: Mutant) -> None:
    """Its text stands in the source, and once: renewed with it, or the proof by mutation ends."""
    source = Path(cdek_async.__file__).parent / f"{mutant.module}.py"
    assert source.read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.new != mutant.old


# -- it would notice ---------------------------------------------------------------------------------------


def stage(kind: str = "created", what: str = "delete") -> tuple[Record, Judge, Effort]:
    """One operation on one order, of which nothing was sent yet."""
    asked = Asked(what, 0, "uuid")  # type: ignore[arg-type]
    schedule = evolve(draw(0), orders=(Given(kind),), callers=(), jobs=())  # type: ignore[arg-type]
    record = Record(schedule, lambda: 0.0)
    return record, Judge(record), record.effort(asked)


def outcome(effort: Effort, verdict: Verdict) -> Outcome:
    state = State.SUCCESSFUL if verdict is Verdict.OK else State.INVALID
    ticket = Ticket("api.cdek.ru", "account", "delete", None, None, effort.type, None)
    return Outcome(ticket, verdict, Request(None, effort.type, state))


@pytest.mark.parametrize(
    ("kind", "what", "verdict", "broken"),
    [
        ("created", "delete", Verdict.OK, "R1: OK, but the order is not removed"),
        ("removed", "delete", Verdict.OK, ""),
        ("unknown", "delete", Verdict.OK, "R1: OK, but the order is not removed"),
        ("created", "update", Verdict.OK, "R1: ok, but no request of it is SUCCESSFUL"),
        ("created", "delete", Verdict.REJECTED, "R1: rejected, but no request of it is INVALID"),
        ("created", "update", Verdict.NOT_FOUND, "R1: NOT_FOUND, but the order is there"),
        ("unknown", "update", Verdict.NOT_FOUND, ""),
        ("foreign", "delete", Verdict.NOT_FOUND, ""),
    ],
)
def test_a_verdict_without_evidence_is_noticed(kind: str, what: str, verdict: Verdict, broken: str) -> None:
    """Nothing was ever sent, so that no verdict but NOT_FOUND of no order can be true."""
    record, judge, effort = stage(kind, what)
    judge.result(effort, outcome(effort, verdict))
    assert [text.split(" (")[0] for text in record.violations] == ([broken] if broken else [])


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (TransportError("no answer"), ""),
        (TransportError("no answer", undecided=True), "R4: undecided, but nothing of it left"),
        (CdekError("something else"), "R4: CdekError from a write"),
        (TransportError(f"no answer to {SECRET}"), "R6: a secret or a person's data in TransportError"),
    ],
)
def test_an_error_that_says_too_much_or_too_little_is_noticed(error: CdekError, broken: str) -> None:
    """`undecided` where nothing left, an error that says nothing, a secret in its words."""
    record, judge, effort = stage()
    judge.result(effort, error)
    assert [text.split(" (")[0] for text in record.violations] == ([broken] if broken else [])


def test_a_ticket_that_never_settles_is_noticed() -> None:
    """`Unsettled` is a promise."""
    record, judge, effort = stage()
    ticket = Ticket("api.cdek.ru", "account", "delete", None, None, "DELETE", None)
    judge.settled(effort, Unsettled("no verdict", ticket=ticket))
    assert record.violations == ["R4: its ticket does not settle: no verdict (operation 0, delete)"]


def test_a_schedule_that_fails_is_made_smaller(tmp_path: Path) -> None:
    """What it fails without is left out: here it fails for one fault of one point."""
    schedule = evolve(draw(5), share=1.0)

    def fails(candidate: Schedule) -> Played:
        played = play(candidate, tmp_path)
        guilty = any(each.wrong is not None and each.wrong.name == name for each in played.record.exchanges)
        return evolve(played, violations=("R1: it failed",) if guilty else ())

    name = next(iter(play(schedule, tmp_path).wrongs.values())).name
    smallest = shrink(schedule, fails)
    assert [wrong.name for wrong in (smallest.faults or {}).values()] == [name]
    assert smallest.strangers == ()


def test_a_fault_says_what_it_is() -> None:
    """In a trace, for a person."""
    assert str(Wrong("slow", Fault(Kind.SLOW, 3.0))) == "slow 3 s"
    assert str(Wrong("server error", Fault(Kind.SERVER_ERROR, status=502, applied=True))) == (
        "server error 502 applied"
    )
    assert str(Wrong("wrong reply")) == "wrong reply"
