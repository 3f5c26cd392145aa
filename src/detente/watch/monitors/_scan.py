"""One pass over a batch: what each aircraft did since its last position. Compiled.

The state of each aircraft is one row of `places` and one of `counts`, each a line of the
processor's cache; `slot` numbers the aircraft. Nothing that only few positions need is written for
all of them.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.geo import kernel
from detente.watch._displacement import sine

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

# columns of `places`: the last position of an aircraft
LAT: Final = 0
LNG: Final = 1
RADIUS: Final = 2
ODOMETER: Final = 3
ALTITUDE: Final = 4
SPEED: Final = 5
PLACES: Final = 8
# columns of `counts`: positions so far, of them doubtful, derived and assumed ones; then what has
# happened since the last, when that was, and where: its set of areas and its cell
COUNTED: Final = 4
SINCE: Final = 4
TIME: Final = 5
SET: Final = 6
CELL: Final = 7
COUNTS: Final = 8
# what has happened: a position was skipped, or the number went to another aircraft
_ONE_SKIPPED: Final = 1
ANOTHER: Final = 2
# what is to be done about a position
CHANGED: Final = 1
MAY_CROSS: Final = 2

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
    between = sine(math.radians((lat_0 + lat_1) / 2))
    square = between * between
    inverse = 1.0 / math.sqrt(1.0 - _E2 * square)
    north = math.radians(lat_1 - lat_0) * (1.0 - _E2) * inverse * inverse
    east = math.radians(east_deg)
    return _A_M * inverse * math.sqrt(north * north + east * east * (1.0 - square))


@kernel
def _beside(cell: int, other: int, columns: int) -> bool:
    """Whether two cells are the same, or have a side in common, and nothing is known against it."""
    apart = abs(cell - other)
    return cell >= 0 and other >= 0 and (apart <= 1 or apart == columns)


@kernel
def scan(
    slot: Codes,
    time_us: Ints,
    lat: Floats,
    lng: Floats,
    stated: Floats,
    altitude: Floats,
    speed: Floats,
    basis: Small,
    contained: Floats,
    flags: Flags,
    residual: Floats,
    doubt: Floats,
    sets: Codes,
    cells: Codes,
    columns: int,
    bits: tuple[int, int, int, int],
    limits: tuple[int, float, float, float],
    everything: bool,
    places: Floats,
    counts: Ints,
    radius: Floats,
    link: Small,
    odometer: Floats,
    noted: Ints,
    why: Small,
    came: Ints,
    moved: Floats,
    counted: Ints,
) -> int:
    """Fill in, row by row, where each aircraft came from and what it has flown.

    A position is a leap if it takes more than the greatest speed, or than one and a half times the
    faster of the speeds reported at both ends and 50 m/s, to come to it, two seconds of error in
    times and twice the radii allowed for. A leap that its neighbour in time confirms is a jump; a
    lone one is skipped.

    Args:
        slot, time_us, lat, lng, stated, altitude, speed, basis, contained: of the batch; `stated`
            and `contained` are its radii.
        flags, residual, doubt: see `Tracked`.
        sets, cells: number of the set of areas that hold the position, and of its cell if that is
            calm, else negative.
        columns: of cells.
        bits: those of jump, inconsistent, settled and first in `flags`.
        limits: the longest silence within a track, µs; the greatest speed, m/s; from where on
            breaks and containment are doubtful.
        everything: whether all positions are noted.
        places, counts: state, see above.
        radius: out: that holds 95 %, as far as it is believed.
        link: out: one of the codes above.
        odometer: out: way flown up to here, metres.
        noted: out: rows at which the set of areas changed, or that nothing links to the one before,
            or to which a border may have been crossed.
        why: out, like what follows of noted rows only: which of these.
        came: out: time of the position before.
        moved: out: its latitude and longitude (the same place where nothing links them), radius and
            altitude, and the way from it.
        counted: out: counts before this position.

    Returns:
        How many rows are noted.
    """
    jump, inconsistent, settled, first = bits
    gap_us, speed_max, doubt_max, contained_max = limits
    count = 0
    for i in range(slot.shape[0]):
        s = slot[i]
        y, x = lat[i], lng[i]
        y_0, x_0 = places[s, LAT], places[s, LNG]
        since = counts[s, TIME]
        contradicts = (flags[i] & inconsistent) != 0
        r = stated[i]
        if contradicts and not residual[i] <= r:
            # the greater one; of a number and none the number
            r = residual[i] if not math.isnan(residual[i]) else r
        radius[i] = r
        new = since == _NEVER
        length = 0.0
        leap = False
        if not new and counts[s, SINCE] != ANOTHER:
            length = _length_m(y_0, x_0, y, x)
            elapsed_us = time_us[i] - since
            fastest = speed_max
            known = max(_or_nought(speed[i]), _or_nought(places[s, SPEED]))
            if known > 0:
                fastest = min(fastest, _FASTER * known + _FASTER_M_S)
            leap = 0 < elapsed_us <= _LEAP_MAX_US and length > fastest * (
                elapsed_us / 1e6 + _LATE_S
            ) + 2 * (r + places[s, RADIUS])
        odometer[i] = places[s, ODOMETER]
        if flags[i] & jump or (leap and contradicts):
            link[i] = SKIPPED
            how = SKIPPED
        elif new:
            how = FIRST
        elif leap or (counts[s, SINCE] == _ONE_SKIPPED and flags[i] & settled):
            how = JUMPED
        elif flags[i] & first or counts[s, SINCE] == ANOTHER or time_us[i] - since > gap_us:
            how = BROKEN
        else:
            how = LINKED
        link[i] = how
        reason = 0
        if how == LINKED:
            odometer[i] += length
            if not _beside(cells[i], counts[s, CELL], columns):
                reason = MAY_CROSS
            if sets[i] != counts[s, SET]:
                reason |= CHANGED
        elif how != SKIPPED:
            reason = CHANGED
        if reason or everything:
            noted[count] = i
            why[count] = reason
            came[count] = since
            linked = how == LINKED
            moved[count, 0] = y_0 if linked else y
            moved[count, 1] = x_0 if linked else x
            moved[count, 2] = places[s, RADIUS]
            moved[count, 3] = places[s, ALTITUDE]
            moved[count, 4] = length if linked else 0.0
            for k in range(COUNTED):
                counted[count, k] = counts[s, k]
            count += 1
        if how == SKIPPED:
            counts[s, SINCE] = _ONE_SKIPPED
            continue
        counts[s, SINCE] = 0
        counts[s, 0] += 1
        if contradicts or doubt[i] > doubt_max or contained[i] > contained_max:
            counts[s, 1] += 1
        if basis[i] == 1:
            counts[s, 2] += 1
        elif basis[i] == 2:
            counts[s, 3] += 1
        counts[s, TIME] = time_us[i]
        counts[s, SET] = sets[i]
        counts[s, CELL] = cells[i]
        places[s, LAT] = y
        places[s, LNG] = x
        places[s, RADIUS] = r
        places[s, ODOMETER] = odometer[i]
        places[s, ALTITUDE] = altitude[i]
        places[s, SPEED] = speed[i]
    return count


@kernel
def grouped(slot: Codes, link: Small, wanted: Small) -> tuple[Ints, Ints, Ints]:
    """Rows of some aircraft, by aircraft, in their order, without those that are skipped.

    Args:
        slot, link: of the batch.
        wanted: 1 for each aircraft whose rows are asked for, else 0.

    Returns:
        The rows; where each aircraft's begin among them (one more at the end); where each row is,
        which means nothing for rows that are not among them.
    """
    aircraft = wanted.shape[0]
    starts = np.zeros(aircraft + 1, dtype=np.int64)
    n = slot.shape[0]
    for i in range(n):
        if wanted[slot[i]] and link[i] != SKIPPED:
            starts[slot[i] + 1] += 1
    for s in range(aircraft):
        starts[s + 1] += starts[s]
    rows = np.empty(starts[aircraft], dtype=np.int64)
    where = np.empty(n, dtype=np.int64)
    put = starts[:-1].copy()
    for i in range(n):
        s = slot[i]
        if wanted[s] and link[i] != SKIPPED:
            rows[put[s]] = i
            where[i] = put[s]
            put[s] += 1
    return rows, starts, where
