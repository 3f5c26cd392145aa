"""What the kernels of all categories fill in, by row number; row by row they are columns."""

from __future__ import annotations

from typing import Final

TOD_S: Final = 0
LAT_DEG: Final = 1
LNG_DEG: Final = 2
ALTITUDE_M: Final = 3
PRESSURE_M: Final = 4
SPEED_M_S: Final = 5
TRACK_DEG: Final = 6
CLIMB_M_S: Final = 7
HORIZONTAL_M: Final = 8
VERTICAL_M: Final = 9
CONTAINMENT_M: Final = 10
NUMBERS: Final = 11
"""Float64; NaN where not told. `TOD_S` is the time of day, UTC."""

IDENTITY: Final = 0
CALLSIGN: Final = 1
GROUND: Final = 2
BASIS: Final = 3
FATE: Final = 4
CODES: Final = 5
"""Int64. `CALLSIGN`: eight characters of six bits each, 0 if not told. `BASIS` as `feeds.Basis`."""

ICAO: Final = 1 << 48
"""An identity is one of these with a number below: a 24-bit address of ICAO's,"""
OTHER_ADDRESS: Final = 2 << 48
"""a 24-bit address that ICAO has not assigned (self-assigned, or used twice),"""
TRACK_NUMBER: Final = 3 << 48
"""or SAC (8 bits), SIC (8 bits) and a track number (16 bits)."""

KEPT: Final = 0
NO_POSITION: Final = 1
NO_TIME: Final = 2
NO_IDENTITY: Final = 3
SIMULATED: Final = 4
NOT_AIRCRAFT: Final = 5
SUSPECT: Final = 6
EXTRAPOLATED: Final = 7
NO_SITE: Final = 8
OUT_OF_RANGE: Final = 9
FATES: Final = (
    "",
    "no-position",
    "no-time",
    "no-identity",
    "simulated",
    "not-aircraft",
    "suspect",
    "extrapolated",
    "no-site",
    "out-of-range",
)
"""Why a record gave no report, as it is counted."""

STATED: Final = 0
DERIVED: Final = 1
ASSUMED: Final = 2

AIRBORNE: Final = 0
ON_GROUND: Final = 1
GROUND_UNKNOWN: Final = 2

NM_M: Final = 1852.0
FT_M: Final = 0.3048
SPEED_LSB_M_S: Final = NM_M / 16_384
ANGLE_LSB_DEG: Final = 360.0 / 65_536
CLIMB_LSB_M_S: Final = 6.25 * FT_M / 60
ALTITUDE_LSB_M: Final = 6.25 * FT_M
LEVEL_LSB_M: Final = 25.0 * FT_M
DAY_S: Final = 86_400.0
