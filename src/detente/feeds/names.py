"""Names of aircraft and flights from the numbers in which radio formats write them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_LETTERS: Final = "?ABCDEFGHIJKLMNOPQRSTUVWXYZ????? ???????????????0123456789??????"
"""ICAO Annex 10, volume IV, table 3-9: characters of six bits."""


@lru_cache(maxsize=65_536)
def address_name(address: int, *, other: bool = False) -> str:
    """Six hexadecimal digits, after `~` if it is not an address that ICAO assigned."""
    return f"~{address:06x}" if other else f"{address:06x}"


@lru_cache(maxsize=65_536)
def flight_name(packed: int) -> str:
    """Eight characters of six bits each; "" if one of them is none, or all are spaces."""
    text = "".join(_LETTERS[packed >> shift & 0x3F] for shift in range(42, -6, -6))
    return "" if "?" in text else text.strip()
