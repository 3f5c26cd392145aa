"""Names of aircraft from the numbers in which ASTERIX writes them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from detente.feeds.names import address_name

from ._columns import ICAO, OTHER_ADDRESS

_NUMBER: Final = (1 << 48) - 1


@lru_cache(maxsize=65_536)
def aircraft_name(identity: int) -> str:
    """An address, or `track:` with SAC, SIC and a track's number."""
    kind = identity & ~_NUMBER
    number = identity & _NUMBER
    if kind in (ICAO, OTHER_ADDRESS):
        return address_name(number, other=kind == OTHER_ADDRESS)
    return f"track:{number >> 24:03}.{number >> 16 & 0xFF:03}:{number & 0xFFFF}"
