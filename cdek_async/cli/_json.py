"""JSON as CDEK sent it, indented for people."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal


def pretty(value: object, indent: str = "\n") -> str:
    """Numbers keep every digit; what could drive a terminal or cannot be written is escaped."""
    deeper = indent + "  "
    if isinstance(value, Mapping) and value:
        members = (f"{escaped(str(name))}: {pretty(member, deeper)}" for name, member in value.items())
        return "{" + deeper + f",{deeper}".join(members) + indent + "}"
    if isinstance(value, list) and value:
        return "[" + deeper + f",{deeper}".join(pretty(each, deeper) for each in value) + indent + "]"
    return str(value) if isinstance(value, Decimal) else escaped(value)


def escaped(value: object) -> str:
    """JSON on one line; its letters stay letters."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


# json escapes the controls below space; C1 controls, direction marks and half surrogates are left to us.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
