"""UAS geographical zones (EUROCAE ED-269, chapter 8) as JSON: reading.

    {"features": [{"identifier": "ZRH01", "country": "CHE", "type": "COMMON",
                   "restriction": "PROHIBITED", "zoneAuthority": [{…}], "applicability": [{…}],
                   "geometry": [{"uomDimensions": "M", "lowerLimit": 0, …}]}]}

The list may also be called `UASZoneList`, as services do that answer with it. A zone that cannot be
read whole is left out and named, with its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from detente.f3548.uss_types import GeoZone
from detente.geo import Circle, Outline, Polygon
from detente.geo import Volume4D as GeoVolume
from detente.interchange.altimetry import HIGHEST_M, Altimetry
from detente.interchange.ed269_times import Applicability, read_applicability, spans_of
from detente.interchange.levels import level
from detente.interchange.understood import (
    BYTES_MAX,
    Findings,
    Level,
    Problem,
    Reference,
    TooLarge,
    Unread,
    Unreadable,
    shown,
    unread,
)

LISTS: Final = ("features", "UASZoneList")
ZONES_MAX: Final = 20_000

MEMBERS: Final = {
    "identifier": "identifier",
    "country": "country",
    "name": "name",
    "type": "type",
    "restriction": "restriction",
    "restrictionConditions": "restriction_conditions",
    "region": "region",
    "reason": "reason",
    "otherReasonInfo": "other_reason_info",
    "regulationExemption": "regulation_exemption",
    "uSpaceClass": "u_space_class",
    "message": "message",
    "extendedProperties": "additional_properties",
}
AUTHORITY: Final = {
    "name": "name",
    "service": "service",
    "contactName": "contact_name",
    "siteURL": "site_url",
    "email": "email",
    "phone": "phone",
    "purpose": "purpose",
    "intervalBefore": "interval_before",
}
_REFERENCES: Final = {
    "AGL": Reference.AGL,
    "AMSL": Reference.AMSL,
    "WGS84": Reference.W84,
    "W84": Reference.W84,
}
_SPACE: Final = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """Where a zone is.

    Attributes:
        outline: on the ground.
        lower, upper: as written; without a lower limit from the ground, without an upper one up to
            where altitudes end.
    """

    outline: Outline
    lower: Level
    upper: Level


@dataclass(frozen=True, slots=True)
class Zone:
    """A UAS zone.

    Attributes:
        geozone: what it is, as F3548-21 passes it on.
        shapes: where.
        applicability: when.
        line: where it stands in the file.
    """

    geozone: GeoZone
    shapes: tuple[ZoneShape, ...]
    applicability: tuple[Applicability, ...]
    line: int

    def volumes(
        self, altimetry: Altimetry, start_us: int, end_us: int
    ) -> tuple[tuple[GeoVolume, ...], ...]:
        """Its volumes between two moments: for each span in which it applies, those it has then.

        Heights become intervals above the ellipsoid: the lower end of the lower limit counts, and
        the upper end of the upper one.

        Raises:
            Unread: a height cannot be converted with what is stated, or there are too many spans.
        """
        bodies = []
        for shape in self.shapes:
            low = altimetry.interval(shape.lower, shape.outline, lower=True).low_m
            high = altimetry.interval(shape.upper, shape.outline).high_m
            if low > high:
                unread(
                    f"The lower limit {shape.lower} lies above the upper one {shape.upper}.",
                    f"La limite inférieure {shape.lower} est au-dessus de la limite supérieure "
                    f"{shape.upper}.",
                    line=self.line,
                )
            bodies.append((shape.outline, low, min(high, HIGHEST_M)))
        try:
            spans = spans_of(self.applicability, start_us, end_us)
        except ValueError:
            unread(
                "The zone applies at too many times in this span.",
                "La zone s’applique trop de fois dans cet intervalle.",
                line=self.line,
            )
        return tuple(
            tuple(
                GeoVolume(outline, low, high, span.start_us, span.end_us)
                for outline, low, high in bodies
            )
            for span in spans
        )


@dataclass(frozen=True, slots=True)
class Zones:
    """What a file of zones was understood to say; see `Understood`."""

    name: str
    zones: tuple[Zone, ...]
    problems: tuple[Problem, ...]
    left_off: int = 0


def read_zones(data: bytes, name: str) -> Zones:
    """The zones of a file.

    Raises:
        Unreadable: it is no JSON object with a list of zones.
        TooLarge: it is larger than any honest one.
    """
    if len(data) > BYTES_MAX:
        raise TooLarge(f"The file has more than {BYTES_MAX >> 20} MiB.", where=name)
    try:
        text = data.decode("utf-8-sig")
        members = list(_elements(text))
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            f"This is no file of UAS zones: {error}.",
            where=name,
            advice="It is JSON with a list `features` (ED-269, chapter 8).",
        ) from None
    if len(members) > ZONES_MAX:
        raise TooLarge(f"The file has more than {ZONES_MAX:,} zones.", where=name)
    findings = Findings(name, "ed269")
    zones: list[Zone] = []
    at = line = 0
    for start, value in members:
        line += text.count("\n", at, start)
        at = start
        part = value.get("identifier") if isinstance(value, dict) else None
        try:
            zones.append(_zone(value, line + 1))
        except Unread as problem:
            findings.problem(problem, line + 1, shown(str(part or f"{LISTS[0]}[{len(zones)}]")))
    understood = findings.understood()
    return Zones(name, tuple(zones), understood.problems, understood.left_off)


def _elements(text: str) -> Iterator[tuple[int, Any]]:
    """Elements of the list of zones, and where in the text they begin. Raises ValueError."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("it does not begin with {")
    at = _skip(text, at + 1)
    found = False
    while text[at : at + 1] == '"':
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError("a colon is missing")
        at = _skip(text, at + 1)
        if key in LISTS and text[at : at + 1] == "[" and not found:
            found = True
            at = _skip(text, at + 1)
            while text[at : at + 1] != "]":
                value, end = decoder.raw_decode(text, at)
                yield at, value
                at = _next(text, end, "]")
            at += 1
        else:
            _, at = decoder.raw_decode(text, at)
        at = _next(text, at, "}")
    if text[at : at + 1] != "}" or text[at + 1 :].strip():
        raise ValueError("it does not end with }")
    if not found:
        raise ValueError("it has no list of zones")


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _next(text: str, at: int, end: str) -> int:
    """Behind a comma, or at the end of the list or object."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        at = _skip(text, at + 1)
        if text[at : at + 1] == end:
            raise ValueError("a comma is followed by nothing")
        return at
    if text[at : at + 1] != end:
        raise ValueError("a comma is missing")
    return at


def _zone(given: Any, line: int) -> Zone:
    if not isinstance(given, dict):
        unread("A zone is an object.", "Une zone est un objet.", line=line)
    shapes = given.get("geometry")
    if not isinstance(shapes, list) or not shapes:
        unread(
            "The zone has no geometry.",
            "La zone n’a pas de géométrie.",
            do_en="Give at least one object in its list `geometry`.",
            do_fr="Donnez au moins un objet dans sa liste `geometry`.",
            line=line,
        )
    return Zone(
        _geozone(given, line),
        tuple(_shape(each, line) for each in shapes),
        read_applicability(given.get("applicability"), line),
        line,
    )


def _geozone(given: dict[str, Any], line: int) -> GeoZone:
    told: dict[str, Any] = {
        ours: given[theirs] for theirs, ours in MEMBERS.items() if given.get(theirs) is not None
    }
    if isinstance(told.get("reason"), str):
        told["reason"] = [told["reason"]]
    authorities = given.get("zoneAuthority")
    if isinstance(authorities, dict):
        authorities = [authorities]
    told["zone_authority"] = [
        {ours: each[theirs] for theirs, ours in AUTHORITY.items() if each.get(theirs) is not None}
        if isinstance(each, dict)
        else each
        for each in (authorities if isinstance(authorities, list) else [])
    ]
    try:
        return msgspec.convert(told, GeoZone)
    except msgspec.ValidationError as error:
        said = str(error).replace("`$.", "`")
        unread(
            f"The zone is not one that F3548-21 can pass on: {said}.",
            f"La zone n’est pas de celles que F3548-21 sait transmettre\u202f: {said}.",
            do_en="Correct the member that is named.",
            do_fr="Corrigez le membre nommé.",
            line=line,
        )


def _shape(given: Any, line: int) -> ZoneShape:
    if not isinstance(given, dict):
        unread("A geometry is an object.", "Une géométrie est un objet.", line=line)
    unit = {"M": "m", "FT": "ft"}.get(str(given.get("uomDimensions", "M")).upper())
    if unit is None:
        unread(
            f"uomDimensions is {shown(str(given.get('uomDimensions')))}; it is M or FT.",
            f"uomDimensions vaut {shown(str(given.get('uomDimensions')))}\u202f; c’est M ou FT.",
            line=line,
        )
    lower = _limit(given, "lower", unit, line) or Level(0.0, "m", Reference.SFC, line)
    upper = _limit(given, "upper", unit, line) or Level(0.0, "m", Reference.UNL, line)
    return ZoneShape(_outline(given.get("horizontalProjection"), unit, line), lower, upper)


def _limit(given: dict[str, Any], which: str, unit: str, line: int) -> Level | None:
    value = given.get(f"{which}Limit")
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    reference = _REFERENCES.get(str(given.get(f"{which}VerticalReference")).upper())
    if isinstance(value, bool) or number != number or reference is None:
        unread(
            f"{which}Limit is {shown(str(value))} and its reference "
            f"{shown(str(given.get(f'{which}VerticalReference')))}.",
            f"{which}Limit vaut {shown(str(value))} et sa référence "
            f"{shown(str(given.get(f'{which}VerticalReference')))}.",
            do_en="Give a number, and AGL, AMSL or WGS84.",
            do_fr="Donnez un nombre, et AGL, AMSL ou WGS84.",
            line=line,
        )
    if number == 0 and reference == Reference.AGL:
        return Level(0.0, "m", Reference.SFC, line)
    return level(number, unit, reference, line)


def _outline(given: Any, unit: str, line: int) -> Outline:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "Circle":
        lng, lat = _position(given.get("center"), line)
        try:
            radius = float(given.get("radius"))
        except (TypeError, ValueError):
            radius = 0.0
        if not 0 < radius < 1e7:
            unread(
                f"The radius is {shown(str(given.get('radius')))}.",
                f"Le rayon vaut {shown(str(given.get('radius')))}.",
                do_en="Give a number above 0, in the unit of uomDimensions.",
                do_fr="Donnez un nombre positif, dans l’unité de uomDimensions.",
                line=line,
            )
        return Circle(lat, lng, radius * (0.3048 if unit == "ft" else 1.0))
    if kind != "Polygon":
        unread(
            f"horizontalProjection is {shown(str(kind))}.",
            f"horizontalProjection est {shown(str(kind))}.",
            do_en="It is a Circle with center and radius, or a Polygon with coordinates.",
            do_fr="C’est un Circle avec center et radius, ou un Polygon avec coordinates.",
            line=line,
        )
    rings = given.get("coordinates")
    if not isinstance(rings, list) or len(rings) != 1 or not isinstance(rings[0], list):
        unread(
            "A Polygon has one ring here: F3548-21 knows no holes.",
            "Un Polygon a ici un seul anneau\u202f: F3548-21 ne connaît pas de trous.",
            do_en="Cut it into several geometries without holes.",
            do_fr="Découpez-le en plusieurs géométries sans trous.",
            line=line,
        )
    points = [_position(each, line)[::-1] for each in rings[0]]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        unread(
            f"The ring has {len(points)} points; it needs 3.",
            f"L’anneau a {len(points)} points\u202f; il en faut 3.",
            line=line,
        )
    return Polygon(tuple((lat, lng) for lat, lng in points))


def _position(given: Any, line: int) -> tuple[float, float]:
    if (
        not isinstance(given, list)
        or len(given) < 2
        or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in given[:2])
        or not -180 <= given[0] <= 180
        or not -90 <= given[1] <= 90
    ):
        unread(
            f"{shown(str(given))} is no position.",
            f"{shown(str(given))} n’est pas une position.",
            do_en="Write [longitude, latitude] in degrees.",
            do_fr="Écrivez [longitude, latitude] en degrés.",
            line=line,
        )
    return float(given[0]), float(given[1])
