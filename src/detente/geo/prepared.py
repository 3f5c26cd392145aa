"""Volumes laid out in arrays, with their projected shapes kept: what `conflict` computes on.

Many volumes are compared with many: bounds stand in columns, each outline has a ball around it (a
point under the ground and a radius) for sorting out by distance, and a polygon that had to be
projected once is kept for the next question. `Prepared` is safe to read from several threads: the
worst that a race does is to project a shape twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import shapely

from detente.errors import DetenteError
from detente.geo import projection
from detente.geo.projection import Floats
from detente.geo.volume import Circle, Volume4D

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Shapes: TypeAlias = npt.NDArray[np.object_]

SINCE_EVER_US: Final = -(2**63) + 1
FOR_EVER_US: Final = 2**63 - 1

# Tiles: the places that planes are centred at. Neighbours share a plane, so it pays to keep shapes.
TILE_DEG: Final = 4.0
# The farthest that an outline may reach from its middle: planes end at 7,000 km.
BALL_MAX_M: Final = 5_000_000.0
# Geodesics of the ellipsoid leave the cap that contains their ends by less than this part of its
# radius.
BALL_MARGIN: Final = 1.01


_COLUMNS: Final = (
    "time_start_us", "time_end_us", "altitude_lower_m", "altitude_upper_m", "is_circle",
    "radius_m", "count", "lat_deg", "lng_deg", "vertices_m", "ball_m", "ball_radius_m", "tile",
)  # fmt: skip
_VERTICES: Final = frozenset({"lat_deg", "lng_deg", "vertices_m"})


class OutlineTooLarge(DetenteError):
    """An outline reaches so far that it cannot be compared exactly (beyond 5,000 km)."""

    code = "conflict.outline_too_large"


class Prepared:
    """The columns of a list of volumes. Use `prepare`, which builds it only when needed.

    Attributes (n volumes):
        time_start_us, time_end_us: int64 (n,), open bounds at the ends of int64.
        altitude_lower_m, altitude_upper_m: float64 (n,), open bounds infinite.
        is_circle: bool (n,); radius_m: float64 (n,), 0 for polygons.
        first, count: int64 (n,), the slice of `lat_deg`/`lng_deg` with the vertices (or the
            centre); vertices_m: float64 (., 3), the same Earth-centred.
        ball_m: float64 (n, 3), ball_radius_m: float64 (n,), a ball around the outline,
            Earth-centred.
        tile: int64 (n,), which plane to use by preference.
    """

    def __init__(self, volumes: Sequence[Volume4D]) -> None:
        self.volumes = tuple(volumes)
        n = len(self.volumes)
        self.time_start_us: Ints = np.fromiter(
            (SINCE_EVER_US if v.time_start_us is None else v.time_start_us for v in self.volumes),
            np.int64,
            n,
        )
        self.time_end_us: Ints = np.fromiter(
            (FOR_EVER_US if v.time_end_us is None else v.time_end_us for v in self.volumes),
            np.int64,
            n,
        )
        self.altitude_lower_m: Floats = np.fromiter(
            (-np.inf if v.altitude_lower_m is None else v.altitude_lower_m for v in self.volumes),
            np.float64,
            n,
        )
        self.altitude_upper_m: Floats = np.fromiter(
            (np.inf if v.altitude_upper_m is None else v.altitude_upper_m for v in self.volumes),
            np.float64,
            n,
        )
        rings = [
            ((v.outline.lat_deg, v.outline.lng_deg),)
            if isinstance(v.outline, Circle)
            else v.outline.vertices
            for v in self.volumes
        ]
        self.is_circle: Bools = np.fromiter(
            (isinstance(v.outline, Circle) for v in self.volumes), np.bool_, n
        )
        self.radius_m: Floats = np.fromiter(
            (v.outline.radius_m if isinstance(v.outline, Circle) else 0.0 for v in self.volumes),
            np.float64,
            n,
        )
        self.count: Ints = np.fromiter(map(len, rings), np.int64, n)
        self.first: Ints = np.cumsum(self.count) - self.count
        total = int(self.count.sum())
        flat = np.fromiter(
            chain.from_iterable(chain.from_iterable(rings)), np.float64, 2 * total
        ).reshape(total, 2)
        self.lat_deg: Floats = np.ascontiguousarray(flat[:, 0])
        self.lng_deg: Floats = np.ascontiguousarray(flat[:, 1])
        self._balls()
        self._planes: dict[int, Shapes] = {}
        self._time_order: Ints | None = None

    @classmethod
    def joined(cls, parts: Sequence[Prepared]) -> Prepared:
        """Several one after another, as if they had been laid out together; nothing is redone."""
        whole = cls(())
        if not parts:
            return whole
        whole.volumes = tuple(chain.from_iterable(each.volumes for each in parts))
        for name in _COLUMNS:
            setattr(whole, name, np.concatenate([getattr(each, name) for each in parts]))
        whole.first = np.cumsum(whole.count) - whole.count
        return whole

    @classmethod
    def apart(cls, lists: Sequence[Sequence[Volume4D]]) -> list[Prepared]:
        """Each of several lists laid out for itself, computed in one go: the opposite of `joined`.

        Raises:
            OutlineTooLarge: as `prepare`; `where` counts through all lists.
        """
        whole = cls(tuple(chain.from_iterable(lists)))
        parts, begin = [], 0
        ends = np.append(whole.first, len(whole.lat_deg))
        for volumes in lists:
            end = begin + len(volumes)
            vertices = slice(ends[begin], ends[end])
            part = cls.__new__(cls)
            part.volumes = whole.volumes[begin:end]
            for name in _COLUMNS:
                rows = vertices if name in _VERTICES else slice(begin, end)
                setattr(part, name, getattr(whole, name)[rows])
            part.first = whole.first[begin:end] - ends[begin]
            part._planes, part._time_order = {}, None
            parts.append(part)
            begin = end
        return parts

    def __len__(self) -> int:
        return len(self.volumes)

    @property
    def time_order(self) -> Ints:
        """The volumes' indices in order of their start."""
        if self._time_order is None:
            self._time_order = np.argsort(self.time_start_us, kind="stable")
        return self._time_order

    def _balls(self) -> None:
        n = len(self)
        vertices = projection.ecef(self.lat_deg, self.lng_deg)
        self.vertices_m = vertices
        if n == 0:
            self.ball_m = np.empty((0, 3))
            self.ball_radius_m = np.empty(0)
            self.tile = np.empty(0, np.int64)
            return
        self.ball_m = np.add.reduceat(vertices, self.first) / self.count[:, None]
        away = vertices - np.repeat(self.ball_m, self.count, axis=0)
        spread = np.sqrt(np.maximum.reduceat(np.einsum("ij,ij->i", away, away), self.first))
        radius = np.where(self.is_circle, self.radius_m, spread * BALL_MARGIN + 0.1)
        self.ball_radius_m = radius
        widest = int(np.argmax(radius))
        if radius[widest] > BALL_MAX_M:
            raise _too_large(widest, float(radius[widest]))
        lat, lng = projection.surface_point(self.ball_m)
        self.tile = tile_of(lat, lng)

    def shapes(self, tile: int, wanted: Ints) -> Shapes:
        """The polygons `wanted` (indices, none of them a circle) in the plane of a tile.

        Raises:
            OutlineTooLarge: when one reaches farther than the plane does (7,000 km).
        """
        plane = self._planes.get(tile)
        if plane is None:
            plane = self._planes[tile] = np.full(len(self), None, dtype=np.object_)
        missing = np.unique(wanted[shapely.is_missing(plane[wanted])])
        if len(missing):
            lat, lng = tile_centre(tile)
            plane[missing] = self.project_rings(
                missing, np.full(len(missing), lat), np.full(len(missing), lng)
            )
        return plane[wanted]

    def project_rings(self, which: Ints, lat_deg: Floats, lng_deg: Floats) -> Shapes:
        """Polygons `which`, each in a plane of its own centre (arrays as long as `which`)."""
        counts = self.count[which]
        flat = ragged(self.first[which], counts)
        owner = np.repeat(np.arange(len(which)), counts)
        lat, lng = self.lat_deg[flat], self.lng_deg[flat]
        x, y, away = projection.project(lat_deg[owner], lng_deg[owner], lat, lng)
        pieces = self._pieces(flat, owner, counts, away)
        if pieces is not None:
            lat, lng, owner = _cut(lat, lng, owner, pieces)
            x, y, away = projection.project(lat_deg[owner], lng_deg[owner], lat, lng)
        if np.isnan(x).any():
            volume = int(which[owner[int(np.argmax(np.isnan(x)))]])
            raise _too_large(volume, float(away.max()))
        rings = shapely.linearrings(np.column_stack((x, y)), indices=owner)
        return cast(Shapes, shapely.polygons(rings))

    def _pieces(self, flat: Ints, owner: Ints, counts: Ints, away: Floats) -> Ints | None:
        """Into how many pieces each edge must be cut to stay straight; None if none must."""
        starts = np.cumsum(counts) - counts
        following = np.arange(1, len(flat) + 1)
        following[starts + counts - 1] = starts
        chord = np.linalg.norm(self.vertices_m[flat] - self.vertices_m[flat[following]], axis=1)
        # A chord is shorter than its arc, and the far end may lie beyond both of an edge's ends.
        length = np.where(chord < 1e6, chord * 1.002, chord * (np.pi / 2))
        farthest = np.maximum(away, away[following]) + length / 2
        pieces = np.ceil(length / projection.piece_length_m(farthest)).astype(np.int64)
        return np.maximum(pieces, 1) if bool((pieces > 1).any()) else None


