"""Which measures of an airspace control order are read: procedural ones, and those of safety.

The kinds are those of airspace coordinating measures (ADAREA, ADOA, ATC, CORRTE, PROC, REFPT, ROZ,
SUA). A measure is read only if its kind and each of its uses stand below. Whatever else there is,
above all what serves air defence or fires, is refused by the name of its kind and use, before
anything more of it is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

PROCEDURAL: Final[Mapping[str, frozenset[str]]] = {
    "ATC": frozenset(
        [
            "ADVRTE",
            "ATZ",
            "ARWY",
            "CDR",
            "CLSA",
            "CLSB",
            "CLSC",
            "CLSD",
            "CLSE",
            "CLSF",
            "CLSG",
            "CTA",
            "CTR",
            "CTZ",
            "FIR",
            "NAVRTE",
            "TMA",
            "TRSA",
            "RMZ",
            "TMZ",
        ]
    ),
    "CORRTE": frozenset(["AIRCOR", "AIRRTE", "LLTR", "MRR", "SAAFR", "SC", "SL", "TC", "TR"]),
    "PROC": frozenset(["ASCA", "CL", "HIDACZ", "RCA", "SAFES", "TL"]),
    "REFPT": frozenset(["ACP", "CP", "EP", "HG", "ISP", "RP", "WP"]),
    "ROZ": frozenset(["AAR", "DZ", "LZ", "NOFLY", "PZ", "SAR", "TRNG", "UAS", "UAV"]),
    "SUA": frozenset(["ALERTA", "DA", "MOA", "NOFLY", "PROHIB", "RA", "TRA", "TSA", "WARN"]),
}
"""Uses that are read, by kind."""


def is_read(kind: str, uses: Sequence[str]) -> bool:
    """Whether a measure of this kind and these uses is read. Without a use, it is not."""
    return bool(uses) and all(use in PROCEDURAL.get(kind, ()) for use in uses)
