import pytest

from cdek_async.cli._allowance import Allowance


@pytest.mark.parametrize(
    ("text", "turned_down", "settled", "exceeded"),
    [
        ("0", 0, 10, False),
        ("0", 1, 1, True),
        (" 10 ", 10, 1000, False),
        ("10", 11, 1000, True),
        ("5%", 99, 99, False),
        ("5%", 5, 100, False),
        ("5%", 6, 100, True),
        ("2.5%", 26, 1000, True),
        ("2.5%", 25, 1000, False),
        ("0%", 1, 100, True),
        ("100%", 100, 100, False),
    ],
)
def test_more_than_was_allowed_is_too_many(text: str, turned_down: int, settled: int, exceeded: bool) -> None:
    """A number at once; a share when a hundred verdicts tell something."""
    assert Allowance.parse(text).exceeded(turned_down, settled) is exceeded


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "%", "-1%", "101%", "nan%", "5 of 10"])
def test_what_is_neither_a_number_nor_a_share_is_a_value_error(text: str) -> None:
    """With the value in question."""
    with pytest.raises(ValueError, match=f"a number or a share such as 5% expected, not '{text}'"):
        Allowance.parse(text)
