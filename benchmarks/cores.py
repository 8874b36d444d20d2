"""Which core a process runs on: the server of a cost benchmark has one of its own."""

import os


def pin(core: int) -> None:
    """Stay on this core, where the system can do that and there are two."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})
