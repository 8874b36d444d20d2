"""Document: the one JSON object of an answer; what a look needs stands at its end, which is read first."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

_SHORT = 1000  # bytes, of which reading all costs no more than looking for an end
_HEAD = re.compile(rb'\s*\{\s*"entity"\s*:\s*\{\s*"uuid"\s*:\s*"([0-9a-fA-F-]{36})"')
_REQUESTS = b'"requests"'


def parse(body: bytes, *, brief: bool = False) -> Mapping[str, object] | None:
    """Read one JSON object, fractions as `Decimal`; None where there is none.

    NaN and Infinity, which are no JSON, read as null. `brief`: it is asked which order this is and for its
    requests, and what stands before them may stay unread.
    """
    head = _HEAD.match(body) if brief and len(body) > _SHORT else None
    end = None if head is None else _end(body)
    return _object(body) if head is None or end is None else Document(body, head[1].decode(), end)


def _end(body: bytes) -> dict[str, object] | None:
    """What stands from "requests" on, where that is beyond doubt the outermost object's."""
    start = body.find(_REQUESTS)
    if start < 0 or body.find(_REQUESTS, start + 1) >= 0 or body[start - 1 : start] == b"\\":
        return None
    if _open(body, b"{}", start) != 1 or _open(body, b"[]", start):  # another object's, of a body cut off
        return None
    end = _object(b"{" + body[start:])  # a whole object but for its first brace: it closes the outermost one
    return None if end is None or "entity" in end else end


def _open(body: bytes, pair: bytes, until: int) -> int:
    return body.count(pair[:1], 0, until) - body.count(pair[1:], 0, until)


class Document(Mapping[str, object]):
    """An order as CDEK shows it: what follows its `requests` is read, the rest when it is asked for.

    Empty, but for that, where the rest cannot be read.
    """

    __slots__ = ("_body", "_end", "_whole", "order_uuid")

    def __init__(self, body: bytes, order_uuid: str, end: dict[str, object]) -> None:
        self.order_uuid = order_uuid
        self._body = body
        self._end = end
        self._whole: dict[str, object] | None = None

    def __getitem__(self, name: str) -> object:
        return self._end[name] if name in self._end else self._all()[name]

    def __contains__(self, name: object) -> bool:
        return name == "entity" or name in self._end or name in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def may_say(self, word: bytes) -> bool:
        """Whether a word, in any case, is anywhere in it; also where escapes could hide it."""
        return re.search(rb"\\u00|" + re.escape(word), self._body, re.IGNORECASE) is not None

    def _all(self) -> dict[str, object]:
        if self._whole is None:
            self._whole = _object(self._body) or {}
        return self._whole


def _object(text: bytes) -> dict[str, object] | None:
    try:
        data = _decoder.decode(text.removeprefix(BOM_UTF8).decode())
    except (ValueError, RecursionError, InvalidOperation):  # InvalidOperation: an exponent beyond Decimal's
        return None
    return data if isinstance(data, dict) else None


_decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None)
