"""Where the journal of a job is, whether it fits, and the line that resumes the job."""

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve, fields_dict

from cdek_async import Journal
from cdek_async.cli._exit import Stop
from cdek_async.cli._rows import NUMBERS
from cdek_async.cli._source import Source
from cdek_async.cli._text import reason
from cdek_async.cli._wishes import COMMANDS, Wishes

_DIGITS = 12  # of the digest, in a name

# What `resume` takes; the rest is in the journal.
_OPTIONS = {
    "report": "--report",
    "rate": "--rate",
    "patience": "--timeout",
    "concurrency": "--concurrency",
    "grace": "--grace",
    "limit": "--limit",
    "max_rejected": "--max-rejected",
    "retry_rejected": "--retry-rejected",
    "yes": "--yes",
}


def keeping(wishes: Wishes, source: Source, base_url: str) -> Journal | None:
    """The journal of a job, beside its input unless told otherwise; None for an input read only once."""
    if not source.repeatable:
        if wishes.journal is not None or wishes.retry_rejected:
            raise Stop(f"{source.name}: can be read only once, so there is no journal of it")
        return None
    digest = source.digest()
    about = {"command": wishes.command, "input": digest}
    about |= {name: value for name in ("column", "by") if (value := getattr(wishes, name))}
    notes = {"path": _whole(wishes.orders)}
    if wishes.report is not None:
        notes["report"] = _whole(wishes.report)
    path = wishes.journal or _beside(wishes.orders, digest, base_url)
    if wishes.retry_rejected and not Path(path).exists():
        raise Stop(f"--retry-rejected: there is no journal {path}")
    return Journal(path, about=about, notes=notes, retry_rejected=wishes.retry_rejected)


def _beside(orders: str, digest: str, base_url: str) -> str:
    """Named so that tonight's orders.csv meets neither yesterday's journal nor that of a test host."""
    host = re.sub(r"[^\w.]+", "-", urlsplit(base_url).netloc).strip("-")
    return f"{orders}.{digest[:_DIGITS]}.{host}.journal"


def resumed(journal: str, wishes: Wishes) -> Wishes:
    """What to go on with: the input that a journal was made from."""
    found = _read(journal)
    if not found:
        raise Stop(f"{journal}: not a journal, or one that was never used")
    command, path = found.get("command"), found.get("path")
    by = next((name for name in NUMBERS if name == found.get("by")), None)
    if path is None or command not in COMMANDS:
        raise Stop(f"{journal}: another program's journal, which does not say what it was made from")
    orders = _near(path)
    if not Path(orders).exists():
        where = f"cdek-async {command} FILE --journal {shlex.quote(journal)}"
        raise Stop(f"{orders}: no such file, and {journal} was made from it; where it is now: {where}")
    with Source(orders) as source:
        if not source.repeatable or source.digest() != found["input"]:
            raise Stop(f"{orders}: not what it was when {journal} was made")
    return evolve(wishes, command=command, orders=orders, journal=journal, column=found.get("column"), by=by)


def made_report(journal: Journal, report: str) -> bool:
    """Whether a report is of the job that a journal is of, from before it was cut off."""
    return journal.path.exists() and _read(str(journal.path)).get("report") == _whole(report)


def _read(journal: str) -> dict[str, str]:
    """What a journal says of its job; raises `Stop`."""
    try:
        return Journal.read(journal)
    except OSError as error:
        raise Stop(f"{journal}: {reason(error)}" if error.strerror else str(error)) from error
    except ValueError as error:
        raise Stop(str(error)) from error


def _whole(path: str) -> str:
    return str(Path(path).absolute())


def _near(path: str) -> str:
    """A path as people write it, where it is below the working directory."""
    found = Path(path)
    return str(found.relative_to(Path.cwd())) if found.is_relative_to(Path.cwd()) else path


def resume_line(journal: Journal, wishes: Wishes) -> str:
    """The exact line that goes on with a job."""
    words = ["cdek-async", "resume", str(journal.path)]
    for name, option in _OPTIONS.items():
        value = getattr(wishes, name)
        if value != fields_dict(Wishes)[name].default:
            words.append(option)
            if value is not True:
                words.append(_word(value))
    return shlex.join(words)


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return getattr(value, "text", str(value))
