"""Areas as they are given, and their edges in columns as kernels use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError
from detente.kernels._columns import F64, I32, I64, U8, Bools

Ring: TypeAlias = npt.NDArray[np.float64]

BORDER: Final = 0
SEAM: Final = 1
"""An edge where an area was cut, not where it ends: at the date line, along a pole."""
END: Final = 2
"""The last vertex of a ring: no edge begins here."""

EDGES_MAX: Final = 2**30
_GRID: Final = 1 << 16
_SOUTH_WEST: Final = np.array((180.0, 90.0))


class RingError(DetenteError):
    """A ring that is no ring: open, with too few vertices, or not on the map."""

    code: ClassVar[str] = "kernels.ring"


class TooManyEdges(DetenteError):
    """More edges than an index can number."""

    code: ClassVar[str] = "kernels.too_many_edges"


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Part of the Earth's surface, as RFC 7946 draws it: edges are straight in lon and lat.

    What lies within an odd number of rings is inside, so holes and further parts are just rings,
    and the way they wind does not matter. An edge that occurs twice has the same on both sides and
    bounds nothing; a ring that runs there and back along a line has no inside, but can be near.

    Attributes:
        rings: float64[n, 2], longitude (-180 to 180) and latitude in degrees; closed; no edge
            crosses the date line.
    """

    rings: tuple[Ring, ...]


class Edges(NamedTuple):
    """Edges of areas, one area after the other. Edge i leads from vertex i to vertex i + 1.

    Attributes:
        xy: float64[n, 2], vertices; each ring ends with its first.
        area: int32[n], whose.
        kind: uint8[n], of the edge that begins here: `BORDER`, `SEAM` or `END`.
        first: int64[areas + 1], where each area's vertices begin.
    """

    xy: F64
    area: I32
    kind: U8
    first: I64


def edges_of(areas: Sequence[Area]) -> Edges:
    """Lay areas out.

    Rings of an area are put in an order in which neighbours are near each other.

    Raises:
        RingError: a ring has fewer than three vertices, is open, or has coordinates that are not
            finite or not on the map.
        TooManyEdges: all together have more than 2**30 vertices.
    """
    total = sum(len(ring) for area in areas for ring in area.rings)
    if total > EDGES_MAX:
        raise TooManyEdges(
            f"The areas have {total:,} vertices; an index takes {EDGES_MAX:,}.",
            advice="Leave areas out, or take a coarser source.",
        )
    laid = [_laid(area, f"areas[{number}]") for number, area in enumerate(areas)]
    counts = np.array([len(xy) for xy, _ in laid], np.int64)
    return Edges(
        np.concatenate([xy for xy, _ in laid]) if laid else np.empty((0, 2)),
        np.repeat(np.arange(len(laid), dtype=np.int32), counts),
        np.concatenate([kind for _, kind in laid]) if laid else np.empty(0, np.uint8),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
    )


def _laid(area: Area, where: str) -> tuple[F64, U8]:
    """Vertices of an area and the kinds of its edges."""
    for number, ring in enumerate(area.rings):
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
            raise RingError(
                f"A ring needs three or more pairs of longitude and latitude, not {ring.shape}.",
                where=f"{where}.rings[{number}]",
            )
    if not area.rings:
        return np.empty((0, 2)), np.empty(0, np.uint8)
    rings = _by_place(area.rings)
    counts = np.array([len(ring) for ring in rings], np.int64)
    # adding zero makes -0.0 plain zero
    xy = np.concatenate(rings).astype(np.float64) + 0.0
    ends = np.cumsum(counts) - 1
    _check(xy, ends - counts + 1, ends, where)
    xy, ends = _without_repeats(xy, ends)
    last = np.zeros(len(xy), np.bool_)
    last[ends] = True
    xy, last = _cut_at_seam(xy, last)
    return xy, _kinds(xy, last)


