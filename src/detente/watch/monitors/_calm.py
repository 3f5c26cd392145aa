"""Cells of half a degree that no border touches: what holds there is known before. Compiled.

Most aircraft fly most of the time where no border is near. A position in such a cell has the
cell's set of areas, a way within it, or over one side into the next, crosses nothing, and one with
such cells all around it is deeper inside than anybody wants to know. Everything else is looked up
in the index; the answers are the same.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels import END, BorderIndex

from ._scan import Codes, Floats, Ints, Small

_PER_DEG: Final = 2
_ROWS: Final = 180 * _PER_DEG
COLUMNS: Final = 360 * _PER_DEG + 2
"""One more on either side, never calm: no cell is beside another over the date line."""
NOT_CALM: Final = -1
_HAIR_DEG: Final = 1e-6
"""Edges are taken for so much wider: more than any rounding."""
_LEAST_DEGREE_M: Final = 110_500.0
"""No degree of latitude is shorter."""
_EQUATOR_DEGREE_M: Final = 111_300.0
_WIDEST_DEG: Final = 5.0
"""Over so much of longitude the way along a parallel is the shortest, to one in a thousand."""


class Calm(NamedTuple):
    """Cells, row by row from the south-west.

    Attributes:
        held: int32, number of the set of areas that hold all over the cell; `NOT_CALM`: not known.
        deep: uint8, 1 where whoever is in an area is deeper inside it than was asked.
    """

    held: Codes
    deep: Small


def calm(index: BorderIndex, deep_m: float) -> Calm:
    """Where no border is.

    Args:
        index: of all borders.
        deep_m: what counts as deep.
    """
    edges = index.edges
    touched = np.zeros((_ROWS, COLUMNS), dtype=np.uint8)
    touched[:, 0] = touched[:, -1] = 1
    _touch(edges.xy, edges.kind, END, touched)
    lat = np.arange(_ROWS) / _PER_DEG - 90 + 0.5 / _PER_DEG
    lng = np.arange(COLUMNS - 2) / _PER_DEG - 180 + 0.5 / _PER_DEG
    held = np.full((_ROWS, COLUMNS), NOT_CALM, dtype=np.int32)
    centres = np.repeat(lat, len(lng)), np.tile(lng, len(lat))
    held[:, 1:-1] = index.claimants(*centres).reshape(_ROWS, -1)
    held[touched > 0] = NOT_CALM
    deep = np.zeros((_ROWS, COLUMNS), dtype=np.uint8)
    _deepen(held, deep_m, deep)
    return Calm(held.ravel(), deep.ravel())


@kernel
def _cell_row(lat: float) -> int:
    return int(min(max(math.floor((lat + 90.0) * _PER_DEG), 0), _ROWS - 1))


@kernel
def _cell_column(lng: float) -> int:
    return int(min(max(math.floor((lng + 180.0) * _PER_DEG) + 1, 0), COLUMNS - 1))


@kernel
def _touch(xy: Floats, kind: Small, end: int, touched: Small) -> None:
    """Mark what edges touch: those where areas were cut, too, as the index does."""
    for e in range(xy.shape[0] - 1):
        if kind[e] == end:
            continue
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        parts = math.ceil(max(abs(bx - ax), abs(by - ay)) * _PER_DEG) + 1
        for part in range(parts):
            x_0, x_1 = ax + (bx - ax) * part / parts, ax + (bx - ax) * (part + 1) / parts
            y_0, y_1 = ay + (by - ay) * part / parts, ay + (by - ay) * (part + 1) / parts
            for r in range(
                _cell_row(min(y_0, y_1) - _HAIR_DEG), _cell_row(max(y_0, y_1) + _HAIR_DEG) + 1
            ):
                for c in range(
                    _cell_column(min(x_0, x_1) - _HAIR_DEG),
                    _cell_column(max(x_0, x_1) + _HAIR_DEG) + 1,
                ):
                    touched[r, c] = 1


@kernel
def _deepen(held: Codes, deep_m: float, deep: Small) -> None:
    """Mark cells around which all is of the same set for so far."""
    up = math.ceil(deep_m * _PER_DEG / _LEAST_DEGREE_M)
    for r in range(up, _ROWS - up):
        edge_deg = max(abs((r - up) / _PER_DEG - 90.0), abs((r + up + 1) / _PER_DEG - 90.0))
        degree_m = _EQUATOR_DEGREE_M * math.cos(math.radians(edge_deg)) * 0.99
        if degree_m * _WIDEST_DEG < deep_m:
            continue
        aside = math.ceil(deep_m * _PER_DEG / degree_m)
        for c in range(aside, COLUMNS - aside):
            which = held[r, c]
            same = which != NOT_CALM
            y = r - up
            while same and y <= r + up:
                for x in range(c - aside, c + aside + 1):
                    if held[y, x] != which:
                        same = False
                        break
                y += 1
            deep[r, c] = same


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
def reach_deep(begins: Ints, ends: Ints, rows: Ints, cells: Codes, deep: Small) -> Small:
    """Which stretches of `rows` have a position in a cell that is deep."""
    found = np.zeros(begins.shape[0], dtype=np.uint8)
    for k in range(begins.shape[0]):
        for j in range(begins[k], ends[k]):
            cell = cells[rows[j]]
            if cell != NOT_CALM and deep[cell]:
                found[k] = 1
                break
    return found
