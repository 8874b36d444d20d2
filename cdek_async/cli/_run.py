"""Running a command: everything that can end it becomes one line and an exit code."""

import asyncio
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from cyclopts import CycloptsError, UnusedCliTokensError

from cdek_async.cli._app import build
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._stdout import cannot_be_written, forget, replace_letters
from cdek_async.cli._text import plain, reason


def run(arguments: Sequence[str]) -> int:
    """Run one command."""
    replace_letters()
    return ended(lambda: build()(arguments))


def ended(command: Callable[[], int | None]) -> int:
    """The exit code of a command, whichever way it ends."""
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except ModuleNotFoundError:  # main() knows what to say
        raise
    except BrokenPipeError:
        forget()  # nobody reads any more
        return Code.FAILED
    except (Exception, KeyboardInterrupt, asyncio.CancelledError) as error:  # noqa: BLE001 - the last line of defence
        line, code = _told(error)
        if sys.stderr is not None:  # else print() takes standard output
            with suppress(OSError):  # standard error may be gone too
                print(f"cdek-async: {plain(line)}", file=sys.stderr)  # noqa: T201
    return code or Code.OK


def _told(error: BaseException) -> tuple[str, Code]:
    from cdek_async import CdekError  # noqa: PLC0415 - not for --help

    match error:
        case Stop():
            return str(error), error.code
        case CycloptsError():
            return f"{_usage(error)} (see --help)", Code.USAGE
        case CdekError():
            return str(error), Code.FAILED
        case KeyboardInterrupt() | asyncio.CancelledError():
            return "interrupted", Code.INTERRUPTED
        case OSError() if cannot_be_written(error):
            forget()
            return f"standard output: {reason(error)}", Code.FAILED
        case _:  # its text may hold anything, a person's data too
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            return f"a defect, please report it: {type(error).__name__} at {where}", Code.FAILED


_TAKES = {"delete": "one file at a time", "order": "one order at a time"}


def _usage(error: CycloptsError) -> str:
    if not isinstance(error, UnusedCliTokensError):
        return str(error)
    command = (error.command_chain or ("",))[-1]
    words = " ".join(error.unused_tokens or ())
    return f"{_TAKES.get(command, 'no arguments expected')}: {words} is too much"
