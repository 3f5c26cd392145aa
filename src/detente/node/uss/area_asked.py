"""Areas of automated tests as volumes: altitudes above the ground or the take-off become W84."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

import msgspec

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, types, volume_of, volume_on_wire
from detente.geo import Outline, Volume4D
from detente.interchange import Level, Reference, Unread, altimetry_from

from .flight_planning_types import Altitude
from .flight_planning_types import Volume3D as Volume3DAsked
from .flight_planning_types import Volume4D as Volume4DAsked

Ground = Callable[[Outline], tuple[float, float] | None]
"""Lowest and highest ground beneath an outline, metres W84; None if that is not known."""


_ON_GROUND: Final = Level(0.0, "m", Reference.AGL)


class NotConvertible(DetenteError):
    """An altitude above ground where the ground is not known."""

    code: ClassVar[str] = "plan.ground_unknown"


def stated_ground(ground: str | None, geoid: str | None) -> Ground | None:
    """What texts state of the ground, such as `380..450 m AMSL` with `47.1..47.9 m`; None: nothing.

    Raises:
        AltimetryError, GridError: a text or a grid file cannot be used.
    """
    if ground is None:
        return None
    altimetry = altimetry_from(ground=ground, geoid=geoid)

    def heights(outline: Outline) -> tuple[float, float] | None:
        try:
            found = altimetry.interval(_ON_GROUND, outline)
        except Unread:
            return None
        return found.low_m, found.high_m

    return heights


def area_asked(
    area: Sequence[Volume4DAsked], where: str, ground: Ground | None
) -> tuple[Volume4D, ...]:
    """The volumes of an area, large enough whatever the ground beneath them is like.

    Args:
        area: as asked for.
        where: its path in the body.
        ground: how high the ground is; without it only W84 altitudes can be used.

    Raises:
        InvalidMember: a volume has no outline, or two.
        NotConvertible: an altitude is above a ground that is not known.
    """
    return tuple(_volume(each, f"{where}[{at}]", ground) for at, each in enumerate(area))


def extent_asked(extent: Volume4DAsked, where: str, ground: Ground | None) -> Volume4D:
    """The volume of an extent; what cannot be converted is open, so that nothing is left out.

    Raises:
        InvalidMember: it has no outline, or two.
    """
    try:
        return _volume(extent, where, ground)
    except NotConvertible:
        shape = msgspec.structs.replace(extent.volume, altitude_lower=None, altitude_upper=None)
        return _volume(msgspec.structs.replace(extent, volume=shape), where, ground)


def planned_area(
    asked: Sequence[Volume4DAsked], volumes: Sequence[Volume4D]
) -> list[Volume4DAsked] | None:
    """The area as it was planned; None if that is just what was asked for."""
    if all(_reference(each) == "W84" for each in asked):
        return None
    return [msgspec.convert(msgspec.to_builtins(volume_on_wire(v)), Volume4DAsked) for v in volumes]


def _volume(asked: Volume4DAsked, where: str, ground: Ground | None) -> Volume4D:
    shape = asked.volume
    flat = types.Volume4D(
        types.Volume3D(shape.outline_circle, shape.outline_polygon),
        asked.time_start,
        asked.time_end,
    )
    volume = volume_of(flat, where)
    lower, upper = (
        _altitude(altitude, f"{where}.volume.{name}", volume.outline, ground, at)
        for at, (name, altitude) in enumerate(
            (("altitude_lower", shape.altitude_lower), ("altitude_upper", shape.altitude_upper))
        )
    )
    return Volume4D(volume.outline, lower, upper, volume.time_start_us, volume.time_end_us)


def _altitude(
    altitude: Altitude | None, where: str, outline: Outline, ground: Ground | None, bound: int
) -> float | None:
    """Metres W84; of the lowest ground for a lower bound (0), of the highest for an upper (1)."""
    if altitude is None or altitude.reference == "W84":
        return None if altitude is None else altitude.value
    # Whoever takes off within the volume takes off from its ground.
    heights = ground(outline) if ground is not None else None
    if heights is None:
        raise NotConvertible(
            f"The height of the ground is not known here, so {altitude.reference} altitudes "
            "cannot be converted.",
            where=where,
            advice="Give altitudes above the WGS-84 ellipsoid (W84), or the node the ground.",
        )
    return heights[bound] + altitude.value


def _reference(asked: Volume4DAsked) -> str:
    shape: Volume3DAsked = asked.volume
    found = {each.reference for each in (shape.altitude_lower, shape.altitude_upper) if each}
    return "W84" if found <= {"W84"} else "other"


__all__ = [
    "Ground",
    "InvalidMember",
    "NotConvertible",
    "area_asked",
    "extent_asked",
    "planned_area",
    "stated_ground",
]