def _cut(
    lat_deg: Floats, lng_deg: Floats, owner: Ints, pieces: Ints
) -> tuple[Floats, Floats, Ints]:
    lats, lngs, owners = [], [], []
    for ring in np.unique(owner):
        of_ring = owner == ring
        lat, lng = projection.densify(lat_deg[of_ring], lng_deg[of_ring], pieces[of_ring])
        lats.append(lat)
        lngs.append(lng)
        owners.append(np.full(len(lat), ring, dtype=np.int64))
    return np.concatenate(lats), np.concatenate(lngs), np.concatenate(owners)


def _too_large(volume: int, reach_m: float) -> OutlineTooLarge:
    return OutlineTooLarge(
        f"The outline reaches {reach_m / 1000:,.0f} km; outlines are compared exactly up to "
        f"{BALL_MAX_M / 1000:,.0f} km from their middle.",
        where=f"volumes[{volume}]",
        advice="Split it into smaller volumes.",
    )


def prepare(volumes: Sequence[Volume4D] | Prepared) -> Prepared:
    """Lay volumes out for comparing; hand the result to `conflicts` again and again.

    The volumes are taken to be valid (see `validate_volume`).

    Raises:
        OutlineTooLarge: when an outline reaches more than 5,000 km from its middle.
    """
    return volumes if isinstance(volumes, Prepared) else Prepared(volumes)


