"""Points, lines and tracks of KML."""

from __future__ import annotations

from typing import Final

from .bounds import tokens_of
from .levels import level
from .numbers import number_of as number_of
from .places import Place, place_of
from .understood import Reference, RoutePoint, shown, unread
from .xml_tree import Element
from .zulu import parse_moment

_MODES: Final = {
    "absolute": Reference.AMSL,
    "relativeToGround": Reference.AGL,
    "clampToGround": "",
    "": "",
}

Point = tuple[Place, float | None]
"""A place and the height written with it, metres."""


def points_of(coordinates: Element) -> list[Point]:
    """Places and heights of a coordinates element.

    Raises:
        Unread: it is none.
        TooLarge: there are more than a file may have.
    """
    return [
        point_of(text, ",", coordinates.line)
        for text in tokens_of(coordinates.text, coordinates.line)
    ]


def point_of(text: str, separator: str, line: int) -> Point:
    """A place and its height of a text.

    Raises:
        Unread: it is none.
    """
    parts = text.split(separator)
    if not 2 <= len(parts) <= 3:
        unread(
            f'"{shown(text)}" is not longitude, latitude and height.',
            f"«\u202f{shown(text)}\u202f» n’est pas longitude, latitude et hauteur.",
            do_en="Write longitude,latitude,height without spaces between.",
            do_fr="Écrivez longitude,latitude,hauteur sans espaces.",
            line=line,
        )
    lng, lat = number_of(parts[0], line), number_of(parts[1], line)
    height = number_of(parts[2], line) if len(parts) == 3 else None
    return place_of(lat, lng, text, line), height


def reference_of(mode: str, line: int) -> str:
    """What heights of an altitude mode count from; "" if they mean nothing.

    Raises:
        Unread: it is no mode of the air.
    """
    if mode not in _MODES:
        unread(
            f'The altitude mode "{shown(mode)}" is not one of the air.',
            f"Le mode d’altitude «\u202f{shown(mode)}\u202f» n’est pas de l’air.",
            do_en="Use absolute or relativeToGround.",
            do_fr="Utilisez absolute ou relativeToGround.",
            line=line,
        )
    return _MODES[mode]


def _heights_of(line: Element) -> str:
    reference = reference_of(line.text_of("altitudeMode"), line.line)
    if not reference:
        unread(
            "The line lies on the ground: its heights mean nothing.",
            "La ligne est au sol\u202f: ses hauteurs ne signifient rien.",
            do_en="Set its altitudeMode to absolute or relativeToGround.",
            do_fr="Mettez son altitudeMode à absolute ou relativeToGround.",
            line=line.line,
        )
    return reference


def _route_point(point: Point, time_us: int | None, reference: str, line: int) -> RoutePoint:
    (lat, lng), height = point
    if height is None:
        unread(
            "A point of the line has no height.",
            "Un point de la ligne n’a pas de hauteur.",
            line=line,
        )
    return RoutePoint(time_us, lat, lng, level(height, "m", reference, line), line)


def line_of(line: Element) -> list[RoutePoint]:
    """The points of a LineString, which have no times.

    Raises:
        Unread: it is none.
    """
    coordinates = line.first("coordinates")
    points = points_of(coordinates) if coordinates is not None else []
    if len(points) < 2:
        unread("The line has no two points.", "La ligne n’a pas deux points.", line=line.line)
    reference = _heights_of(line)
    return [_route_point(point, None, reference, line.line) for point in points]


def track_of(track: Element) -> list[RoutePoint]:
    """The points of a gx:Track, with their times.

    Raises:
        Unread: it is none.
    """
    whens, coords = list(track.of("when")), list(track.of("coord"))
    if len(whens) != len(coords) or len(whens) < 2:
        unread(
            f"The track has {len(whens)} times and {len(coords)} positions; it needs as many, two "
            "at least.",
            f"La trace a {len(whens)} heures et {len(coords)} positions\u202f; il en faut autant, "
            "deux au moins.",
            line=track.line,
        )
    reference = _heights_of(track)
    points: list[RoutePoint] = []
    for when, coord in zip(whens, coords, strict=True):
        time_us = parse_moment(when.text, when.line)
        if points and time_us <= (points[-1].time_us or 0):
            unread(
                "The times of the track do not ascend.",
                "Les heures de la trace ne croissent pas.",
                line=when.line,
            )
        point = point_of(" ".join(coord.text.split()), " ", coord.line)
        points.append(_route_point(point, time_us, reference, coord.line))
    return points
