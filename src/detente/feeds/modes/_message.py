"""What one message says, as a row: from those who read messages to those who follow aircraft."""

from __future__ import annotations

from typing import Final

import numpy as np

from detente.geo import kernel

MESSAGE: Final = np.dtype(
    [
        ("lat_deg", "f8"),
        ("lng_deg", "f8"),
        ("pressure_ft", "f8"),
        ("geometric_ft", "f8"),
        ("difference_ft", "f8"),
        ("speed_kt", "f8"),
        ("track_deg", "f8"),
        ("climb_ft_min", "f8"),
        ("airspeed_kt", "f8"),
        ("heading_deg", "f8"),
        ("callsign", "u8"),
        ("address", "u4"),
        ("cpr_lat", "i4"),
        ("cpr_lng", "i4"),
        ("squawk", "i2"),
        ("fate", "u1"),
        ("kind", "u1"),
        ("format", "u1"),
        ("type", "u1"),
        ("relay", "u1"),
        ("overlaid", "u1"),
        ("odd", "u1"),
        ("surface", "u1"),
        ("ground", "u1"),
        ("version", "i1"),
        ("nic_a", "i1"),
        ("nic_b", "i1"),
        ("nic_c", "i1"),
        ("nac_p", "i1"),
        ("nac_v", "i1"),
        ("sil", "i1"),
        ("gva", "i1"),
    ],
    align=True,
)
"""One message. Unknown numbers are NaN, unknown codes -1.

`lat_deg`, `lng_deg`: of formats that tell a place outright; `cpr_lat`, `cpr_lng`: 17 bits each of
those that encode it. `difference_ft`: geometric less pressure altitude. `callsign`: eight
characters of six bits, 0 if not told. `address`: 24 bits, plus `OTHER_ADDRESS`. `squawk`: four
octal digits as a number. `format`: downlink format; `type`: type code of an extended squitter.
`overlaid`: the address was laid over the parity, so that only a known one shows a sound message.
"""

OTHER_ADDRESS: Final = 1 << 24
"""Set in an address that ICAO did not assign: of a track file, self-made, or shared."""

NOTHING: Final = 0
CPR_POSITION: Final = 1
PLAIN_POSITION: Final = 2
VELOCITY: Final = 3
IDENTIFICATION: Final = 4
STATUS: Final = 5
TARGET_STATE: Final = 6
ALTITUDE: Final = 7

USED: Final = 0
REPORTED: Final = 1
PARITY: Final = 2
NOT_READ: Final = 3
MODE_AC: Final = 4
FRAMING: Final = 5
NO_IDENTITY: Final = 6
UNKNOWN_ADDRESS: Final = 7
NO_DATE: Final = 8
UNPAIRED: Final = 9
ZONE: Final = 10
NO_REFERENCE: Final = 11
UNREASONABLE: Final = 12
OUT_OF_RANGE: Final = 13
NO_POSITION: Final = 14
FATES: Final = (
    "",
    "",
    "parity",
    "not-read",
    "mode-ac",
    "framing",
    "no-identity",
    "unknown-address",
    "no-date",
    "unpaired",
    "zone",
    "no-reference",
    "unreasonable",
    "out-of-range",
    "no-position",
)
"""How it is counted when a message gives no report; `USED` ones told of something else."""

AIRBORNE: Final = 0
ON_GROUND: Final = 1
GROUND_UNKNOWN: Final = 2


@kernel
def clear(message: np.void) -> None:
    """Say nothing yet."""
    message["lat_deg"] = np.nan
    message["lng_deg"] = np.nan
    message["pressure_ft"] = np.nan
    message["geometric_ft"] = np.nan
    message["difference_ft"] = np.nan
    message["speed_kt"] = np.nan
    message["track_deg"] = np.nan
    message["climb_ft_min"] = np.nan
    message["airspeed_kt"] = np.nan
    message["heading_deg"] = np.nan
    message["callsign"] = 0
    message["address"] = 0
    message["cpr_lat"] = 0
    message["cpr_lng"] = 0
    message["squawk"] = -1
    message["fate"] = USED
    message["kind"] = NOTHING
    message["format"] = 0
    message["type"] = 0
    message["relay"] = 0
    message["overlaid"] = 0
    message["odd"] = 0
    message["surface"] = 0
    message["ground"] = GROUND_UNKNOWN
    message["version"] = -1
    message["nic_a"] = -1
    message["nic_b"] = -1
    message["nic_c"] = -1
    message["nac_p"] = -1
    message["nac_v"] = -1
    message["sil"] = -1
    message["gva"] = -1