def ragged(first: Ints, count: Ints) -> Ints:
    """The concatenation of the ranges `first[i] .. first[i] + count[i] - 1`."""
    total = int(count.sum())
    offset = np.repeat(first - (np.cumsum(count) - count), count)
    return cast(Ints, np.arange(total, dtype=np.int64) + offset)


def tile_of(lat_deg: Floats, lng_deg: Floats) -> Ints:
    """The number of the tile around each point; its centre is at most some 350 km away."""
    row = np.rint(lat_deg / TILE_DEG).astype(np.int64)
    columns = _columns(row)
    column = np.rint(lng_deg / 360.0 * columns).astype(np.int64) % columns
    return cast(Ints, (row + 1000) * 1000 + column)


def tile_centre(tile: int) -> tuple[float, float]:
    """Latitude and longitude in degrees of the centre of a tile."""
    row = np.array([tile // 1000 - 1000])
    lng = (tile % 1000) * 360.0 / int(_columns(row)[0])
    return float(row[0]) * TILE_DEG, lng - 360.0 if lng > 180.0 else lng


def _columns(row: Ints) -> Ints:
    around = np.cos(np.radians(np.abs(row) * TILE_DEG)) * 360.0 / TILE_DEG
    return cast(Ints, np.maximum(np.ceil(around - 1e-9), 1).astype(np.int64))
