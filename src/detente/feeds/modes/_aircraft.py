"""What is kept of each aircraft, and how its row is found by its address."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

NEVER: Final = -(1 << 63)
"""As `reports.NEVER`."""

AIRCRAFT: Final = np.dtype(
    [
        ("heard_us", "i8"),
        ("motion_us", "i8"),
        ("status_us", "i8"),
        ("pressure_us", "i8"),
        ("difference_us", "i8"),
        ("place_us", "i8"),
        ("doubted_us", "i8"),
        ("speed_kt", "f8"),
        ("track_deg", "f8"),
        ("climb_ft_min", "f8"),
        ("pressure_ft", "f8"),
        ("difference_ft", "f8"),
        ("lat_deg", "f8"),
        ("lng_deg", "f8"),
        ("doubted_lat_deg", "f8"),
        ("doubted_lng_deg", "f8"),
        ("callsign", "u8"),
        ("address", "u4"),
        ("ground", "u1"),
        ("version", "i1"),
        ("nic_a", "i1"),
        ("nic_c", "i1"),
        ("nac_p", "i1"),
        ("gva", "i1"),
    ],
    align=True,
)
"""One aircraft; times are `NEVER` until something is told. `place_us`, `lat_deg`, `lng_deg`: the
last place that was believed; `doubted_*`: one that could not have been flown to from there."""

HALF: Final = np.dtype([("us", "i8"), ("lat", "i4"), ("lng", "i4"), ("surface", "u1")], align=True)
"""The last half of a position, even or odd."""


@kernel
def _begin(address: int, slots: int) -> int:
    """Where to look first. Addresses of one country are neighbours; this scatters them."""
    return int((np.int64(address) * 0x9E3779B1 >> 8) & (slots - 1))


@kernel
def find(address: int, table: npt.NDArray[np.int32], aircraft: npt.NDArray[np.void]) -> int:
    """Row of an aircraft, or -1.

    Args:
        address: see `MESSAGE`.
        table: rows plus 1, 0 where empty; its length is a power of two, more than the rows.
        aircraft: `AIRCRAFT` rows.
    """
    at = _begin(address, len(table))
    while table[at]:
        if aircraft[table[at] - 1]["address"] == address:
            return int(table[at] - 1)
        at = (at + 1) & (len(table) - 1)
    return -1


@kernel
def enter(
    address: int,
    row: int,
    table: npt.NDArray[np.int32],
    aircraft: npt.NDArray[np.void],
    halves: npt.NDArray[np.void],
) -> None:
    """Give a new aircraft a row."""
    at = _begin(address, len(table))
    while table[at]:
        at = (at + 1) & (len(table) - 1)
    table[at] = row + 1
    one = aircraft[row]
    one["address"] = address
    one["heard_us"] = NEVER
    one["motion_us"] = NEVER
    one["status_us"] = NEVER
    one["pressure_us"] = NEVER
    one["difference_us"] = NEVER
    one["place_us"] = NEVER
    one["doubted_us"] = NEVER
    one["callsign"] = 0
    one["ground"] = 2
    one["version"] = -1
    one["nic_a"] = -1
    one["nic_c"] = -1
    one["nac_p"] = -1
    one["gva"] = -1
    for odd in range(2):
        halves[row, odd]["us"] = NEVER


@kernel
def fill_table(aircraft: npt.NDArray[np.void], count: int, table: npt.NDArray[np.int32]) -> None:
    """Note where the first `count` aircraft stand, in an empty table."""
    for row in range(count):
        at = _begin(aircraft[row]["address"], len(table))
        while table[at]:
            at = (at + 1) & (len(table) - 1)
        table[at] = row + 1
