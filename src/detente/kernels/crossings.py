"""Where segments between positions enter and leave areas.

The kernels tell where a segment meets edges; what it does there, enter, leave or touch, follows
from what holds at both ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detente.kernels import _segments
from detente.kernels._balls import Balls
from detente.kernels._columns import F64, I32, I64, U8, Bools, Rows
from detente.kernels._reach import Reach
from detente.kernels._segments import TOUCHED_END, TOUCHED_START
from detente.kernels._tree import Tree


class Crossings(NamedTuple):
    """Where segments cross borders, ordered by row, then how far along, then area.

    Attributes:
        row: of the segment. area: whose border.
        fraction: float64, how far along the segment, 0 to 1.
        into: uint8, 1 if the area is entered there, 0 if it is left.
        edge: int64, number of the edge that is crossed; -1 if the segment ends on the border.
    """

    row: Rows
    area: I32
    fraction: F64
    into: U8
    edge: I64


def crossings_of(
    tree: Tree, balls: Balls, reach: Reach, holds: Callable[[F64, F64, I32], Bools],
    y_0: F64, x_0: F64, y_1: F64, x_1: F64,
) -> Crossings:  # fmt: skip
    """See `BorderIndex.crossings`.

    Args:
        holds: whether areas hold positions, by latitude, longitude and number.
        y_0, x_0, y_1, x_1: latitudes and longitudes of both ends, degrees.
    """
    x_0, x_1 = _wrapped(x_0), _wrapped(x_1)
    rows = np.flatnonzero(_segments.segments_met(tree, y_0, x_0, y_1, x_1))
    row, area, touch, begin, fraction, edge = _segments.segment_hits(
        balls, reach, y_0, x_0, y_1, x_1, rows
    )
    which = area.astype(np.int32)
    count = np.diff(begin)
    start = holds(y_0[row], x_0[row], which)
    end = holds(y_1[row], x_1[row], which)
    odd = (count & 1).astype(np.bool_)
    # just after the start: known from there, else from the end, else from between
    after = np.where(touch & TOUCHED_START, end ^ odd, start)
    unknown = np.flatnonzero(touch == TOUCHED_START | TOUCHED_END)
    if len(unknown):
        first = begin[:-1][unknown]
        to = np.where(count[unknown] > 0, np.append(fraction, 1.0)[first], 1.0) / 2
        some = row[unknown]
        lat = y_0[some] + to * (y_1[some] - y_0[some])
        turn = x_1[some] - x_0[some]
        lng = x_0[some] + to * (turn - 360.0 * np.rint(turn / 360.0))
        after[unknown] = holds(lat, lng, which[unknown])
    order = np.arange(len(fraction)) - np.repeat(begin[:-1], count)
    owner = np.repeat(np.arange(len(row)), count)
    into = ~(after[owner] ^ (order & 1).astype(np.bool_))
    # entered and left in one point: touched
    twice = np.zeros(len(fraction), np.bool_)
    same = (fraction[1:] == fraction[:-1]) & (owner[1:] == owner[:-1])
    for k in np.flatnonzero(same).tolist():
        if not twice[k]:
            twice[k] = twice[k + 1] = True
    kept = ~twice
    left_at_once = np.flatnonzero(start & ~after)
    reached = np.flatnonzero((after ^ odd) != end)
    owner = np.concatenate((owner[kept], left_at_once, reached))
    none = np.full(len(left_at_once) + len(reached), -1, np.int64)
    found = Crossings(
        row[owner].astype(np.intp),
        which[owner],
        np.concatenate((fraction[kept], np.zeros(len(left_at_once)), np.ones(len(reached)))),
        np.concatenate((into[kept], np.zeros(len(left_at_once), np.bool_), end[reached])).astype(
            np.uint8
        ),
        np.concatenate((edge[kept], none)),
    )
    sorted_ = np.lexsort((found.area, found.fraction, found.row))
    return Crossings(
        found.row[sorted_], found.area[sorted_], found.fraction[sorted_],
        found.into[sorted_], found.edge[sorted_],
    )  # fmt: skip


def _wrapped(lng: F64) -> F64:
    """Longitudes within the map, as far as 540 degrees; others unchanged."""
    beyond = (np.abs(lng) > 180.0) & (np.abs(lng) <= 540.0)
    if not beyond.any():
        return lng
    wrapped: F64 = np.where(beyond, lng - 360.0 * np.floor((lng + 180.0) / 360.0), lng)
    return wrapped
