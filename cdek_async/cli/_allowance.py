"""The allowance of a job: how many orders CDEK may turn down before it is evidently wrong."""

from typing import Self

from attrs import frozen

_SAMPLE = 100  # verdicts before a share of them says anything


@frozen
class Allowance:
    """At most so many, or such a share of those that have a verdict."""

    text: str
    number: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `N` or `P%`; raises `ValueError`."""
        given = text.strip()
        try:
            if given.endswith("%"):
                allowance = cls(given, share=float(given[:-1]) / 100)
            else:
                allowance = cls(given, number=int(given))
        except ValueError:
            allowance = cls(given)
        if not (
            0 <= (allowance.share or 0) <= 1 and (allowance.number or 0) >= 0 and allowance != cls(given)
        ):
            raise ValueError(f"a number or a share such as 5% expected, not {text!r:.40}")
        return allowance

    def exceeded(self, turned_down: int, settled: int) -> bool:
        """Whether so many of the settled are too many; a share counts from the 100th verdict on."""
        if self.number is not None:
            return turned_down > self.number
        return self.share is not None and settled >= _SAMPLE and turned_down > self.share * settled
