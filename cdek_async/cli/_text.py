"""Text from elsewhere, made fit for a terminal."""

import unicodedata


def plain(text: str) -> str:
    """The same on one line and without control characters: an order's comment must not drive a terminal.

    Bidirectional marks go too (they are format characters), and halves of surrogate pairs, which cannot be
    written at all.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if each.isspace() else each for each in text if each.isspace() or _harmless(each))


def coded(text: str) -> str:
    """As `plain`, but what would go shows as its code: for files, where nothing is to be lost."""
    if text.isprintable():
        return text
    return "".join(
        " " if each.isspace() else each if _harmless(each) else each.encode("unicode_escape").decode()
        for each in text
    )


def _harmless(each: str) -> bool:
    return unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the singular where it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def reason(error: OSError) -> str:
    """What the system says of an error, without its number and the name that the caller gives anyway."""
    return (error.strerror or str(error)).lower()
