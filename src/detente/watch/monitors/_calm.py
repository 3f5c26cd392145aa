"""Cells of half a degree that no border touches: what holds there is known before. Compiled.

Most aircraft fly most of the time where no border is near. A position in such a cell has the
cell's set of areas, a way within it, or over one side into the next, crosses nothing. Likewise,
where no border is for as far as anybody wants to know, nobody looks how far the next one is.
Everything else is looked up in the index; the answers are the same.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detente.geo import kernel
from detente.kernels import END, BorderIndex

from ._scan import Codes, Floats, Ints, Small

_PER_DEG: Final = 2
_ROWS: Final = 180 * _PER_DEG
COLUMNS: Final = 360 * _PER_DEG + 2
"""One more on either side, never calm: no cell is beside another over the date line."""
NOT_CALM: Final = -1
_FINE: Final = 10
"""Cells a degree, of those that may be deep."""
_HAIR_DEG: Final = 1e-6
"""Edges are taken for so much wider: more than any rounding."""
_LEAST_DEGREE_M: Final = 110_500.0
"""No degree of latitude is shorter."""
_EQUATOR_DEGREE_M: Final = 111_300.0
_WIDEST_DEG: Final = 5.0
"""Over so much of longitude the way along a parallel is the shortest, to one in a thousand."""


class Calm(NamedTuple):
    """Cells, row by row from the south-west. Memory: 8 MB.

    Attributes:
        held: int32, number of the set of areas that hold all over the cell; `NOT_CALM`: not known.
        deep: uint8, of cells of a tenth of a degree: 1 where no border is as near as was asked.
    """

    held: Codes
    deep: Small


def calm(index: BorderIndex, deep_m: float) -> Calm:
    """Where no border is.

    Args:
        index: of all borders.
        deep_m: how far a border is from everywhere in a deep cell, at least.
    """
    edges = index.edges
    touched = np.zeros((_ROWS, COLUMNS), dtype=np.uint8)
    touched[:, 0] = touched[:, -1] = 1
    _touch(edges.xy, edges.kind, END, _PER_DEG, 1, touched)
    lat = np.arange(_ROWS) / _PER_DEG - 90 + 0.5 / _PER_DEG
    lng = np.arange(COLUMNS - 2) / _PER_DEG - 180 + 0.5 / _PER_DEG
    held = np.full((_ROWS, COLUMNS), NOT_CALM, dtype=np.int32)
    centres = np.repeat(lat, len(lng)), np.tile(lng, len(lat))
    held[:, 1:-1] = index.claimants(*centres).reshape(_ROWS, -1)
    held[touched > 0] = NOT_CALM
    fine = np.zeros((180 * _FINE, 360 * _FINE), dtype=np.uint8)
    _touch(edges.xy, edges.kind, END, _FINE, 0, fine)
    deep = np.ones_like(fine)
    _shallow(fine, deep_m, deep)
    return Calm(held.ravel(), deep.ravel())


@kernel
def _cell(degrees: float, per_deg: int, before: int, cells: int) -> int:
    """Row or column of a place; the nearest one of a place beyond them."""
    return int(min(max(math.floor(degrees * per_deg) + before, 0), cells - 1))


@kernel
def _touch(xy: Floats, kind: Small, end: int, per_deg: int, before: int, touched: Small) -> None:
    """Mark what edges touch: those where areas were cut, too, as the index does.

    Args:
        xy, kind, end: of the edges.
        per_deg: cells a degree.
        before: columns before the first.
        touched: what is marked.
    """
    rows, columns = touched.shape
    for e in range(xy.shape[0] - 1):
        if kind[e] == end:
            continue
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        parts = math.ceil(max(abs(bx - ax), abs(by - ay)) * per_deg) + 1
        for part in range(parts):
            x_0, x_1 = ax + (bx - ax) * part / parts, ax + (bx - ax) * (part + 1) / parts
            y_0, y_1 = ay + (by - ay) * part / parts, ay + (by - ay) * (part + 1) / parts
            low = _cell(min(x_0, x_1) + 180.0 - _HAIR_DEG, per_deg, before, columns)
            high = _cell(max(x_0, x_1) + 180.0 + _HAIR_DEG, per_deg, before, columns)
            bottom = _cell(min(y_0, y_1) + 90.0 - _HAIR_DEG, per_deg, 0, rows)
            top = _cell(max(y_0, y_1) + 90.0 + _HAIR_DEG, per_deg, 0, rows)
            touched[bottom : top + 1, low : high + 1] = 1


@kernel
def _shallow(touched: Small, deep_m: float, deep: Small) -> None:
    """Clear cells from which a border may be nearer than that."""
    rows, columns = touched.shape
    up = math.ceil(deep_m * _FINE / _LEAST_DEGREE_M)
    asides = np.empty(rows, dtype=np.int64)
    for r in range(rows):
        # the parallel of those around that is nearest to a pole is the shortest
        low, high = (r - up) / _FINE - 90.0, (r + up + 1) / _FINE - 90.0
        shortest_m = _EQUATOR_DEGREE_M * math.cos(math.radians(min(max(-low, high), 90.0))) * 0.99
        asides[r] = columns
        if shortest_m * _WIDEST_DEG > deep_m:
            asides[r] = math.ceil(deep_m * _FINE / shortest_m)
        else:
            deep[r, :] = 0
    for r in range(rows):
        for c in range(columns):
            if not touched[r, c]:
                continue
            for y in range(max(r - up, 0), min(r + up + 1, rows)):
                if asides[y] < columns:
                    for x in range(c - asides[y], c + asides[y] + 1):
                        deep[y, x % columns] = 0


@kernel
def located(lat: Floats, lng: Floats, held: Codes) -> tuple[Codes, Codes, Ints]:
    """Sets of areas that hold positions, as far as known; cells; rows that are to be looked up."""
    n = lat.shape[0]
    sets, cells = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    others = np.empty(n, dtype=np.int64)
    count = 0
    for i in range(n):
        cell = NOT_CALM
        which = NOT_CALM
        if abs(lat[i]) < 90.0 and abs(lng[i]) < 180.0:
            row = math.floor((lat[i] + 90.0) * _PER_DEG)
            column = math.floor((lng[i] + 180.0) * _PER_DEG) + 1
            cell = row * COLUMNS + column
            which = held[cell]
            if which == NOT_CALM:
                cell = NOT_CALM
        sets[i] = which
        cells[i] = cell
        if cell == NOT_CALM:
            others[count] = i
            count += 1
    return sets, cells, others[:count]


@kernel
def reach_deep(
    begins: Ints, ends: Ints, rows: Ints, lat: Floats, lng: Floats, deep: Small
) -> npt.NDArray[np.bool_]:
    """Which stretches of `rows` have a position in a cell that is deep."""
    found = np.zeros(begins.shape[0], dtype=np.bool_)
    for k in range(begins.shape[0]):
        for j in range(ends[k] - 1, begins[k] - 1, -1):
            y, x = lat[rows[j]], lng[rows[j]]
            if not (abs(y) < 90.0 and abs(x) < 180.0):
                continue
            row = math.floor((y + 90.0) * _FINE)
            column = math.floor((x + 180.0) * _FINE)
            if deep[row * (360 * _FINE) + column]:
                found[k] = True
                break
    return found