def _by_place(rings: Sequence[Ring]) -> list[Ring]:
    """Rings along a Morton curve over their first vertices."""
    if len(rings) == 1:
        return list(rings)
    corner = np.array([ring[0] for ring in rings])
    with np.errstate(invalid="ignore"):
        scaled = np.clip((corner + _SOUTH_WEST) * (_GRID / 360.0), 0, _GRID - 1)
    scaled[~np.isfinite(scaled)] = 0
    cells = scaled.astype(np.uint64)
    key = np.zeros(len(rings), np.uint64)
    for bit in range(16):
        for axis in range(2):
            picked = (cells[:, axis] >> np.uint64(bit)) & np.uint64(1)
            key |= picked << np.uint64(2 * bit + axis)
    return [rings[k] for k in np.argsort(key, kind="stable").tolist()]


def _check(xy: F64, begins: I64, ends: I64, where: str) -> None:
    # written so that a NaN fails as well
    off = np.flatnonzero(~((np.abs(xy[:, 0]) <= 180.0) & (np.abs(xy[:, 1]) <= 90.0)))
    if len(off):
        lng, lat = xy[off[0]].tolist()
        raise RingError(
            f"Longitude {lng:g}, latitude {lat:g} is not on the map.",
            where=where,
            advice="Longitudes go from -180 to 180; cut areas at the date line.",
        )
    wide = np.flatnonzero((xy[begins] != xy[ends]).any(axis=1))
    if len(wide):
        lng, lat = xy[begins[wide[0]]].tolist()
        raise RingError(
            f"The ring that begins at longitude {lng:g}, latitude {lat:g} does not end there.",
            where=where,
            advice="Repeat the first vertex at the end.",
        )


def _without_repeats(xy: F64, ends: I64) -> tuple[F64, I64]:
    """Without vertices that repeat the one before in their ring."""
    repeated = np.zeros(len(xy), np.bool_)
    repeated[1:] = (xy[1:] == xy[:-1]).all(axis=1)
    repeated[ends[:-1] + 1] = False
    if not repeated.any():
        return xy, ends
    kept = np.cumsum(~repeated)
    return xy[~repeated], kept[ends] - 1


def _on_seam(xy: F64, last: Bools) -> Bools:
    """Edges that run along the date line."""
    along: Bools = np.zeros(len(xy), np.bool_)
    along[:-1] = (np.abs(xy[:-1, 0]) == 180.0) & (xy[:-1, 0] == xy[1:, 0])
    return along & ~last


def _cut_at_seam(xy: F64, last: Bools) -> tuple[F64, Bools]:
    """With vertices of each side of the date line on the other side's edges, too."""
    along = np.flatnonzero(_on_seam(xy, last))
    if len(along) == 0:
        return xy, last
    levels = np.unique(xy[np.concatenate((along, along + 1)), 1])
    pieces: list[F64] = []
    marks: list[Bools] = []
    done = 0
    for i in along.tolist():
        a, b = xy[i, 1], xy[i + 1, 1]
        inner = levels[(levels > min(a, b)) & (levels < max(a, b))]
        if len(inner) == 0:
            continue
        if a > b:
            inner = inner[::-1]
        pieces += [xy[done : i + 1], np.column_stack((np.full(len(inner), xy[i, 0]), inner))]
        marks += [last[done : i + 1], np.zeros(len(inner), np.bool_)]
        done = i + 1
    return np.concatenate([*pieces, xy[done:]]), np.concatenate([*marks, last[done:]])


def _kinds(xy: F64, last: Bools) -> U8:
    kind = np.full(len(xy), BORDER, np.uint8)
    kind[last] = END
    edge = np.flatnonzero(~last)
    polar = (np.abs(xy[edge, 1]) == 90.0) & (xy[edge, 1] == xy[edge + 1, 1])
    kind[edge[polar]] = SEAM
    along = np.flatnonzero(_on_seam(xy, last))
    if len(along):
        low = np.minimum(xy[along, 1], xy[along + 1, 1])
        _, piece, times = np.unique(low, return_inverse=True, return_counts=True)
        # the area goes on where as many pieces lie on the one side as on the other
        kind[along[times[piece] % 2 == 0]] = SEAM
    return kind
