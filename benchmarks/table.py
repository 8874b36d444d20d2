"""Prints figures side by side as a Markdown table, and what they were measured on."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine() -> str:
    """Machine, load and versions, a line each."""
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    packages = ", ".join(f"{name} {_version(name)}" for name in ("httpx", "httpcore", "sniffio", "uvicorn"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; load {load}\n"
        f"{platform.python_implementation()} {platform.python_version()}, {packages}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also stand in line as plain text."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join(
        f"| {line[0]:<{widths[0]}} | "
        + " | ".join(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        + " |"
        for line in (head, rule, *rows)
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
