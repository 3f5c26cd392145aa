"""KML and KMZ: polygons and lines of placemarks, with their times and heights.

Polygon, also in MultiGeometry: those over the same ground are one body, walls are passed over.
LineString and gx:Track are routes. `absolute` heights count from the sea, `relativeToGround` from
the ground; an extruded polygon reaches from the ground to its height, two of different height are
floor and ceiling, a flat one alone has no floor. Limits in ExtendedData (`altitude_lower`,
`altitude_upper`, or with `_m` and `altitude_reference`) go before what is drawn, and `radius_m`
with `centre_lat_deg`, `centre_lng_deg` makes a circle. TimeSpans hold for what is below them.
Links to other files are never followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from detente.geo import Circle, Outline, Polygon

from .given import Defaults, checked
from .kml_out import TRACK_OF
from .kml_values import line_of, number_of, points_of, reference_of, track_of
from .kmz import unpacked
from .levels import LevelDefaults, level, parse_level
from .places import Place, place_of
from .understood import (
    Findings,
    Level,
    Piece,
    Reference,
    Route,
    Span,
    Understood,
    Unread,
    Unreadable,
    shown,
    unread,
)
from .xml_tree import Element, parse_xml
from .zulu import parse_moment

_CONTAINERS: Final = frozenset({"kml", "Document", "Folder"})
_PASSED: Final = {
    "NetworkLink": ("links to other files", "liens vers d’autres fichiers"),
    "GroundOverlay": ("pictures", "images"),
    "ScreenOverlay": ("pictures", "images"),
    "PhotoOverlay": ("pictures", "images"),
    "Tour": ("tours", "visites guidées"),
}
_FLAT_DEG: Final = 1e-9


def read_kmz(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What the KML in a KMZ says.

    Raises:
        Unreadable, TooLarge: as `unpacked` and `read_kml`.
    """
    inner, member = unpacked(data, name)
    return _read(inner, f"{name}/{member}", name, "kmz", defaults)


