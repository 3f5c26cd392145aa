"""Which of the messages that wait are shown, when more wait than anybody can read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, get_args

from detente.agreement import Document
from detente.line import Urgency, Waiting

SHOWN_MAX: Final = 500
"""Of one sender at one party. Whoever sends more pushes out nobody else's, and no urgent ones."""

_RANK: Final = {urgency: rank for rank, urgency in enumerate(get_args(Urgency))}


def pressing(
    waiting: Sequence[Waiting], document: Document, most: int = SHOWN_MAX
) -> tuple[list[Waiting], dict[str, int]]:
    """The most pressing of each sender at each party, in the order given; the most urgent first,
    of those the ones that are due first. And how many of each sender are left out.
    """
    heaps: defaultdict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for each in waiting:
        heaps[each.sender, each.party].append(each)
    left_out: Counter[str] = Counter()
    hidden: set[tuple[str, str]] = set()
    for (sender, party), heap in heaps.items():
        if len(heap) > most:
            heap.sort(key=lambda each: (_RANK.get(each.urgency, 0), each.deadline(document)))
            left_out[sender] += len(heap) - most
            hidden.update((each.id, party) for each in heap[most:])
    return [each for each in waiting if (each.id, each.party) not in hidden], dict(left_out)
