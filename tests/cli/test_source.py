import os
import threading
from pathlib import Path

import pytest

from cdek_async.cli._exit import Stop
from cdek_async.cli._source import MAX_LINE, Source


def lines_of(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    with Source(str(path)) as source:
        assert source.count() == len(content.splitlines())
        return list(source.lines())


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"uuid\nabc\n", ["uuid\n", "abc\n"]),
        (b"uuid\r\nabc", ["uuid\r\n", "abc"]),
        (b"\xef\xbb\xbfuuid\n\xef\xbb\xbf\n", ["uuid\n", "\ufeff\n"]),
        ("номер\n".encode(), ["номер\n"]),
    ],
)
def test_lines_keep_their_ends_and_lose_a_mark(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    """A byte order mark is dropped where it stands first, and counting leaves every line to be read."""
    assert lines_of(tmp_path / "orders.csv", content) == lines


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("uuid;номер\n".encode("cp1251"), "line 1: not UTF-8 (byte 0xed at column 6); save it as UTF-8"),
        (b"uuid\nabc\n\xd0", "line 3: not UTF-8 (byte 0xd0 at column 1); save it as UTF-8"),
        ("uuid\n".encode("utf-16"), "line 1: not UTF-8 (byte 0xff at column 1); save it as UTF-8"),
        ("uuid\n".encode("utf-16-le"), "line 1: a NUL byte; save it as UTF-8 text"),
        (b"uuid\nab\0c\n", "line 2: a NUL byte; save it as UTF-8 text"),
        (b"uuid\n" + b"x" * MAX_LINE + b"\n", "line 2: longer than 1,000,000 bytes"),
    ],
)
def test_what_is_no_text_is_turned_away_with_its_place(tmp_path: Path, content: bytes, place: str) -> None:
    """When it is counted, which is before anything is sent."""
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with Source(str(path)) as source, pytest.raises(Stop) as stop:
        source.count()
    assert str(stop.value) == f"{path}, {place}"


def test_a_file_that_is_none_is_turned_away(tmp_path: Path) -> None:
    """Missing, a directory, or one that cannot be read."""
    with pytest.raises(Stop, match=r"nowhere.csv: no such file or directory"):
        Source(str(tmp_path / "nowhere.csv"))
    with pytest.raises(Stop, match=": is a directory"):
        Source(str(tmp_path))
    with Source("/proc/self/mem") as source, pytest.raises(Stop, match="mem: input/output error"):
        source.count()


@pytest.mark.parametrize(
    ("size", "read"),
    [
        (0, (1 << 16) // 10),  # what was read ahead
        (10 * 7_000, 7_000),
        (10 * 7_000 + 4, 7_000),  # half a number is another order's
        (10 * 13_000, 12_000),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, size: int, read: int) -> None:
    """Cut short, it would pass for one that was read to its end; grown, for the one that was checked."""
    path = tmp_path / "orders.csv"
    path.write_bytes(b"123456789\n" * 12_000)
    with Source(str(path)) as source:
        assert source.count() == 12_000
        lines = source.lines()
        seen = [next(lines)]
        os.truncate(path, size)
        with pytest.raises(Stop, match=r"orders\.csv: changed while it was read"):
            seen.extend(lines)
    assert seen == ["123456789\n"] * read


def test_a_pipe_is_not_counted_and_is_read_as_it_comes(tmp_path: Path) -> None:
    """Its first line is there before its writer has closed it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writers: list[int] = []
    opening = threading.Thread(target=lambda: writers.append(os.open(path, os.O_WRONLY)))
    opening.start()
    with Source(str(path)) as source:
        opening.join()
        assert source.count() is None
        lines = source.lines()
        os.write(writers[0], b"first\n")
        assert next(lines) == "first\n"
        os.close(writers[0])
        assert list(lines) == []
