"""How good a squitter's position is, from its type and from what the aircraft said of itself.

Sources: RTCA DO-260 (version 0: the type code tells NUCp), DO-260A (version 1) and DO-260B (version
2) for the radius of containment by type code and NIC supplements. See `quality` for categories.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from detente.feeds.quality import NACP_M, NM_M, NUCP_ACCURACY_M, NUCP_CONTAINMENT_M, WORST_M
from detente.geo import kernel

STATED: Final = 0
DERIVED: Final = 1
"""As in `Basis`."""


@kernel
def nucp(code: int) -> int:
    """The category of version 0 that a type code of a position tells."""
    if 5 <= code <= 8:
        return 14 - code
    if 9 <= code <= 18:
        return 18 - code
    return 29 - code if code in (20, 21) else 0


@kernel
def containment_m(code: int, version: int, nic_a: int, nic_b: int, nic_c: int) -> float:
    """Radius of containment of a position; NaN if unknown. Unknown supplements count as 0.

    Args:
        code: type code, 5 to 18 or 20 to 22.
        version: of the aircraft's ADS-B; below 0 if it never said: then as 0.
        nic_a, nic_b, nic_c: supplements; of version 1 there is one, `nic_a`.
    """
    if version <= 0:
        return float(NUCP_CONTAINMENT_M[nucp(code)])
    a, b, c = nic_a == 1, nic_b == 1, nic_c == 1
    if version == 1:
        b = c = a
    if code in (5, 9, 20):
        return 7.5
    if code in (6, 10, 21):
        return 25.0
    if code == 7:
        return 75.0 if a and (version == 1 or not c) else 0.1 * NM_M
    if code == 8:
        return _surface_worst_m(version, a, c)
    if code == 11:
        return 75.0 if a and b else 0.1 * NM_M
    if code == 12:
        return 0.2 * NM_M
    if code == 13:
        if version == 1:
            return 0.6 * NM_M if a else 0.5 * NM_M
        if a:
            return 0.6 * NM_M
        return 0.3 * NM_M if b else 0.5 * NM_M
    if code == 16:
        return 4 * NM_M if a and b else 8 * NM_M
    if code in (14, 15):
        return 1 * NM_M if code == 14 else 2 * NM_M
    return 20 * NM_M if code == 17 else np.nan


@kernel
def _surface_worst_m(version: int, a: bool, c: bool) -> float:
    """Of type 8, which version 1 leaves unknown and version 2 divides."""
    if version == 1 or not (a or c):
        return np.nan
    if a and c:
        return 0.2 * NM_M
    return 0.3 * NM_M if a else 0.6 * NM_M


@kernel
def accuracy_m(code: int, version: int, nac_p: int, containment: float) -> tuple[float, int]:
    """Radius that holds 95 % of positions, and how that is known.

    Of versions 1 and 2 whose NACp was not heard: half the containment, as DO-260 had it for its
    coarser categories; if that is unknown too, the worst.
    """
    if version <= 0:
        return float(NUCP_ACCURACY_M[nucp(code)]), DERIVED
    if nac_p >= 0 and not np.isnan(NACP_M[nac_p]):
        return float(NACP_M[nac_p]), STATED
    if np.isnan(containment):
        return WORST_M, DERIVED
    return containment / 2, DERIVED
