"""What officers ask for, read from the bodies of the plans' interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from detente.f3548 import time_us, valid_volumes, vertices_of, volume_of
from detente.f3548 import types as wire
from detente.geo import Volume4D, VolumeLimits
from detente.http import BadRequest
from detente.planning import Intent, State

from .plan_views import ChangeBody, PlanBody, TrackPoint
from .wanted import PlanWanted, Track

_ALTITUDE_MAX: Final = 1_000_000.0
"""Metres; beyond it nothing flies."""
# What is too large, or crosses itself, is refused by the rules of planning, with its requirement.
_LIMITS: Final = VolumeLimits(max_area_km2=1e9)
_VERTICES_MAX: Final = 10_000


def wanted_of(body: PlanBody) -> PlanWanted:
    """What a body asks for.

    Raises:
        InvalidMember, InvalidVolume, BadRequest: a volume, a time or the track cannot be read.
    """
    return PlanWanted(
        volumes_of(body.volumes, "volumes"),
        volumes_of(body.off_nominal_volumes, "off_nominal_volumes"),
        body.priority,
        body.name,
        body.operator,
        track_of(body.track),
        State(body.state),
        body.id,
        body.aircraft,
    )


def change_of(body: ChangeBody, before: Intent) -> PlanWanted | None:
    """What a body asks to be changed of a plan; None: nothing. Errors as in `wanted_of`."""
    told = body.name or body.operator or body.aircraft
    if body.volumes is None and body.priority is None and not told:
        return None
    given = body.volumes is not None
    return PlanWanted(
        volumes_of(body.volumes or [], "volumes") if given else before.details.volumes,
        (),
        before.details.priority if body.priority is None else body.priority,
        body.name,
        body.operator,
        track_of(body.track) if given or body.track else before.track,
        aircraft=body.aircraft,
    )


def volumes_of(volumes: Sequence[wire.Volume4D], where: str) -> tuple[Volume4D, ...]:
    """Volumes of a body, their form checked.

    Of more vertices than any plan may have the geometry is not looked at: they are refused as they
    are, by the rules of planning.
    """
    if not volumes:
        return ()
    if vertices_of(volumes) > _VERTICES_MAX:
        return tuple(
            volume_of(each, f"{where}[{i}]", need_times=True, need_altitudes=True)
            for i, each in enumerate(volumes)
        )
    found = valid_volumes(volumes, where, _LIMITS, need_times=True, need_altitudes=True)
    return tuple(found)


def track_of(points: Sequence[TrackPoint]) -> Track:
    """Positions of a body.

    Raises:
        BadRequest: one has no time, or is nowhere near the Earth.
        InvalidMember: its time lies centuries away.
    """
    found = []
    for number, (at, lat, lng, altitude_m) in enumerate(points):
        try:
            moment = wire.parse_time(at)
        except (ValueError, msgspec.ValidationError):
            raise BadRequest("This is no time.", where=f"track[{number}][0]") from None
        for place, value, most in ((1, lat, 90.0), (2, lng, 180.0), (3, altitude_m, _ALTITUDE_MAX)):
            if not -most <= value <= most:
                raise BadRequest(
                    f"{value:g} is not between {-most:g} and {most:g}.",
                    where=f"track[{number}][{place}]",
                )
        found.append((time_us(moment, f"track[{number}][0]"), lat, lng, altitude_m))
    return tuple(found)
