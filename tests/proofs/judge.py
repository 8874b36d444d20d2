"""Whether a report is true: every row of it held against the sandbox's own record."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from tests.proofs.asked import Asked
from tests.proofs.terms import Record

OPEN = ("unsettled", "undecided")  # they claim nothing


@frozen
class Findings:
    """What a comparison found; lists of what should not be."""

    rows: int
    orders: int
    calls: int
    verdicts: Counter[str] = field(factory=Counter)
    twice: list[str] = field(factory=list)
    """Orders to which a write was applied more than once."""
    resent: list[str] = field(factory=list)
    """Orders of which a write came again after CDEK had taken note of one."""
    lost: list[str] = field(factory=list)
    """Rows without a row in the report; and orders that should be done, and are not."""
    wrong: list[str] = field(factory=list)
    """Rows whose verdict is not what happened; and rows that are there more than once."""

    @property
    def holds(self) -> bool:
        return not (self.twice or self.resent or self.lost or self.wrong)

    def __str__(self) -> str:
        counts = [
            f"{len(found) or 'none'} {word}"
            for word in ("twice", "resent", "lost", "wrong")
            if (found := getattr(self, word)) is not None
        ]
        examples = [
            f"\n    {word}: {'; '.join(found[:3])}"
            for word in ("twice", "resent", "lost", "wrong")
            if (found := getattr(self, word))
        ]
        verdicts = ", ".join(f"{count:,} {word}" for word, count in self.verdicts.most_common())
        return f"{verdicts}: {', '.join(counts)}{''.join(examples)}"


def judge(
    kind: Literal["DELETE", "UPDATE"],
    asked: Sequence[Asked],
    report: Path,
    record: Record,
    *,
    complete: bool = True,
) -> Findings:
    """Hold a report against the record; one that is not `complete` may lack rows, but none that is wrong."""
    orders = {order["uuid"]: order for order in record["orders"]}
    applied = {uuid: order["deleted" if kind == "DELETE" else "updated"] for uuid, order in orders.items()}
    may = {uuid: order["deletable" if kind == "DELETE" else "changeable"] for uuid, order in orders.items()}
    told = rows_of(report)
    found = Findings(len(asked), len(orders), record["calls"], Counter(row["verdict"] for row in told))
    found.twice.extend(uuid for uuid, times in applied.items() if times > 1)
    found.resent.extend(one["uuid"] for one in record["arrivals"] if one["noted"])
    by_line = {row["line"]: row for row in told}
    times = Counter(row["line"] for row in told)
    found.wrong.extend(f"line {line}: {count} times" for line, count in times.items() if count > 1)
    for each in asked:
        row = by_line.pop(str(each.line), None)
        if row is None:
            if complete:
                found.lost.append(f"line {each.line}: not in the report")
            continue
        if each.uuid and row["uuid"] not in ("", each.uuid):
            found.wrong.append(f"line {each.line}: of order {row['uuid']}, not {each.uuid}")
        verdict, wanted = row["verdict"], _verdicts(each, applied.get(each.uuid, 0), may.get(each.uuid))
        if verdict in OPEN and (not complete or (each.once and verdict == "undecided")):
            continue
        if verdict not in wanted:
            found.wrong.append(f"line {each.line}: {verdict}, and it is {' or '.join(wanted)}")
        elif complete and may.get(each.uuid) and not applied[each.uuid]:
            found.lost.append(f"line {each.line}: {verdict}, and still to do")
    found.wrong.extend(f"line {line}: not in the input" for line in by_line)
    return found


def _verdicts(asked: Asked, applied: int, may: bool | None) -> list[str]:
    """The only verdicts that are true; `may` is None where there is no such order."""
    if not asked.usable:
        return ["unusable"]
    if may is None:
        return ["not_found"]
    return ["ok"] if applied else ["rejected"] if not may else ["open"]


def rows_of(report: Path) -> list[dict[str, str]]:
    """The rows of a report; none, where there is none."""
    if not report.exists():
        return []
    with report.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
