"""What reports state of themselves and nothing that flies can mean: taken as not stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import Reports
from detente.geo import kernel

Floats: TypeAlias = npt.NDArray[np.float64]

SPEED_MOST_M_S: Final = 10_000.0
"""Also of climbs: what is faster is in orbit."""
COURSE_MOST_DEG: Final = 720.0
HEIGHT_MOST_M: Final = 1_000_000.0
FARTHEST_M: Final = 20_040_000.0
"""The other side of the Earth: a position that says less of itself says nothing."""


def believed(reports: Reports) -> Reports:
    """The same reports; absurd speeds, courses and heights are unknown, absurd radii the greatest.

    A stated speed of 1e30 m/s would otherwise explain every jump. Nothing is copied where
    everything can be meant.
    """
    if not _absurd(
        reports.speed_m_s,
        reports.climb_m_s,
        reports.track_deg,
        reports.altitude_m,
        reports.pressure_m,
        reports.horizontal_m,
        reports.vertical_m,
    ):
        return reports
    return replace(
        reports,
        speed_m_s=_within(reports.speed_m_s, SPEED_MOST_M_S),
        climb_m_s=_within(reports.climb_m_s, SPEED_MOST_M_S),
        track_deg=_within(reports.track_deg, COURSE_MOST_DEG),
        altitude_m=_within(reports.altitude_m, HEIGHT_MOST_M),
        pressure_m=_within(reports.pressure_m, HEIGHT_MOST_M),
        horizontal_m=_radius(reports.horizontal_m, FARTHEST_M),
        vertical_m=_radius(reports.vertical_m, HEIGHT_MOST_M),
    )


def _within(values: Floats, most: float) -> Floats:
    return np.where(np.abs(values) <= most, values, np.nan)


def _radius(values: Floats, most: float) -> Floats:
    return np.where((values > most) | (values < 0), most, values)


@kernel
def _absurd(
    speed: Floats,
    climb: Floats,
    track: Floats,
    altitude: Floats,
    pressure: Floats,
    horizontal: Floats,
    vertical: Floats,
) -> bool:
    for i in range(len(speed)):
        if (
            abs(speed[i]) > SPEED_MOST_M_S
            or abs(climb[i]) > SPEED_MOST_M_S
            or abs(track[i]) > COURSE_MOST_DEG
            or abs(altitude[i]) > HEIGHT_MOST_M
            or abs(pressure[i]) > HEIGHT_MOST_M
            or horizontal[i] > FARTHEST_M
            or horizontal[i] < 0
            or vertical[i] > HEIGHT_MOST_M
            or vertical[i] < 0
        ):
            return True
    return False
