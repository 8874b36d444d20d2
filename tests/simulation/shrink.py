"""Makes a schedule that fails smaller, for as long as it fails in the same way."""

from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve

from tests.simulation.play import Played
from tests.simulation.schedule import BulkJob, Schedule

_ROUNDS = 20


def kind_of(violation: str) -> str:
    """A violation without its particulars."""
    return violation.split(" (operation", maxsplit=1)[0].split(":", maxsplit=2)[1][:40]


def shrink(schedule: Schedule, play: Callable[[Schedule], Played]) -> Schedule:
    """Leave out faults, callers, kills and the rest, one by one, until nothing more can be left out."""
    played = play(schedule)
    kinds = set(map(kind_of, played.violations))

    def fails(candidate: Schedule) -> bool:
        return bool(kinds & set(map(kind_of, play(candidate).violations)))

    written = evolve(schedule, faults=played.wrongs)
    if not fails(written):
        return schedule
    smallest = written
    for _ in range(_ROUNDS):
        smaller = next((each for each in _smaller(smallest) if fails(each)), None)
        if smaller is None:
            break
        smallest = smaller
    return smallest


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Everything that is one thing less, the largest things first."""
    yield from (evolve(schedule, jobs=fewer) for fewer in _one_less(schedule.jobs))
    yield from (evolve(schedule, callers=fewer) for fewer in _one_less(schedule.callers))
    yield from (evolve(schedule, strangers=fewer) for fewer in _one_less(schedule.strangers))
    yield from (evolve(schedule, spells=fewer) for fewer in _one_less(schedule.spells))
    yield from (evolve(schedule, opening=fewer) for fewer in _one_less(schedule.opening))
    if schedule.closed is not None:
        yield evolve(schedule, closed=None)
    yield from _fewer_faults(schedule)
    for at, caller in enumerate(schedule.callers):
        if caller.cancelled is not None:
            yield evolve(schedule, callers=_with(schedule.callers, at, evolve(caller, cancelled=None)))
    for at, job in enumerate(schedule.jobs):
        yield from (evolve(schedule, jobs=_with(schedule.jobs, at, each)) for each in _simpler(job))


def _fewer_faults(schedule: Schedule) -> Iterator[Schedule]:
    faults = list((schedule.faults or {}).items())
    if len(faults) > 4:  # halves first
        yield evolve(schedule, faults=dict(faults[: len(faults) // 2]))
        yield evolve(schedule, faults=dict(faults[len(faults) // 2 :]))
    for at in range(len(faults)):
        yield evolve(schedule, faults=dict(faults[:at] + faults[at + 1 :]))


def _simpler(job: BulkJob) -> Iterator[BulkJob]:
    yield from (evolve(job, asked=asked) for asked in _one_less(job.asked))
    yield from (evolve(job, kills=kills) for kills in _one_less(job.kills))
    yield from (each for each in (evolve(job, leave=None), evolve(job, stop=None)) if each != job)


def _one_less(things: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for at in range(len(things)):
        yield things[:at] + things[at + 1 :]


def _with(things: tuple[Any, ...], at: int, thing: Any) -> tuple[Any, ...]:
    return (*things[:at], thing, *things[at + 1 :])
