"""Patterns of aircraft's identities, and which of many match one: without looking at each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

_RANGE: Final = re.compile(r"([0-9a-f]{6})-([0-9a-f]{6})\Z", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[0-9a-f]{6}\Z")


def canonical(pattern: str) -> str:
    """The same pattern, as all are written that match the same: ranges in small letters."""
    return pattern.lower() if _RANGE.match(pattern) else pattern


class IdentityPatterns:
    """Exact identities, beginnings of some (`4b*`), and ranges of ICAO addresses (`4b0000-4b7fff`).

    Ranges may be in capital letters: they are addresses, and nothing else looks like one.

    Args:
        patterns: in their order.

    Raises:
        ValueError: one can match nothing, or says something else than it seems to.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact: dict[str, list[int]] = {}
        self._beginnings: dict[str, list[int]] = {}
        ranges: list[tuple[int, int, int]] = []
        for number, pattern in enumerate(patterns):
            span = _RANGE.match(pattern)
            if span is not None:
                low, high = (int(each, 16) for each in span.groups())
                if low > high:
                    raise ValueError(f"{pattern}: the range ends before it begins")
                ranges.append((low, high, number))
            elif "*" in pattern[:-1]:
                raise ValueError(f"{pattern}: nothing may follow a star")
            elif pattern.endswith("*"):
                self._beginnings.setdefault(pattern[:-1], []).append(number)
            else:
                self._exact.setdefault(pattern, []).append(number)
        self._lengths = sorted({len(each) for each in self._beginnings})
        self._ranges = np.array(ranges, dtype=np.int64).reshape(-1, 3)

    def exact(self, identity: str) -> list[int]:
        """Numbers of the patterns that are this very identity."""
        return self._exact.get(identity, [])

    def matching(self, identity: str) -> list[int]:
        """Numbers of all patterns that match, rising."""
        found = list(self.exact(identity))
        for length in self._lengths:
            if length <= len(identity):
                found += self._beginnings.get(identity[:length], [])
        if len(self._ranges) and _ADDRESS.match(identity):
            address = int(identity, 16)
            low, high, number = self._ranges.T
            found += number[(low <= address) & (address <= high)].tolist()
        return sorted(found)
