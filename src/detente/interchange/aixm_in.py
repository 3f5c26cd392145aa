"""AIXM 5.1: airspace with its volumes, limits and times.

Of each Airspace every time slice with a geometry is read (BASELINE, SNAPSHOT, TEMPDELTA); its
components must be BASE or UNION, as a volume cannot be subtracted here. A volume is a Surface, or a
Curve with a width, or that of another Airspace in the same file (`contributorAirspace`). Links lead
nowhere outside of the file. Timetables of activation are not read: the time slice's whole validity
is taken, and told so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from detente.geo import Outline

from .arcs import Arc, outline_of
from .given import Defaults, checked
from .gml import Document, curve, patches
from .gml_values import metres_of, number_of
from .levels import level
from .strips import strip
from .understood import (
    Findings,
    Level,
    Piece,
    Reference,
    Span,
    Understood,
    Unread,
    Unreadable,
    shown,
    unread,
)
from .xml_tree import Element, parse_xml
from .zulu import parse_moment

_NAMESPACE: Final = "http://www.aixm.aero/schema/5"
_DEPTH_MAX: Final = 4
_REFERENCES: Final = {
    "MSL": Reference.AMSL,
    "SFC": Reference.AGL,
    "W84": Reference.W84,
    "STD": Reference.STD,
}
_UNITS: Final = {"M": ("m", 1.0), "FT": ("ft", 1.0), "FL": ("FL", 1.0), "SM": ("m", 10.0)}

Shape = tuple[Outline, float, int, Level | None, Level | None, int]
"""Outline, error, points, lower, upper, line."""


def read_aixm(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What an AIXM 5 message says of airspace.

    Raises:
        Unreadable: it is no AIXM 5, or no XML that can be read safely.
        TooLarge: there is too much in it.
    """
    root = parse_xml(data, name)
    spaces = [
        element
        for element in (root, *root.within("Airspace"))
        if element.name == "Airspace" and element.namespace.startswith(_NAMESPACE)
    ]
    if not spaces and not root.namespace.startswith(_NAMESPACE):
        raise Unreadable(
            f"This is no AIXM 5: its root is {shown(root.name)} of "
            f"{shown(root.namespace) or 'no namespace'}.",
            where=name,
            advice="Give an AIXMBasicMessage of AIXM 5.1; older versions must be converted first.",
        )
    findings = Findings(name, "aixm")
    document = Document(root)
    if not spaces:
        findings.note(
            root.line,
            "The message holds no Airspace.",
            "Le message ne contient aucun Airspace.",
        )
    for space in spaces:
        for slice_ in space.within("AirspaceTimeSlice"):
            called = _name(slice_)
            try:
                for piece in _pieces(document, slice_, called, findings):
                    findings.add(piece)
            except Unread as found:
                findings.problem(found, slice_.line, called)
    return findings.understood()


def _name(slice_: Element) -> str:
    parts = [slice_.text_of("designator"), slice_.text_of("name")]
    return shown(" ".join(dict.fromkeys(part for part in parts if part)), 200)


def _pieces(document: Document, slice_: Element, called: str, findings: Findings) -> list[Piece]:
    interpretation = slice_.text_of("interpretation")
    if interpretation == "PERMDELTA" or slice_.first("geometryComponent") is None:
        if interpretation == "PERMDELTA" or slice_.first("activation") is not None:
            unread(
                f"A {shown(interpretation)} time slice tells only what changes: without the rest "
                "its volume is not known.",
                f"Une tranche {shown(interpretation)} ne dit que ce qui change\u202f: sans le "
                "reste son volume est inconnu.",
                do_en="Give a SNAPSHOT or BASELINE that is whole.",
                do_fr="Donnez un SNAPSHOT ou une BASELINE entiers.",
            )
        return []
    span = _valid(slice_)
    kind = slice_.text_of("type")
    for activation in slice_.of("activation"):
        if next(activation.within("Timesheet"), None) is not None:
            findings.note(
                activation.line,
                "The timetable of activation is not read: the whole validity is taken.",
                "L’horaire d’activation n’est pas lu\u202f: toute la validité est prise.",
                part=called,
            )
    pieces = []
    for outline, error_m, points, lower, upper, line in _shapes(document, slice_, 0):
        findings.count(points)
        pieces.append(
            Piece(
                called,
                kind,
                checked(outline, line),
                lower,
                upper,
                (span,) if span is not None else (),
                line,
                slice_.last_line,
                error_m,
                points,
            )
        )
    return pieces


def _valid(slice_: Element) -> Span | None:
    valid = slice_.first("validTime")
    if valid is None:
        return None
    if valid.first("TimeInstant") is not None:
        return None
    period = valid.first("TimePeriod")
    if period is None:
        return None
    ends = []
    for name in ("beginPosition", "endPosition"):
        text = period.text_of(name)
        ends.append(parse_moment(text, period.line) if text else None)
    return None if ends == [None, None] else Span(ends[0], ends[1], period.line)


