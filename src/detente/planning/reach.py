"""Where a plan might go if it is changed within limits, and who could be met there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from detente.geo import Circle, Polygon, Volume4D, VolumeError, VolumeLimits, validate_volume
from detente.planning.costs import Limits
from detente.planning.filing import MARGIN, hull_of
from detente.planning.intents import Neighbour

_LESS: Final = (1.0, 0.5, 0.25)
"""Parts of the way aside that are tried until the area is one that an exchange takes."""
_LOWEST_M: Final = -8_000.0
_HIGHEST_M: Final = 100_000.0
_S_US: Final = 1_000_000


def reach(
    volumes: Sequence[Volume4D], limits: Limits, now_us: int, area_max_km2: float
) -> tuple[Volume4D, ...]:
    """The volumes, each as large as limits let it move: what to ask others about.

    Args:
        volumes: of the plan.
        limits: how far it may be changed. Ways around may go further aside: what is not learnt is
            not known, and a way out through it is refused when it is filed.
        now_us: nothing begins before.
        area_max_km2: the largest outline that an exchange takes; larger ones are widened less.

    Returns:
        None of them if one is open to a side: it could go anywhere.
    """
    found = []
    for volume in volumes:
        start, end = volume.time_start_us, volume.time_end_us
        low, high = volume.altitude_lower_m, volume.altitude_upper_m
        if start is None or end is None or low is None or high is None:
            return ()
        wide = replace(
            volume,
            altitude_lower_m=max(low - limits.climb_max_m, _LOWEST_M),
            altitude_upper_m=min(high + limits.climb_max_m, _HIGHEST_M),
            time_start_us=max(start - limits.advance_max_s * _S_US, now_us),
            time_end_us=end + limits.delay_max_s * _S_US,
        )
        found.append(_aside(wide, limits.shift_max_m, area_max_km2 * MARGIN))
    return tuple(found)


def in_reach(
    others: Iterable[Neighbour], volumes: Sequence[Volume4D], limits: Limits
) -> list[Neighbour]:
    """Those that a plan changed within limits could meet, by their times alone."""
    starts = [each.time_start_us for each in volumes]
    ends = [each.time_end_us for each in volumes]
    first = min((each for each in starts if each is not None), default=None)
    last = max((each for each in ends if each is not None), default=None)
    if first is None or last is None or None in starts or None in ends:
        return list(others)
    first -= limits.advance_max_s * _S_US
    last += limits.delay_max_s * _S_US
    return [each for each in others if _may_stand(each, first, last)]


def _may_stand(neighbour: Neighbour, first_us: int, last_us: int) -> bool:
    if neighbour.details is None:
        return True
    return any(
        (each.time_start_us is None or each.time_start_us <= last_us)
        and (each.time_end_us is None or each.time_end_us >= first_us)
        for each in neighbour.details.all_volumes
    )


def _aside(volume: Volume4D, more_m: float, area_max_km2: float) -> Volume4D:
    """The volume with room around its outline."""
    for part in _LESS:
        wide = _with_room(volume, more_m * part)
        try:
            validate_volume(wide, VolumeLimits(max_area_km2=area_max_km2))
        except VolumeError:
            continue
        return wide
    return volume


def _with_room(volume: Volume4D, room_m: float) -> Volume4D:
    outline = volume.outline
    if isinstance(outline, Circle):
        return replace(volume, outline=replace(outline, radius_m=outline.radius_m + room_m))
    corners = [
        replace(volume, outline=Circle(lat, lng, max(room_m, 1.0))) for lat, lng in outline.vertices
    ]
    hull = hull_of(corners)
    return volume if hull is None or not isinstance(hull.outline, Polygon) else hull
