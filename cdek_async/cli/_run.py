"""Running a command: everything that can end it becomes one line and an exit code."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import CycloptsError
from rich.console import Console

from cdek_async._errors import CdekError
from cdek_async.cli._app import build
from cdek_async.cli._exit import Code, Stop
from cdek_async.cli._text import plain


def run(arguments: Sequence[str]) -> int:
    """Run one command."""
    console = Console(stderr=True, highlight=False)
    try:
        code = build(console)(arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        return _say(f"{error}  (see --help)", Code.USAGE)
    except Stop as stop:
        return _say(str(stop), stop.code)
    except CdekError as error:
        return _say(str(error), Code.FAILED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _say("interrupted", Code.INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads any more; what the interpreter flushes at its end must find somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.FAILED
    return Code.OK if code is None else code


def _say(line: str, code: Code) -> int:
    with suppress(OSError):  # standard error may be gone too
        print(f"cdek-async: {plain(line)}", file=sys.stderr)  # noqa: T201
    return code
