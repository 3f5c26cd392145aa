"""GeoJSON (RFC 7946): volumes as in plan files, and lines with times.

A Feature is a volume (Polygon, Point with `radius_m`) or a route (LineString with `times`, one for
each position). Its `altitude_lower` and `altitude_upper` are objects of value, units and reference,
or texts such as `4500 ft AMSL`; unlike in plan files they may count from the sea, the ground or a
pressure surface. Edges are geodesics, as in plan files. Holes are refused: a volume has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from detente.geo import Circle, Outline, Polygon

from .bounds import check_json
from .geojson_values import LISTED, UNITS, WRITTEN, as_json, level_of, moment, number_of, place
from .given import Defaults, checked, text_of
from .levels import LevelDefaults
from .understood import (
    Findings,
    Level,
    Piece,
    Route,
    RoutePoint,
    Span,
    Understood,
    Unread,
    Unreadable,
    shown,
    unread,
)

_KNOWN: Final = frozenset(
    [
        "flight_id",
        "name",
        "kind",
        "party",
        "priority",
        "altitude_lower",
        "altitude_upper",
        "time_start",
        "time_end",
        "radius_m",
        "times",
        "coordTimes",
        "altitudes",
        "altitude_reference",
        "altitude_units",
        "half_width_m",
        "state",
        "volume",
    ]
)
_FEATURES: Final = re.compile(rb'"features"\s*:\s*\[\s*')


def read_geojson(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What a GeoJSON file says.

    Raises:
        Unreadable: it is no GeoJSON of features.
        TooLarge: there is too much in it.
    """
    findings = Findings(name, "geojson")
    text = text_of(data, name)
    check_json(text, name)
    try:
        document: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as problem:
        raise Unreadable(f"This is not JSON: {problem}.", where=name) from problem
    except RecursionError as problem:
        raise Unreadable("This JSON nests deeper than GeoJSON does.", where=name) from problem
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        features, lines = document["features"], _lines_of_features(text)
    elif kind == "Feature":
        features, lines = [document], [1]
    else:
        raise Unreadable(
            f"This is no FeatureCollection, and no Feature: its type is {as_json(kind)}.",
            where=name,
            advice="Put the features into a FeatureCollection.",
        )
    if "crs" in document:
        raise Unreadable(
            "Coordinates are WGS-84 longitude and latitude; another system cannot be chosen.",
            where=f"{name}: crs",
            advice="Convert the coordinates and remove the member (RFC 7946, section 4).",
        )
    ignored: dict[str, int] = {}
    for number, feature in enumerate(features):
        line = lines[number] if number < len(lines) else 0
        try:
            for part in _parts(feature, line, defaults.levels, findings):
                findings.add(part)
        except Unread as found:
            findings.problem(found, line, _name(feature) or f"features[{number}]")
            continue
        for key, value in (feature.get("properties") or {}).items():
            # Our own exports say of each volume that it is an ordinary one.
            if key not in _KNOWN and (key, value) != ("off_nominal", False):
                ignored.setdefault(shown(key), line)
    for key, line in ignored.items():
        findings.note(
            line,
            f'The property "{key}" means nothing here.',
            f"La propriété «\u202f{key}\u202f» ne signifie rien ici.",
        )
    return findings.understood()


class _Collection(msgspec.Struct):
    features: list[msgspec.Raw]


def _lines_of_features(text: str) -> list[int]:
    """The line on which each member of the collection's features begins; [] if it is not found.

    The members are found one behind the other, as they stand.
    """
    data = text.encode()
    members = [bytes(each) for each in msgspec.json.decode(data, type=_Collection).features]
    begins = [
        match.end()
        for match in _FEATURES.finditer(data)
        if members and data.startswith(members[0], match.end())
    ]
    if not begins:
        return []
    lines: list[int] = []
    line, counted, at = 1, 0, begins[-1]
    for member in members:
        at = data.find(member, at)
        line += data.count(b"\n", counted, at)
        lines.append(line)
        counted = at
        at += len(member)
    return lines


