"""Well clear as DO-365 defines it for unmanned aircraft, and as NASA's DAIDALUS computes it.

Two aircraft are not well clear while, at one and the same moment,

* along the ground they are within DMOD of each other, or would come within HMD and are no more than
  tau seconds from it, by modified tau: (DMOD² - r²) / (r · v) while they close;
* in height they are within ZTHR, or will be level within TCOA seconds.

DMOD and HMD are one number here, as in both documents. Modified tau is quadratic in time for even
motion, so the span is found exactly (C. Muñoz et al., "A family of well-clear boundary models for
the integration of UAS in the NAS", AIAA 2014-2412).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import _well_clear as volumes
from ._approach_types import Codes, Floats
from .approach import Approaches, Motions, Sky, Traffic, approaches, closest_s, collected

NAUTICAL_MILE_M: Final = 1852.0
FOOT_M: Final = 0.3048
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class WellClear:
    """A well-clear volume.

    Attributes:
        name: as rules call it.
        distance_m: DMOD and HMD.
        tau_s: of modified tau.
        height_m: ZTHR.
        level_s: TCOA, time to co-altitude.
    """

    name: str
    distance_m: float
    tau_s: float
    height_m: float
    level_s: float


DO_365_PHASE_I: Final = WellClear("do-365-phase-1", 0.66 * NAUTICAL_MILE_M, 35.0, 450 * FOOT_M, 0.0)
DO_365_PREVENTIVE: Final = WellClear(
    "do-365-preventive", 0.66 * NAUTICAL_MILE_M, 35.0, 700 * FOOT_M, 0.0
)
DO_365_TERMINAL: Final = WellClear("do-365-terminal", 1500 * FOOT_M, 0.0, 450 * FOOT_M, 0.0)
DO_365_NON_COOPERATIVE: Final = WellClear(
    "do-365-non-cooperative", 2200 * FOOT_M, 0.0, 450 * FOOT_M, 0.0
)
BUFFERED: Final = WellClear("daidalus-buffered", NAUTICAL_MILE_M, 35.0, 450 * FOOT_M, 20.0)
"""DAIDALUS's volume with room for the errors of sensors."""

WELL_CLEAR: Final = {
    each.name: each
    for each in (
        DO_365_PHASE_I,
        DO_365_PREVENTIVE,
        DO_365_TERMINAL,
        DO_365_NON_COOPERATIVE,
        BUFFERED,
    )
}


def losses(
    traffic: Traffic,
    look_ahead_s: float,
    volume: WellClear,
    *,
    pairs_max: int = 1_000_000,
) -> Approaches:
    """All pairs of different parties that will not be well clear within the time looked ahead.

    Args:
        traffic: at one moment.
        look_ahead_s: seconds; with `tau_s` at most `LOOK_AHEAD_MAX_S`.
        volume: what well clear means.
        pairs_max: no more than these are told; then `complete` is false.

    Raises:
        ValueError: a distance, a time or a speed is out of range.
    """
    # Who is within tau of the circle reaches it by then: places are looked at for so much longer.
    sky = Sky(traffic, look_ahead_s + volume.tau_s)
    candidates = sky.candidates(volume.distance_m, volume.height_m, look_ahead_s + volume.level_s)
    one, two = np.empty(_CHUNK, dtype=np.int32), np.empty(_CHUNK, dtype=np.int32)
    kept_one, kept_two = np.empty_like(one), np.empty_like(two)
    found: list[tuple[Codes, Codes]] = []
    total, complete = 0, True
    while count := candidates.take(one, two):
        kept = volumes.lost(
            sky.state,
            one,
            two,
            count,
            look_ahead_s,
            volume.distance_m,
            volume.tau_s,
            volume.height_m,
            volume.level_s,
            kept_one,
            kept_two,
        )
        found.append((kept_one[:kept].copy(), kept_two[:kept].copy()))
        total += kept
        if total > pairs_max:
            complete = False
            break
    first, second = collected(found, pairs_max)
    motions = sky.motions(first, second)
    still = np.zeros(len(first))
    enters, leaves = well_clear_spans(motions, look_ahead_s, volume, still, still)
    return Approaches(first, second, motions, enters, leaves, complete)


def well_clear_spans(
    motions: Motions,
    look_ahead_s: float,
    volume: WellClear,
    wider_m: Floats,
    higher_m: Floats,
) -> tuple[Floats, Floats]:
    """From when to when each pair is not well clear; (inf, -inf): it always is.

    Args:
        motions: of the pairs.
        look_ahead_s: seconds.
        volume: what well clear means.
        wider_m, higher_m: by pair, what to add to the volume's distance and height; below zero
            takes away.
    """
    enters, leaves = np.empty(len(motions)), np.empty(len(motions))
    volumes.lost_spans(
        motions.columns,
        look_ahead_s,
        volume.distance_m + wider_m,
        volume.tau_s,
        volume.height_m + higher_m,
        volume.level_s,
        enters,
        leaves,
    )
    return enters, leaves


def warm_up_approaches() -> None:
    """Compile, or load, everything that looks for approaches: seconds at the first time of all."""
    zeros = np.zeros(2)
    traffic = Traffic.of(zeros, zeros, zeros, zeros, zeros)
    found = approaches(traffic, 1.0, 1.0, 1.0)
    closest_s(found.motions, found.enters_s, found.leaves_s, 1.0, 1.0)
    losses(traffic, 1.0, DO_365_PHASE_I)
