"""Which aircraft could come near each other at all: boxes round their ways, in a hashed grid.

Everything is in Earth-centred coordinates, so that there are no poles and no date line. The box of
an aircraft holds every place it passes while one looks ahead, half the distance that counts as
near on all sides, and what `_slack` adds for the curvature of the Earth: two aircraft that come
near have boxes that overlap, and no pair is lost at a cell's border, as a box is entered in every
cell that it touches.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from detente.geo import kernel

from ._approach_types import Boxes, Cells, Codes, Entered, Floats, Ints

A_M: Final = 6_378_137.0
E2: Final = (1 / 298.257223563) * (2 - 1 / 298.257223563)
LEAST_RADIUS_M: Final = A_M * (1 - E2)
"""Of curvature on WGS-84: along the meridian, at the equator."""

X, Y, Z, VX, VY, VZ, NX, NY, NZ, ALTITUDE, CLIMB, SWEEP = range(12)
STATES: Final = 12

_ORIGIN_M: Final = -8_000_000.0
_BITS: Final = 21
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_ROUNDING_M: Final = 1.0
"""More than what single precision loses of 8,000 km."""
_CELL_BOXES: Final = 2.0
"""How many times as wide as the mean box a cell is: fewer entries, more comparisons; measured."""
_CELL_LEAST_M: Final = 50.0
_ENTRIES_EACH: Final = 8
"""So many cells an aircraft takes at most, on average; cells grow until it is so."""


@kernel
def place(
    lat_deg: Floats,
    lng_deg: Floats,
    altitude_m: Floats,
    east_m_s: Floats,
    north_m_s: Floats,
    climb_m_s: Floats,
    age_s: Floats,
    look_ahead_s: float,
    state: Floats,
) -> float:
    """Fill in `state` (n by `STATES`), moved on to now; the longest way of all, metres.

    Positions are on the ellipsoid, below the aircraft, and velocities those of the place below it:
    distances are told along the ground, as those of rules are.
    """
    longest = 0.0
    for i in range(len(lat_deg)):
        lat, lng = math.radians(lat_deg[i]), math.radians(lng_deg[i])
        sin_lat, cos_lat = math.sin(lat), math.cos(lat)
        sin_lng, cos_lng = math.sin(lng), math.cos(lng)
        normal = A_M / math.sqrt(1 - E2 * sin_lat * sin_lat)
        altitude, climb = altitude_m[i], climb_m_s[i]
        if math.isnan(climb):
            climb = 0.0
        east, north = east_m_s[i], north_m_s[i]
        if math.isnan(east) or math.isnan(north):
            east, north = 0.0, 0.0
        if not math.isnan(altitude):
            below = A_M / (A_M + altitude)
            east, north = east * below, north * below
        row = state[i]
        row[NX], row[NY], row[NZ] = cos_lat * cos_lng, cos_lat * sin_lng, sin_lat
        row[VX] = -sin_lng * east - sin_lat * cos_lng * north
        row[VY] = cos_lng * east - sin_lat * sin_lng * north
        row[VZ] = cos_lat * north
        row[X] = normal * row[NX] + age_s[i] * row[VX]
        row[Y] = normal * row[NY] + age_s[i] * row[VY]
        row[Z] = normal * (1 - E2) * sin_lat + age_s[i] * row[VZ]
        row[ALTITUDE] = altitude + age_s[i] * climb
        row[CLIMB] = climb
        row[SWEEP] = math.hypot(east, north) * (look_ahead_s + abs(age_s[i]))
        longest = max(longest, row[SWEEP])
    return longest


@kernel
def _slack(sweep_m: float, longest_m: float, near_m: float) -> float:
    """How much farther apart in space two places may be than in the plane between them.

    The plane leaves out what is along its upright m, the mean of the two normals. Of velocities
    that is at most speed times the angle between a normal and m; of the places themselves nothing
    on a sphere, and on the ellipsoid less than half the twelfth of the change of its curvature
    times the cube of their distance. The quarter more covers what that leaves out.
    """
    apart = sweep_m + longest_m + near_m
    flat = 0.005 / 12 * apart * apart * apart / (LEAST_RADIUS_M * LEAST_RADIUS_M)
    return 1.25 * sweep_m * apart / (2 * LEAST_RADIUS_M) + flat + 0.01


@kernel
def enclose(
    state: Floats,
    longest_m: float,
    look_ahead_s: float,
    near_m: float,
    climb_ahead_s: float,
    near_vertical_m: float,
    boxes: Boxes,
) -> float:
    """Fill in `boxes` (n by 8: lowest x, y, z, altitude, highest likewise); the mean edge, metres.

    An altitude that is not known is every altitude.
    """
    edges = 0.0
    for i in range(len(state)):
        row, box = state[i], boxes[i]
        reach = near_m / 2 + _slack(row[SWEEP], longest_m, near_m)
        for axis in range(3):
            begin, end = row[X + axis], row[X + axis] + look_ahead_s * row[VX + axis]
            box[axis] = min(begin, end) - reach
            box[4 + axis] = max(begin, end) + reach
            edges += box[4 + axis] - box[axis]
        if math.isnan(row[ALTITUDE]):
            box[3], box[7] = -np.inf, np.inf
        else:
            begin, end = row[ALTITUDE], row[ALTITUDE] + climb_ahead_s * row[CLIMB]
            box[3] = min(begin, end) - near_vertical_m / 2 - 0.001
            box[7] = max(begin, end) + near_vertical_m / 2 + 0.001
    return edges / (3 * max(1, len(state)))


@kernel
def cells_of(boxes: Boxes, edge_m: float, cells: Cells) -> tuple[float, int]:
    """Fill in `cells` (n by 6: lowest and highest cell by axis); the edge of a cell, and entries.

    Cells are wider still while a few wide boxes would fill too many of them.
    """
    edge = max(_CELL_BOXES * edge_m, _CELL_LEAST_M)
    count = len(boxes)
    while True:
        entries = 0
        for i in range(count):
            taken = 1
            for axis in range(3):
                low = int((boxes[i, axis] - _ORIGIN_M) / edge)
                high = int((boxes[i, 4 + axis] - _ORIGIN_M) / edge)
                cells[i, axis], cells[i, 3 + axis] = low, high
                taken *= high - low + 1
            entries += taken
            if entries > _ENTRIES_EACH * count + 1024:
                break
        if entries <= _ENTRIES_EACH * count + 1024:
            return edge, entries
        edge *= 1.5


@kernel
def _key(x: int, y: int, z: int) -> int:
    return int(np.int64(x) | (np.int64(y) << _BITS) | (np.int64(z) << (2 * _BITS)))


@kernel
def _bucket(key: int, shift: int) -> int:
    return int(np.int64((np.uint64(key) * _MIX) >> np.uint64(shift)))


@kernel
def fill(
    boxes: Boxes,
    cells: Cells,
    bits: int,
    starts: Ints,
    keys: Ints,
    members: Codes,
    entered: Entered,
) -> None:
    """Enter every box in every cell it touches, cells sorted into 2**bits buckets.

    Boxes are copied beside their entries, rounded to the outside: who shares a cell is compared
    many times, and lies together in memory then.

    Args:
        boxes, cells: see above.
        bits: of the number of buckets.
        starts: filled: where each bucket begins, and the end of the last.
        keys: filled: the cell of each entry.
        members: filled: whose entry it is.
        entered: filled: its box.
    """
    shift = 64 - bits
    starts[:] = 0
    for i in range(len(cells)):
        for x in range(cells[i, 0], cells[i, 3] + 1):
            for y in range(cells[i, 1], cells[i, 4] + 1):
                for z in range(cells[i, 2], cells[i, 5] + 1):
                    starts[_bucket(_key(x, y, z), shift)] += 1
    total = 0
    for bucket in range(len(starts)):
        total += starts[bucket]
        starts[bucket] = total
    for i in range(len(cells) - 1, -1, -1):
        for x in range(cells[i, 0], cells[i, 3] + 1):
            for y in range(cells[i, 1], cells[i, 4] + 1):
                for z in range(cells[i, 2], cells[i, 5] + 1):
                    key = _key(x, y, z)
                    bucket = _bucket(key, shift)
                    starts[bucket] -= 1
                    keys[starts[bucket]] = key
                    members[starts[bucket]] = i
                    for side in range(4):
                        entered[starts[bucket], side] = boxes[i, side] - _ROUNDING_M
                        entered[starts[bucket], 4 + side] = boxes[i, 4 + side] + _ROUNDING_M


@kernel
def _is_theirs(cells: Cells, i: int, j: int, key: int) -> bool:
    """Whether a cell is the first, by every axis, that two boxes share."""
    return key == _key(
        max(cells[i, 0], cells[j, 0]),
        max(cells[i, 1], cells[j, 1]),
        max(cells[i, 2], cells[j, 2]),
    )


@kernel
def overlapping(
    cells: Cells,
    starts: Ints,
    keys: Ints,
    members: Codes,
    entered: Entered,
    party: Codes,
    cursor: Ints,
    first: Codes,
    second: Codes,
) -> int:
    """The next pairs of different parties whose boxes overlap, each once; 0: there are no more.

    Two boxes may share many cells; their pair is told in the first of them by every axis.

    Args:
        cells, starts, keys, members, entered: see above.
        party: of each aircraft.
        cursor: bucket, entry and partner to go on from; begins as zeros.
        first, second: filled: the pairs, as far as there is room.
    """
    room, found = len(first), 0
    bucket, entry, partner = cursor[0], cursor[1], cursor[2]
    while bucket < len(starts) - 1:
        end = starts[bucket + 1]
        entry = max(entry, starts[bucket])
        while entry < end:
            key, i = keys[entry], members[entry]
            x, to_x = entered[entry, 0], entered[entry, 4]
            y, to_y = entered[entry, 1], entered[entry, 5]
            z, to_z = entered[entry, 2], entered[entry, 6]
            low, high = entered[entry, 3], entered[entry, 7]
            partner = max(partner, entry + 1)
            while partner < end:
                # all at once, as which of them fails cannot be foreseen
                overlap = (
                    (low <= entered[partner, 7])
                    & (entered[partner, 3] <= high)
                    & (x <= entered[partner, 4])
                    & (entered[partner, 0] <= to_x)
                    & (y <= entered[partner, 5])
                    & (entered[partner, 1] <= to_y)
                    & (z <= entered[partner, 6])
                    & (entered[partner, 2] <= to_z)
                    & (keys[partner] == key)
                )
                if (
                    overlap
                    and _is_theirs(cells, i, members[partner], key)
                    and party[i] != party[members[partner]]
                ):
                    j = members[partner]
                    if found == room:
                        cursor[0], cursor[1], cursor[2] = bucket, entry, partner
                        return found
                    first[found], second[found] = min(i, j), max(i, j)
                    found += 1
                partner += 1
            entry += 1
            partner = 0
        bucket += 1
    cursor[0], cursor[1], cursor[2] = bucket, 0, 0
    return found
