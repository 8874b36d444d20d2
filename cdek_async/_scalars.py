"""One scalar of CDEK's JSON, read leniently: numbers come as text and texts as numbers.

Each raises `ValueError` where nothing sensible can be read.
"""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from uuid import UUID


class Unreadable(ValueError):  # noqa: N818 - an adjective, as all our errors are
    """Not a value of this kind."""


def read_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise Unreadable


def read_uuid(value: object) -> UUID:
    if isinstance(value, str):
        return _uuid(value)
    raise Unreadable


@lru_cache(maxsize=1024)  # every look at an order shows the same few
def _uuid(text: str) -> UUID:
    return UUID(text)


_FIRST_YEAR, _LAST_YEAR = 1900, 3000


def read_moment(value: object) -> datetime:
    """Read `+0000`, `+07:00` or `Z`, with microseconds or without seconds.

    Without a zone it is taken for UTC, which is what CDEK's moments are in today: two moments always compare.
    """
    if not isinstance(value, str):
        raise Unreadable
    moment = datetime.fromisoformat(value)
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:  # some programs' "never", where the calendar ends
        raise Unreadable
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_date(value: object) -> date:
    """Read a day; of a moment, the day where its clock hangs."""
    if not isinstance(value, str):
        raise Unreadable
    return datetime.fromisoformat(value).date()


def read_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Unreadable
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:  # an ArithmeticError
        raise Unreadable from error
    if not number.is_finite():
        raise Unreadable
    return number


def read_float(value: object) -> float:
    number = float(read_decimal(value))
    if not isfinite(number):
        raise Unreadable
    return number


def read_int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = read_decimal(value)
    # the bounds come first: as an int, 1E+999999999 would fill the memory
    if not -_LARGEST < number < _LARGEST or number != (whole := int(number)):
        raise Unreadable
    return whole


_LARGEST = 2**63


def read_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLS:
        return _BOOLS[value.lower()]
    raise Unreadable


_BOOLS = {"true": True, "false": False}