def read_kml(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What a KML says.

    Raises:
        Unreadable: it is no KML, or no XML that can be read safely.
        TooLarge: there is too much in it.
    """
    return _read(data, name, name, "kml", defaults)


def _read(data: bytes, where: str, name: str, kind: str, defaults: Defaults) -> Understood:
    root = parse_xml(data, where)
    if root.name not in _CONTAINERS and root.name != "Placemark":
        raise Unreadable(f"This is no KML: its root is {shown(root.name)}.", where=where)
    findings = Findings(name, kind)
    passed: dict[str, int] = {}
    for placemark, span_of in _placemarks(root, passed):
        try:
            for part in _parts(placemark, span_of, defaults.levels, findings):
                findings.add(part)
        except Unread as found:
            findings.problem(found, placemark.line, shown(placemark.text_of("name"), 200))
    for kind, line in passed.items():
        en, fr = _PASSED[kind]
        findings.note(line, f"Passed over: {en} ({kind}).", f"Laissé de côté\u202f: {fr} ({kind}).")
    return findings.understood()


def _placemarks(root: Element, passed: dict[str, int]) -> Iterator[tuple[Element, Element | None]]:
    """Every placemark, with the time that holds for it: its own, or its nearest container's."""
    todo: list[tuple[Element, Element | None]] = [(root, None)]
    while todo:
        element, inherited = todo.pop()
        time = element.first("TimeSpan", "TimeStamp") or inherited
        if element.name == "Placemark":
            yield element, time
            continue
        for child in reversed(element.children):
            if child.name in _CONTAINERS or child.name == "Placemark":
                todo.append((child, time))
            elif child.name in _PASSED:
                passed.setdefault(child.name, child.line)


@dataclass(slots=True)
class _Body:
    """Polygons over the same ground."""

    element: Element
    ring: list[Place]
    heights: list[float]
    mode: str
    extruded: bool


def _parts(
    placemark: Element, time: Element | None, defaults: LevelDefaults, findings: Findings
) -> list[Piece | Route]:
    name = shown(placemark.text_of("name"), 200)
    told = _told(placemark)
    span = _span(time)
    if time is not None and time.name == "TimeStamp":
        findings.note(
            time.line,
            "A TimeStamp is no time span and is passed over.",
            "Un TimeStamp n’est pas une période\u202f; il est laissé de côté.",
            part=name,
        )
    geometries = list(_geometries(placemark))
    if not geometries:
        unread("The placemark has no geometry.", "Le repère n’a pas de géométrie.")
    polygons = [each for each in geometries if each.name == "Polygon"]
    kind = told.get("kind", "")
    parts: list[Piece | Route] = []
    for outline, lower, upper, element in _bodies(polygons, told, defaults, findings):
        parts.append(
            Piece(
                name,
                kind,
                checked(outline, element.line),
                lower,
                upper,
                (span,) if span else (),
                placemark.line,
                placemark.last_line,
                0.0,
                1 if isinstance(outline, Circle) else len(outline.vertices),
            )
        )
    for line in (each for each in geometries if each.name != "Polygon"):
        if TRACK_OF in told:
            findings.note(
                line.line,
                "This is the track within the volumes of a plan; the volumes are read.",
                "C’est la trajectoire dans les volumes d’un plan\u202f; les volumes sont lus.",
                part=name,
            )
            continue
        points = track_of(line) if line.name == "Track" else line_of(line)
        findings.count(len(points))
        parts.append(Route(name, kind, tuple(points), span, placemark.line, placemark.last_line))
    return parts


def _told(placemark: Element) -> dict[str, str]:
    """ExtendedData: names and values."""
    told: dict[str, str] = {}
    extended = placemark.first("ExtendedData")
    if extended is not None:
        for data in extended.within("Data", "SimpleData"):
            value = data.text_of("value") if data.name == "Data" else data.text.strip()
            told.setdefault(data.attribute("name"), value)
    return told


def _span(time: Element | None) -> Span | None:
    if time is None or time.name != "TimeSpan":
        return None
    ends = [
        parse_moment(text, time.line) if (text := time.text_of(end)) else None
        for end in ("begin", "end")
    ]
    return Span(ends[0], ends[1], time.line)


def _geometries(placemark: Element) -> Iterator[Element]:
    todo = list(reversed(placemark.children))
    while todo:
        element = todo.pop()
        if element.name in ("MultiGeometry", "MultiTrack"):
            todo.extend(reversed(element.children))
        elif element.name in ("Polygon", "LineString", "Track"):
            yield element
        elif element.name in ("Point", "LinearRing", "Model"):
            unread(
                f"A {element.name} is neither an area nor a line.",
                f"Un {element.name} n’est ni une surface ni une ligne.",
                do_en="Draw a Polygon or a LineString, or remove the placemark.",
                do_fr="Dessinez un Polygon ou une LineString, ou supprimez le repère.",
                line=element.line,
            )


def _bodies(
    polygons: list[Element], told: dict[str, str], defaults: LevelDefaults, findings: Findings
) -> Iterator[tuple[Outline, Level | None, Level | None, Element]]:
    bodies: dict[frozenset[Place], _Body] = {}
    for polygon in polygons:
        ring, heights = _ring(polygon)
        findings.count(len(ring))
        ground = frozenset(ring)
        if len(polygons) > 1 and _wall(ring):
            continue
        mode = polygon.text_of("altitudeMode")
        extruded = polygon.text_of("extrude") in ("1", "true")
        known = bodies.setdefault(ground, _Body(polygon, ring, [], mode, extruded))
        if known.mode != mode:
            unread(
                "Polygons over the same ground have different altitude modes.",
                "Des polygones sur le même sol ont des modes d’altitude différents.",
                line=polygon.line,
            )
        known.heights += heights
        known.extruded = known.extruded or extruded
    circle = _circle(told)
    for number, body in enumerate(bodies.values()):
        if circle is not None and number:
            return
        lower, upper = _limits(body, told, defaults)
        yield circle or Polygon(tuple(body.ring)), lower, upper, body.element


def _circle(told: dict[str, str]) -> Circle | None:
    keys = ("centre_lat_deg", "centre_lng_deg", "radius_m")
    if any(key not in told for key in keys):
        return None
    lat, lng, radius = (number_of(told[key], 0) for key in keys)
    return Circle(*place_of(lat, lng, told[keys[0]]), radius)


def _wall(ring: list[Place]) -> bool:
    """Whether a ring has no area on the ground: both ways along one line."""
    (lat, lng), *rest = ring
    east, north = [other[1] - lng for other in rest], [other[0] - lat for other in rest]
    return all(
        abs(x_1 * y_2 - x_2 * y_1) < _FLAT_DEG**1.5
        for (x_1, y_1), (x_2, y_2) in pairwise(zip(east, north, strict=True))
    )


def _ring(polygon: Element) -> tuple[list[Place], list[float]]:
    if polygon.first("innerBoundaryIs") is not None:
        unread(
            "The polygon has holes; an F3548-21 volume has none.",
            "Le polygone a des trous\u202f; un volume F3548-21 n’en a pas.",
            do_en="Cut it into polygons without holes.",
            do_fr="Découpez-le en polygones sans trous.",
            line=polygon.line,
        )
    outer = polygon.first("outerBoundaryIs")
    ring = outer.first("LinearRing") if outer is not None else None
    coordinates = ring.first("coordinates") if ring is not None else None
    if coordinates is None:
        unread("The polygon has no outline.", "Le polygone n’a pas de contour.", line=polygon.line)
    points = points_of(coordinates)
    places = [place for place, _ in points]
    if len(places) > 1 and places[0] == places[-1]:
        places.pop()
    if len(places) < 3:
        unread(
            f"The outline has {len(places)} points; it needs three.",
            f"Le contour a {len(places)} points\u202f; il en faut trois.",
            line=coordinates.line,
        )
    return places, [height for _, height in points if height is not None]


def _limits(
    body: _Body, told: dict[str, str], defaults: LevelDefaults
) -> tuple[Level | None, Level | None]:
    line = body.element.line
    if any(key.startswith("altitude_") for key in told):
        return _told_limit(told, "lower", line, defaults), _told_limit(
            told, "upper", line, defaults
        )
    reference = reference_of(body.mode, line)
    if not reference or not body.heights:
        return None, None
    low, high = min(body.heights), max(body.heights)
    upper = level(high, "m", reference, line)
    if body.extruded:
        return Level(0.0, "m", Reference.SFC, line), upper
    return (level(low, "m", reference, line) if low < high else None), upper


def _told_limit(
    told: dict[str, str], which: str, line: int, defaults: LevelDefaults
) -> Level | None:
    metres = told.get(f"altitude_{which}_m")
    if metres:
        said = LevelDefaults("m", told.get("altitude_reference") or defaults.reference)
        if said.reference not in ("W84", "AMSL", "AGL"):
            unread(
                f"altitude_{which}_m does not say what it counts from.",
                f"altitude_{which}_m ne dit pas à partir de quoi il se compte.",
                do_en="Add altitude_reference: W84, AMSL or AGL.",
                do_fr="Ajoutez altitude_reference\u202f: W84, AMSL ou AGL.",
                line=line,
            )
        return level(number_of(metres, line), "m", said.reference, line)
    text = told.get(f"altitude_{which}")
    return parse_level(text, line, defaults) if text else None
