"""The commands: their names, options and help."""

from typing import TYPE_CHECKING, Annotated, Literal

from attrs import evolve, frozen
from cyclopts import App, Parameter

from cdek_async import __version__
from cdek_async.cli._exit import Code, Stop

if TYPE_CHECKING:
    from cdek_async.cli._wishes import Wishes

_HELP = (
    "Delete, change and show CDEK orders, and know what really became of them."
    " CDEK answers with “taken note”; this tool waits for the verdict.\n\n"
    "Credentials come from CDEK_CLIENT_ID and CDEK_CLIENT_SECRET, the API's address from CDEK_BASE_URL:"
    " a URL, or production (unless set), test, china."
)
_CODES = (
    "Exit codes: 0 all well; 1 something was rejected, not found, failed or unusable; 2 bad usage, nothing"
    " was sent; 3 nothing of that, but something is still unsettled or undecided; 130 interrupted."
)


def _not_empty(_type: object, value: str | None) -> None:
    if value is not None and not value.strip():
        raise ValueError("A name is expected")


def _no_option(_type: object, value: str | None) -> None:
    _not_empty(_type, value)
    if value is not None and value.startswith("-") and value != "-":
        raise ValueError(f"an option? A file of that name is ./{value}")


DryRun = Annotated[
    bool,
    Parameter(
        negative="",
        help="Read every order, tell what would become of it and what that would cost; send nothing.",
        show_default=False,
    ),
]
JournalPath = Annotated[
    str | None,
    Parameter(
        validator=_no_option,
        help="Where the job keeps what it has asked and heard, to go on from; beside the input unless given.",
    ),
]


@Parameter(name="*")
@frozen(kw_only=True)
class Manner:
    """How a job is to be carried out: what `delete`, `update` and `resume` share."""

    report: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,  # for "-"
            validator=_no_option,
            help="Write a row per order, as they settle: out.csv or out.jsonl; - is CSV on standard output.",
        ),
    ] = None
    limit: Annotated[
        int | None, Parameter(help="Only the first rows of the input: a careful first bite.")
    ] = None
    max_rejected: Annotated[
        str | None,
        Parameter(
            help="Stop when more orders than this are rejected or not found: a number, or a share such as 5%"
            " (from the 100th verdict on)."
        ),
    ] = None
    retry_rejected: Annotated[
        bool,
        Parameter(
            negative="", help="Ask again for what CDEK rejected in an earlier run.", show_default=False
        ),
    ] = False
    rate: Annotated[
        float, Parameter(help="Calls per second, all together. CDEK promises 200 to an account.")
    ] = 200
    timeout: Annotated[
        float,
        Parameter(
            help="Seconds that one order may take, from its submit to its verdict. They do not count while"
            " CDEK cannot be reached: the job waits."
        ),
    ] = 300
    concurrency: Annotated[int, Parameter(help="Orders in flight at once.")] = 4000
    grace: Annotated[
        float, Parameter(help="Seconds that what is in flight may take after Ctrl-C, SIGTERM or SIGHUP.")
    ] = 30
    yes: Annotated[
        bool,
        Parameter(
            negative="",
            help="Without asking. Needed where there is no terminal to ask on,"
            " but for CDEK's test environment and sandboxes.",
            show_default=False,
        ),
    ] = False


