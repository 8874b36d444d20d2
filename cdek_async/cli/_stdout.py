"""Standard output, where data go; it may be closed, full, or of an encoding that has not every letter."""

import errno
import os
import sys
from io import TextIOWrapper
from typing import TextIO

from cdek_async.cli._exit import Code, Stop

_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def standard_output() -> TextIO:
    """Standard output; raises `Stop` where there is none."""
    if sys.stdout is None:  # `>&-`
        raise Stop("standard output: closed", Code.FAILED)
    return sys.stdout


def replace_letters() -> None:
    """Have letters that an encoding lacks replaced on both streams: an order's text is any text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def cannot_be_written(error: OSError) -> bool:
    """Whether an error nobody foresaw is that of a write; files and the network have words of their own."""
    return error.filename is None and error.errno in _WRITING


def forget() -> None:
    """Give what the interpreter flushes at its end somewhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