def _name(feature: Any) -> str:
    if not isinstance(feature, dict):
        return ""
    properties = feature.get("properties")
    found = []
    if isinstance(properties, dict):
        found = [properties.get("name"), properties.get("flight_id")]
    for value in (*found, feature.get("id")):
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return shown(str(value), 200)
    return ""


def _parts(
    feature: Any, line: int, defaults: LevelDefaults, findings: Findings
) -> list[Piece | Route]:
    """All parts of one feature: either each can be read, or none is taken."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        unread(
            f"Every member of features is a Feature; this is {as_json(feature)}.",
            f"Chaque membre de features est un Feature\u202f; ceci est {as_json(feature)}.",
        )
    given = feature.get("properties")
    if given is not None and not isinstance(given, dict):
        unread("The properties are no object.", "Les propriétés ne sont pas un objet.")
    properties: dict[str, Any] = given or {}
    name, kind = _name(feature), properties.get("kind")
    kind = kind if isinstance(kind, str) else ""
    parts: list[Piece | Route] = []
    for geometry in _geometries(feature.get("geometry"), 0):
        findings.room(len(parts) + 1)
        if geometry["type"] == "LineString":
            parts.append(_route(geometry, properties, name, kind, line, defaults, findings))
        else:
            outline, count = _outline(geometry, properties, findings)
            parts.append(
                Piece(
                    name,
                    kind,
                    checked(outline, line),
                    _limit(properties, "altitude_lower", line, defaults),
                    _limit(properties, "altitude_upper", line, defaults),
                    _span(properties, line),
                    line,
                    line,
                    0.0,
                    count,
                )
            )
    return parts


def _geometries(geometry: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The simple geometries of one: collections are opened, multiples divided."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    single = {
        "MultiPolygon": "Polygon",
        "MultiPoint": "Point",
        "MultiLineString": "LineString",
    }.get(kind if isinstance(kind, str) else "")
    if kind in ("Polygon", "Point", "LineString"):
        yield geometry
    elif single is not None and isinstance(geometry.get("coordinates"), list):
        several = len(geometry["coordinates"]) > 1
        for number, coordinates in enumerate(geometry["coordinates"]):
            yield {"type": single, "coordinates": coordinates, "of": number if several else None}
    elif (
        kind == "GeometryCollection" and depth < 4 and isinstance(geometry.get("geometries"), list)
    ):
        for each in geometry["geometries"]:
            yield from _geometries(each, depth + 1)
    else:
        unread(
            f"The geometry is {as_json(kind)}: neither area, point nor line.",
            f"La géométrie est {as_json(kind)}\u202f: ni surface, ni point, ni ligne.",
            do_en="Give a Polygon, a Point with radius_m, or a LineString with times.",
            do_fr="Donnez un Polygon, un Point avec radius_m, ou une LineString avec times.",
        )


def _outline(
    geometry: dict[str, Any], properties: dict[str, Any], findings: Findings
) -> tuple[Outline, int]:
    coordinates = geometry.get("coordinates")
    if geometry["type"] == "Point":
        radius = properties.get("radius_m")
        if radius is None:
            unread(
                "A Point needs a radius.",
                "Un Point a besoin d’un rayon.",
                do_en="Give radius_m, in metres.",
                do_fr="Donnez radius_m, en mètres.",
            )
        findings.count(1)
        return Circle(*place(coordinates), number_of(radius)), 1
    if not isinstance(coordinates, list) or len(coordinates) != 1:
        unread(
            "A Polygon has one ring; holes are not supported, as an F3548-21 volume has none.",
            "Un Polygon a un anneau\u202f; les trous ne sont pas admis, un volume F3548-21 n’en a "
            "pas.",
            do_en="Cut the outline into polygons without holes.",
            do_fr="Découpez le contour en polygones sans trous.",
        )
    ring = coordinates[0]
    if not isinstance(ring, list) or len(ring) < 4:
        unread(
            "A ring has at least four positions, the last being the first again.",
            "Un anneau a au moins quatre positions, la dernière répétant la première.",
        )
    findings.count(len(ring))
    points = [place(position) for position in ring]
    if points[0] != points[-1]:
        unread(
            "The ring is not closed.",
            "L’anneau n’est pas fermé.",
            do_en="Repeat its first position at its end (RFC 7946, section 3.1.6).",
            do_fr="Répétez sa première position à sa fin (RFC 7946, section 3.1.6).",
        )
    return Polygon(tuple(points[:-1])), len(ring)


def _limit(
    properties: dict[str, Any], key: str, line: int, defaults: LevelDefaults
) -> Level | None:
    value = properties.get(key)
    return None if value is None else level_of(value, line, defaults)


def _span(properties: dict[str, Any], line: int) -> tuple[Span, ...]:
    ends = [moment(properties.get(key), line) for key in ("time_start", "time_end")]
    return () if ends == [None, None] else (Span(ends[0], ends[1], line),)


def _route(
    geometry: dict[str, Any],
    properties: dict[str, Any],
    name: str,
    kind: str,
    line: int,
    defaults: LevelDefaults,
    findings: Findings,
) -> Route:
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        unread("A line has at least two positions.", "Une ligne a au moins deux positions.")
    findings.count(len(coordinates))
    times = _column(properties, ("times", "coordTimes"), geometry, len(coordinates))
    heights = _column(properties, ("altitudes",), geometry, len(coordinates))
    said = _said(properties, defaults)
    points = []
    for number, position in enumerate(coordinates):
        lat, lng = place(position)
        if heights is not None:
            height = level_of(heights[number], line, said)
        elif len(position) == 3:
            # The third number is metres, whatever it counts from (RFC 7946, section 3.1.1).
            height = level_of(position[2], line, LevelDefaults("m", said.reference))
        else:
            unread(
                f"Position {number} has no height.",
                f"La position {number} n’a pas de hauteur.",
                do_en="Give a third number in metres and altitude_reference, or altitudes.",
                do_fr="Donnez un troisième nombre en mètres et altitude_reference, ou altitudes.",
            )
        time_us = None if times is None else moment(times[number], line)
        points.append(RoutePoint(time_us, lat, lng, height, line))
    known = [point.time_us for point in points if point.time_us is not None]
    if known and (
        len(known) != len(points) or any(later <= before for before, later in pairwise(known))
    ):
        unread(
            "The times do not ascend from position to position.",
            "Les heures ne croissent pas de position en position.",
        )
    spans = _span(properties, line)
    width = properties.get("half_width_m")
    return Route(
        name,
        kind,
        tuple(points),
        spans[0] if spans else None,
        line,
        line,
        None if width is None else number_of(width),
    )


def _said(properties: dict[str, Any], defaults: LevelDefaults) -> LevelDefaults:
    written = str(properties.get("altitude_reference", "")).upper()
    reference = WRITTEN.get(written, written)
    unit = UNITS.get(str(properties.get("altitude_units", "")).upper())
    return LevelDefaults(
        unit or defaults.unit, reference if reference in LISTED else defaults.reference
    )


def _column(
    properties: dict[str, Any], keys: tuple[str, ...], geometry: dict[str, Any], count: int
) -> list[Any] | None:
    """A list with one value for each position, if the properties have one of that name."""
    value = next((properties[key] for key in keys if properties.get(key) is not None), None)
    of = geometry.get("of")
    if of is not None and isinstance(value, list) and of < len(value):
        value = value[of]
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != count:
        unread(
            f"{keys[0]} must be a list with one value for each of the {count} positions.",
            f"{keys[0]} doit être une liste d’une valeur pour chacune des {count} positions.",
        )
    return value
