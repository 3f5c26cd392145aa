"""Shapes of measures in airspace control orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from detente.geo import Outline

from .arcs import Arc, Edge, check_radius, outline_of
from .places import PACKED, Place, packed_place
from .strips import strip
from .understood import shown, unread

_LENGTH: Final = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)(NM|KM|M|FT|SM)")
_METRES: Final = {"NM": 1852.0, "KM": 1000.0, "M": 1.0, "FT": 0.3048, "SM": 1609.344}
_BEARING: Final = re.compile(r"(\d{3}(?:\.\d{1,2})?)([TM]?)")


@dataclass(frozen=True, slots=True)
class Set:
    """A set: its name, its fields without it, its line."""

    name: str
    fields: tuple[str, ...]
    line: int


def shape_of(each: Set) -> tuple[Outline, float, int]:
    """The outline of a shape, how far it may reach beyond, and how many points it is of.

    Raises:
        Unread: something in it is not clear.
    """
    fields = [text for text in each.fields if text]
    match each.name:
        case "POLYGON":
            edges: list[Edge] = [_place(text) for text in fields]
            return *outline_of(edges), len(fields)
        case "CIRCLE":
            _expect(each, fields, 2)
            radius = _metres(fields[1])
            check_radius(radius)
            circle = Arc(_place(fields[0]), radius, radius, 0.0, 360.0, clockwise=True)
            return *outline_of([circle]), 1
        case "CORRIDOR":
            if len(fields) < 3:
                _expect(each, fields, 3)
            places = [_place(text) for text in fields[1:]]
            return *strip(places, _metres(fields[0]) / 2), len(places)
        case "AORBIT":
            return _orbit(each, fields)
        case _:
            return _sector(each, fields)


def _orbit(each: Set, fields: list[str]) -> tuple[Outline, float, int]:
    if len(fields) == 3:
        fields.append("C")
    _expect(each, fields, 4)
    places = [_place(text) for text in fields[:2]]
    width = _metres(fields[2])
    side = fields[3].upper()
    if side not in ("L", "C", "R"):
        unread(
            f'The orbit lies neither left, centred nor right: "{shown(side)}".',
            f"L’orbite n’est ni à gauche, ni centrée, ni à droite\u202f: {shown(side)}.",
        )
    if side == "C":
        return *strip(places, width / 2), 2
    # On one side of its line: drawn on both, which is more than it needs, and told as an error.
    outline, error_m = strip(places, width)
    return outline, width + error_m, 2


def _sector(each: Set, fields: list[str]) -> tuple[Outline, float, int]:
    _expect(each, fields, 5)
    centre = _place(fields[0])
    begin, end = _bearing(fields[1]), _bearing(fields[2])
    inner, outer = _metres(fields[3]), _metres(fields[4])
    check_radius(outer)
    if not 0 <= inner < outer:
        unread(
            "The inner radius is not less than the outer one.",
            "Le rayon intérieur n’est pas inférieur à l’extérieur.",
        )
    if begin % 360 == end % 360:
        unread(
            "The sector begins where it ends.",
            "Le secteur commence où il finit.",
            do_en="Write a whole circle as a CIRCLE.",
            do_fr="Écrivez un cercle entier comme CIRCLE.",
        )
    edges: list[Edge] = [Arc(centre, outer, outer, begin, end, clockwise=True)]
    if inner > 0:
        edges.append(Arc(centre, inner, inner, end, begin, clockwise=False))
    else:
        edges.append(centre)
    return *outline_of(edges), 1


def _expect(each: Set, fields: list[str], count: int) -> None:
    if len(fields) != count:
        unread(
            f"{each.name} has {len(fields)} fields; it needs {count}.",
            f"{each.name} a {len(fields)} champs\u202f; il en faut {count}.",
        )


def _place(text: str) -> Place:
    key, colon, value = text.upper().partition(":")
    written = value if colon else key
    match = PACKED.fullmatch(written.strip())
    if match is None or (colon and not key.startswith("LAT")):
        unread(
            f'"{shown(text)}" is not a position in degrees.',
            f"«\u202f{shown(text)}\u202f» n’est pas une position en degrés.",
            do_en="Write it like LATS:471230N0083312E or LATM:4712N00833E.",
            do_fr="Écrivez-la comme LATS:471230N0083312E ou LATM:4712N00833E.",
        )
    return packed_place(match)[0]


def _metres(text: str) -> float:
    match = _LENGTH.fullmatch(text.upper().replace(" ", ""))
    if match is None:
        unread(
            f'"{shown(text)}" is not a length with its unit.',
            f"«\u202f{shown(text)}\u202f» n’est pas une longueur avec son unité.",
            do_en="Write it like 15NM, 20KM or 500M.",
            do_fr="Écrivez-la comme 15NM, 20KM ou 500M.",
        )
    return float(match[1]) * _METRES[match[2]]


def _bearing(text: str) -> float:
    match = _BEARING.fullmatch(text.upper())
    if match is None or match[2] == "M" or float(match[1]) > 360:
        unread(
            f'"{shown(text)}" is not a bearing from true north.',
            f"«\u202f{shown(text)}\u202f» n’est pas un relèvement vrai.",
            do_en="Write three digits and T, like 045T.",
            do_fr="Écrivez trois chiffres et T, comme 045T.",
        )
    return float(match[1])