def build() -> App:
    """The application; its commands return exit codes and raise `Stop`."""
    app = App(
        name="cdek-async",
        help=_HELP,
        help_epilogue=_CODES,
        version=__version__,
        help_format="plaintext",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )

    @app.command
    def delete(
        orders: Annotated[
            str,
            Parameter(
                allow_leading_hyphen=True,  # for "-"
                validator=_no_option,
                help="CSV with a header (comma, semicolon or tab) or JSONL, with uuid, cdek_number or"
                " im_number, or a plain list of uuids; UTF-8. - is standard input, which cannot be resumed.",
            ),
        ],
        /,
        *,
        column: Annotated[
            str | None,
            Parameter(
                validator=_not_empty,
                help="The column (or JSON key) that names the order; the others are not looked at.",
            ),
        ] = None,
        by: Annotated[
            Literal["uuid", "cdek_number", "im_number"] | None,
            Parameter(help="What --column holds, where it is not uuids and not called so."),
        ] = None,
        dry_run: DryRun = False,
        journal: JournalPath = None,
        manner: Manner = Manner(),
    ) -> Code:
        """Delete every order that a file names, and tell what became of each."""
        from cdek_async.cli._wishes import Wishes  # noqa: PLC0415 - not for --help

        wishes = Wishes(
            command="delete", orders=orders, column=column, by=by, journal=journal, dry_run=dry_run
        )
        return _carried_out(wishes, manner)

    @app.command
    def update(
        changes: Annotated[
            str,
            Parameter(
                allow_leading_hyphen=True,  # for "-"
                validator=_no_option,
                help="JSONL: a line per order, with uuid or cdek_number and the fields to change, named as"
                " CDEK names them; packages that are not listed are deleted. - is standard input.",
            ),
        ],
        /,
        *,
        dry_run: DryRun = False,
        journal: JournalPath = None,
        manner: Manner = Manner(),
    ) -> Code:
        """Change every order that a file names, and tell what became of each."""
        from cdek_async.cli._wishes import Wishes  # noqa: PLC0415 - not for --help

        return _carried_out(
            Wishes(command="update", orders=changes, journal=journal, dry_run=dry_run), manner
        )

    @app.command
    def resume(
        journal: Annotated[str, Parameter(validator=_no_option, help="The journal of the job.")],
        /,
        *,
        manner: Manner = Manner(),
    ) -> Code:
        """Go on with a job that ended early: what has its verdict is not asked for again."""
        from cdek_async.cli._keeping import resumed  # noqa: PLC0415 - not for --help
        from cdek_async.cli._wishes import Wishes  # noqa: PLC0415

        return _carried_out(resumed(journal, Wishes(orders="")), manner)

    @app.command
    def order(
        uuid: Annotated[str | None, Parameter(help="The order's uuid.")] = None,
        /,
        *,
        cdek_number: Annotated[str | None, Parameter(help="CDEK's number of it, instead.")] = None,
        im_number: Annotated[str | None, Parameter(help="The shop's own number of it, instead.")] = None,
        json: Annotated[
            bool, Parameter(negative="", help="As CDEK sent it, for machines.", show_default=False)
        ] = False,
    ) -> Code:
        """Show one order: its numbers, its way, and its statuses and requests as a timeline."""
        from cdek_async.cli._order import order  # noqa: PLC0415

        return order(uuid, cdek_number, im_number, as_json=json)

    @app.command
    def demo() -> Code:
        """Delete 1,000 orders of a sandbox over real sockets, faults included, and check every verdict."""
        from cdek_async.cli._demo import demo  # noqa: PLC0415
        from cdek_async.cli._screen import screen  # noqa: PLC0415

        return demo(screen(notes=3))

    @app.command(help_epilogue="Ctrl-C ends it with exit code 0: that is how a server ends.")
    def sandbox(
        *,
        port: Annotated[int, Parameter(help="Port on 127.0.0.1; 0 takes a free one.")] = 8080,
        orders: Annotated[int, Parameter(help="How many; every tenth may no longer be deleted.")] = 1000,
        settle: Annotated[
            str,
            Parameter(
                help="Seconds that CDEK takes over a request: fixed:S, uniform:LOW,HIGH,"
                " lognormal:MEDIAN,SIGMA, exponential:MEAN, tail:QUICK,SLOW,SHARE or never."
            ),
        ] = "lognormal:0.5,1",
        faults: Annotated[float, Parameter(help="Share of the calls that go wrong, 0 to 1.")] = 0.0,
        seed: Annotated[int, Parameter(help="The same seed makes the same orders and faults.")] = 0,
        csv: Annotated[
            str | None,
            Parameter(validator=_no_option, help="Write the orders' uuids here, for delete; a new file."),
        ] = None,
    ) -> Code:
        """Serve a CDEK look-alike on this machine, to try and to test against."""
        from cdek_async.cli._sandbox import Wishes, sandbox  # noqa: PLC0415
        from cdek_async.cli._screen import screen  # noqa: PLC0415

        wishes = Wishes(port=port, orders=orders, settle=settle, faults=faults, seed=seed, csv=csv)
        return sandbox(wishes, screen())

    return app


def _carried_out(wishes: "Wishes", manner: Manner) -> Code:
    from cdek_async.cli._allowance import Allowance  # noqa: PLC0415 - not for --help
    from cdek_async.cli._bulk import bulk  # noqa: PLC0415
    from cdek_async.cli._screen import screen  # noqa: PLC0415

    try:
        allowance = manner.max_rejected and Allowance.parse(manner.max_rejected)
    except ValueError as error:
        raise Stop(f"--max-rejected: {error}") from error
    wishes = evolve(
        wishes,
        report=manner.report,
        limit=None if manner.limit is None else int(_within("--limit", manner.limit, 10**9)),
        max_rejected=allowance or None,
        retry_rejected=manner.retry_rejected,
        rate=_within("--rate", manner.rate, 100_000),
        patience=_within("--timeout", manner.timeout, 7 * 86_400),
        concurrency=int(_within("--concurrency", manner.concurrency, 1_000_000)),
        grace=_within("--grace", manner.grace, 86_400, least=0),
        yes=manner.yes,
    )
    every = "; --report has every row" if manner.report else " (--report FILE writes every row)"
    return bulk(wishes, screen(more=every))


def _within(name: str, value: float, most: float, *, least: float | None = None) -> float:
    if (value > 0 if least is None else least <= value) and value <= most:
        return value
    lower = "more than 0" if least is None else f"at least {least:g}"
    raise Stop(f"{name}: {lower} and at most {most:,}, not {value:g}")
