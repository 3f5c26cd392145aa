"""Positions against four-dimensional volumes: which hold them, and how far it is out of one's own.

Inside means what `detente.geo.conflicts` means: a volume is closed, times and altitudes are
compared as given, outlines to the centimetre: 1 cm within is always inside, 1 cm off never.

Distances are geodesics, horizontally: within 1 cm + 1e-5 of the length for outlines that reach up
to 200 km, 1e-3 up to 2,000 km.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError
from detente.geo import Volume4D
from detente.kernels import _own, _within
from detente.kernels._columns import F64, I32, I64, Rows, doubles, integers
from detente.kernels._outlines import Outlines, outlines_of

_LOOK_AHEAD_S: Final = 600.0


class Pairs(NamedTuple):
    """Positions in volumes, ordered by row, then volume; int64 and int32."""

    row: Rows
    volume: I32


class OwnDistances(NamedTuple):
    """Where positions are in the volumes that were declared for them.

    Attributes:
        volume: int32: the one that is meant below: of those active at the time the one that the
            position is in, deepest horizontally, or else the nearest; -1 if none is active.
        horizontal_m: float64: to its outline, positive inside; NaN without a volume.
        vertical_m: float64: to its nearer altitude bound, positive inside; inf if it has none, NaN
            without a volume or altitude.
        leaves_s: float64: after how many seconds of the present motion the position will be in no
            own volume, those counted that become active meanwhile; 0 if it is in none now, inf if
            not within the look-ahead.
    """

    volume: I32
    horizontal_m: F64
    vertical_m: F64
    leaves_s: F64


class OwnersDiffer(DetenteError):
    """Owners and volumes do not match in number."""

    code: ClassVar[str] = "kernels.owners"


class VolumeIndex:
    """Volumes, laid out so that millions of positions a second can be asked about.

    Made by `build`. Safe to be used by several threads at once; can be pickled.
    """

    def __init__(
        self, outlines: Outlines, grid: _within.Grid, owned: I64, owned_first: I64
    ) -> None:
        """Put together what `build` computes; not for use elsewhere."""
        self._outlines = outlines
        self._grid = grid
        self._owned, self._owned_first = owned, owned_first

    @classmethod
    def build(cls, volumes: Sequence[Volume4D], owners: npt.ArrayLike | None = None) -> Self:
        """Lay volumes out.

        Args:
            volumes: valid ones (`detente.geo.validate_volume`).
            owners: int[n], a number from 0 for the aircraft that each was declared for, for
                `own_distance`; below 0: nobody's.

        Raises:
            OutlineTooLarge: an outline reaches more than 5,000 km from its middle.
            OwnersDiffer: there is not one owner a volume.
        """
        whose = np.full(len(volumes), -1) if owners is None else np.asarray(owners, np.int64)
        if whose.shape != (len(volumes),):
            raise OwnersDiffer(f"There are {len(volumes)} volumes and {whose.size} owners.")
        outlines = outlines_of(volumes)
        owned = np.lexsort((outlines.start_us, whose))
        owned = owned[whose[owned] >= 0]
        most = int(whose.max()) + 1 if len(whose) else 0
        first = np.searchsorted(whose[owned], np.arange(max(most, 0) + 1))
        return cls(outlines, _within.grid_of(outlines), owned, first.astype(np.int64))

    def __len__(self) -> int:
        return len(self._outlines.start_us)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the arrays take."""
        columns = (*self._outlines, *self._grid, self._owned, self._owned_first)
        return sum(np.asarray(column).nbytes for column in columns)

    def within(
        self,
        time_us: npt.ArrayLike,
        lat_deg: npt.ArrayLike,
        lng_deg: npt.ArrayLike,
        altitude_m: npt.ArrayLike,
    ) -> Pairs:
        """All pairs of a position and a volume that holds it.

        Args:
            time_us: int64, µs since 1970 UTC.
            lat_deg, lng_deg: float64; what is not on Earth is in none.
            altitude_m: float64, above the ellipsoid; NaN: not told, so only the rest is compared.
        """
        row, volume = _within.within(
            self._outlines, self._grid, integers(time_us), doubles(lat_deg), doubles(lng_deg),
            doubles(altitude_m),
        )  # fmt: skip
        return Pairs(row.astype(np.intp), volume.astype(np.int32))

    def own_distance(
        self,
        time_us: npt.ArrayLike,
        lat_deg: npt.ArrayLike,
        lng_deg: npt.ArrayLike,
        altitude_m: npt.ArrayLike,
        owner: npt.ArrayLike,
        *,
        speed_m_s: npt.ArrayLike = np.nan,
        track_deg: npt.ArrayLike = np.nan,
        climb_m_s: npt.ArrayLike = 0.0,
        look_ahead_s: float = _LOOK_AHEAD_S,
    ) -> OwnDistances:
        """How far positions are in or out of their owners' volumes, and when they will be out.

        Args:
            time_us, lat_deg, lng_deg, altitude_m: as for `within`.
            owner: int, whose volumes count; below 0, or unknown: none.
            speed_m_s, track_deg: over ground, clockwise from north; NaN: taken to stand still.
            climb_m_s: upwards; NaN: level.
            look_ahead_s: how far ahead to look for leaving; 0: do not.
        """
        time, lat = integers(time_us), doubles(lat_deg)
        motion = [
            np.ascontiguousarray(np.broadcast_to(np.nan_to_num(each), lat.shape), np.float64)
            for each in (speed_m_s, track_deg, climb_m_s)
        ]
        whose = np.ascontiguousarray(np.broadcast_to(owner, lat.shape), dtype=np.int64)
        return OwnDistances(
            *_own.own_distances(
                self._outlines, self._owned, self._owned_first, time, lat, doubles(lng_deg),
                doubles(altitude_m), whose, motion[0], motion[1], motion[2], float(look_ahead_s),
            )
        )  # fmt: skip
