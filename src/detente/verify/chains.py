"""Per-channel chains: each sender counts its envelopes and names the one before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from .errors import Findings
from .gaps import Gap
from .payload import Item


def check_chains(
    items: Iterable[Item],
    full: bool,
    erased: Mapping[str, Sequence[int]],
    findings: Findings,
    gaps: Mapping[int, Gap] = MappingProxyType({}),
) -> None:
    """Check `seq` and `prev` of every sender and channel.

    Args:
        items: in the order of the log.
        full: nothing is left out, so a missing number is a gap.
        erased: for each party, the indices of its erased entries, ascending. Their channel is
            gone with the payload, so as many numbers may be missing where they stand.
        gaps: by position, what was erased before it came; each stands for its envelope.

    Adds chain.gap, chain.prev.
    """
    unused = {party: list(indices) for party, indices in erased.items()}
    last: dict[tuple[str, str], tuple[int, int, str]] = {}
    for item in items:
        key = (item.sender, item.channel)
        position, seq, chain = last.get(key, (-1, 0, ""))
        where = f"entry {item.position}"
        if item.seq <= seq:
            findings.add("chain.gap", where, f"number {item.seq} comes after {seq}")
        elif item.seq == seq + 1:
            if item.prev != chain:
                findings.add("chain.prev", where, "it names another envelope before it")
        elif full:
            # Each erased entry stands for one number. Gaps come in the order of their ends, so
            # taking the earliest ones that fit leaves the most for those to come.
            gone = unused.get(item.sender, [])
            first = bisect_right(gone, position)
            wanted = item.seq - seq - 1
            if wanted > bisect_left(gone, item.position) - first:
                findings.add("chain.gap", where, f"number {seq + 1} is missing")
            else:
                del gone[first : first + wanted]
        last[key] = (item.position, item.seq, item.chain)
        gap = gaps.get(item.position)
        if gap is not None:
            seq = last.get((gap.sender, gap.channel), (-1, 0, ""))[1]
            if gap.seq <= seq or (full and gap.seq != seq + 1):
                findings.add("chain.gap", where, f"a gap at number {gap.seq} after {seq}")
            last[gap.sender, gap.channel] = (item.position, gap.seq, gap.chain)
