"""Which fault met which point of the protocol, as a table; a cell that stays empty says why."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.faults import OTHERS, ROWS, Point

IMPOSSIBLE: dict[tuple[str, Point], str] = {}
"""Cells that no schedule can reach, beside those that the rows say themselves."""


def empty_cells(covered: Counter[tuple[str, Point]]) -> list[tuple[str, Point]]:
    """What should have happened and did not."""
    return [
        (row.name, point)
        for row in (*ROWS, *OTHERS)
        for point in Point
        if point in row.points and not covered[row.name, point] and (row.name, point) not in IMPOSSIBLE
    ]


def table(covered: Counter[tuple[str, Point]]) -> Iterator[str]:
    """The table in Markdown."""
    yield f"| fault | {' | '.join(Point)} |"
    yield f"|---|{'---:|' * len(Point)}"
    for row in (*ROWS, *OTHERS):
        cells = (str(covered[row.name, point] or "") if point in row.points else "–" for point in Point)
        yield f"| {row.name} | {' | '.join(cells)} |"


def reasons() -> Iterator[str]:
    """Why some cells are closed."""
    for row in (*ROWS, *OTHERS):
        if row.elsewhere:
            yield f"{row.name}: {row.elsewhere}"
    for (name, point), reason in IMPOSSIBLE.items():
        yield f"{name} at {point}: {reason}"
