"""Arrays of the approach kernels."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Cells: TypeAlias = npt.NDArray[np.int32]
Boxes: TypeAlias = npt.NDArray[np.float64]
Entered: TypeAlias = npt.NDArray[np.float32]
