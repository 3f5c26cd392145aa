"""What a claim in numbers implies: speeds from ways and times, and lengths whose unit is unclear.

Published accounts of one incident contradict one another by a unit, a rounding or a time zone as
often as by substance. This is the arithmetic that tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detente.errors import DetenteError
from detente.geo import Length, Unit

_KMH: Final = 3.6


class ClockUnknown(DetenteError):
    """A time zone that is not known, or a time that does not exist or comes twice in it."""

    code: ClassVar[str] = "watch.clock"


def speed_m_s(way_m: float, seconds: float) -> float:
    """The speed that covers a way in a time."""
    return way_m / seconds


def kilometres_per_hour(metres_per_second: float) -> float:
    """The same speed in km/h."""
    return metres_per_second * _KMH


def metres_per_second(kilometres_per_hour_: float) -> float:
    """The same speed in m/s."""
    return kilometres_per_hour_ / _KMH


@dataclass(frozen=True, slots=True)
class Reading:
    """One way of reading a length that was given in "miles".

    Attributes:
        length: as read.
        speed_m_s: that it takes to cover it in the time claimed.
    """

    length: Length
    speed_m_s: float


def readings(miles: float, seconds: float) -> tuple[Reading, Reading]:
    """A way in "miles" flown in a time, read as statute and as nautical miles.

    Returns both: which was meant is never guessed. Where a verdict differs between the two, it
    cannot be told until whoever claims it names the unit.
    """
    statute = Length(miles, Unit.STATUTE_MILE)
    nautical = Length(miles, Unit.NAUTICAL_MILE)
    return (
        Reading(statute, speed_m_s(statute.metres, seconds)),
        Reading(nautical, speed_m_s(nautical.metres, seconds)),
    )


def least_way_m(depth_m: float) -> float:
    """The shortest way in and out again by a border: straight in and straight back."""
    return 2 * depth_m


def least_speed_m_s(depth_m: float, seconds: float) -> float:
    """The least mean speed of an aircraft that was so deep and out again within a time."""
    return least_way_m(depth_m) / seconds


def back_along_the_way_m(speed: float, seconds: float) -> float:
    """How far out an aircraft was so many seconds earlier, if it flew straight at a speed."""
    return speed * seconds


def in_utc(local: datetime, zone: str) -> datetime:
    """A moment that was given in local time.

    Args:
        local: without a time zone.
        zone: an IANA name, such as `Europe/Istanbul`: the offset that was in force there on that
            day is used, not today's.

    Raises:
        ClockUnknown: no such zone; or on that day clocks were changed over this moment, so that it
            came twice, or never.
    """
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ClockUnknown(
            f"There is no time zone {zone!r}",
            advice="Give an IANA name such as Europe/Istanbul.",
        ) from error
    first = local.replace(tzinfo=there, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=there, fold=1).astimezone(UTC)
    if first != second:
        raise ClockUnknown(
            f"{local.isoformat()} in {zone} came twice or never: clocks were changed then",
            advice="Give the time in UTC.",
        )
    return first
