"""Which edges two boundaries of one source share: borders between neighbours, as against coasts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.kernels import BORDER, Edges

Numbers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

ALONE: Final = -1
_STEPS_PER_DEG: Final = 1e9
"""Vertices closer than 0.1 mm are the same one: those cut at the date line lose their last bits."""
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 / golden ratio, odd."""


def neighbours(edges: Edges, source_of_area: npt.NDArray[np.int64]) -> Numbers:
    """Another area of the same source with the same edge, for each edge; `ALONE` if there is none.

    Edges are told apart by 64 bits made of their ends: among two million, the chance that two that
    differ are taken for one is one in ten million.

    Args:
        edges: of an index.
        source_of_area: int64, a number for the source of each area.
    """
    found = np.full(len(edges.xy), ALONE, dtype=np.int32)
    real = np.flatnonzero(edges.kind == BORDER)
    if len(real) == 0:
        return found
    owner = edges.area[real]
    ends = _mixed(np.rint(edges.xy * _STEPS_PER_DEG).astype(np.int64).view(np.uint64))
    source = _mixed(source_of_area.astype(np.uint64)[:, None])
    # The sum does not tell in which direction an edge runs.
    key = (ends[real] + ends[real + 1]) ^ source[owner]
    order = np.argsort(key)
    ordered = key[order]
    begins = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    counts = np.diff(np.append(begins, len(ordered)))
    owners = owner[order]
    lowest = np.repeat(np.minimum.reduceat(owners, begins), counts)
    highest = np.repeat(np.maximum.reduceat(owners, begins), counts)
    other = np.where(owners == lowest, highest, lowest)
    found[real[order]] = np.where(lowest == highest, ALONE, other)
    return found


def _mixed(columns: Hashes) -> Hashes:
    """64 bits for each row; the same for the same row."""
    mixed = np.zeros(len(columns), dtype=np.uint64)
    for column in columns.T:
        mixed = (mixed ^ column) * _SPREAD
        mixed ^= mixed >> np.uint64(29)
        mixed *= _SPREAD
        mixed ^= mixed >> np.uint64(32)
    return mixed
