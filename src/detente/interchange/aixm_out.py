"""AIXM 5.1: every time of an intent or a constraint is an Airspace with one time slice.

AIXM's limits may count from the WGS-84 ellipsoid, its circles are circles and its edges geodesics,
so that nothing is lost. Volumes that share their time are the geometry components of one Airspace;
others cannot be, as two baselines of one feature must not overlap (AIXM Temporality Concept).
"""

from __future__ import annotations

import math
import re
import unicodedata
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Final

from detente.geo import Circle, Outline

from .feature import Feature, Kind, Piece, WriteOptions
from .moments import rfc3339
from .xml_out import child, document

AIXM: Final = "http://www.aixm.aero/schema/5.1"
MESSAGE: Final = "http://www.aixm.aero/schema/5.1/message"
GML: Final = "http://www.opengis.net/gml/3.2"
XLINK: Final = "http://www.w3.org/1999/xlink"
WGS84: Final = "urn:ogc:def:crs:EPSG::4326"
"""Latitude before longitude."""

_NAME_MAX: Final = 60
_NO_NAME: Final = re.compile(r"""[^A-Z0-9, !"&#$%'()*+\-./:;<=>?@\[\\\]^_|{}]+""", re.ASCII)
# Airspaces need ids of their own; the same volumes always get the same ones.
_IDS: Final = uuid.UUID("0a5bb4ac-5c6e-5f0e-9f5e-6d0f6a1f5a51")
_PREFIXES: Final = {"aixm": AIXM, "message": MESSAGE, "gml": GML, "xlink": XLINK}


