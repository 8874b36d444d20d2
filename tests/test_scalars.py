"""One scalar of CDEK's JSON."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cdek_async import _scalars

FAR = Decimal("1E+999999999")


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (_scalars.read_text, "a", "a"),
        (_scalars.read_text, 7, "7"),
        (_scalars.read_text, Decimal("1.50"), "1.50"),
        (
            _scalars.read_uuid,
            "3f0f6c1e8a534a9d9d0b5f7a3c2e1b10",
            UUID("3f0f6c1e-8a53-4a9d-9d0b-5f7a3c2e1b10"),
        ),
        (_scalars.read_date, "2026-05-01", date(2026, 5, 1)),
        (_scalars.read_date, "2026-05-01T23:30:00-0100", date(2026, 5, 1)),
        (_scalars.read_decimal, "20.10", Decimal("20.10")),
        (_scalars.read_decimal, 20, Decimal(20)),
        (_scalars.read_decimal, 0.1, Decimal("0.1")),
        (_scalars.read_decimal, FAR, FAR),
        (_scalars.read_float, Decimal("28.6112"), 28.6112),
        (_scalars.read_float, "28.6112", 28.6112),
        (_scalars.read_int, 10, 10),
        (_scalars.read_int, "10", 10),
        (_scalars.read_int, Decimal("20.0"), 20),
        (_scalars.read_bool, True, True),
        (_scalars.read_bool, "False", False),
    ],
)
def test_numbers_are_read_from_text_and_text_from_numbers(read: Any, value: Any, found: Any) -> None:
    """What is the same value in another dress is read, exactly."""
    assert (read(value), type(read(value))) == (found, type(found))


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (_scalars.read_text, True),
        (_scalars.read_text, {}),
        (_scalars.read_uuid, "nobody"),
        (_scalars.read_uuid, 5),
        (_scalars.read_moment, "yesterday"),
        (_scalars.read_moment, 1777777777),
        (_scalars.read_moment, "0001-01-01T00:00:00+0000"),
        (_scalars.read_moment, "9999-12-31T23:59:59+0000"),
        (_scalars.read_date, "30.04.2026"),
        (_scalars.read_date, 20260430),
        (_scalars.read_decimal, True),
        (_scalars.read_decimal, []),
        (_scalars.read_decimal, "ten"),
        (_scalars.read_decimal, "NaN"),
        (_scalars.read_float, FAR),
        (_scalars.read_int, True),
        (_scalars.read_int, Decimal("20.5")),
        (_scalars.read_int, FAR),
        (_scalars.read_int, Decimal("1E-999999999")),
        (_scalars.read_bool, "yes"),
        (_scalars.read_bool, 1),
    ],
)
def test_what_is_no_such_value_is_refused_in_one_way(read: Any, value: Any) -> None:
    """The reader of a whole answer catches ValueError, and nothing else is ever raised."""
    with pytest.raises(ValueError):
        read(value)


SEVEN = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-08-01T14:34:18+0000", datetime(2026, 8, 1, 14, 34, 18, tzinfo=UTC)),
        ("2020-03-20T10:00:01+0700", datetime(2020, 3, 20, 10, 0, 1, tzinfo=SEVEN)),
        ("2020-03-20T10:00:01+07:00", datetime(2020, 3, 20, 10, 0, 1, tzinfo=SEVEN)),
        ("2020-01-23T11:48:40Z", datetime(2020, 1, 23, 11, 48, 40, tzinfo=UTC)),
        ("2024-12-06T11:32:31.608716Z", datetime(2024, 12, 6, 11, 32, 31, 608716, tzinfo=UTC)),
        ("2026-06-03T17:15Z", datetime(2026, 6, 3, 17, 15, tzinfo=UTC)),
        ("2026-06-03T17:15:00", datetime(2026, 6, 3, 17, 15, tzinfo=UTC)),
        ("2026-06-03", datetime(2026, 6, 3, tzinfo=UTC)),
    ],
)
def test_every_form_of_moment_is_read_and_aware(text: Any, moment: Any) -> None:
    """CDEK writes moments in five forms; each has a zone afterwards, so that any two compare."""
    read = _scalars.read_moment(text)
    assert (read, read.utcoffset()) == (moment, moment.utcoffset())
