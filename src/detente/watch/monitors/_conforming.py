"""How positions lie to the volumes of their own aircraft, and what is remembered of each flight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from detente.watch.proposals import Standing

from ._excursions import Excursion
from ._leaving import Leaving


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """How positions lie to the volumes of their own aircraft, row by row of those that have some.

    Attributes:
        row: of the batch.
        owner: whose: position in `ConformanceMonitor.own`.
        inside: whether it conforms.
        horizontal_m, vertical_m: to the edge of the volume in question: positive inside.
        leaves_s: when it leaves at its present motion; 0 outside, infinite if not within the
            look-ahead.
        timely: whether any volume is meant for this time.
    """

    row: npt.NDArray[np.intp]
    owner: npt.NDArray[np.int32]
    inside: npt.NDArray[np.bool_]
    horizontal_m: npt.NDArray[np.float64]
    vertical_m: npt.NDArray[np.float64]
    leaves_s: npt.NDArray[np.float64]
    timely: npt.NDArray[np.bool_]


class Flight(Struct):
    """One operation that is watched.

    Attributes:
        standing: how it stands.
        excursion, excursions: its present one, and how many there were.
        leaving: that it is about to be outside.
        event: id of that, or of its newest excursion.
        nonconforming: of the one by which it became that.
    """

    standing: Standing
    excursion: Excursion | None = None
    excursions: int = 0
    leaving: Leaving | None = None
    event: str = ""
    nonconforming: str = ""


class Heard(Struct, array_like=True):
    """When a flight was heard last, and its course then."""

    aircraft: str
    operation: str
    last_us: int
    course_deg: float
