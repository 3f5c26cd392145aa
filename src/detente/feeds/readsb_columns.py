"""From what readsb says to columns: units, quality, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from .quality import GVA_M, NACP_M, WORST_M
from .readsb_types import RELAY_BY_TYPE, Aircraft
from .relays import DIRECT, MLAT, OTHER, TIS_B
from .reports import Basis, Bytes, Floats

QUALITY: Final = ("version", "nic", "rc", "nac_p", "gva")
"""What `Accuracy` needs, as columns of `table`."""

_HEX: Final = re.compile(r"~?[0-9a-f]{6}")


def floats(values: Iterable[float | None]) -> Floats:
    """A column of numbers; NaN for None."""
    return np.array(list(values), dtype=np.float64)


def feet(altitudes: Sequence[float | str | None]) -> Floats:
    """A column of altitudes, of which some are words; NaN for those and for None."""
    return floats(None if isinstance(each, str) else each for each in altitudes)


def grounds(altitudes: Sequence[float | str | None]) -> Bytes:
    """`Reports.on_ground`: an altitude of "ground" says so."""
    return np.array(
        [2 if each is None else int(each == "ground") for each in altitudes], dtype=np.uint8
    )


def table(names: Sequence[str]) -> Callable[[Sequence[object]], dict[str, Floats]]:
    """What makes columns of the attributes of many objects, all of them numbers."""
    row = attrgetter(*names)

    def columns(objects: Sequence[object]) -> dict[str, Floats]:
        count = len(objects) * len(names)
        values = np.fromiter(chain.from_iterable(map(row, objects)), np.float64, count)
        return dict(zip(names, values.reshape(len(objects), len(names)).T.copy(), strict=True))

    return columns


@lru_cache(maxsize=65_536)
def address(text: str) -> str | None:
    """An address as `Reports.identities` has it; None if it is none."""
    lower = text.strip().lower()
    return lower if _HEX.fullmatch(lower) else None


def relay_of(aircraft: Aircraft) -> int:
    """How the position of an aircraft came about."""
    if aircraft.mlat and "lat" in aircraft.mlat:
        return MLAT
    if aircraft.tisb and "lat" in aircraft.tisb:
        return TIS_B
    if aircraft.type is None:
        return DIRECT
    return RELAY_BY_TYPE.get(aircraft.type, OTHER)


class Accuracy:
    """How good positions are, column by column; as in `Reports`.

    What others computed of times of arrival has no stated quality: codes of such rows are those
    of the aircraft's own positions, so they are not used.
    """

    def __init__(self, said: dict[str, Floats], relay: Bytes) -> None:
        """Begin.

        Args:
            said: columns of `QUALITY`.
            relay: see `RELAYS`.
        """
        nac_p, gva = _codes(said["nac_p"]), _codes(said["gva"])
        radius = np.where(said["rc"] > 0, said["rc"], np.nan)
        stated = np.where(nac_p >= 0, NACP_M[np.maximum(nac_p, 0)], np.nan)
        derived = np.where(np.isnan(radius) & (said["nic"] == 0), WORST_M, radius / 2)
        own = relay != MLAT
        self.containment_m: Floats = np.where(own, radius, np.nan)
        self.horizontal_m: Floats = np.where(
            own, np.where(np.isnan(stated), derived, stated), np.nan
        )
        # Of version 0 the receiver makes NACp of the type of the message.
        self.basis: Bytes = np.where(
            np.isnan(stated) | ~(said["version"] > 0),
            np.uint8(Basis.DERIVED),
            np.uint8(Basis.STATED),
        )
        self.vertical_m: Floats = np.where(gva >= 0, GVA_M[np.clip(gva, 0, 3)], np.nan)


def _codes(column: Floats) -> npt.NDArray[np.int64]:
    """Codes from 0 to 15; -1 where there is none."""
    return np.where((column >= 0) & (column <= 15), column, -1.0).astype(np.int64)
