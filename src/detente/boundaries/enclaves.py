"""Parts that lie within other parts of the same area: enclaves of others, or nothing new.

Some files write the holes of a country as parts of it. Read as they stand, Lesotho would be claimed
by South Africa, too. What such a part is, its neighbours tell: if another area of the same file
claims the place, it is a hole; if nobody does, the part only repeats what the larger one holds
already (an island within its own territorial sea). Enclaves within enclaves come out right, too, as
each place is decided by how many rings of each area go around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import shapely

from .model import Ring
from .repair import Fault, Repair
from .rings import signed_area_m2

Parts = Sequence[Sequence[Ring]]

_MOST: Final = 0.99
"""Of the area of a part that lies within another one."""


@dataclass(frozen=True, slots=True)
class Nested:
    """The parts of one area after its nested ones were told apart."""

    polygons: tuple[tuple[Ring, ...], ...]
    repairs: tuple[Repair, ...]


def told_apart(areas: Mapping[str, Parts]) -> dict[str, Nested]:
    """Make holes of parts that others claim, and leave out those that nobody else claims.

    Args:
        areas: polygons by name; outer rings must be valid.
    """
    owners: list[str] = []
    outers: list[shapely.Polygon] = []
    places: list[tuple[str, int]] = []
    for name, polygons in areas.items():
        for number, rings in enumerate(polygons):
            owners.append(name)
            outers.append(shapely.Polygon(rings[0]))
            places.append((name, number))
    tree = shapely.STRtree(outers)
    inner = _places_within(outers, tree)
    at, around = tree.query(inner, predicate="intersects")
    rings_around: list[list[int]] = [[] for _ in outers]
    for one, other in zip(at.tolist(), around.tolist(), strict=True):
        if one != other and _encloses(
            outers[other], outers[one], same=owners[one] == owners[other]
        ):
            rings_around[one].append(other)

    holes: dict[int, list[int]] = {}
    dropped: set[int] = set()
    repairs: dict[str, list[Repair]] = {name: [] for name in areas}
    # From the outermost inwards: whether a ring around still counts must be known.
    for index in sorted(range(len(outers)), key=lambda each: (len(rings_around[each]), each)):
        own = [
            other
            for other in rings_around[index]
            if owners[other] == owners[index] and other not in dropped
        ]
        if not own:
            continue
        name, number = places[index]
        ring = areas[name][number][0]
        size = abs(signed_area_m2(ring))
        place = inner[index]
        if len(own) % 2 == 0:
            continue
        taken = _claimed(rings_around[index], owners, except_for=owners[index])
        if not taken:
            dropped.add(index)
        else:
            parent = min(own, key=lambda each: outers[each].area)
            holes.setdefault(parent, []).append(index)
        repairs[name].append(
            Repair(
                name,
                Fault.ENCLAVE if taken else Fault.REPEATED,
                float(place.x),
                float(place.y),
                len(ring),
                size,
                0.0,
            )
        )
    as_holes = {index for group in holes.values() for index in group} | dropped
    result: dict[str, list[tuple[Ring, ...]]] = {name: [] for name in areas}
    for index, (name, number) in enumerate(places):
        if index in as_holes:
            continue
        rings = tuple(areas[name][number])
        result[name].append(
            rings + tuple(_outer(areas, places, each) for each in holes.get(index, ()))
        )
    return {
        name: Nested(tuple(polygons), tuple(repairs[name])) for name, polygons in result.items()
    }


def _places_within(outers: Sequence[shapely.Polygon], tree: shapely.STRtree) -> list[shapely.Point]:
    """For each part a place in it that is in no smaller part within it, if there is one."""
    places = [shapely.point_on_surface(part) for part in outers]
    smaller: dict[int, list[shapely.Polygon]] = {}
    for inner, outer in tree.query(places, predicate="intersects").T.tolist():
        if outers[inner].area < _MOST * outers[outer].area:
            smaller.setdefault(outer, []).append(outers[inner])
    for number, parts in smaller.items():
        rest = shapely.difference(outers[number], shapely.union_all(parts))
        if not rest.is_empty:
            places[number] = shapely.point_on_surface(rest)
    return places


def _encloses(outer: shapely.Polygon, inner: shapely.Polygon, *, same: bool) -> bool:
    """Whether a ring, which has a place of another one in it, goes around all of that."""
    if not same:
        return True
    if outer.area <= inner.area:
        return False
    if shapely.covers(outer, inner):
        return True
    # Simplified by itself, a ring may come to cross the one that it touched.
    return bool(shapely.intersection(outer, inner).area >= _MOST * inner.area)


def _claimed(around: Sequence[int], owners: Sequence[str], *, except_for: str) -> bool:
    """Whether some other area holds a place: an odd number of its rings go around it."""
    count: dict[str, int] = {}
    for index in around:
        if owners[index] != except_for:
            count[owners[index]] = count.get(owners[index], 0) + 1
    return any(number % 2 for number in count.values())


def _outer(areas: Mapping[str, Parts], places: Sequence[tuple[str, int]], index: int) -> Ring:
    name, number = places[index]
    return areas[name][number][0]
