"""Positions of our own aircraft that receivers heard, as telemetry of their plans. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss

T = TypeVar("T")
EVERY_US: Final = 1_000_000
"""Between positions of a flight that are handed on, unless it leaves or comes back meanwhile."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HORIZONTAL: Final[tuple[tuple[float, uss.HorizontalAccuracy], ...]] = (
    (1, "HA1m"), (3, "HA3m"), (10, "HA10m"), (30, "HA30m"), (92.6, "HA005NM"), (185.2, "HA01NM"),
    (555.6, "HA03NM"), (926, "HA05NM"), (1_852, "HA1NM"), (3_704, "HA2NM"), (7_408, "HA4NM"),
    (18_520, "HA10NM"), (math.inf, "HA10NMPlus"),
)  # fmt: skip
_VERTICAL: Final[tuple[tuple[float, uss.VerticalAccuracy], ...]] = (
    (1, "VA1m"), (3, "VA3m"), (10, "VA10m"), (25, "VA25m"), (45, "VA45m"), (150, "VA150m"),
    (math.inf, "VA150mPlus"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an aircraft of ours was.

    Attributes:
        plan: id of its operational intent.
        time_us: when: µs since 1970 UTC.
        lat_deg, lng_deg, altitude_m: WGS-84; the altitude is NaN if it was not told.
        speed_m_s, track_deg: over ground; NaN if not told.
        horizontal_m, vertical_m: within which it was, 95 %.
        inside: whether it lay in a volume of its plan.
    """

    plan: str
    time_us: int
    lat_deg: float
    lng_deg: float
    altitude_m: float
    speed_m_s: float
    track_deg: float
    horizontal_m: float
    vertical_m: float
    inside: bool


def telemetry_of(sighting: Sighting) -> uss.VehicleTelemetry:
    """The same in F3548-21's form."""
    altitude = None
    if not math.isnan(sighting.altitude_m):
        altitude = wire.Altitude(sighting.altitude_m, "W84", "M")
    velocity = None
    if not math.isnan(sighting.speed_m_s):
        track = None if math.isnan(sighting.track_deg) else sighting.track_deg % 360
        velocity = uss.Velocity(sighting.speed_m_s, "MetersPerSecond", track)
    position = uss.Position(
        sighting.lng_deg,
        sighting.lat_deg,
        _first(_HORIZONTAL, sighting.horizontal_m),
        "VAUnknown" if altitude is None else _first(_VERTICAL, sighting.vertical_m),
        altitude=altitude,
    )
    at = _EPOCH + timedelta(microseconds=sighting.time_us)
    return uss.VehicleTelemetry(wire.Time(at), position, velocity)


def _first(steps: tuple[tuple[float, T], ...], value_m: float) -> T:
    return next((name for most, name in steps if value_m <= most), steps[-1][1])


class Thinning:
    """Leaves out positions that say nothing new: a second apart, unless a border is passed."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, bool]] = {}

    def wants(self, plan: str, time_us: int, *, inside: bool) -> bool:
        """Whether this one is to be handed on, after those before."""
        last_us, was_inside = self._last.get(plan, (-EVERY_US, not inside))
        if inside is was_inside and time_us - last_us < EVERY_US:
            return False
        self._last[plan] = time_us, inside
        return True

    def forget(self, plans: set[str]) -> None:
        """Only these are flown still."""
        self._last = {each: last for each, last in self._last.items() if each in plans}
