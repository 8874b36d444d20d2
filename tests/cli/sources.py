"""Inputs whose rows are given, as a job or a dry run reads them."""

from collections.abc import AsyncIterator, Callable

from cdek_async.cli._rows import Row

Source = Callable[[], AsyncIterator[Row]]


def of(*rows: Row) -> Source:
    async def source() -> AsyncIterator[Row]:
        for row in rows:
            yield row

    return source
