"""How long CDEK takes to settle a request: laws in seconds, written as short texts."""

import math
import random
from collections.abc import Callable

Law = Callable[[random.Random], float]


def law(text: str) -> Law:
    """A law from its text, such as `lognormal:0.5,1`; anything else is a `ValueError` of one line."""
    name, _, rest = text.strip().partition(":")
    if name not in _LAWS:
        raise ValueError(f"settle law {text!r}: {name!r} is none of {', '.join(_LAWS)}")
    signature, make = _LAWS[name]
    wanted = signature.count(",") + 1 if signature else 0
    try:
        numbers = [float(part) for part in rest.split(",")] if rest else []
    except ValueError:
        raise ValueError(f"settle law {text!r}: {rest!r} is not a list of numbers") from None
    if len(numbers) != wanted:
        form = f"{name}:{signature}" if signature else name
        raise ValueError(f"settle law {text!r}: write it as {form}")
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise ValueError(f"settle law {text!r}: its numbers are finite and not negative")
    try:
        return make(*numbers)
    except ValueError as error:
        raise ValueError(f"settle law {text!r}: {error}") from None


def _fixed(seconds: float) -> Law:
    return lambda _: seconds


def _uniform(low: float, high: float) -> Law:
    if low > high:
        raise ValueError("LOW is not above HIGH")
    return lambda rng: rng.uniform(low, high)


def _lognormal(median: float, sigma: float) -> Law:
    return lambda rng: median * math.exp(rng.gauss(0.0, sigma))


def _exponential(mean: float) -> Law:
    return lambda rng: -mean * math.log(1.0 - rng.random())


def _tail(quick: float, slow: float, share: float) -> Law:
    """Exponential about `quick` seconds, but a share of the requests about `slow` ones."""
    if share > 1:
        raise ValueError("SHARE is at most 1")
    return lambda rng: _exponential(slow if rng.random() < share else quick)(rng)


def _never() -> Law:
    return lambda _: math.inf


_LAWS: dict[str, tuple[str, Callable[..., Law]]] = {
    "fixed": ("SECONDS", _fixed),
    "uniform": ("LOW,HIGH", _uniform),
    "lognormal": ("MEDIAN,SIGMA", _lognormal),
    "exponential": ("MEAN", _exponential),
    "tail": ("QUICK,SLOW,SHARE", _tail),
    "never": ("", _never),
}
