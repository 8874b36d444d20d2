"""Breaks one rule of the client at a time, and shows which invariant of the simulation notices.

Run it as `python -m tests.simulation.mutants [name …]`; ends with 1 when one survives without an explanation,
or is noticed in spite of it.
"""
# ruff: noqa: T201 - a command prints

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from attrs import frozen

from tests.simulation.__main__ import memory

_ROOT = Path(__file__).parents[2]
_SCHEDULES = 12_000
_FEWER = 600  # for those of which it is known that they cannot be noticed
_TOO_LONG = 300.0  # seconds of real time: a mutant that hangs is noticed, too


@frozen
class Mutant:
    """One rule broken by a change of the source's text."""

    name: str
    module: str
    old: str
    new: str
    survives: str = ""
    """Why the simulation cannot notice it, where it cannot."""
    first: int = 0
    """The seed to begin with, for what is met too rarely."""


def _listed() -> tuple[Mutant, ...]:
    listed = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(Mutant(**each) for each in listed["mutant"])


MUTANTS = _listed()


def broken(mutant: Mutant, into: Path) -> None:
    """Make a copy of the package with the rule broken; loud when its text is not there any more."""
    file = into / "cdek_async" / f"{mutant.module}.py"
    text = file.read_text(encoding="utf-8")
    count = text.count(mutant.old)
    if count != 1:
        raise SystemExit(
            f"mutants: {mutant.name!r}: {count} times in {mutant.module}.py, not once:\n{mutant.old}"
        )
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def copied(into: Path) -> None:
    """What the simulation needs, apart from where it is worked on."""
    for name in ("cdek_async", "tests/simulation"):
        shutil.copytree(_ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "tests/virtual.py"):
        shutil.copy(_ROOT / name, into / name)


def tried(mutant: Mutant, schedules: int) -> str:
    """The first invariant that does not hold for it; "" when all hold."""
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        copied(Path(name))
        broken(mutant, Path(name))
        seeds = ["--first", str(mutant.first), "--schedules", str(schedules)]
        command = [sys.executable, "-m", "tests.simulation", "--stop", *seeds]
        environment = {**os.environ, "PYTHONPATH": name, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - our own command, whose exit code is the answer
                command,
                cwd=name,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TOO_LONG,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "it hangs"
    if name not in done.stdout.splitlines()[0]:
        raise SystemExit(f"mutants: another package was run: {done.stdout}{done.stderr}")
    if done.returncode == 0:
        return ""
    found = re.search(r"first with --seed (\d+): (.*)", done.stdout)
    return f"{found[2]} (seed {found[1]})" if found else f"it fails: {done.stderr.strip().splitlines()[-1:]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--schedules", type=int, default=_SCHEDULES)
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if not options.names or each.name in options.names]
    unexplained, began = [], time.monotonic()
    print("| broken rule | noticed by |\n|---|---|")
    for mutant in chosen:
        noticed = tried(mutant, min(_FEWER, options.schedules) if mutant.survives else options.schedules)
        if bool(noticed) == bool(mutant.survives):  # or its explanation does not hold any more
            unexplained.append(mutant.name)
        print(f"| {mutant.name} | {noticed or 'nothing: ' + (mutant.survives or 'SURVIVES')} |", flush=True)
    print(f"\n{len(chosen)} mutants, {len(unexplained)} unexplained, {time.monotonic() - began:.0f} s")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
