"""Where two intents meet, as GeoJSON, and what lies between two that do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from detente.geo import (
    Circle,
    OutlineTooLarge,
    Polygon,
    Volume4D,
    circle_polygon,
    intersection_outline,
    separation,
)
from detente.planning.intents import Conflict, Neighbour, Order
from detente.planning.why_forms import Nearest, instant_text

PAIRS_MAX: Final = 50
"""Shared pieces that are drawn of one conflict."""
COMPARED_MAX: Final = 40_000
"""Pairs of volumes between which the gap is looked for."""
_SIDES: Final = 72


def drawing(
    order: Order, conflicts: Sequence[Conflict], neighbours: Sequence[Neighbour]
) -> dict[str, Any]:
    """The pieces that an order shares with others, and the volumes they are pieces of.

    A GeoJSON FeatureCollection (RFC 7946); `role` of a feature is `shared`, `ours` or `theirs`.
    """
    known = {each.id: each.details for each in neighbours if each.details is not None}
    ours = order.details.all_volumes
    features: list[dict[str, Any]] = []
    drawn: set[tuple[str, int]] = set()
    for conflict in conflicts:
        details = known.get(conflict.with_id)
        if details is None:
            continue
        theirs = details.all_volumes
        for one, other in conflict.pairs[:PAIRS_MAX]:
            if not (one < len(ours) and other < len(theirs)):
                continue
            features += _shared(ours[one], theirs[other], conflict, (one, other))
            for role, at, volume, of in (
                ("ours", one, ours[one], order.id),
                ("theirs", other, theirs[other], conflict.with_id),
            ):
                if (of, at) not in drawn:
                    drawn.add((of, at))
                    named = {"role": role, "intent": of, "volume": at}
                    features.append(_feature(volume.outline, volume, named))
    return {"type": "FeatureCollection", "features": features}


def nearest(order: Order, neighbour: Neighbour) -> Nearest | None:
    """The smallest gaps between an order and another's intent; None if there are none, or nobody
    looked because there are too many volumes."""
    details = neighbour.details
    if details is None:
        return None
    ours, theirs = order.details.all_volumes, details.all_volumes
    if not ours or not theirs or len(ours) * len(theirs) > COMPARED_MAX:
        return None
    try:
        found = separation(ours, theirs)
    except OutlineTooLarge:
        return None
    if found is None:
        return None
    return Nearest(
        None if found.horizontal is None else round(found.horizontal.horizontal_m, 2),
        None if found.vertical is None else round(found.vertical.vertical_m, 2),
        None if found.time is None else round(found.time.time_gap_s, 3),
    )


def vertices_of(volumes: Iterable[Volume4D]) -> int:
    """How many vertices some volumes have together; a circle has one."""
    return sum(
        len(each.outline.vertices) if isinstance(each.outline, Polygon) else 1 for each in volumes
    )


def _shared(
    one: Volume4D, other: Volume4D, conflict: Conflict, pair: tuple[int, int]
) -> list[dict[str, Any]]:
    # Those that only touch share no area: a point says where.
    touching = Circle(conflict.lat_deg, conflict.lng_deg, 1.0)
    outline = intersection_outline(one, other) or touching
    piece = Volume4D(
        outline,
        _most(one.altitude_lower_m, other.altitude_lower_m),
        _least(one.altitude_upper_m, other.altitude_upper_m),
        _most(one.time_start_us, other.time_start_us),
        _least(one.time_end_us, other.time_end_us),
    )
    named = {
        "role": "shared",
        "intent": conflict.with_id,
        "pair": list(pair),
        "allowed": conflict.allowed,
        "rule": conflict.rule,
    }
    return [_feature(outline, piece, named)]


def _feature(
    outline: Circle | Polygon, volume: Volume4D, properties: dict[str, Any]
) -> dict[str, Any]:
    drawn = outline if isinstance(outline, Polygon) else circle_polygon(outline, _SIDES)
    ring = [[round(lng, 9), round(lat, 9)] for lat, lng in drawn.vertices]
    if _signed_area(ring) < 0:  # RFC 7946 wants the outer ring counter-clockwise
        ring.reverse()
    return {
        "type": "Feature",
        "properties": properties
        | {
            "altitude_lower_m": volume.altitude_lower_m,
            "altitude_upper_m": volume.altitude_upper_m,
            "time_start": instant_text(volume.time_start_us),
            "time_end": instant_text(volume.time_end_us),
        },
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


def _signed_area(ring: list[list[float]]) -> float:
    following = [*ring[1:], ring[0]]
    pairs = zip(ring, following, strict=True)
    return sum(x * y_next - x_next * y for (x, y), (x_next, y_next) in pairs)


def _most(one: float | None, other: float | None) -> Any:
    known = [each for each in (one, other) if each is not None]
    return max(known, default=None)


def _least(one: float | None, other: float | None) -> Any:
    known = [each for each in (one, other) if each is not None]
    return min(known, default=None)
