"""Names of aircraft and flights from the numbers in which radio formats write them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

_LETTERS: Final = "?ABCDEFGHIJKLMNOPQRSTUVWXYZ????? ???????????????0123456789??????"
"""ICAO Annex 10, volume IV, table 3-9: characters of six bits."""

_FIGURES: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_PLACES: Final = np.arange(20, -4, -4)


@lru_cache(maxsize=65_536)
def address_name(address: int, *, other: bool = False) -> str:
    """Six hexadecimal digits, after `~` if it is not an address that ICAO assigned."""
    return f"~{address:06x}" if other else f"{address:06x}"


def address_names(addresses: npt.NDArray[np.integer], other: npt.NDArray[np.bool_]) -> list[str]:
    """`address_name` of many numbers of 24 bits."""
    digits = _FIGURES[addresses.astype(np.int64)[:, None] >> _PLACES & 15]
    names: list[str] = digits.view("S6").ravel().astype("U6").tolist()
    for each in np.flatnonzero(other).tolist():
        names[each] = f"~{names[each]}"
    return names


@lru_cache(maxsize=65_536)
def flight_name(packed: int) -> str:
    """Eight characters of six bits each; "" if one of them is none, or all are spaces."""
    text = "".join(_LETTERS[packed >> shift & 0x3F] for shift in range(42, -6, -6))
    return "" if "?" in text else text.strip()
