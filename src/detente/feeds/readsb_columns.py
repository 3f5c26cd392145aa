"""From what readsb says to columns: units, quality, names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from .quality import GVA_M, NACP_M, WORST_M
from .readsb_types import RELAY_BY_TYPE, Aircraft, Quality
from .relays import DIRECT, MLAT, OTHER, TIS_B
from .reports import Basis, Bytes, Floats

_HEX: Final = re.compile(r"~?[0-9a-f]{6}")


def floats(values: Iterable[float | str | None]) -> Floats:
    """A column of numbers; NaN for None and for words."""
    return np.array([None if isinstance(each, str) else each for each in values], dtype=np.float64)


def address(text: str) -> str | None:
    """An address as `Reports.identities` has it; None if it is none."""
    lower = text.strip().lower()
    return lower if _HEX.fullmatch(lower) else None


def relay_of(aircraft: Aircraft) -> int:
    """How the position of an aircraft came about."""
    if "lat" in aircraft.mlat:
        return MLAT
    if "lat" in aircraft.tisb:
        return TIS_B
    if aircraft.type is None:
        return DIRECT
    return RELAY_BY_TYPE.get(aircraft.type, OTHER)


class Accuracy:
    """How good positions are, column by column; as in `Reports`.

    What others computed of times of arrival has no stated quality: codes of such rows are those
    of the aircraft's own positions, so they are not used.
    """

    def __init__(self, said: list[Quality], relay: Bytes) -> None:
        nac_p = _codes(each.nac_p for each in said)
        gva = _codes(each.gva for each in said)
        nic = floats(each.nic for each in said)
        version = floats(each.version for each in said)
        radius = floats(each.rc for each in said)
        radius[~(radius > 0)] = np.nan
        stated = np.where(nac_p >= 0, NACP_M[np.maximum(nac_p, 0)], np.nan)
        derived = np.where(np.isnan(radius) & (nic == 0), WORST_M, radius / 2)
        own = relay != MLAT
        self.containment_m: Floats = np.where(own, radius, np.nan)
        self.horizontal_m: Floats = np.where(
            own, np.where(np.isnan(stated), derived, stated), np.nan
        )
        # Of version 0 the receiver makes NACp of the type of the message.
        self.basis: Bytes = np.where(
            np.isnan(stated) | ~(version > 0), np.uint8(Basis.DERIVED), np.uint8(Basis.STATED)
        )
        self.vertical_m: Floats = np.where(gva >= 0, GVA_M[np.clip(gva, 0, 3)], np.nan)


def _codes(values: Iterable[float | None]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Codes from 0 to 15; -1 where there is none."""
    column = floats(values)
    column[~((column >= 0) & (column <= 15))] = -1
    return column.astype(np.int64)
