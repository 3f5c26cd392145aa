"""What ADS-B's quality codes and errors of one sigma mean in metres that hold 95 %.

Sources: RTCA DO-260 (version 0: NUCp), DO-260A and DO-260B (NIC, NACp, GVA); EUROCONTROL ASTERIX
category 021, item I021/090 (PIC). Every table gives the bound of its category, so the truth is
never worse than what is said. NaN: the code tells nothing. The category 0 of accuracy is "10 NM or
worse, or unknown": jammed receivers say just that, so it is not taken for silence.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

NM_M: Final = 1852.0
FT_M: Final = 0.3048
KT_M_S: Final = NM_M / 3600

CIRCLE_95: Final = math.sqrt(-2.0 * math.log(0.05))
"""Radius that holds 95 % of two errors, each Gaussian with a sigma of 1 (Rayleigh): 2.4477."""
LINE_95: Final = 1.959963984540054
"""Half of the span that holds 95 % of one Gaussian error with a sigma of 1."""

WORST_M: Final = 10 * NM_M
"""What stands for the category 0 of accuracy."""

_NAN: Final = math.nan


def _metres(*values: float) -> npt.NDArray[np.float64]:
    table = np.array(values)
    table.setflags(write=False)
    return table


NIC_M: Final = _metres(
    _NAN, 20 * NM_M, 8 * NM_M, 4 * NM_M, 2 * NM_M, 1 * NM_M, 0.6 * NM_M, 0.2 * NM_M, 0.1 * NM_M,
    75.0, 25.0, 7.5, _NAN, _NAN, _NAN, _NAN,
)  # fmt: skip
"""Radius of containment by Navigation Integrity Category; of 6, the widest of its supplements."""

NACP_M: Final = _metres(
    WORST_M, 10 * NM_M, 4 * NM_M, 2 * NM_M, 1 * NM_M, 0.5 * NM_M, 0.3 * NM_M, 0.1 * NM_M,
    0.05 * NM_M, 30.0, 10.0, 3.0, _NAN, _NAN, _NAN, _NAN,
)  # fmt: skip
"""Estimated position uncertainty (95 %) by Navigation Accuracy Category for Position."""

NUCP_CONTAINMENT_M: Final = _metres(
    _NAN, 20 * NM_M, 10 * NM_M, 2 * NM_M, 1 * NM_M, 0.5 * NM_M, 0.2 * NM_M, 0.1 * NM_M, 25.0, 7.5,
    _NAN, _NAN, _NAN, _NAN, _NAN, _NAN,
)  # fmt: skip
"""Horizontal protection limit by Navigation Uncertainty Category for Position (version 0)."""

NUCP_ACCURACY_M: Final = _metres(
    WORST_M, 10 * NM_M, 5 * NM_M, 1 * NM_M, 0.5 * NM_M, 0.25 * NM_M, 0.1 * NM_M, 0.05 * NM_M,
    10.0, 3.0, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN,
)  # fmt: skip
"""Containment of 95 % by Navigation Uncertainty Category for Position (version 0)."""

PIC_M: Final = _metres(
    _NAN, 20 * NM_M, 10 * NM_M, 8 * NM_M, 4 * NM_M, 2 * NM_M, 1 * NM_M, 0.6 * NM_M, 0.5 * NM_M,
    0.3 * NM_M, 0.2 * NM_M, 0.1 * NM_M, 0.04 * NM_M, 0.013 * NM_M, 0.004 * NM_M, _NAN,
)  # fmt: skip
"""Integrity containment bound by Position Integrity Category."""

GVA_M: Final = _metres(_NAN, 150.0, 45.0, _NAN)
"""Accuracy (95 %) of geometric altitude by Geometric Vertical Accuracy (version 2)."""
