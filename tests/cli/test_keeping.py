import asyncio
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from cdek_async import Journal
from cdek_async.cli._allowance import Allowance
from cdek_async.cli._exit import Stop
from cdek_async.cli._keeping import keeping, made_report, resume_line, resumed
from cdek_async.cli._source import Source
from cdek_async.cli._wishes import Wishes

HOST = "http://127.0.0.1:8080"


def kept(path: Path, base_url: str = HOST, **wishes: Any) -> Journal:
    """The journal of a job over a file."""
    with Source(str(path)) as source:
        journal = keeping(Wishes(orders=str(path), **wishes), source, base_url)
    assert journal
    return journal


def used(journal: Journal) -> Journal:
    """The same, after a run."""

    async def main() -> None:
        await journal.open("127.0.0.1:8080", "a")
        await journal.close()

    asyncio.run(main())
    return journal


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("uuid\nx\n")
    return path


def test_a_journal_lies_beside_its_input(orders: Path) -> None:
    """Another content or another host has another one; so has none that is named."""
    first = kept(orders).path
    assert first.parent == orders.parent
    assert first.name.startswith("orders.csv.")
    assert first.name.endswith(".127.0.0.1-8080.journal")
    assert kept(orders).path == first
    assert kept(orders, "https://api.cdek.ru").path.name.endswith(".api.cdek.ru.journal")
    assert kept(orders, "https://[::1]:8080").path.name.endswith(".1-8080.journal")
    assert kept(orders, journal="j").path == Path("j")
    orders.write_text("uuid\ny\n")
    assert kept(orders).path != first


def test_what_can_be_read_only_once_has_none(tmp_path: Path, orders: Path) -> None:
    """Asking for one all the same is an error: there would be nothing to go on with."""
    with Source("/dev/null") as source:
        assert keeping(Wishes(orders="/dev/null"), source, HOST) is None
        for asked in (Wishes(orders="/dev/null", journal="j"), Wishes(orders="-", retry_rejected=True)):
            with pytest.raises(Stop, match="/dev/null: can be read only once, so there is no journal of it"):
                keeping(asked, source, HOST)
    with pytest.raises(Stop, match="--retry-rejected: there is no journal "):
        kept(orders, retry_rejected=True)


def test_a_journal_knows_what_to_go_on_with(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, the input, and how its orders are named; from any directory."""
    journal = used(kept(orders, command="delete", column="n", by="im_number"))
    asked = Wishes(orders="", rate=5.0, yes=True)
    expected = evolve(asked, orders=str(orders), column="n", by="im_number", journal=str(journal.path))
    assert resumed(str(journal.path), asked) == expected
    monkeypatch.chdir(orders.parent)
    assert resumed(str(journal.path), asked) == evolve(expected, orders="orders.csv")


def test_an_input_that_is_no_longer_what_it_was_is_refused(orders: Path) -> None:
    """Its rows may have moved: the line says where a moved file goes."""
    journal = str(used(kept(orders)).path)
    orders.write_text("uuid\ny\n")
    with pytest.raises(Stop, match=r"orders.csv: not what it was when .* was made"):
        resumed(journal, Wishes(orders=""))
    orders.unlink()
    with pytest.raises(Stop, match=r"no such file, and .*: cdek-async delete FILE --journal "):
        resumed(journal, Wishes(orders=""))


@pytest.mark.parametrize(
    ("content", "line"),
    [(None, "no such journal"), (b"uuid\n", "not a journal, or a damaged one"), (b"", "never used")],
)
def test_what_is_no_journal_is_one_line(tmp_path: Path, content: bytes | None, line: str) -> None:
    """Whatever it is instead; and it stays what it is."""
    path = tmp_path / "j"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Stop, match=line):
        resumed(str(path), Wishes(orders=""))
    assert (path.read_bytes() if path.exists() else None) == content


def test_a_directory_is_no_journal(tmp_path: Path) -> None:
    """Nor is one of a program of somebody else's, which names no input."""
    with pytest.raises(Stop, match="no such journal"):
        resumed(str(tmp_path), Wishes(orders=""))
    used(Journal(tmp_path / "j"))
    with pytest.raises(Stop, match="another program's journal"):
        resumed(str(tmp_path / "j"), Wishes(orders=""))


def test_a_report_is_replaced_by_its_own_job_only(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by whichever path."""
    journal = kept(orders, report=str(orders.parent / "r.csv"))
    assert not made_report(journal, "r.csv")
    used(journal)
    monkeypatch.chdir(orders.parent)
    assert made_report(journal, "r.csv")
    assert not made_report(journal, "other.csv")


def test_a_journal_that_was_killed_at_its_start_has_made_no_report(orders: Path) -> None:
    """It says nothing yet, and does not stand in the way of the next."""
    journal = kept(orders, report=str(orders.parent / "r.csv"))
    journal.path.touch()
    assert not made_report(journal, str(orders.parent / "r.csv"))


def test_the_line_that_resumes_says_everything_that_the_journal_does_not(orders: Path) -> None:
    """What is as it would be anyway is left out; a name with a blank can be pasted."""
    journal = Journal("my orders.journal")
    assert resume_line(journal, Wishes(orders="x")) == "cdek-async resume 'my orders.journal'"
    wishes = Wishes(
        orders="x",
        column="n",
        report="r.csv",
        rate=2.5,
        patience=60.0,
        concurrency=10,
        grace=0.0,
        limit=3,
        max_rejected=Allowance.parse("5%"),
        retry_rejected=True,
        yes=True,
    )
    assert resume_line(journal, wishes).removeprefix("cdek-async resume 'my orders.journal' ") == (
        "--report r.csv --rate 2.5 --timeout 60 --concurrency 10 --grace 0 --limit 3 --max-rejected 5%"
        " --retry-rejected --yes"
    )
