"""What fields of messages are made of: areas, levels, times, aircraft, frequencies, texts.

A value stays as its officer wrote it: nothing is converted and nothing is rounded, so that what is
read back can be compared with what was said. Geometry is GeoJSON (RFC 7946, WGS-84, longitude
first); edges are geodesics.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Position = tuple[Longitude, Latitude]
"""Longitude, then latitude: degrees."""

LanguageCode = Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")]
"""ISO 639, such as en or fr."""

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Instant = Annotated[datetime, Meta(tz=True)]
"""UTC, in whole seconds: 2027-01-01T06:00:00Z."""

VERTICES_MAX = 1000

LengthUnit = Literal["m", "km", "NM"]
LevelUnit = Literal["m", "ft", "FL"]
LevelReference = Literal["W84", "MSL", "AGL", "STD"]
AircraftKind = Literal["aeroplane", "helicopter", "unmanned", "balloon", "airship", "mixed"]


class FieldPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything that a field is made of."""


class Distance(FieldPart, frozen=True, kw_only=True):
    """A length along the ground; NM is the nautical mile of 1,852 m."""

    value: Annotated[float, Meta(gt=0, le=2_000_000)]
    unit: LengthUnit

    @property
    def metres(self) -> float:
        """The length in metres, for comparison only."""
        return self.value * {"m": 1.0, "km": 1000.0, "NM": 1852.0}[self.unit]


class PointGeometry(FieldPart, frozen=True, kw_only=True):
    """GeoJSON Point."""

    type: Literal["Point"]
    coordinates: Position


class LineGeometry(FieldPart, frozen=True, kw_only=True):
    """GeoJSON LineString."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Meta(min_length=2, max_length=VERTICES_MAX)]


class PolygonGeometry(FieldPart, frozen=True, kw_only=True):
    """GeoJSON Polygon of one closed ring: its last position repeats the first one."""

    type: Literal["Polygon"]
    coordinates: Annotated[
        list[Annotated[list[Position], Meta(min_length=4, max_length=VERTICES_MAX + 1)]],
        Meta(min_length=1, max_length=1),
    ]


class CircleArea(FieldPart, frozen=True, kw_only=True, tag_field="shape", tag="circle"):
    """All that lies within a radius of a place."""

    geometry: PointGeometry
    radius: Distance
    name: Name | None = None


class PolygonArea(FieldPart, frozen=True, kw_only=True, tag_field="shape", tag="polygon"):
    """All that lies within an outline."""

    geometry: PolygonGeometry
    name: Name | None = None


class CorridorArea(FieldPart, frozen=True, kw_only=True, tag_field="shape", tag="corridor"):
    """All that lies within half of a width on either side of a line."""

    geometry: LineGeometry
    width: Distance
    name: Name | None = None


Area = CircleArea | PolygonArea | CorridorArea


class Level(FieldPart, frozen=True, kw_only=True):
    """A level in the air: a number, its unit, and what it is measured from, as in agreements."""

    value: Annotated[float, Meta(ge=-10_000, le=1_000_000)]
    unit: LevelUnit
    reference: LevelReference


class Levels(FieldPart, frozen=True, kw_only=True):
    """A band of levels; one level is a band whose ends are the same."""

    lower: Level
    upper: Level


class Times(FieldPart, frozen=True, kw_only=True):
    """A span of time."""

    from_: Instant = field(name="from")
    until: Instant


class Aircraft(FieldPart, frozen=True, kw_only=True):
    """How many, of which kind: what others must know to keep clear, and no more."""

    count: Annotated[int, Meta(ge=1, le=1000)]
    kind: AircraftKind
    call_sign: Annotated[str, Meta(min_length=1, max_length=20)] | None = None


class Frequency(FieldPart, frozen=True, kw_only=True):
    """Where somebody is heard: 121.5 MHz is 121500 kHz."""

    khz: Annotated[float, Meta(ge=3, le=300_000_000)]
    station: Name | None = None


class Text(FieldPart, frozen=True, kw_only=True):
    """What somebody wrote, in the language in which it was written."""

    language: LanguageCode
    text: Annotated[str, Meta(min_length=1, max_length=10_000)]
