import pytest

from cdek_async.cli._text import coded, counted, plain, reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it is", "as it is"),
        ("", ""),
        ("Осторожно, стекло", "Осторожно, стекло"),
        ("\x1b[2J\x1b]0;title\x07gone", "[2J]0;titlegone"),
        ("\x9b31mred", "31mred"),
        ("two\nlines\tand\r\ntabs", "two lines and  tabs"),
        ("abc\u202ecba", "abccba"),
        ("half \ud83d of a pair", "half  of a pair"),
        ("line\u2028end", "line end"),
    ],
)
def test_plain_text_stays_on_its_line_and_drives_nothing(text: str, shown: str) -> None:
    """White space becomes spaces; controls, direction marks and half surrogates go."""
    assert plain(text) == shown
    plain(text).encode()


def test_coded_text_loses_nothing_but_its_lines() -> None:
    """What could drive a terminal shows as its code."""
    assert coded("Осторожно") == "Осторожно"
    assert coded("a\x1b[2J\nb\u202e\ud83d\x9b") == "a\\x1b[2J b\\u202e\\ud83d\\x9b"


def test_a_reason_is_what_the_system_says() -> None:
    """Without its number and name; an OSError of ours has nothing but its text."""
    assert reason(FileNotFoundError(2, "No such file or directory", "x")) == "no such file or directory"
    assert reason(OSError("Cannot listen")) == "cannot listen"


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (2000, "2,000 rows")])
def test_one_is_singular(number: int, text: str) -> None:
    """And thousands are set apart."""
    assert counted(number, "row") == text
