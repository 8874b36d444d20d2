"""Asking before something is deleted for good."""

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from cdek_async import Environment
from cdek_async.cli._exit import Code, Stop


def harmless(base_url: str) -> bool:
    """Whether orders there are nobody's: CDEK's test environment, or a sandbox on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host in (urlsplit(Environment.TEST).hostname, "localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def confirm(question: str, *, stdin_is_taken: bool) -> None:
    """Ask on the terminal; raises `Stop` unless the answer is yes, and where there is nobody to ask."""
    terminal = _terminal() if stdin_is_taken or os.isatty(0) else None
    if terminal is None:
        raise Stop(f"{question} Without a terminal to ask on, say so with --yes.")
    with terminal:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a prompt
        if terminal.readline().strip().lower() not in ("y", "yes", "д", "да"):
            raise Stop("Nothing was sent.", Code.FAILED)


def _terminal() -> TextIO | None:
    """The terminal itself, since standard input may be the list of orders."""
    try:
        return Path("/dev/tty").open(encoding="utf-8", errors="replace")
    except OSError:
        return None
