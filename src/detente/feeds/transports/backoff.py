"""How long to wait before the next try. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffRules:
    """Bounds on waiting.

    Attributes:
        first_s: after the first failure.
        most_s: after many.
        steady_s: a connection that held so long makes the next failure a first one.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0


class Backoff:
    """Twice as long after each failure, and by chance up to half of it less: so that many who lost
    the same server do not come back at once.

    Args:
        rules: see there.
        random: a number from 0 to below 1.
    """

    def __init__(self, rules: BackoffRules, random: Callable[[], float]) -> None:
        self._rules = rules
        self._random = random
        self.failures = 0

    def failed(self, held_s: float) -> float:
        """How long to wait, s, after a connection that held so long (0 if there was none)."""
        if held_s >= self._rules.steady_s:
            self.failures = 0
        self.failures += 1
        # Powers beyond any limit are not computed.
        longest = self._rules.first_s * 2.0 ** min(self.failures - 1, 32)
        return min(longest, self._rules.most_s) * (1.0 - 0.5 * self._random())
