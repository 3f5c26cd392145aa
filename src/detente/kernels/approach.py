"""Who will come near whom: closest approach of all aircraft to all others while one looks ahead.

Two aircraft come near when at one and the same moment their distance along the ground and their
difference in height are both small. Height is tested over the whole span in which the distance is
small (the interval test), not at the moment of the least distance only: of random traffic that
misses 39 % of the pairs. Every pair is decided exactly; which pairs are looked at comes from boxes
round their ways in a hashed grid (`_approach_grid`), so that all of them are never compared.

Motion is straight and even. A pair is looked at in the plane upright to the mean of its two
normals on WGS-84: distances of less than 100 km are those of the geodesic to 1 in 10^4, those of
less than 20 km to 1 in 10^5.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from . import _approach_grid as grid
from . import _approach_pairs as pairs
from ._approach_types import Codes, Floats

LOOK_AHEAD_MAX_S: Final = 3600.0
NEAR_MAX_M: Final = 500_000.0
SWEEP_MAX_M: Final = 500_000.0
"""The longest way that one aircraft may go while one looks ahead: the plane bends beyond."""
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Aircraft, column by column, each as it was last heard. Unknown numbers are NaN.

    Attributes:
        lat_deg, lng_deg: float64, WGS-84.
        altitude_m: float64, all by the same reference. NaN: it may be at any height.
        east_m_s, north_m_s, climb_m_s: float64, over ground; NaN: it stands.
        age_s: float64, how long ago that was; each is moved on by so much.
        party: int32; aircraft of the same party are not compared.
    """

    lat_deg: Floats
    lng_deg: Floats
    altitude_m: Floats
    east_m_s: Floats
    north_m_s: Floats
    climb_m_s: Floats
    age_s: Floats
    party: Codes

    def __post_init__(self) -> None:
        counts = {len(getattr(self, each.name)) for each in fields(self)}
        if len(counts) != 1:
            raise ValueError(f"columns of traffic differ in length: {sorted(counts)}")
        for name in ("lat_deg", "lng_deg", "age_s"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"traffic: {name} holds a number that is not finite")
        for name in ("altitude_m", "east_m_s", "north_m_s", "climb_m_s"):
            if np.isinf(getattr(self, name)).any():
                raise ValueError(f"traffic: {name} holds an infinite number")

    def __len__(self) -> int:
        return len(self.lat_deg)

    @classmethod
    def of(
        cls,
        lat_deg: Floats,
        lng_deg: Floats,
        altitude_m: Floats,
        east_m_s: Floats,
        north_m_s: Floats,
        climb_m_s: Floats | None = None,
        age_s: Floats | None = None,
        party: Codes | None = None,
    ) -> Self:
        """Traffic that is level, current, and of as many parties as aircraft, if not said."""
        count = len(lat_deg)
        return cls(
            lat_deg,
            lng_deg,
            altitude_m,
            east_m_s,
            north_m_s,
            np.zeros(count) if climb_m_s is None else climb_m_s,
            np.zeros(count) if age_s is None else age_s,
            np.arange(count, dtype=np.int32) if party is None else party,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Motions:
    """How pairs of aircraft move towards each other now, the second as seen from the first.

    Attributes:
        columns: float64[5, n]: square of the distance along the ground (m²), distance times
            velocity (m²/s, below zero while they close), square of the relative velocity over
            ground (m²/s²), height of the second above the first (m, NaN if not known), its change
            by time (m/s).
    """

    columns: Floats

    def __len__(self) -> int:
        return int(self.columns.shape[1])

    def horizontal_m(self, after_s: Floats | float = 0.0) -> Floats:
        """Distance along the ground, so much later."""
        rr, rv, vv = self.columns[0], self.columns[1], self.columns[2]
        return _floats(np.sqrt(np.maximum(0.0, rr + after_s * (2 * rv + after_s * vv))))

    def vertical_m(self, after_s: Floats | float = 0.0) -> Floats:
        """Difference in height, so much later; NaN if it is not known."""
        return _floats(np.abs(self.columns[3] + after_s * self.columns[4]))

    @property
    def speed_m_s(self) -> Floats:
        """Relative speed over ground."""
        return _floats(np.sqrt(self.columns[2]))

    @property
    def closing_m_s(self) -> Floats:
        """How fast the distance along the ground lessens; below zero where it grows."""
        distance, still = np.sqrt(self.columns[0]), np.zeros(len(self))
        return _floats(np.divide(-self.columns[1], distance, out=still, where=distance > 0))


@dataclass(frozen=True, slots=True, eq=False)
class Approaches:
    """Pairs that come near, sorted by their numbers.

    Attributes:
        first, second: int32, numbers of the aircraft, `first < second`.
        motions: of those pairs.
        enters_s, leaves_s: float64, from when to when they are near; 0 if they are so now, the
            time looked ahead if they still are so then.
        complete: whether that is all of them; else there were more than asked for.
    """

    first: Codes
    second: Codes
    motions: Motions
    enters_s: Floats
    leaves_s: Floats
    complete: bool

    def __len__(self) -> int:
        return len(self.first)


class Sky:
    """Traffic at one moment, made ready to be looked at.

    Memory: 200 bytes an aircraft, and 60 for each cell that its box touches (8 at most, on
    average).

    Args:
        traffic: at most 2**31 aircraft.
        look_ahead_s: how far ahead one will look at most: up to `LOOK_AHEAD_MAX_S`.

    Raises:
        ValueError: somebody flies more than `SWEEP_MAX_M` in that time, or the time is too long.
    """

    def __init__(self, traffic: Traffic, look_ahead_s: float) -> None:
        if not 0 <= look_ahead_s <= LOOK_AHEAD_MAX_S:
            raise ValueError(f"look_ahead_s must be from 0 to {LOOK_AHEAD_MAX_S:g}")
        self.traffic = traffic
        self.look_ahead_s = look_ahead_s
        self.state: Floats = np.empty((len(traffic), grid.STATES))
        self.longest_m = grid.place(
            traffic.lat_deg,
            traffic.lng_deg,
            traffic.altitude_m,
            traffic.east_m_s,
            traffic.north_m_s,
            traffic.climb_m_s,
            traffic.age_s,
            look_ahead_s,
            self.state,
        )
        if self.longest_m > SWEEP_MAX_M:
            who = int(np.argmax(self.state[:, grid.SWEEP]))
            raise ValueError(
                f"traffic: aircraft {who} would go {self.longest_m / 1000:,.0f} km; at most "
                f"{SWEEP_MAX_M / 1000:,.0f} km can be looked ahead"
            )

    def motions(self, first: Codes, second: Codes) -> Motions:
        """How these pairs move towards each other."""
        columns = np.empty((5, len(first)))
        pairs.motions(self.state, first, second, len(first), columns)
        return Motions(columns)

    def candidates(
        self, horizontal_m: float, vertical_m: float, climb_ahead_s: float | None = None
    ) -> Candidates:
        """Pairs of different parties that may come near; see `Candidates`.

        Args:
            horizontal_m: what counts as near along the ground.
            vertical_m: and in height.
            climb_ahead_s: how far ahead heights are looked at, if not as far as places.

        Raises:
            ValueError: a distance is below zero, or more than `NEAR_MAX_M`.
        """
        if not 0 <= horizontal_m <= NEAR_MAX_M or not vertical_m >= 0:
            raise ValueError(
                f"near must be from 0 to {NEAR_MAX_M:g} m along the ground, and 0 or more in height"
            )
        ahead = self.look_ahead_s if climb_ahead_s is None else climb_ahead_s
        return Candidates(self, horizontal_m, vertical_m, ahead)


class Candidates:
    """All pairs of different parties whose boxes overlap: a superset of those that come near.

    They are given piece by piece, so that memory does not grow with their number.
    """

    def __init__(
        self, sky: Sky, horizontal_m: float, vertical_m: float, climb_ahead_s: float
    ) -> None:
        count = len(sky.traffic)
        self._party = np.ascontiguousarray(sky.traffic.party, dtype=np.int32)
        boxes: Floats = np.empty((count, 8))
        edge_m = grid.enclose(
            sky.state,
            sky.longest_m,
            sky.look_ahead_s,
            horizontal_m,
            climb_ahead_s,
            vertical_m,
            boxes,
        )
        self._cells: npt.NDArray[np.int32] = np.empty((count, 6), dtype=np.int32)
        _, entries = grid.cells_of(boxes, edge_m, self._cells)
        bits = min(24, max(1, int(entries).bit_length()))
        self._starts = np.empty((1 << bits) + 1, dtype=np.int64)
        self._keys = np.empty(entries, dtype=np.int64)
        self._members = np.empty(entries, dtype=np.int32)
        self._entered: npt.NDArray[np.float32] = np.empty((entries, 8), dtype=np.float32)
        grid.fill(boxes, self._cells, bits, self._starts, self._keys, self._members, self._entered)
        self.entries = entries
        """How many cells all boxes touch, each counted."""
        self._cursor = np.zeros(3, dtype=np.int64)

    def take(self, first: Codes, second: Codes) -> int:
        """Fill in the next pairs, as far as there is room; how many. 0: there are no more."""
        return grid.overlapping(
            self._cells,
            self._starts,
            self._keys,
            self._members,
            self._entered,
            self._party,
            self._cursor,
            first,
            second,
        )


def approaches(
    traffic: Traffic,
    look_ahead_s: float,
    horizontal_m: float,
    vertical_m: float,
    *,
    pairs_max: int = 1_000_000,
) -> Approaches:
    """All pairs of different parties that are near at some moment of the time looked ahead.

    Args:
        traffic: at one moment.
        look_ahead_s: seconds, at most `LOOK_AHEAD_MAX_S`.
        horizontal_m, vertical_m: near is what is at most so far apart, in both at once.
        pairs_max: no more than these are told; then `complete` is false.

    Raises:
        ValueError: a distance, a time or a speed is out of range.
    """
    sky = Sky(traffic, look_ahead_s)
    candidates = sky.candidates(horizontal_m, vertical_m)
    one, two = np.empty(_CHUNK, dtype=np.int32), np.empty(_CHUNK, dtype=np.int32)
    kept_one, kept_two = np.empty_like(one), np.empty_like(two)
    found: list[tuple[Codes, Codes]] = []
    total, complete = 0, True
    while count := candidates.take(one, two):
        kept = pairs.near(
            sky.state, one, two, count, look_ahead_s, horizontal_m, vertical_m, kept_one, kept_two
        )
        found.append((kept_one[:kept].copy(), kept_two[:kept].copy()))
        total += kept
        if total > pairs_max:
            complete = False
            break
    first, second = collected(found, pairs_max)
    motions = sky.motions(first, second)
    enters, leaves = cylinder_spans(
        motions, look_ahead_s, np.full(len(first), horizontal_m), np.full(len(first), vertical_m)
    )
    return Approaches(first, second, motions, enters, leaves, complete)


def _floats(values: object) -> Floats:
    return np.asarray(values, dtype=np.float64)


def collected(found: list[tuple[Codes, Codes]], pairs_max: int) -> tuple[Codes, Codes]:
    """Pieces of pairs together, sorted, no more than so many."""
    if not found:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    first = np.concatenate([each[0] for each in found])[:pairs_max]
    second = np.concatenate([each[1] for each in found])[:pairs_max]
    order = np.lexsort((second, first))
    return first[order], second[order]


def cylinder_spans(
    motions: Motions, look_ahead_s: float, horizontal_m: Floats, vertical_m: Floats
) -> tuple[Floats, Floats]:
    """From when to when each pair is near, by its own distances; (inf, -inf): never.

    A distance below zero is never kept.
    """
    enters, leaves = np.empty(len(motions)), np.empty(len(motions))
    pairs.spans(motions.columns, look_ahead_s, horizontal_m, vertical_m, enters, leaves)
    return enters, leaves


def closest_s(
    motions: Motions, begin_s: Floats, end_s: Floats, horizontal_m: float, vertical_m: float
) -> Floats:
    """When each pair is closest within a span: when (h/H)² + (v/V)² is least, as in plans."""
    at = np.empty(len(motions))
    pairs.closests(motions.columns, begin_s, end_s, horizontal_m, vertical_m, at)
    return at