def write_aixm(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """An AIXM basic message."""
    root = ET.Element(
        "message:AIXMBasicMessage",
        {"gml:id": "message", **{f"xmlns:{prefix}": uri for prefix, uri in _PREFIXES.items()}},
    )
    number = 0
    for feature in features:
        for pieces in _by_time(feature):
            number += 1
            _airspace(child(root, "message:hasMember"), feature, pieces, f"as-{number}")
    return document(root)


def _by_time(feature: Feature) -> Iterable[list[Piece]]:
    found: dict[tuple[object, ...], list[Piece]] = {}
    for piece in feature.pieces:
        when = (piece.volume.time_start_us, piece.volume.time_end_us, piece.off_nominal)
        found.setdefault(when, []).append(piece)
    return found.values()


def _airspace(parent: ET.Element, feature: Feature, pieces: Sequence[Piece], name: str) -> None:
    airspace = child(parent, "aixm:Airspace", **{"gml:id": name})
    identity = uuid.uuid5(_IDS, pieces[0].id)
    child(airspace, "gml:identifier", str(identity), codeSpace="urn:uuid:")
    slice_ = child(
        child(airspace, "aixm:timeSlice"), "aixm:AirspaceTimeSlice", **{"gml:id": f"{name}-ts"}
    )
    volume = pieces[0].volume
    _period(slice_, "gml:validTime", f"{name}-valid", volume.time_start_us, volume.time_end_us)
    child(slice_, "aixm:interpretation", "BASELINE")
    child(slice_, "aixm:sequenceNumber", "1")
    child(slice_, "aixm:correctionNumber", "0")
    _period(
        slice_, "aixm:featureLifetime", f"{name}-life", volume.time_start_us, volume.time_end_us
    )
    child(slice_, "aixm:type", _type(feature))
    child(slice_, "aixm:name", _name(feature))
    for number, piece in enumerate(pieces, 1):
        _component(slice_, piece, number, f"{name}-{number}")
    _note(slice_, feature, pieces, name)


def _period(
    parent: ET.Element, tag: str, name: str, start_us: int | None, end_us: int | None
) -> None:
    period = child(child(parent, tag), "gml:TimePeriod", **{"gml:id": name})
    for end, time_us in (("gml:beginPosition", start_us), ("gml:endPosition", end_us)):
        if time_us is None:
            child(period, end, indeterminatePosition="unknown")
        else:
            child(period, end, rfc3339(time_us))


def _type(feature: Feature) -> str:
    if feature.kind == Kind.INTENT:
        return "OTHER:OPERATIONAL_INTENT"
    zone = feature.geozone
    said = () if zone is None else (zone.type, zone.restriction)
    if "PROHIBITED" in said:
        return "P"
    if "REQ_AUTHORISATION" in said or "CONDITIONAL" in said:
        return "R"
    return "OTHER:CONSTRAINT"


def _name(feature: Feature) -> str:
    """AIXM's names are short, in capitals without accents (TextNameType)."""
    plain = unicodedata.normalize("NFKD", feature.name).encode("ascii", "ignore").decode().upper()
    kept = " ".join(_NO_NAME.sub(" ", plain).split())[:_NAME_MAX]
    return kept or feature.id.upper()


def _component(parent: ET.Element, piece: Piece, number: int, name: str) -> None:
    component = child(
        child(parent, "aixm:geometryComponent"),
        "aixm:AirspaceGeometryComponent",
        **{"gml:id": f"{name}-gc"},
    )
    child(component, "aixm:operation", "BASE" if number == 1 else "UNION")
    child(component, "aixm:operationSequence", str(number))
    volume = child(
        child(component, "aixm:theAirspaceVolume"),
        "aixm:AirspaceVolume",
        **{"gml:id": f"{name}-av"},
    )
    lower, upper = piece.volume.altitude_lower_m, piece.volume.altitude_upper_m
    if upper is None:
        child(volume, "aixm:upperLimit", "UNL")
    else:
        child(volume, "aixm:upperLimit", _outwards(upper, up=True), uom="M")
        child(volume, "aixm:upperLimitReference", "W84")
    if lower is None:
        child(volume, "aixm:lowerLimit", "GND")
        child(volume, "aixm:lowerLimitReference", "SFC")
    else:
        child(volume, "aixm:lowerLimit", _outwards(lower, up=False), uom="M")
        child(volume, "aixm:lowerLimitReference", "W84")
    surface = child(
        child(volume, "aixm:horizontalProjection"),
        "aixm:Surface",
        **{"gml:id": f"{name}-sf", "srsName": WGS84},
    )
    patch = child(child(surface, "gml:patches"), "gml:PolygonPatch")
    ring = child(child(patch, "gml:exterior"), "gml:Ring")
    curve = child(child(ring, "gml:curveMember"), "gml:Curve", **{"gml:id": f"{name}-cv"})
    _segment(child(curve, "gml:segments"), piece.volume.outline)


def _outwards(metres: float, *, up: bool) -> str:
    """AIXM has four decimals; what is lost is lost to the outside."""
    tenths_mm = metres * 10_000
    whole = math.ceil(round(tenths_mm, 3)) if up else math.floor(round(tenths_mm, 3))
    return f"{whole / 10_000:.4f}".rstrip("0").rstrip(".")


def _segment(segments: ET.Element, outline: Outline) -> None:
    if isinstance(outline, Circle):
        circle = child(segments, "gml:CircleByCenterPoint", numArc="1")
        child(circle, "gml:pos", f"{outline.lat_deg!r} {outline.lng_deg!r}")
        child(circle, "gml:radius", repr(float(outline.radius_m)), uom="m")
        return
    ring = (*outline.vertices, outline.vertices[0])
    string = child(segments, "gml:GeodesicString")
    child(string, "gml:posList", " ".join(f"{lat!r} {lng!r}" for lat, lng in ring))


def _note(parent: ET.Element, feature: Feature, pieces: Sequence[Piece], name: str) -> None:
    """What AIXM has no element for."""
    said = f"{feature.kind} {feature.id}"
    if feature.party:
        said += f", managed by {feature.party}"
    if feature.state:
        said += f", {feature.state}"
    if pieces[0].off_nominal:
        said += ", off-nominal"
    note = child(child(parent, "aixm:annotation"), "aixm:Note", **{"gml:id": f"{name}-note"})
    child(note, "aixm:purpose", "REMARK")
    translated = child(
        child(note, "aixm:translatedNote"), "aixm:LinguisticNote", **{"gml:id": f"{name}-lang"}
    )
    child(translated, "aixm:note", said, lang="eng")
