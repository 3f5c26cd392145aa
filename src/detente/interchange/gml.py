"""Surfaces and curves of GML 3.2 as AIXM uses them, to rings of edges and arcs.

Positions are in the order that their `srsName` says: latitude first in EPSG::4326, longitude first
in CRS84; without one, nothing is read. Bearings of arcs follow the "Use of GML for aviation data"
guidance: in EPSG::4326 clockwise from north, and an arc whose end is less than its start goes the
other way. `GeodesicString` is geodesics; `LineStringSegment` and `LinearRing` are straight in
latitude and longitude (so that a parallel can be written) and are cut until geodesics fit.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from .arcs import Arc, Edge, along_parallel, arc_between, away, azimuth_distance, check_radius
from .bounds import tokens_of
from .circles import circumcircle
from .gml_values import metres_of, number_of
from .places import Place, place_of
from .understood import POINTS_MAX, TooLarge, Unread, refused, shown, unread
from .xml_tree import Element

_LAT_FIRST: Final = re.compile(
    r"urn:ogc:def:crs:EPSG:[0-9.]*:4326|https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/4326"
)
_LNG_FIRST: Final = re.compile(
    r"urn:ogc:def:crs:OGC:[0-9.]*:CRS84|https?://www\.opengis\.net/def/crs/OGC/[0-9.]+/CRS84"
)
GAP_MOST_M: Final = 100.0
"""Between an arc and its neighbour; or a hundredth of its radius, if that is more."""
_LINKS_MOST: Final = 16
_DEPTH_MOST: Final = 16
_FOLLOWED_MOST: Final = 200_000
"""Properties followed in one file: links may make a small file say very much."""


class Document:
    """A GML document: what its ids name, and which coordinate system holds where."""

    def __init__(self, root: Element) -> None:
        self._ids: dict[str, Element] = {}
        self._systems: dict[int, str] = {}
        self._followed = 0
        todo = [(root, "")]
        while todo:
            element, system = todo.pop()
            system = element.attribute("srsName") or system
            self._systems[id(element)] = system
            for key in (element.attribute("id"), _identifier(element)):
                if key:
                    self._ids.setdefault(key, element)
            todo.extend((child, system) for child in element.children)

    def named(self, reference: str, line: int) -> Element:
        """What an xlink points at; only within this file.

        Raises:
            Unread: nothing here has that name.
        """
        key = reference.removeprefix("#").removeprefix("urn:uuid:").removeprefix("uuid.")
        found = self._ids.get(key) or self._ids.get(reference)
        if found is None:
            unread(
                f'The reference "{shown(reference)}" points at nothing in this file.',
                f"Le renvoi «\u202f{shown(reference)}\u202f» ne mène à rien dans ce fichier.",
                do_en="Give a file that holds what it refers to.",
                do_fr="Donnez un fichier qui contient ce à quoi il renvoie.",
                line=line,
            )
        return found

    def followed(self, element: Element) -> Element:
        """The element that a property holds: inside it, or at the end of its xlink.

        Raises:
            Unread: neither, or links lead in a circle.
            TooLarge: the file's links are followed without end.
        """
        self._followed += 1
        if self._followed > _FOLLOWED_MOST:
            raise TooLarge(
                "Links within the file make too much of it.", where=f"line {element.line}"
            )
        for _ in range(_LINKS_MOST):
            if element.children:
                return element.children[0]
            href = element.attribute("href")
            if not href:
                break
            named = self.named(href, element.line)
            if named.children:
                return named
            element = named
        raise refused(
            f"<{element.name}> holds nothing.",
            f"<{element.name}> ne contient rien.",
            line=element.line,
        )

    def lat_first(self, element: Element) -> bool:
        """Whether latitude comes first where this element stands.

        Raises:
            Unread: the coordinate system is not said, or another one.
        """
        system = self._systems.get(id(element), "")
        if _LAT_FIRST.fullmatch(system):
            return True
        if _LNG_FIRST.fullmatch(system):
            return False
        raise refused(
            f'The coordinate system "{shown(system)}" is not one that is read.'
            if system
            else "No srsName says in which order latitude and longitude stand.",
            f"Le système de coordonnées «\u202f{shown(system)}\u202f» n’est pas lu."
            if system
            else "Aucun srsName ne dit l’ordre de la latitude et de la longitude.",
            do_en="Use urn:ogc:def:crs:EPSG::4326 (latitude first), or "
            "urn:ogc:def:crs:OGC:1.3:CRS84.",
            do_fr="Utilisez urn:ogc:def:crs:EPSG::4326 (latitude d’abord) ou "
            "urn:ogc:def:crs:OGC:1.3:CRS84.",
            line=element.line,
        )


def _identifier(element: Element) -> str:
    """The gml:identifier of a feature."""
    child = element.first("identifier")
    return child.text.strip() if child is not None else ""


def patches(document: Document, surface: Element) -> list[list[Edge]]:
    """The rings of a Surface's patches, or of a Polygon.

    Raises:
        Unread: there are holes, or shapes that are not read.
    """
    found = [surface] if surface.name == "Polygon" else list(surface.within("PolygonPatch"))
    if not found:
        raise _unknown(surface)
    return [_patch(document, patch) for patch in found]


def _patch(document: Document, patch: Element) -> list[Edge]:
    if patch.first("interior") is not None:
        unread(
            "The surface has holes; an F3548-21 volume has none.",
            "La surface a des trous\u202f; un volume F3548-21 n’en a pas.",
            do_en="Cut it into surfaces without holes.",
            do_fr="Découpez-la en surfaces sans trous.",
            line=patch.line,
        )
    exterior = patch.first("exterior")
    if exterior is None:
        unread("The surface has no exterior.", "La surface n’a pas d’extérieur.", line=patch.line)
    ring = document.followed(exterior)
    if ring.name == "LinearRing":
        return _straight(positions(document, ring))
    if ring.name != "Ring":
        raise _unknown(ring)
    edges: list[Edge] = []
    for member in ring.of("curveMember"):
        edges += curve(document, document.followed(member))
    _contiguous(edges, ring.line)
    return edges


def _place_of(edge: Edge, *, at_end: bool) -> Place:
    if not isinstance(edge, Arc):
        return edge
    return away(edge.centre, edge.to_deg if at_end else edge.from_deg, edge.outer_m)


def _contiguous(edges: list[Edge], line: int) -> None:
    """Refuse arcs that do not begin where the edge before them ends, or end where none begins.

    Raises:
        Unread: there is a gap.
    """
    for k, edge in enumerate(edges):
        if not isinstance(edge, Arc) or (len(edges) == 1 and edge.sweep_deg == 360.0):
            continue
        most = max(GAP_MOST_M, 0.01 * edge.outer_m)
        for bearing, other, at_end in (
            (edge.from_deg, edges[k - 1], True),
            (edge.to_deg, edges[(k + 1) % len(edges)], False),
        ):
            end = away(edge.centre, bearing, edge.outer_m)
            _, gap = azimuth_distance(end, _place_of(other, at_end=at_end))
            if gap > most:
                unread(
                    f"There is a gap of {gap:,.0f} m between an arc and its neighbour.",
                    f"Il y a un trou de {gap:,.0f} m entre un arc et son voisin.",
                    do_en="Correct the arc's angles, or give the line between.",
                    do_fr="Corrigez les angles de l’arc, ou donnez la ligne entre les deux.",
                    line=line,
                )


def curve(document: Document, element: Element, depth: int = 0) -> list[Edge]:
    """The edges of a Curve, LineString or CompositeCurve.

    Raises:
        Unread: it has segments that are not read.
    """
    if depth > _DEPTH_MOST:
        raise _circular(element)
    if element.name == "LineString":
        return _straight(positions(document, element))
    if element.name in ("CompositeCurve", "Ring"):
        return [
            edge
            for member in element.of("curveMember")
            for edge in curve(document, document.followed(member), depth + 1)
        ]
    if element.name == "OrientableCurve":
        base = element.first("baseCurve")
        if base is None or element.attribute("orientation") == "-":
            raise _unknown(element)
        return curve(document, document.followed(base), depth + 1)
    segments = element.first("segments")
    if segments is None:
        raise _unknown(element)
    edges: list[Edge] = []
    for segment in segments.children:
        edges += _segment(document, segment)
    return edges


def _segment(document: Document, segment: Element) -> list[Edge]:
    match segment.name:
        case "GeodesicString" | "Geodesic":
            return list(positions(document, segment))
        case "LineStringSegment":
            return _straight(positions(document, segment))
        case "ArcByCenterPoint" | "CircleByCenterPoint":
            return [_by_centre(document, segment)]
        case "Arc" | "ArcString":
            return _through(positions(document, segment), segment.line)
        case "Circle":
            places = positions(document, segment)
            if len(places) != 3:
                raise _unknown(segment)
            centre, radius = circumcircle(places, segment.line)
            return [Arc(centre, radius, radius, 0.0, 360.0, clockwise=True)]
        case _:
            raise _unknown(segment)


def _unknown(element: Element) -> Unread:
    return refused(
        f"<{shown(element.name)}> is not a shape that is read here.",
        f"<{shown(element.name)}> n’est pas une forme lue ici.",
        do_en="Use GeodesicString, LineStringSegment, ArcByCenterPoint, CircleByCenterPoint, Arc "
        "or ArcString.",
        do_fr="Utilisez GeodesicString, LineStringSegment, ArcByCenterPoint, CircleByCenterPoint, "
        "Arc ou ArcString.",
        line=element.line,
    )


def _circular(element: Element) -> Unread:
    return refused(
        "Links lead in a circle, or too deeply.",
        "Des renvois mènent en cercle, ou trop profondément.",
        line=element.line,
    )


def positions(document: Document, element: Element, depth: int = 0) -> list[Place]:
    """The places of pos, posList and pointProperty below an element, in order.

    Raises:
        Unread: numbers that are none or no places, or an unknown order of axes.
    """
    if depth > _DEPTH_MOST:
        raise _circular(element)
    places: list[Place] = []
    for child in element.children:
        if child.name in ("pos", "posList"):
            places += _numbers(document, child)
        elif child.name in ("pointProperty", "pointRep"):
            places += positions(document, document.followed(child), depth + 1)
    return places


def _numbers(document: Document, element: Element) -> list[Place]:
    lat_first = document.lat_first(element)
    numbers = [
        number_of(text, element.line)
        for text in tokens_of(element.text, element.line, 3 * POINTS_MAX)
    ]
    dimension = element.attribute("srsDimension")
    step = 3 if dimension == "3" else 2
    if dimension not in ("", "2", "3") or len(numbers) % step or not numbers:
        unread(
            f"There are {len(numbers)} numbers, which are no whole positions.",
            f"Il y a {len(numbers)} nombres, qui ne font pas des positions entières.",
            line=element.line,
        )
    places = []
    for at in range(0, len(numbers), step):
        one, other = numbers[at : at + 2]
        lat, lng = (one, other) if lat_first else (other, one)
        places.append(place_of(lat, lng, f"{one} {other}", element.line))
    return places


def _straight(places: list[Place]) -> list[Edge]:
    edges: list[Edge] = list(places[:1])
    for one, other in pairwise(places):
        edges += along_parallel(one, other)
    return edges


def _by_centre(document: Document, segment: Element) -> Arc:
    places = positions(document, segment)
    if len(places) != 1:
        unread(
            f"An arc has one centre; here are {len(places)}.",
            f"Un arc a un centre\u202f; il y en a {len(places)} ici.",
            line=segment.line,
        )
    radius = metres_of(segment.first("radius"), segment)
    check_radius(radius, segment.line)
    if segment.name == "CircleByCenterPoint":
        return Arc(places[0], radius, radius, 0.0, 360.0, clockwise=True)
    start, end = (_angle(segment.first(name), segment) for name in ("startAngle", "endAngle"))
    if start == end:
        unread("The arc has no length.", "L’arc n’a pas de longueur.", line=segment.line)
    holder = segment.first("pos", "posList", "pointProperty")
    if not document.lat_first(holder if holder is not None else segment):
        # Counted from the first axis, which is east here, towards the second: north.
        start, end = 90 - start, 90 - end
    return Arc(places[0], radius, radius, start, end, clockwise=end > start)


def _angle(element: Element | None, segment: Element) -> float:
    if element is None or element.attribute("uom") not in ("deg", "°", "degree"):
        unread(
            "An angle of the arc is missing, or not in degrees.",
            "Un angle de l’arc manque, ou n’est pas en degrés.",
            do_en='Give startAngle and endAngle with uom="deg".',
            do_fr='Donnez startAngle et endAngle avec uom="deg".',
            line=segment.line,
        )
    value = number_of(element.text.strip(), element.line)
    if not -720 <= value <= 720:
        unread(
            f"An angle of {value:g} degrees is none.",
            f"Un angle de {value:g} degrés n’en est pas un.",
            line=element.line,
        )
    return value


def _through(places: list[Place], line: int) -> list[Edge]:
    """Arcs through three points each, the last being the first of the next."""
    if len(places) < 3 or len(places) % 2 == 0:
        unread(
            f"A string of arcs has 3, 5, 7 … points; this has {len(places)}.",
            f"Une suite d’arcs a 3, 5, 7 … points\u202f; celle-ci en a {len(places)}.",
            line=line,
        )
    edges: list[Edge] = []
    for at in range(0, len(places) - 2, 2):
        start, middle, end = places[at : at + 3]
        centre, _ = circumcircle([start, middle, end], line)
        azimuths = [azimuth_distance(centre, place)[0] for place in (start, middle, end)]
        to_middle, to_end = ((azimuth - azimuths[0]) % 360 for azimuth in azimuths[1:])
        edges.append(arc_between(centre, start, end, clockwise=to_middle < to_end, line=line))
    return edges
