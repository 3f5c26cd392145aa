"""Building what positions are looked up in, level by level of the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from detente.errors import DetenteError
from detente.kernels._cells import dealt
from detente.kernels._columns import I32, I64, U8
from detente.kernels._leaves import (
    CROWDED,
    WRITTEN_AREAS,
    WRITTEN_LEAVES,
    WRITTEN_REFS,
    Leaves,
    new_leaves,
)
from detente.kernels._sets import FULL, Sets, new_sets, toggled
from detente.kernels._tree import (
    COLUMNS,
    FAN,
    LEAF_EDGES,
    LEVELS,
    ROOT_CELLS,
    ROWS,
    SOUTH,
    WEST,
    Tree,
    Windows,
    paged,
    settled,
    windows,
)
from detente.kernels.area import END, Edges

_SETS_MIN, _SETS_MAX = 1 << 12, 1 << 22


class TooManySets(DetenteError):
    """Areas that overlap in more ways than an index can number."""

    code: ClassVar[str] = "kernels.too_many_sets"


class TooManyBorders(DetenteError):
    """A place where the borders of too many areas meet."""

    code: ClassVar[str] = "kernels.too_many_borders"


class Built(NamedTuple):
    """The tree, and what explains its leaves.

    Attributes:
        tree: see there.
        label: int32, the set at each leaf's corner. begin, area, bit: see `Leaves`.
        content, first: areas of sets; see `Sets`.
        north, south: numbers of the sets at the poles.
    """

    tree: Tree
    label: I32
    begin: I64
    area: I32
    bit: U8
    content: I32
    first: I64
    north: int
    south: int


def built(edges: Edges, progress: Callable[[float], None]) -> Built:
    """Build the tree.

    Raises:
        TooManySets, TooManyBorders: see there.
    """
    sets = new_sets(_room_for_sets(len(edges.xy)))
    north, south = (_at_pole(edges, sets, lat) for lat in (90.0, -90.0))
    here, some = _root(edges)
    entry = np.zeros(ROOT_CELLS, np.int32)
    parts: list[Leaves] = []
    width, height, blocks, before, refs_before = COLUMNS, ROWS, 0, 0, 0
    for level in range(LEVELS + 1):
        if len(here.column) == 0:
            break
        scale = float(FAN**level)
        begin, found = dealt(
            edges.xy, some, here.column, here.row, here.first, here.many, width, height, scale
        )
        counts = np.diff(begin)
        leaves = new_leaves(
            int((counts > 0).sum()) + len(here.column), len(found) + len(some), before, refs_before
        )
        there = windows(int((counts > LEAF_EDGES).sum()))
        if level:
            entry = np.concatenate((entry, np.zeros(len(here.column) * FAN * FAN, np.int32)))
        blocks, todo = settled(
            edges.xy, edges.area, some, here, width, height, scale, begin, found, entry, blocks,
            level == LEVELS, sets, leaves, there,
        )  # fmt: skip
        _check(sets, int(leaves.written[CROWDED]), edges)
        entry = entry[: ROOT_CELLS + blocks * FAN * FAN]
        parts.append(_cut(leaves))
        before += len(parts[-1].leaf)
        refs_before += len(parts[-1].ref)
        here = Windows(
            there.column[:todo], there.row[:todo], there.corner[:todo],
            there.slot[:todo], there.first[:todo], there.many[:todo],
        )  # fmt: skip
        some, width, height = found, FAN, FAN
        progress((level + 1) / (LEVELS + 1))
    return _finished(edges, sets, _joined(parts), entry, north, south)


def _room_for_sets(vertices: int) -> int:
    """A power of two."""
    return min(_SETS_MAX, max(_SETS_MIN, 1 << (4 * vertices).bit_length()))


def _at_pole(edges: Edges, sets: Sets, lat: float) -> int:
    """The number of the set at a pole: of the areas that reach it."""
    number = 0
    for area in np.unique(edges.area[edges.xy[:, 1] == lat]).tolist():
        number = toggled(sets, number, area)
    return number


def _root(edges: Edges) -> tuple[Windows, I32]:
    """The whole map as one window, and all edges."""
    some = np.flatnonzero(edges.kind != END).astype(np.int32)
    here = windows(1)
    here.column[0], here.row[0] = WEST, SOUTH
    here.many[0] = len(some)
    return here, some


def _check(sets: Sets, crowded: int, edges: Edges) -> None:
    if sets.used[1] == FULL:
        raise TooManySets(
            f"The areas overlap in more than {len(sets.first) - 2:,} different ways.",
            advice="Put them into several indexes.",
        )
    if crowded:
        lng, lat = edges.xy[crowded - 1].tolist()
        raise TooManyBorders(
            f"The borders of too many areas meet near longitude {lng:.6f}, latitude {lat:.6f}.",
            advice="Put the areas into several indexes.",
        )


def _cut(leaves: Leaves) -> Leaves:
    """What was written, copied out of the room for more."""
    count, refs = int(leaves.written[WRITTEN_LEAVES]), int(leaves.written[WRITTEN_REFS])
    areas = int(leaves.written[WRITTEN_AREAS])
    return Leaves(
        leaves.leaf[:count].copy(), leaves.label[:count].copy(), leaves.ref[:refs].copy(),
        leaves.mask[:refs].copy(), leaves.begin[: count + 1].copy(), leaves.area[:areas].copy(),
        leaves.bit[:areas].copy(), leaves.written,
    )  # fmt: skip


def _joined(parts: Sequence[Leaves]) -> Leaves:
    """Leaves of all levels."""
    areas = np.cumsum([0, *(len(each.area) for each in parts)])
    begin = [each.begin[1:] + so_far for each, so_far in zip(parts, areas[:-1], strict=True)]
    return Leaves(
        np.concatenate([each.leaf for each in parts]),
        np.concatenate([each.label for each in parts]),
        np.concatenate([each.ref for each in parts]),
        np.concatenate([each.mask for each in parts]),
        np.concatenate([np.zeros(1, np.int64), *begin]),
        np.concatenate([each.area for each in parts]),
        np.concatenate([each.bit for each in parts]),
        parts[-1].written,
    )


def _finished(
    edges: Edges, sets: Sets, leaves: Leaves, entry: I32, north: int, south: int
) -> Built:
    entry = entry.copy()
    page = paged(
        entry, leaves.leaf, leaves.label, leaves.ref, leaves.mask, leaves.begin, leaves.area,
        leaves.bit, sets,
    )  # fmt: skip
    _check(sets, 0, edges)
    count = int(sets.used[0])
    first = sets.first[: count + 1].copy()
    return Built(
        Tree(entry, page, edges.xy),
        leaves.label, leaves.begin, leaves.area, leaves.bit,
        sets.content[: first[-1]].copy(), first, north, south,
    )  # fmt: skip
