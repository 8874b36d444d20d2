"""The command line `cdek-async`; it needs the extra `cli`."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Whatever happens is told in a line, never in a traceback."""
    try:
        from cdek_async.cli._run import run  # noqa: PLC0415 - the extra may be missing

        return run(sys.argv[1:] if arguments is None else arguments)
    except ModuleNotFoundError as error:
        print(  # noqa: T201
            f"cdek-async: {error.name} is missing; the command line needs: pip install 'cdek-async[cli]'",
            file=sys.stderr,
        )
        return 2
