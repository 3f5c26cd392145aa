"""What the kernels fill in for each event, by row number; row by row they are columns."""

from __future__ import annotations

from typing import Final

BEGIN: Final = 0
END: Final = 1
TIME_US: Final = 2
STALE_US: Final = 3
UID_BEGIN: Final = 4
UID_END: Final = 5
CALLSIGN_BEGIN: Final = 6
CALLSIGN_END: Final = 7
HOW: Final = 8
KIND: Final = 9
XML_BEGIN: Final = 10
XML_END: Final = 11
PLACES: Final = 12
"""Int64: where in the buffer; times in µs since 1970, `NEVER` if not told; the first letter of
`how` as a number and 0 if there is none, and 256 more for `m-s`; one of the kinds below; where a
detail's rest in XML is that has a track or a contact (0 if there is none)."""

LAT_DEG: Final = 0
LNG_DEG: Final = 1
HAE_M: Final = 2
CE_M: Final = 3
LE_M: Final = 4
COURSE_DEG: Final = 5
SPEED_M_S: Final = 6
NUMBERS: Final = 7
"""Float64, NaN where not told."""

AIR_TRACK: Final = 0
"""`a-…-A…`: something that flies."""
OTHER_TRACK: Final = 1
"""`a-…` of another kind: on the ground, at sea, in space."""
CONTROL: Final = 2
"""`t-x-takp-…`: the negotiation of the protocol."""
OTHER: Final = 3
"""No track: pings, chat, drawings."""
UNUSUAL: Final = 4
"""For the strict reader."""
MALFORMED: Final = 5

SIMULATED_HOW: Final = 256
NEVER: Final = -(2**63)
