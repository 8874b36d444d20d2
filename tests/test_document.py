"""Document: whatever is asked of an answer, it says what reading all of it would have said."""

import json
from uuid import uuid4

import pytest

from cdek_async import _wire
from cdek_async._document import Document, parse

UUID = str(uuid4())
REQUEST = {"request_uuid": str(uuid4()), "type": "DELETE", "state": "SUCCESSFUL"}
LONG = {"uuid": UUID, "comment": "я" * 600, "packages": [{"weight": 100}]}
ORDER: dict[str, object] = {"entity": LONG, "requests": [REQUEST], "related_entities": []}
TRAP = '"requests":[{"state":"SUCCESSFUL"}]}'
BODIES: dict[str, dict[str, object]] = {
    "as CDEK shows it": ORDER,
    "requests within what follows": {**ORDER, "related_entities": [{"uuid": UUID, "requests": [{}]}]},
    "requests within the order alone": {"entity": {**LONG, "requests": [REQUEST]}},
    "requests in a text": {"entity": {**LONG, "comment": TRAP * 40}},
    "requests in a text after the requests": {**ORDER, "message": TRAP},
    "requests first": {"requests": [REQUEST], "entity": LONG},
    "another name for the uuid": {"entity": {"id": 1, **LONG}, "requests": [REQUEST]},
    "errors between": {"entity": LONG, "errors": [{"code": "v2_internal_error"}], "requests": [REQUEST]},
    "a name that ends like it": {**ORDER, 'a"requests': [{}], "requests": []},
    "only a name that ends like it": {"entity": LONG, 'a"requests': [REQUEST]},
    "a second order": {"entity": LONG, "requests": [REQUEST], "b": {"entity": {"uuid": str(uuid4())}}},
    "a brace in a text": {**ORDER, "message": "}"},
    "a brace in a text before requests in a list": {
        "entity": {**LONG, "comment": "}" * 600},
        "related_entities": [{"id": {}, "requests": [{}]}],
    },
    "one brace in a text before requests in a list": {
        "entity": {**LONG, "comment": f"{'x' * 999}}}"},
        "related_entities": [{"requests": [REQUEST]}],
    },
    "short": {"entity": {"uuid": UUID}, "requests": [REQUEST]},
}


@pytest.mark.parametrize("data", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("brief", [False, True])
def test_it_says_what_reading_all_would_say(
    data: dict[str, object], ascii_only: bool, indent: int | None, brief: bool
) -> None:
    """Names, order of names, members, and what is made of them, wherever the requests stand."""
    body = json.dumps(data, ensure_ascii=ascii_only, indent=indent).replace('": [', '":[').encode()
    found = parse(body, brief=brief)
    assert found
    for name in ("requests", "entity", "errors", "related_entities", "message", "none"):
        assert found.get(name) == data.get(name)
        assert (name in found) == (name in data)
    assert dict(found) == data
    assert (list(found), len(found)) == (list(data), len(data))
    assert _wire.order_uuid_of(found) == _wire.order_uuid_of(data)
    assert _wire.requests_of(found) == _wire.requests_of(data)
    assert _wire.errors_of(found) == _wire.errors_of(data)


def test_the_end_of_a_long_one_is_enough_for_a_look() -> None:
    """Which order it is, and its requests, are known though the rest cannot be read."""
    whole = json.dumps(ORDER, separators=(",", ":"), ensure_ascii=False).encode()
    broken = whole.replace(b'"weight":100', b'"weight":oops')
    assert parse(broken) is None
    found = parse(broken, brief=True)
    assert isinstance(found, Document)
    assert str(_wire.order_uuid_of(found)) == UUID
    assert found["requests"] == [REQUEST]
    assert found.get("comment") is None
    assert not found


@pytest.mark.parametrize("data", BODIES.values(), ids=list(BODIES))
def test_a_body_that_is_cut_off_anywhere_is_none(data: dict[str, object]) -> None:
    """Also right behind what could be its end, wherever the requests stand."""
    body = json.dumps(data, separators=(",", ":")).encode()
    assert parse(body, brief=True) is not None
    assert [cut for cut in range(len(body)) if parse(body[:cut], brief=True) is not None] == []


def test_a_second_order_at_the_end_is_the_one() -> None:
    """As in reading all: the last of two members of one name counts."""
    other = str(uuid4())
    text = f'{{"entity":{json.dumps(LONG)},"requests":[],"entity":{{"uuid":"{other}"}}}}'
    found = parse(text.encode(), brief=True)
    assert str(_wire.order_uuid_of(found or {})) == other


@pytest.mark.parametrize("tail", [b"}", b"x", b"]", b'{"requests":[]}'])
def test_what_follows_the_object_makes_it_none(tail: bytes) -> None:
    """One brace too many closes nothing."""
    assert parse(json.dumps(ORDER).encode() + tail, brief=True) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [("REMOVED", True), ("removed", True), ("\\u0052EMOVED", True), ("CREATED", False), (None, False)],
)
def test_a_removed_order_is_seen_however_it_is_written(code: str | None, expected: bool) -> None:
    """In any case, and with escapes."""
    statuses = "" if code is None else f',"statuses":[{{"code":"{code}"}}]'
    text = f'{{"entity":{{"uuid":"{UUID}","comment":"{"x" * 1000}"{statuses}}},"requests":[]}}'
    found = parse(text.encode(), brief=True)
    assert isinstance(found, Document)
    assert _wire.removed(found) is expected
