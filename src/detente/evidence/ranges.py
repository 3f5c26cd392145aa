"""Sets of indices as inclusive ranges: the form in which bundles state them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from .request import Ranges


def ranges_of(indices: Iterable[int]) -> Ranges:
    """Ascending ranges, as few as possible.

    >>> ranges_of([5, 1, 2, 2])
    ((1, 2), (5, 5))
    """
    made: list[tuple[int, int]] = []
    for index in sorted(indices):
        if made and index <= made[-1][1] + 1:
            made[-1] = (made[-1][0], index)
        else:
            made.append((index, index))
    return tuple(made)


def union(*many: Ranges) -> Ranges:
    """Ranges that cover what any of them covers."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(pair for ranges in many for pair in ranges):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(last, made[-1][1]))
        else:
            made.append((first, last))
    return tuple(made)


def indices_in(ranges: Ranges) -> Iterator[int]:
    """Every index, ascending."""
    for first, last in ranges:
        yield from range(first, last + 1)


def holds(ranges: Ranges, index: int) -> bool:
    """Whether an index is in ascending ranges."""
    at = bisect_right(ranges, index, key=lambda pair: pair[0])
    return bool(at) and index <= ranges[at - 1][1]


def count(ranges: Ranges) -> int:
    """How many indices there are."""
    return sum(last - first + 1 for first, last in ranges)


def to_json(ranges: Ranges) -> list[list[int]]:
    """As it stands in a manifest."""
    return [[first, last] for first, last in ranges]
