"""What a bulk command was asked for: its input, and the manner in which to carry it out."""

from typing import Literal, get_args

from attrs import frozen

from cdek_async.cli._allowance import Allowance
from cdek_async.cli._rows import By

Command = Literal["delete", "update"]
COMMANDS: tuple[Command, ...] = get_args(Command)


@frozen(kw_only=True)
class Wishes:
    """An input and what is to be done with the orders that it names."""

    command: Command = "delete"
    orders: str
    column: str | None = None
    by: By | None = None
    journal: str | None = None
    report: str | None = None
    rate: float = 200.0
    patience: float = 300.0  # seconds for one order: nobody waits for it
    concurrency: int = 4000
    grace: float = 30.0
    limit: int | None = None
    max_rejected: Allowance | None = None
    retry_rejected: bool = False
    dry_run: bool = False
    yes: bool = False
