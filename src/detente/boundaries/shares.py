"""Which edges two boundaries of one source share: borders between neighbours, as against coasts.

Edges are told apart by 64 bits made of their ends: among two million, the chance that two that
differ are taken for one is one in ten million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.kernels import BORDER, Edges

from .model import Boundary, Flags, Ring

Numbers = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

ALONE: Final = -1
_STEPS_PER_DEG: Final = 1e9
"""Vertices closer than 0.1 mm are the same one: those cut at the date line lose their last bits."""
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 / golden ratio, odd."""


def with_shares(boundaries: Sequence[Boundary]) -> tuple[Boundary, ...]:
    """The boundaries of some sources, each told which of its edges others of its source have."""
    rings = [ring for each in boundaries for polygon in each.polygons for ring in polygon]
    if not rings:
        return tuple(boundaries)
    keys = np.concatenate([edge_keys(ring) for ring in rings])
    vertices = [sum(len(r) - 1 for part in each.polygons for r in part) for each in boundaries]
    owners = np.repeat(np.arange(len(boundaries), dtype=np.int32), vertices)
    known = dict.fromkeys(each.source for each in boundaries)
    sources = {source: number for number, source in enumerate(known)}
    source_of = np.array([sources[each.source] for each in boundaries])
    shared = _others(keys ^ _of_area(source_of)[owners], owners) != ALONE
    pieces = iter(np.split(shared, np.cumsum([len(ring) - 1 for ring in rings])[:-1]))
    return tuple(
        replace(each, shared=tuple(tuple(next(pieces) for _ in part) for part in each.polygons))
        for each in boundaries
    )


def shared_edges(edges: Edges, boundaries: Sequence[Boundary]) -> Flags:
    """Which edges of an index are shared, as its boundaries tell; in the index's numbers."""
    told = [
        edge_keys(ring)[flags] ^ _of_area(np.array([number]))
        for number, each in enumerate(boundaries)
        if each.shared
        for part, told_of_part in zip(each.polygons, each.shared, strict=True)
        for ring, flags in zip(part, told_of_part, strict=True)
    ]
    if not told:
        return np.zeros(len(edges.xy), dtype=np.bool_)
    keys = np.append(edge_keys(edges.xy), np.uint64(0)) ^ _of_area(edges.area)
    return np.asarray((edges.kind == BORDER) & np.isin(keys, np.concatenate(told)))


def neighbours(edges: Edges, source_of_area: npt.NDArray[np.int64]) -> Numbers:
    """Another area of the same source with the same edge, for each edge; `ALONE` if there is none.

    Args:
        edges: of an index.
        source_of_area: int64, a number for the source of each area.
    """
    found = np.full(len(edges.xy), ALONE, dtype=np.int32)
    real = np.flatnonzero(edges.kind == BORDER)
    if len(real):
        owner = edges.area[real]
        keys = edge_keys(edges.xy)[real] ^ _of_area(source_of_area)[owner]
        found[real] = _others(keys, owner)
    return found


def edge_keys(places: Ring) -> Keys:
    """64 bits for the edge from each place to the next; the same in both directions."""
    ends = _mixed(np.rint(places * _STEPS_PER_DEG).astype(np.int64).view(np.uint64))
    return ends[:-1] + ends[1:]


def _others(keys: Keys, owners: Numbers) -> Numbers:
    """For each edge another owner of the same one; `ALONE` if there is none."""
    order = np.argsort(keys)
    ordered = keys[order]
    begins = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    counts = np.diff(np.append(begins, len(ordered)))
    owner = owners[order]
    lowest = np.repeat(np.minimum.reduceat(owner, begins), counts)
    highest = np.repeat(np.maximum.reduceat(owner, begins), counts)
    found = np.empty(len(keys), dtype=np.int32)
    other = np.where(owner == lowest, highest, lowest)
    found[order] = np.where(lowest == highest, ALONE, other)
    return found


def _of_area(numbers: npt.NDArray[np.integer]) -> Keys:
    return _mixed(numbers.astype(np.uint64)[:, None])


def _mixed(columns: Keys) -> Keys:
    """64 bits for each row; the same for the same row."""
    mixed = np.full(len(columns), _SPREAD, dtype=np.uint64)
    for column in columns.T:
        mixed = (mixed ^ column) * _SPREAD
        mixed ^= mixed >> np.uint64(29)
        mixed *= _SPREAD
        mixed ^= mixed >> np.uint64(32)
    return mixed
