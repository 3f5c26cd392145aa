"""One pass over a batch: what each aircraft did since its last position. Compiled.

The state of each aircraft is one row of each of some arrays; `slot` numbers the aircraft.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Small: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.uint16]

LINKED: Final = 0
"""The aircraft flew here from its last position."""
FIRST: Final = 1
BROKEN: Final = 2
"""It was silent for too long to say how it came here."""
JUMPED: Final = 3
"""It cannot have flown here, and here it stays."""
SKIPPED: Final = 4
"""The position is wrong and counts for nothing."""

_A_M: Final = 6_378_137.0
_E2: Final = (1 / 298.257223563) * (2 - 1 / 298.257223563)
_NEVER: Final = np.iinfo(np.int64).min
_LEAP_MAX_US: Final = 3_600_000_000
_FASTER: Final = 1.5
_FASTER_M_S: Final = 50.0
_LATE_S: Final = 2.0


@kernel
def _or_nought(value: float) -> float:
    return value if value > 0 else 0.0


@kernel
def _length_m(lat_0: float, lng_0: float, lat_1: float, lng_1: float) -> float:
    """Of the line between two positions; as `motion.length_m`."""
    east_deg = lng_1 - lng_0
    if east_deg > 180:
        east_deg -= 360
    elif east_deg < -180:
        east_deg += 360
    sine = math.sin(math.radians((lat_0 + lat_1) / 2))
    root = 1 - _E2 * sine * sine
    normal = _A_M / math.sqrt(root)
    north = math.radians(lat_1 - lat_0) * normal * (1 - _E2) / root
    east = math.radians(east_deg) * normal * math.sqrt(1 - sine * sine)
    return math.sqrt(north * north + east * east)


@kernel
def scan(
    slot: Codes,
    time_us: Ints,
    lat: Floats,
    lng: Floats,
    radius: Floats,
    altitude: Floats,
    speed: Floats,
    flags: Flags,
    jump: int,
    inconsistent: int,
    settled: int,
    first: int,
    doubt: npt.NDArray[np.bool_],
    basis: Small,
    sets: Codes,
    gap_us: int,
    speed_max: float,
    times: Ints,
    places: Floats,
    counts: Ints,
    set_of: Codes,
    from_lat: Floats,
    from_lng: Floats,
    before: Floats,
    link: Small,
    odometer: Floats,
    way: Floats,
    counted: Ints,
    came: Ints,
    marked: Small,
) -> None:
    """Fill in, row by row, where each aircraft came from and what it has flown.

    A position is a leap if it takes more than `speed_max`, or than one and a half times the faster
    of the speeds reported at both ends and 50 m/s, to come to it, two seconds of error in times and
    twice the radii allowed for. A leap that its neighbour in time confirms is a jump; a lone one is
    skipped.

    Args:
        slot, time_us, lat, lng, radius, altitude, speed, basis: of the batch; `radius` as far as it
            is believed.
        flags: of the positions; jump, inconsistent, settled, first: bits of them, see `Flag`.
        doubt: whether a position is doubtful.
        sets: number of the set of areas that hold the position.
        gap_us: the longest silence within one track.
        speed_max: no aircraft is faster, m/s.
        times: state: time of the last position, by aircraft.
        places: state: its latitude, longitude, radius, the way flown so far, metres,
            altitude, and speed.
        counts: state: positions so far; of them doubtful, derived and assumed ones;
            whether one was skipped since.
        set_of: state: set of the last position; -1 before the first.
        from_lat, from_lng: out: of the position before; the same place where nothing links them.
        before: out: radius and altitude of the position before.
        link: out: one of the codes above.
        odometer: out: way flown up to here, metres.
        way: out: of it since the position before.
        counted: out: counts before this position.
        came: out: time and row (-1: of an earlier batch) of the position before.
        marked: out: whether the set of areas changed, or nothing links it to the one before.
    """
    here = np.full(times.shape[0], -1, dtype=np.int64)
    for i in range(slot.shape[0]):
        s = slot[i]
        from_lat[i] = lat[i]
        from_lng[i] = lng[i]
        before[i, 0] = places[s, 2]
        before[i, 1] = places[s, 4]
        came[i, 0] = times[s]
        came[i, 1] = here[s]
        marked[i] = 0
        way[i] = 0.0
        odometer[i] = places[s, 3]
        for k in range(4):
            counted[i, k] = counts[s, k]
        new = times[s] == _NEVER
        length = 0.0
        leap = False
        if not new:
            length = _length_m(places[s, 0], places[s, 1], lat[i], lng[i])
            seconds = (time_us[i] - times[s]) / 1e6
            fastest = speed_max
            known = max(_or_nought(speed[i]), _or_nought(places[s, 5]))
            if known > 0:
                fastest = min(fastest, _FASTER * known + _FASTER_M_S)
            leap = 0 < time_us[i] - times[s] <= _LEAP_MAX_US and length > fastest * (
                seconds + _LATE_S
            ) + 2 * (radius[i] + places[s, 2])
        if flags[i] & jump or (leap and flags[i] & inconsistent):
            link[i] = SKIPPED
            counts[s, 4] = 1
            continue
        if new:
            link[i] = FIRST
        elif leap or (counts[s, 4] and flags[i] & settled):
            link[i] = JUMPED
        elif flags[i] & first or time_us[i] - times[s] > gap_us:
            link[i] = BROKEN
        else:
            link[i] = LINKED
            from_lat[i] = places[s, 0]
            from_lng[i] = places[s, 1]
            way[i] = length
            places[s, 3] += length
            odometer[i] = places[s, 3]
        if link[i] != LINKED or sets[i] != set_of[s]:
            marked[i] = 1
        counts[s, 4] = 0
        counts[s, 0] += 1
        if doubt[i]:
            counts[s, 1] += 1
        if basis[i] == 1:
            counts[s, 2] += 1
        elif basis[i] == 2:
            counts[s, 3] += 1
        times[s] = time_us[i]
        places[s, 0] = lat[i]
        places[s, 1] = lng[i]
        places[s, 2] = radius[i]
        places[s, 4] = altitude[i]
        places[s, 5] = speed[i]
        set_of[s] = sets[i]
        here[s] = i


@kernel
def grouped(slot: Codes, link: Small, aircraft: int) -> tuple[Ints, Ints, Ints]:
    """Rows by aircraft, in their order, without those that are skipped.

    Returns:
        The rows; where each aircraft's begin among them (one more at the end); where each row is.
    """
    starts = np.zeros(aircraft + 1, dtype=np.int64)
    n = slot.shape[0]
    for i in range(n):
        if link[i] != SKIPPED:
            starts[slot[i] + 1] += 1
    for s in range(aircraft):
        starts[s + 1] += starts[s]
    rows = np.empty(starts[aircraft], dtype=np.int64)
    where = np.full(n, -1, dtype=np.int64)
    put = starts[:-1].copy()
    for i in range(n):
        if link[i] != SKIPPED:
            s = slot[i]
            rows[put[s]] = i
            where[i] = put[s]
            put[s] += 1
    return rows, starts, where
