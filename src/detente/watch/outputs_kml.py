"""Events for globes: KML 2.2, coloured by how sure they are, shown at their time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from detente.boundaries import BoundarySource
from detente.interchange import KML_NAMESPACE, rfc3339, xml_child, xml_document, xml_text

from .events import Event, Grade, Place
from .grading import sentence
from .outputs_geojson import ends_of
from .outputs_table import INTERVALS, told_bound

_COLOURS: Final = {  # aabbggrr
    Grade.SHOWN: "ff2828c6",
    Grade.CANNOT_BE_TOLD: "ff007cf5",
    Grade.REFUTED: "ff6e8b3d",
}
EVENTS_MAX: Final = 50_000
"""Globes show no more; a document of them takes 200 MB to make."""


def write_kml(events: Iterable[Event], path: Path, sources: Sequence[BoundarySource] = ()) -> int:
    """A Placemark for each event that has a place, `EVENTS_MAX` of them at most.

    Heights are those of the reports, above the ellipsoid, drawn as they are.

    Returns:
        How many events were left out.

    Raises:
        OSError: it cannot be written.
    """
    root = ET.Element("kml", {"xmlns": KML_NAMESPACE})
    whole = xml_child(root, "Document")
    xml_child(whole, "name", "Détente: events")
    thanks = "; ".join(each.attribution or f"{each.title} ({each.licence})" for each in sources)
    if thanks:
        xml_child(whole, "description", thanks)
    for grade, colour in _COLOURS.items():
        style = xml_child(whole, "Style", id=str(grade))
        line = xml_child(style, "LineStyle")
        xml_child(line, "color", colour)
        xml_child(line, "width", "3")
        xml_child(xml_child(style, "IconStyle"), "color", colour)
    written = left_out = 0
    for event in events:
        if written == EVENTS_MAX or not ends_of(event):
            left_out += 1
            continue
        _placemark(whole, event)
        written += 1
    path.write_bytes(xml_document(root))
    return left_out


def _placemark(whole: ET.Element, event: Event) -> None:
    placemark = xml_child(whole, "Placemark", id=xml_text(f"e-{event.id}"))
    who = event.callsign or event.aircraft
    against = event.claimant or event.other or event.rule
    xml_child(placemark, "name", " ".join(each for each in (who, str(event.kind), against) if each))
    words = [sentence(each) for each in event.grounds]
    both = (" ".join(each.en for each in words), " ".join(each.fr for each in words))
    xml_child(placemark, "description", "\n\n".join(both).strip())
    span = xml_child(placemark, "TimeSpan")
    xml_child(span, "begin", rfc3339(event.began_us))
    if event.ended_us is not None:
        xml_child(span, "end", rfc3339(event.ended_us))
    xml_child(placemark, "styleUrl", f"#{event.grade}")
    extended = xml_child(placemark, "ExtendedData")
    for name, value in _told(event).items():
        if value:
            xml_child(xml_child(extended, "Data", name=name), "value", value)
    ends = ends_of(event)
    shape = xml_child(placemark, "LineString" if len(ends) > 1 else "Point")
    xml_child(shape, "altitudeMode", "absolute")
    xml_child(shape, "coordinates", " ".join(_point(each) for each in ends))


def _told(event: Event) -> dict[str, str]:
    told = {
        "kind": str(event.kind),
        "grade": str(event.grade),
        "aircraft": event.aircraft,
        "callsign": event.callsign,
        "boundary": event.boundary,
        "other": event.other,
        "rule": event.rule,
        "grounds": " ".join(each.code for each in event.grounds),
    }
    for name in INTERVALS:
        figure = getattr(event, name)
        if figure is not None:
            told[name] = repr(figure.value)
            for end, bound in (("low", figure.low), ("high", figure.high)):
                told[f"{name}_{end}"] = "" if told_bound(bound) is None else repr(bound)
    return told


def _point(place: Place) -> str:
    return f"{place.lng_deg!r},{place.lat_deg!r},{place.altitude_m or 0.0:.1f}"
