import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from cdek_async.cli._json import pretty

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=30, deadline=None)
@given(_VALUES)
def test_what_is_written_reads_the_same(value: object) -> None:
    """Any JSON, empty lists and objects too."""
    assert json.loads(pretty(value)) == value


def test_numbers_keep_their_digits_and_letters_their_shape() -> None:
    """As CDEK sent them, on lines for people."""
    value = {"sum": Decimal("10.50"), "big": Decimal("1E+30"), "имя": ["Ёж", {}, []]}
    assert pretty(value) == (
        '{\n  "sum": 10.50,\n  "big": 1E+30,\n  "имя": [\n    "Ёж",\n    {},\n    []\n  ]\n}'
    )


def test_nothing_drives_a_terminal() -> None:
    """Controls, direction marks and half surrogates are written as escapes, and read as they were."""
    text = "\x1b[2J \x9b1m \u202e \ud83d \x7f"
    assert pretty(text) == '"\\u001b[2J \\u009b1m \\u202e \\ud83d \\u007f"'
    assert json.loads(pretty(text)) == text
