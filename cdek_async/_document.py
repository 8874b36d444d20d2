"""Document: the one JSON object of an answer, of which the end is read first: a look needs no more."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

_SHORT = 1000  # bytes, of which reading all costs no more than looking for an end
_HEAD = re.compile(rb'\s*\{\s*"entity"\s*:\s*\{\s*"uuid"\s*:\s*"([0-9a-fA-F-]{36})"')
_REQUESTS = b'"requests"'


def parse(body: bytes) -> Mapping[str, object] | None:
    """Read one JSON object, fractions as `Decimal`; None where there is none.

    NaN and Infinity, which are no JSON, read as null.
    """
    head = _HEAD.match(body) if len(body) > _SHORT else None
    # Its quotes would be escaped within a text; and where there is no other, it is the outermost object's.
    if head is not None and body.count(_REQUESTS) == 1:
        end = _object(b"{" + body[body.index(_REQUESTS) :])
        if end is not None:
            return Document(body, head[1].decode(), end)
    return _object(body)


class Document(Mapping[str, object]):
    """An order as CDEK shows it: what follows its `requests` is read, the rest when it is asked for."""

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

    def __bool__(self) -> bool:
        return True

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
