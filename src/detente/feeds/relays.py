"""Ways in which a position comes about: sent by the aircraft itself, or found by somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .reports import Source

DIRECT: Final = 0
TIS_B: Final = 1
ADS_R: Final = 2
MLAT: Final = 3
ADS_C: Final = 4
OTHER: Final = 5
RELAYS: Final = ("", "tis-b", "ads-r", "mlat", "ads-c", "other")
"""Names by number: sent by the aircraft; a ground station's radar; ADS-B repeated from another
link; multilateration; satellite reports; unknown."""

_ASSUMED_M: Final = {TIS_B: 926.0, MLAT: 1000.0, ADS_C: 926.0, OTHER: 926.0}
"""Radius that holds 95 % where nothing is stated: 0.5 NM for radar as in terminal areas (ICAO
Doc 4444), 1 km for multilateration by volunteers' receivers, whose geometry is not known."""


def relayed(source: Source) -> tuple[Source, ...]:
    """A source, and by `RELAYS` number what it passes on: `beast+mlat`, never surer than itself."""
    return tuple(
        source
        if number == DIRECT
        else replace(
            source,
            format=f"{source.format}+{name}",
            assumed_horizontal_m=max(source.assumed_horizontal_m, _ASSUMED_M.get(number, 0.0)),
        )
        for number, name in enumerate(RELAYS)
    )
