"""Places, shapes and times that the conformance tests share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.model.geometry import offset
from tests.model.wire import (
    HOUR_US,
    NOW_US,
    circle,
    entity_id,
    polygon,
    volume,
)

HERE = (46.95, 7.45)
ID_A, ID_B, ID_C, ID_D = (entity_id(number) for number in (0xA, 0xB, 0xC, 0xD))
SUB_A, SUB_B, SUB_C = (entity_id(number) for number in (0x5A, 0x5B, 0x5C))
UNKNOWN_ID = entity_id(0xFFFF)
WRONG_OVN = "wrong-ovn-wrong-ovn-wrong-ovn-00"
ALTITUDES_M = (100.0, 200.0)
TIMES_US = (NOW_US, NOW_US + HOUR_US)


def square(
    half_m: float, east_m: float = 0, north_m: float = 0, at: tuple[float, float] = HERE
) -> dict[str, Any]:
    """A square around a place some metres off `at`, sides along the compass."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return polygon([offset(*at, east_m + x * half_m, north_m + y * half_m) for x, y in corners])


def ring(points_m: Sequence[tuple[float, float]], at: tuple[float, float] = HERE) -> dict[str, Any]:
    """A polygon through places so many metres (east, north) of `at`."""
    return polygon([offset(*at, east_m, north_m) for east_m, north_m in points_m])


def disc(radius_m: float = 300, east_m: float = 0, north_m: float = 0) -> dict[str, Any]:
    return circle(*offset(*HERE, east_m, north_m), radius_m)


def box4d(
    outline: dict[str, Any] | None = None,
    altitudes_m: tuple[float | None, float | None] = ALTITUDES_M,
    times_us: tuple[int | None, int | None] = TIMES_US,
) -> dict[str, Any]:
    """A Volume4D; by default 300 m around HERE, 100..200 m, the next hour."""
    return volume(outline or disc(), altitudes_m, times_us)


def area(outline: dict[str, Any] | None = None) -> dict[str, Any]:
    """An area of interest without any bound in altitude and time."""
    return volume(outline or disc())


def hours(start: float, end: float) -> tuple[int, int]:
    """A time span given in hours from now."""
    return NOW_US + round(start * HOUR_US), NOW_US + round(end * HOUR_US)
