"""The parts of an order that go both ways."""

import copy
import pickle
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cdek_async import _orders_parts as parts
from cdek_async._orders_parts import UNSET, Money, Phone, Unset, as_uuid
from tests import answers


def test_unset_is_one_and_falsy() -> None:
    """`is UNSET` holds wherever a value has been: in a copy, a pickle, another name."""
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET  # noqa: S301 - our own bytes
    assert copy.copy(UNSET) is copy.deepcopy(UNSET) is Unset("UNSET") is UNSET
    assert (bool(UNSET), repr(UNSET)) == (False, "UNSET")
    others: tuple[object, ...] = (None, False, "", 0, "UNSET", ())
    assert UNSET not in others


@pytest.mark.parametrize(
    "given",
    [answers.ORDER, answers.ORDER.upper(), answers.ORDER.replace("-", ""), UUID(answers.ORDER)],
)
def test_a_uuid_is_given_as_itself_or_as_text(given: Any) -> None:
    """Both are the same order."""
    assert as_uuid(given) == UUID(answers.ORDER)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("", "uuid: '' is not a UUID"),
        ("../v2/oauth/token", "uuid: '../v2/oauth/token' is not a UUID"),
        ("{" + answers.ORDER + "}", "uuid: '{3f0f6c1e-8a53-4a9d-9d0b-5f7a3c2e1b10}' is not a UUID"),
        ("3f0f6c1e_8a53_4a9d_9d0b_5f7a3c2e", "uuid: '3f0f6c1e_8a53_4a9d_9d0b_5f7a3c2e' is not a UUID"),
        ("1\n2", "uuid: '1\\n2' is not a UUID"),
        ("x" * 41, f"uuid: '{'x' * 40}…' is not a UUID"),
        (1400000001, "uuid: expected a UUID or its text, got int"),
        (None, "uuid: expected a UUID or its text, got NoneType"),
    ],
)
def test_what_is_no_uuid_is_told_in_one_line(given: Any, line: Any) -> None:
    """Nothing else ever becomes a part of a URL; the line is short and has no line break."""
    with pytest.raises(ValueError) as caught:
        as_uuid(given)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Decimal("0.10"), "0.10"),
        (0.1, "0.1"),
        (1e22, "1E+22"),
        (10, "10"),
        (10**400, "1" + "0" * 400),
    ],
)
def test_an_amount_is_kept_as_it_was_written(given: Any, kept: Any) -> None:
    """A float is the number that it prints, not the one that it is in binary."""
    assert str(Money(given).value) == kept


@pytest.mark.parametrize("given", [True, "10", None, UNSET])
def test_what_is_no_amount_is_left_to_the_check(given: Any) -> None:
    """A part alone refuses nothing: CDEK's answers are read into the same classes."""
    assert Money(given).value is given


def test_lists_become_tuples() -> None:
    """Values compare and hash, whichever of the two was given; what is no list is left to the check."""
    listed = parts.Contact(phones=[Phone("1")])
    assert listed == parts.Contact(phones=(Phone("1"),))
    assert hash(listed) == hash(parts.Contact(phones=(Phone("1"),)))
    text: Any = "12"
    assert parts.Contact(phones=text).phones is text
    assert (parts.Contact(phones=None).phones, parts.Contact().phones) == (None, UNSET)


def test_places_take_uuids_as_text_and_coordinates_as_decimals() -> None:
    """What JSON gives is converted; a text that is no uuid is left to the check."""
    odd: Any = "x"
    place = parts.Location(city_uuid=answers.CITY, fias_guid=odd, latitude=Decimal("60.5"), longitude=28)
    assert (place.city_uuid, place.fias_guid) == (UUID(answers.CITY), odd)
    assert (place.latitude, type(place.latitude), place.longitude) == (60.5, float, 28)
    assert parts.Location(city_uuid=None).city_uuid is None


def test_a_parameter_may_be_a_number() -> None:
    """CDEK's documents call it an integer and a string."""
    assert parts.Service("PACKAGE_1", 2) == parts.Service("PACKAGE_1", "2")
    odd: Any = True
    assert parts.Service("PACKAGE_1", odd).parameter is odd
