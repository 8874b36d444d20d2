"""The inputs: files that name the sandbox's orders, in every way that people name them."""

import json
import random
from pathlib import Path
from uuid import UUID

from attrs import frozen

from tests.proofs.terms import Known


@frozen
class Asked:
    """A row of an input, and what it really names."""

    line: int
    uuid: str = ""
    """The order's; none: there is no such order, or the row names none at all."""
    usable: bool = True
    once: bool = False
    """Sent twice it would be applied twice, so that nobody may send it again."""


def deletions(path: Path, orders: list[Known], rng: random.Random) -> list[Asked]:
    """A CSV: every order once, a few twice, some by a number; some rows that name nothing."""
    rows: list[tuple[str, str, str, str, bool]] = []  # the three cells, the order's uuid, usable
    for order in orders:
        uuid, draw = order["uuid"], rng.random()
        row = (uuid, "", "", uuid, True)
        if draw < 0.03:
            row = ("", order["cdek_number"], "", uuid, True)
        elif draw < 0.06:
            row = ("", "", order["im_number"], uuid, True)
        rows += [row, row] if rng.random() < 0.03 else [row]
    rows += [(str(UUID(int=rng.getrandbits(128), version=4)), "", "", "", True) for _ in range(5)]
    rows += [("none", "", "", "", False)] * 3
    rng.shuffle(rows)
    path.write_text("uuid,cdek_number,im_number\n" + "".join(f"{a},{b},{c}\n" for a, b, c, _, _ in rows))
    return [Asked(line, uuid, usable) for line, (_, _, _, uuid, usable) in enumerate(rows, 2)]


def changes(path: Path, orders: list[Known], rng: random.Random) -> list[Asked]:
    """A JSONL: a comment for two orders of three, a package more for the others; some by cdek_number."""
    rows: list[tuple[str, Asked]] = []
    for n, order in enumerate(orders):
        by_number = rng.random() < 0.1
        asked: dict[str, object] = (
            {"cdek_number": order["cdek_number"]} if by_number else {"uuid": order["uuid"]}
        )
        if once := n % 3 == 0:
            asked["packages"] = [{"number": "added", "weight": 700, "comment": "подарок"}]
        else:
            asked["comment"] = f"позвонить {n}"
        row = (json.dumps(asked, ensure_ascii=False), Asked(0, order["uuid"], once=once))
        rows += [row, row] if rng.random() < 0.03 else [row]
    rng.shuffle(rows)
    path.write_text("".join(f"{text}\n" for text, _ in rows))
    return [Asked(line, asked.uuid, once=asked.once) for line, (_, asked) in enumerate(rows, 1)]
