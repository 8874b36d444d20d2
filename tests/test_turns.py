"""What one client remembers of its writes, and for how long."""

from uuid import UUID

from cdek_async._turns import Turns


def test_the_last_ten_thousand_requests_are_known() -> None:
    """Memory is bounded; what is noted again is remembered anew."""
    turns = Turns()
    for number in (*range(10_000), 0, 10_000):
        turns.note(UUID(int=number), None)
    forgotten = [number for number in range(10_001) if not turns.anothers(UUID(int=number), None)]
    assert forgotten == [1]


def test_what_a_journal_left_in_doubt_is_not_forgotten() -> None:
    """After an outage that may be any number of orders, and none is looked for before its row comes."""
    turns = Turns()
    for number in range(10_002):
        turns.recall(UUID(int=number), None, number)
        turns.recall(UUID(int=number), UUID(int=1 << 64 | number), number)
    assert turns.in_doubt(UUID(int=0), "another")
    assert not turns.in_doubt(UUID(int=0), 0)
    assert turns.anothers(UUID(int=1 << 64), "another")
    assert not turns.anothers(UUID(int=1 << 64), 0)
