"""What a journal has on disk at the moment when its process died."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

from attrs import frozen


@frozen
class Kept:
    """Counts of its steps, and the orders about which a call may have left."""

    claimed: int = 0
    intended: int = 0
    accepted: int = 0
    final: int = 0
    orders: frozenset[str] = frozenset()
    nameless: int = 0
    """Of the intents those about an order whose uuid is not known yet: an update by cdek_number."""

    @property
    def rows(self) -> int:
        return self.claimed + self.intended + self.accepted + self.final


def kept(folder: Path) -> Kept:
    """Read a copy: opening the journal itself would tidy up what the next life has to find."""
    paths = list(folder.glob("*.journal"))
    if not paths:
        return Kept()
    with tempfile.TemporaryDirectory() as place:
        for path in folder.glob("*.journal*"):
            shutil.copy(path, place)
        with closing(sqlite3.connect(Path(place) / paths[0].name)) as db:
            if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'operation'").fetchone()[0]:
                return Kept()
            rows = db.execute("SELECT order_uuid, since, accepted, verdict FROM operation").fetchall()
    final = sum(verdict is not None for *_, verdict in rows)
    accepted = sum(bool(noted) and verdict is None for _, _, noted, verdict in rows)
    sent = [uuid for uuid, since, _, _ in rows if since is not None]
    claimed = sum(since is None and verdict is None for _, since, _, verdict in rows)
    return Kept(
        claimed,
        len(rows) - claimed - accepted - final,
        accepted,
        final,
        frozenset(str(UUID(bytes=uuid)) for uuid in sent if uuid is not None),
        sent.count(None),
    )
