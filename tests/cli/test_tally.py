import pytest

from cdek_async.cli._exit import Code
from cdek_async.cli._report import Entry
from cdek_async.cli._rows import Row
from cdek_async.cli._tally import OTHER_CODES, Tally


def tally_of(*verdicts: str) -> Tally:
    tally = Tally()
    for verdict in verdicts:
        tally.add(Entry(Row(1), verdict))
    return tally


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), Code.OK),
        (("ok", "ok"), Code.OK),
        (("ok", "rejected"), Code.FAILED),
        (("not_found",), Code.FAILED),
        (("failed",), Code.FAILED),
        (("unusable",), Code.FAILED),
        (("unsettled", "ok"), Code.UNSETTLED),
        (("undecided",), Code.UNSETTLED),
        (("unsettled", "rejected", "undecided"), Code.FAILED),
    ],
)
def test_the_exit_code_is_the_worst_of_the_verdicts(verdicts: tuple[str, ...], code: Code) -> None:
    """What went wrong counts more than what is still open."""
    assert tally_of(*verdicts).code == code


def test_rejections_are_counted_by_code() -> None:
    """An order once for each of its codes, whatever the messages; other verdicts' codes are not counted."""
    tally = Tally()
    tally.add(Entry(Row(1), "rejected", [("a", "x"), ("b", "y"), ("a", "z")]))
    tally.add(Entry(Row(2), "rejected", [("a", "w")]))
    tally.add(Entry(Row(3), "rejected"))
    tally.add(Entry(Row(4), "not_found", [("c", "")]))
    assert tally.codes == {"a": 2, "b": 1, "no code given": 1}


def test_codes_take_bounded_memory() -> None:
    """However many there are and however long."""
    tally = Tally()
    for n in range(1000):
        tally.add(Entry(Row(n), "rejected", [(f"{n}" + "x" * 10_000, "")]))
    tally.add(Entry(Row(0), "rejected", [("0" + "x" * 10_000, "")]))
    assert len(tally.codes) == 51
    assert tally.codes[OTHER_CODES] == 950
    assert max(map(len, tally.codes)) == 80
    assert tally.codes["0" + "x" * 79] == 2
