"""A leaf: few edges in a cell, and which areas each of them bounds.

Edges that several areas share are kept once. Areas of which the same edges are in the cell, and
that all contain its corner or all do not, form a class: a bit that edges carry and that tells
whether a place is inside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64, U8
from detente.kernels._sets import Sets, contains

CLASSES_MAX = 31
WRITTEN_LEAVES, WRITTEN_REFS, WRITTEN_AREAS, CROWDED, BEFORE, REFS_BEFORE = 0, 1, 2, 3, 4, 5
LEAF_FIRST, LEAF_COUNT, LEAF_CORNER = 0, 1, 2


class Leaves(NamedTuple):
    """Leaves while they are collected.

    Attributes:
        leaf: int32[n, 3]: where its edges begin, how many they are, classes (bits) that contain its
            corner.
        label: int32, the set at each leaf's corner.
        ref: int32, edges. mask: int32, their classes.
        begin: int64, where each leaf's areas begin. area: int32, bit: uint8, whose class is whose.
        written: int64[6]: how many leaves, refs and areas; 1 + the edge where there are more than
            `CLASSES_MAX` classes in a cell; how many leaves and refs there were before these.
    """

    leaf: I32
    label: I32
    ref: I32
    mask: I32
    begin: I64
    area: I32
    bit: U8
    written: I64


def new_leaves(leaves: int, refs: int, before: int, refs_before: int) -> Leaves:
    """Room for so many leaves with so many edges together, after those there are."""
    written = np.array([0, 0, 0, 0, before, refs_before], np.int64)
    return Leaves(
        np.empty((leaves, 3), np.int32),
        np.empty(leaves, np.int32),
        np.empty(refs, np.int32),
        np.empty(refs, np.int32),
        np.zeros(leaves + 1, np.int64),
        np.empty(refs, np.int32),
        np.empty(refs, np.uint8),
        written,
    )


@kernel
def add_leaf(xy: F64, owner: I32, edges: I32, corner: int, sets: Sets, leaves: Leaves) -> int:
    """Make a leaf of a cell's edges; `corner` is the set at its south-west corner.

    Returns:
        The leaf's number; -1 if no edge bounds anything: the cell is uniform.
    """
    unique, areas, bounds = _incidence(xy, owner, edges)
    n, m = unique.shape[0], areas.shape[0]
    cls = np.full(m, -1, np.int64)
    inside = np.zeros(m, np.bool_)
    classes = 0
    for a in range(m):
        if not bounds[a].any():
            continue
        inside[a] = contains(sets.content, sets.first, corner, areas[a])
        for b in range(a):
            if cls[b] >= 0 and inside[b] == inside[a] and np.all(bounds[a] == bounds[b]):
                cls[a] = cls[b]
                break
        if cls[a] < 0:
            cls[a] = classes
            classes += 1
    if classes == 0:
        return -1
    if classes > CLASSES_MAX:
        leaves.written[CROWDED] = 1 + unique[0]
        return -1
    number = leaves.written[WRITTEN_LEAVES]
    ref, at = leaves.written[WRITTEN_REFS], leaves.written[WRITTEN_AREAS]
    leaves.leaf[number, LEAF_FIRST] = ref + leaves.written[REFS_BEFORE]
    begin = ref
    bits = 0
    for a in range(m):
        if cls[a] >= 0:
            leaves.area[at] = areas[a]
            leaves.bit[at] = cls[a]
            at += 1
            if inside[a]:
                bits |= 1 << cls[a]
    for u in range(n):
        mask = 0
        for a in range(m):
            if bounds[a, u]:
                mask |= 1 << cls[a]
        if mask:
            leaves.ref[ref] = unique[u]
            leaves.mask[ref] = mask
            ref += 1
    leaves.leaf[number, LEAF_COUNT] = ref - begin
    leaves.leaf[number, LEAF_CORNER] = bits
    leaves.label[number] = corner
    leaves.begin[number + 1] = at
    leaves.written[WRITTEN_LEAVES] = number + 1
    leaves.written[WRITTEN_REFS] = ref
    leaves.written[WRITTEN_AREAS] = at
    return int(number + leaves.written[BEFORE])


@kernel
def _incidence(xy: F64, owner: I32, edges: I32) -> tuple[I32, I32, U8]:
    """Edges (one of each place), areas, and which of these each of those bounds (areas, edges)."""
    count = edges.shape[0]
    unique = np.empty(count, np.int32)
    areas = np.empty(count, np.int32)
    where = np.empty(count, np.int64)
    whose = np.empty(count, np.int64)
    n = m = 0
    for k in range(count):
        e = edges[k]
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        u = 0
        while u < n:
            o = unique[u]
            cx, cy, dx, dy = xy[o, 0], xy[o, 1], xy[o + 1, 0], xy[o + 1, 1]
            if (ax == cx and ay == cy and bx == dx and by == dy) or (
                ax == dx and ay == dy and bx == cx and by == cy
            ):
                break
            u += 1
        if u == n:
            unique[n] = e
            n += 1
        a = 0
        while a < m and areas[a] != owner[e]:
            a += 1
        if a == m:
            areas[m] = owner[e]
            m += 1
        where[k], whose[k] = u, a
    bounds = np.zeros((m, n), np.uint8)
    for k in range(count):
        bounds[whose[k], where[k]] ^= 1
    return unique[:n], areas[:m], bounds