def _shapes(document: Document, slice_: Element, depth: int) -> Iterator[Shape]:
    for component in slice_.of("geometryComponent"):
        held = document.followed(component)
        operation = held.text_of("operation")
        if operation not in ("", "BASE", "UNION"):
            unread(
                f"The component is {shown(operation)}: volumes are not subtracted or intersected "
                "here.",
                f"Le composant est {shown(operation)}\u202f: on ne soustrait ni n’intersecte de "
                "volumes ici.",
                do_en="Write out what remains as a volume of its own.",
                do_fr="Écrivez ce qui reste comme un volume à part.",
                line=component.line,
            )
        holder = held.first("theAirspaceVolume")
        if holder is None:
            unread(
                "The component has no volume.",
                "Le composant n’a pas de volume.",
                line=component.line,
            )
        yield from _volume(document, document.followed(holder), depth)


def _volume(document: Document, volume: Element, depth: int) -> Iterator[Shape]:
    lower, upper = _limit(volume, "lower"), _limit(volume, "upper")
    projection = volume.first("horizontalProjection")
    centreline = volume.first("centreline")
    contributor = volume.first("contributorAirspace")
    if projection is not None:
        surface = document.followed(projection)
        for edges in patches(document, surface):
            points = sum(not isinstance(edge, Arc) for edge in edges) or 1
            outline, error_m = outline_of(edges, surface.line)
            yield outline, error_m, points, lower, upper, volume.line
    elif centreline is not None:
        half_m = metres_of(volume.first("width"), volume) / 2
        edges = curve(document, document.followed(centreline))
        places = [edge for edge in edges if not isinstance(edge, Arc)]
        if len(places) != len(edges):
            unread(
                "The centreline has arcs.",
                "La ligne médiane a des arcs.",
                do_en="Write it as a GeodesicString.",
                do_fr="Écrivez-la comme une GeodesicString.",
                line=centreline.line,
            )
        outline, error_m = strip(places, half_m, centreline.line)
        yield outline, error_m, len(places), lower, upper, volume.line
    elif contributor is not None:
        yield from _of_another(document, contributor, lower, upper, depth)
    else:
        unread(
            "The volume has no horizontal projection.",
            "Le volume n’a pas de projection horizontale.",
            line=volume.line,
        )


def _of_another(
    document: Document, contributor: Element, lower: Level | None, upper: Level | None, depth: int
) -> Iterator[Shape]:
    if depth >= _DEPTH_MAX:
        unread(
            "Airspaces refer to one another in a circle, or too deeply.",
            "Des espaces renvoient l’un à l’autre en cercle, ou trop profondément.",
            line=contributor.line,
        )
    dependency = document.followed(contributor)
    which = dependency.text_of("dependency")
    target = dependency.first("theAirspace")
    if which not in ("FULL_GEOMETRY", "HORZ_PROJECTION") or target is None:
        unread(
            f'The dependency "{shown(which)}" on another airspace is not read.',
            f"La dépendance «\u202f{shown(which)}\u202f» d’un autre espace n’est pas lue.",
            do_en="Write the geometry out.",
            do_fr="Écrivez la géométrie en entier.",
            line=contributor.line,
        )
    href = target.attribute("href")
    space = document.named(href, target.line) if href else document.followed(target)
    slices = [
        each
        for each in space.within("AirspaceTimeSlice")
        if each.first("geometryComponent") is not None
    ]
    if len(slices) != 1:
        unread(
            f"The other airspace has {len(slices)} time slices with a geometry; one is needed.",
            f"L’autre espace a {len(slices)} tranches avec une géométrie\u202f; il en faut une.",
            line=contributor.line,
        )
    whole = which == "FULL_GEOMETRY"
    for outline, error_m, points, low, high, line in _shapes(document, slices[0], depth + 1):
        limits = (lower or low, upper or high) if whole else (lower, upper)
        yield outline, error_m, points, *limits, line


def _limit(volume: Element, which: str) -> Level | None:
    element = volume.first(f"{which}Limit")
    text = element.text.strip() if element is not None else ""
    if element is None or (not text and element.attribute("nil") == "true"):
        return None
    line = element.line
    if text == "UNL":
        return Level(0.0, "m", Reference.UNL, line)
    if text in ("GND", "SFC"):
        return Level(0.0, "m", Reference.SFC, line)
    unit = _UNITS.get(element.attribute("uom"))
    written = f"{text} {element.attribute('uom')}"
    if text in ("FLOOR", "CEILING") or unit is None:
        unread(
            f'The {which} limit "{shown(written)}" is not a height.',
            f"La limite «\u202f{shown(written)}\u202f» n’est pas une hauteur.",
            do_en="Give a number with uom FL, FT or M, or GND, or UNL.",
            do_fr="Donnez un nombre avec uom FL, FT ou M, ou GND, ou UNL.",
            line=line,
        )
    value = number_of(text, line) * unit[1]
    if unit[0] == "FL":
        return level(value, "FL", Reference.STD, line)
    written = volume.text_of(f"{which}LimitReference")
    reference = _REFERENCES.get(written)
    if reference is None:
        unread(
            f'The {which} limit counts from "{shown(written)}", which is not known.',
            f"La limite se compte à partir de «\u202f{shown(written)}\u202f», qui est inconnu.",
            do_en=f"Give {which}LimitReference as MSL, SFC, STD or W84.",
            do_fr=f"Donnez {which}LimitReference\u202f: MSL, SFC, STD ou W84.",
            line=line,
        )
    if value == 0 and reference == Reference.AGL:
        return Level(0.0, "m", Reference.SFC, line)
    return level(value, unit[0], reference, line)
