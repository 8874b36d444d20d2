"""tenacity's rule alone (wait, stop, retry), asked after an attempt; who asked waits by itself.

Asleep, an AsyncRetrying and its state take 6 kB, and it cannot be shared by those who wait.
"""

from typing import cast

import tenacity


def until_next(rule: tenacity.Retrying, number: int, failure: Exception | None, *about: object) -> float:
    """Seconds to the next attempt after the one of this number; the rule finds `about` in its state's args.

    Where there is to be none, raises the failure; `RetryError`, where the rule retries it but has stopped,
    and has no `reraise`.
    """
    state = tenacity.RetryCallState(rule, None, about, {})
    state.attempt_number = number
    if failure is None:
        state.set_result(None)
    else:
        state.set_exception((type(failure), failure, failure.__traceback__))
    rule.begin()
    return float(cast("float", rule.iter(state)))
