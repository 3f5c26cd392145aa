"""The areas that a NOTAM's text names: circles, polygons, and strips along lines.

Positions are degrees, minutes and seconds in digits, as ICAO writes them. A text is read as an area
only if it says nothing else of its shape: where it speaks of arcs, borders or exclusions, it is
refused, as the positions alone would be another area.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from detente.geo import Circle, Outline, Polygon

from .arcs import check_radius
from .places import PACKED, Place, packed_place
from .strips import strip
from .understood import unread

_UNITS: Final = {"NM": 1852.0, "KM": 1000.0, "M": 1.0, "FT": 0.3048}
_LENGTH: Final = r"(\d{1,6}(?:\.\d{1,4})?)\s?(NM|KM|M|FT)\b"
_RADIUS: Final = re.compile(
    rf"\b{_LENGTH}\s*(?:RADIUS|RAD|R)\b|\b(?:RADIUS|RAD)\b\s*(?:OF|IS|:|=|-)?\s*{_LENGTH}"
    rf"|\bR\s*=\s*{_LENGTH}|\bWI\s+{_LENGTH}\s+(?:OF|FROM|AROUND)\b"
)
_EITHER_SIDE: Final = re.compile(rf"\b{_LENGTH}\s+(?:ON\s+)?(?:EITHER|BOTH|EACH)\s+SIDES?\b")
_OTHER_SHAPES: Final = re.compile(
    r"\b(ARCS?|CLOCKWISE|ANTI-?CLOCKWISE|COUNTER-?CLOCKWISE|ALONG|BORDERS?|COAST\w*|RIVERS?|SECTOR"
    r"|EXC|EXCL|EXCLUDING|EXCLUDED|EXCEPT|OUTSIDE|SEMICIRCLE|ELLIPSE|BTN|BETWEEN)\b"
)
_NUMBERED: Final = re.compile(r"\bAREA\s+\d{1,3}\s*:")
_HALF: Final = re.compile(r"\b\d{4,6}(?:\.\d+)?\s?[NS]\b|\b[NS]\s?\d{4,6}\b")


@dataclass(frozen=True, slots=True)
class Area:
    """An area that a text names.

    Attributes:
        at: where its first position stands in the text.
        step_deg: the size of the last digit of its positions.
    """

    outline: Outline
    error_m: float
    points: int
    at: int
    step_deg: float


def areas_of(text: str) -> list[Area]:
    """The areas of a text in capitals; none if it holds no position.

    Raises:
        Unread: there are positions, but not an area that is clear.
    """
    bounds = [match.end() for match in _NUMBERED.finditer(text)]
    if len(bounds) < 2:
        return _segment(text, 0)
    areas: list[Area] = []
    for begin, end in zip(bounds, [*bounds[1:], len(text)], strict=True):
        areas += _segment(text[begin:end], begin)
    return areas


def _segment(text: str, offset: int) -> list[Area]:
    matches = list(PACKED.finditer(text))
    rest = PACKED.sub(" ", text)
    if found := _HALF.search(rest):
        unread(
            f'"{found[0]}" looks like half a position.',
            f"«\u202f{found[0]}\u202f» ressemble à une moitié de position.",
            do_en="Write positions like 471230N 0083312E.",
            do_fr="Écrivez les positions comme 471230N 0083312E.",
        )
    if not matches:
        return []
    places, steps = zip(*(packed_place(match) for match in matches), strict=True)
    at, step = offset + matches[0].start(), max(steps)
    radii = [_metres(match.groups()) for match in _RADIUS.finditer(text)]
    sides = [_metres(match.groups()) for match in _EITHER_SIDE.finditer(text)]
    if other := _OTHER_SHAPES.search(text):
        unread(
            f'The text speaks of "{other[1]}": its positions alone are not the area.',
            f"Le texte parle de «\u202f{other[1]}\u202f»\u202f: ses positions seules ne sont pas "
            "l’aire.",
            do_en="Write the area out as positions, or as a position and a radius.",
            do_fr="Écrivez l’aire par ses positions, ou par une position et un rayon.",
        )
    if len(sides) == 1 and not radii and len(places) >= 2:
        outline, error_m = strip(list(places), sides[0])
        return [Area(outline, error_m, len(places), at, step)]
    if sides or (radii and len(radii) != len(places)) or (len(places) < 3 and not radii):
        unread(
            f"{len(places)} positions, {len(radii)} radii and {len(sides)} widths do not make a "
            "clear area.",
            f"{len(places)} positions, {len(radii)} rayons et {len(sides)} largeurs ne font pas "
            "une aire claire.",
            do_en="Give three positions or more, or one position and one radius.",
            do_fr="Donnez trois positions ou plus, ou une position et un rayon.",
        )
    if radii:
        for radius in radii:
            check_radius(radius)
        return [
            Area(Circle(place[0], place[1], radius), 0.0, 1, offset + match.start(), step)
            for place, radius, match in zip(places, radii, matches, strict=True)
        ]
    return [
        Area(Polygon(ring), 0.0, len(ring), offset + matches[first].start(), step)
        for ring, first in _rings(list(places))
    ]


def _rings(places: list[Place]) -> list[tuple[tuple[Place, ...], int]]:
    """Rings one after another, each ended by its first position; the last may stay open."""
    rings: list[tuple[tuple[Place, ...], int]] = []
    begin = 0
    for at, place in enumerate(places):
        if at > begin and place == places[begin]:
            rings.append((tuple(places[begin:at]), begin))
            begin = at + 1
    if begin < len(places):
        if rings:
            unread(
                "Positions go on after the area is closed, and do not close another.",
                "Des positions suivent l’aire déjà fermée, sans en fermer une autre.",
                do_en="Close each area with its first position.",
                do_fr="Fermez chaque aire par sa première position.",
            )
        rings.append((tuple(places[begin:]), begin))
    for ring, _ in rings:
        if len(ring) < 3:
            unread(
                f"An area has {len(ring)} positions; it needs three.",
                f"Une aire a {len(ring)} positions\u202f; il en faut trois.",
            )
    return rings


def _metres(groups: tuple[str | None, ...]) -> float:
    value, unit = (group for group in groups if group is not None)
    return float(value) * _UNITS[unit]
