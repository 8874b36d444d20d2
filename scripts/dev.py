"""Set up .venv from pyproject.toml and run one thing in it: demo, test, cover, check, proofs or simulate.

Needs Python 3.11 or newer and nothing else; a second run sets up nothing unless pyproject.toml changed.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "installed-from"

COMMANDS = {
    "demo": [["-m", "cdek_async", "demo"]],
    "test": [["-m", "pytest", "-n", "3"]],
    "cover": [["-m", "pytest", "-n", "3", "--cov", "--cov-report=term-missing"]],
    "proofs": [["-m", "tests.proofs"]],
    "simulate": [["-m", "tests.simulation", "--schedules", "20000", "--jobs", "2", "--table"]],
    "check": [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-m", "pyright"],
        ["-m", "pip", "check"],
    ],
    "locked": [
        ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", "."],
        ["-m", "pip", "check"],
    ],
    # --strict: a package that cannot be looked up is no package without a finding
    "audit": [
        ["-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes", "-r", "requirements/dev.txt"]
    ],
}
# Exactly these versions, each file held against its hash.
LOCKED = ["--require-hashes", "-r", "requirements/dev.txt"]
# The demo needs what a user needs; everything else, what a developer does.
GROUPS = {"demo": ["-e", ".[cli,sandbox]"], "locked": LOCKED, "audit": LOCKED}
DEVELOPMENT = ["-e", ".[cli,sandbox]", "--group", "dev"]


def say(text: str) -> None:
    """To stderr, so that it stands before what the command prints."""
    print(f"dev: {text}", file=sys.stderr, flush=True)


def run(*command: object) -> None:
    """Run, and end with the same exit code where it fails."""
    code = subprocess.call([str(part) for part in command], cwd=ROOT)  # noqa: S603 - our own commands
    if code:
        sys.exit(code)


def set_up(packages: list[str]) -> None:
    """Make .venv and install into it, unless it was made from this very pyproject.toml."""
    wanted = f"{sys.version} {ROOT} {hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}"
    done = STAMP.read_text().splitlines() if STAMP.exists() else []
    if PYTHON.exists() and done[:1] == [wanted] and (set(packages) <= set(done[1:])):
        return
    say(f"making {VENV} with Python {sys.version.split()[0]}")
    venv.create(VENV, with_pip=False, clear=done[:1] != [wanted])
    # Debian ships venv without ensurepip; a pip outside can install into a venv all the same.
    pip = [PYTHON, "-m", "pip"]
    if subprocess.call([str(PYTHON), "-m", "ensurepip", "--upgrade"], stdout=subprocess.DEVNULL):  # noqa: S603
        pip = [sys.executable, "-m", "pip", "--python", PYTHON]
    quiet = ["--quiet", "--disable-pip-version-check"]
    say("installing a pip that knows dependency groups")
    run(*pip, "install", *quiet, "--upgrade", "pip>=25.1")
    say(f"installing {' '.join(packages)}")
    run(PYTHON, "-m", "pip", "install", *quiet, *packages)
    STAMP.write_text("\n".join([wanted, *packages]))


def main() -> None:
    """Set up, then run the command that was named."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this has not installed it yet
        sys.exit(f"dev: Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        sys.exit(f"dev: say one of: {', '.join(COMMANDS)}")
    set_up(GROUPS.get(name, DEVELOPMENT))
    for command in COMMANDS[name]:
        say(" ".join(command[1:]))
        run(PYTHON, *command, *sys.argv[2:])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
