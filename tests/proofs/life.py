"""One life of a command in a process of its own, from its start to whatever ends it."""

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.proofs.surroundings import bare

OPENED = ("Journal: ", "Going on with ")
TO_GO_ON = "To go on: "
_TICK = 0.005
_PATIENCE = 120.0


class Life:
    """`cdek-async` with `words`, in `folder`; what it says goes to a file beside that, which may be full."""

    def __init__(
        self, folder: Path, url: str, *words: str, before: str = "", terminal: int | None = None
    ) -> None:
        self._told = folder.parent / f"{folder.name}.told"
        account = {"CDEK_CLIENT_ID": "sandbox", "CDEK_CLIENT_SECRET": "sandbox-secret"}
        self.began = time.monotonic()
        with self._told.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, *(("-c", before) if before else ("-m", "cdek_async")), *words],
                cwd=folder,
                env=bare(CDEK_BASE_URL=url, **account),
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=subprocess.DEVNULL if terminal is None else terminal,
                stderr=told if terminal is None else terminal,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def told(self) -> str:
        """What it has said on standard error."""
        return self._told.read_text()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def opens(self) -> bool:
        """Wait until it says that it has its journal; False: it ended first."""
        end = time.monotonic() + _PATIENCE
        while not any(line.startswith(OPENED) for line in self.told.splitlines()):
            if not self.lasts(_TICK) or time.monotonic() > end:
                return False
        return True

    def lasts(self, seconds: float) -> bool:
        """Wait; whether it is still alive then."""
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return True
        return False

    def kill(self) -> None:
        """SIGKILL: nothing can be made of it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ends(self, patience: float = _PATIENCE) -> int:
        """Let it finish; its exit code."""
        return self.process.wait(patience)

    def line(self) -> list[str]:
        """The words of the line that goes on with the job, as it was printed; none: nothing is left to do."""
        lines = [line for line in self.told.splitlines() if line.startswith(TO_GO_ON)]
        return shlex.split(lines[-1].removeprefix(TO_GO_ON))[1:] if lines else []
