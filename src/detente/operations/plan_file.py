"""Plans as files: a GeoJSON FeatureCollection (RFC 7946) in which each Feature is one 4-D volume.

The format is described in docs/plan-files.md and by the JSON Schema that `plan_schema` returns.
Reading tells what is wrong by feature and field, and what to do; nothing is guessed. What GeoJSON
leaves to its
users is fixed here: edges are geodesics, a ring may cross the date line without being cut,
altitudes and times stand in the properties, with their units.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from detente.errors import DetenteError
from detente.geo import (
    Circle,
    Outline,
    Polygon,
    Volume4D,
    VolumeError,
    VolumeLimits,
    validate_volume,
)
from detente.operations.flights import Flight
from detente.operations.instants import format_instant, parse_instant

MAX_BYTES: Final = 256 << 20
MAX_TEXT: Final = 200
FEET_M: Final = 0.3048
_KNOWN: Final = frozenset(
    {
        "flight_id",
        "name",
        "party",
        "priority",
        "altitude_lower",
        "altitude_upper",
        "time_start",
        "time_end",
        "radius_m",
    }
)
_GEOMETRY_ADVICE: Final = {
    "MultiPolygon": "Write one Feature for each part, with the same flight_id. A volume across the "
    "date line needs no cutting: let its ring go from 179.9 to -179.9.",
    "MultiPoint": "Write one Feature for each point, with the same flight_id.",
    "GeometryCollection": "Write one Feature for each geometry, with the same flight_id.",
    "LineString": "Give the track as a trajectory (CSV, Parquet, JSON) and a --corridor instead.",
    "MultiLineString": "Give the tracks as trajectories and a --corridor instead.",
}


class PlanError(DetenteError):
    """A plan that cannot be used; `where` names the feature and the field."""

    code = "plan.invalid"


@dataclass(frozen=True, slots=True)
class Plan:
    """The flights of a file, in its order, and the properties in it that mean nothing here."""

    flights: tuple[Flight, ...]
    ignored: tuple[str, ...] = ()


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of plan files."""
    text = resources.files("detente.operations").joinpath("plan.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_plan(path: Path, *, party: str = "", limits: VolumeLimits | None = None) -> Plan:
    """Read a plan file; `party` is who flies what does not say.

    Raises:
        PlanError: with the file, the feature and the field at fault.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PlanError(f"The file is larger than {MAX_BYTES >> 20} MiB.", where=str(path))
        data = path.read_bytes()
    except OSError as problem:
        raise PlanError(
            f"The file cannot be read: {problem.strerror or problem}.", where=str(path)
        ) from problem
    try:
        return parse_plan(data, party=party, limits=limits)
    except PlanError as problem:
        where = f"{path}: {problem.where}" if problem.where else str(path)
        raise PlanError(problem.message, where=where, advice=problem.advice) from problem


def parse_plan(data: bytes | str, *, party: str = "", limits: VolumeLimits | None = None) -> Plan:
    """The flights of a GeoJSON FeatureCollection.

    Raises:
        PlanError: `where` is a path such as `features[3].properties.time_end`.
    """
    try:
        document: Any = msgspec.json.decode(data)
    except msgspec.DecodeError as problem:
        raise PlanError(f"This is not JSON: {problem}.") from problem
    except RecursionError as problem:
        raise PlanError("This JSON nests deeper than a plan does.") from problem
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        found = document.get("type") if isinstance(document, dict) else type(document).__name__
        _fail(
            "type",
            f"A plan is a GeoJSON FeatureCollection; this is {_shown(found)}.",
            "Put the features into a FeatureCollection.",
        )
    if "crs" in document:
        _fail(
            "crs",
            "Coordinates are WGS-84 longitude and latitude; another system cannot be chosen.",
            "Convert the coordinates and remove the member (RFC 7946, section 4).",
        )
    features = document.get("features")
    if not isinstance(features, list) or not features:
        _fail("features", "There are no features in the plan.")
    limits = limits or VolumeLimits()
    flights: dict[str, _Gathering] = {}
    ignored: dict[str, None] = {}
    for number, feature in enumerate(features):
        where = f"features[{number}]"
        try:
            _read_feature(feature, where, party, limits, flights)
        except PlanError as problem:
            name = _flight_id(feature)
            raise PlanError(
                f"(flight {_shown(name)}) {problem.message}" if name else problem.message,
                where=problem.where,
                advice=problem.advice,
            ) from problem.__cause__
        ignored.update(dict.fromkeys(str(k)[:MAX_TEXT] for k in feature["properties"]))
    return Plan(
        tuple(gathered.flight() for gathered in flights.values()),
        tuple(name for name in ignored if name not in _KNOWN),
    )


@dataclass(slots=True)
class _Gathering:
    """A flight while its features are being read."""

    flight_id: str
    shared: dict[str, Any]
    first: str
    volumes: list[Volume4D]

    def flight(self) -> Flight:
        return Flight(
            self.flight_id,
            self.shared["name"] or self.flight_id,
            self.shared["party"],
            tuple(self.volumes),
            None,
            self.shared["priority"],
        )


def _fail(where: str, message: str, advice: str | None = None) -> NoReturn:
    raise PlanError(message, where=where, advice=advice)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _flight_id(feature: Any) -> str | None:
    if not isinstance(feature, dict):
        return None
    properties = feature.get("properties")
    named = properties.get("flight_id") if isinstance(properties, dict) else None
    for value in (named, feature.get("id")):
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _read_feature(
    feature: Any, where: str, party: str, limits: VolumeLimits, flights: dict[str, _Gathering]
) -> None:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        _fail(where, f"Every member of features is a Feature; this is {_shown(feature)}.")
    properties = feature.get("properties")
    at = f"{where}.properties"
    if not isinstance(properties, dict):
        _fail(at, "The properties are missing.", "They hold flight_id, altitudes and times.")
    flight_id = _flight_id(feature)
    if flight_id is None:
        _fail(
            f"{at}.flight_id",
            "The flight has no id.",
            "Give flight_id as text; features with the same one are one flight.",
        )
    shared = {
        "name": _text(properties, "name", at, ""),
        "party": _text(properties, "party", at, party),
        "priority": _whole(properties, "priority", at),
    }
    known = flights.setdefault(flight_id, _Gathering(flight_id, shared, where, []))
    for field, value in shared.items():
        if known.shared[field] != value:
            _fail(
                f"{at}.{field}",
                f"It is {_shown(value)} here, but {_shown(known.shared[field])} in {known.first} "
                "of the same flight.",
                "Give all features of a flight the same one.",
            )
    volume = Volume4D(
        _outline(feature, where, properties),
        _altitude(properties, "altitude_lower", at),
        _altitude(properties, "altitude_upper", at),
        _time(properties, "time_start", at),
        _time(properties, "time_end", at),
    )
    try:
        validate_volume(volume, limits)
    except VolumeError as problem:
        raise PlanError(
            problem.message, where=_in_geojson(problem.where, where), advice=problem.advice
        ) from problem
    known.volumes.append(volume)


def _in_geojson(where: str | None, feature: str) -> str:
    """Where the fault of a volume stands in its Feature."""
    path = where or ""
    for ours, theirs in (
        ("volume.outline_polygon.vertices", "geometry.coordinates[0]"),
        ("volume.outline_polygon", "geometry.coordinates[0]"),
        ("volume.outline_circle.radius", "properties.radius_m"),
        ("volume.outline_circle", "geometry.coordinates"),
        ("volume.altitude_", "properties.altitude_"),
        ("time_", "properties.time_"),
    ):
        if path.startswith(ours):
            return f"{feature}.{theirs}{path.removeprefix(ours)}"
    return f"{feature}.{path}" if path else feature


def _text(properties: dict[str, Any], field: str, at: str, default: str) -> str:
    value = properties.get(field)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        _fail(f"{at}.{field}", f"It must be text of at most {MAX_TEXT} characters.")
    return value


def _whole(properties: dict[str, Any], field: str, at: str) -> int:
    value = properties.get(field, 0)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**31 - 1:
        _fail(f"{at}.{field}", f"It must be a whole number, not {_shown(value)}.")
    return value


def _number(value: Any, where: str, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _fail(where, f"{what} must be a number, not {_shown(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        _fail(where, f"{what} is too large a number.")
    return number


def _time(properties: dict[str, Any], field: str, at: str) -> int:
    value = properties.get(field)
    if value is None:
        _fail(f"{at}.{field}", "The time is missing.", "Give it like 2026-05-01T09:00:00Z.")
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError as problem:
            _fail(f"{at}.{field}", f"{_shown(value)} is {problem}.")
    _fail(f"{at}.{field}", f"A time is text like 2026-05-01T09:00:00Z, not {_shown(value)}.")


def _altitude(properties: dict[str, Any], field: str, at: str) -> float:
    value = properties.get(field)
    where = f"{at}.{field}"
    example = 'Give it like {"value": 120, "units": "M", "reference": "W84"}.'
    if value is None:
        _fail(where, "The altitude is missing.", example)
    if not isinstance(value, dict):
        _fail(where, f"The unit and reference of {_shown(value)} are not known.", example)
    number = _number(value.get("value"), f"{where}.value", "The altitude")
    if value.get("reference") != "W84":
        _fail(
            f"{where}.reference",
            f"It must be W84, metres or feet above the WGS-84 ellipsoid, not "
            f"{_shown(value.get('reference'))}.",
            "Heights above the sea, the ground or a pressure surface must be converted first.",
        )
    units = value.get("units")
    if units not in ("M", "FT"):
        _fail(f"{where}.units", f"It must be M or FT, not {_shown(units)}.")
    return number * (FEET_M if units == "FT" else 1.0)


def _outline(feature: dict[str, Any], where: str, properties: dict[str, Any]) -> Outline:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "Point"):
        _fail(
            f"{where}.geometry",
            f"The geometry must be a Polygon, or a Point with radius_m; this is {_shown(kind)}.",
            _GEOMETRY_ADVICE.get(str(kind)),
        )
    at = f"{where}.geometry.coordinates"
    coordinates = geometry.get("coordinates")
    if kind == "Point":
        lat, lng = _position(coordinates, at)
        radius = properties.get("radius_m")
        if radius is None:
            _fail(
                f"{where}.properties.radius_m",
                "A Point needs a radius.",
                "Give radius_m, in metres.",
            )
        return Circle(lat, lng, _number(radius, f"{where}.properties.radius_m", "The radius"))
    if "radius_m" in properties:
        _fail(f"{where}.properties.radius_m", "A Polygon has no radius.", "Remove it.")
    if not isinstance(coordinates, list) or not coordinates:
        _fail(at, "A Polygon has a list of rings.")
    if len(coordinates) > 1:
        _fail(
            f"{at}[1]",
            "Holes are not supported: an F3548-21 volume has none.",
            "Cut the outline into polygons without holes, with the same flight_id.",
        )
    ring = coordinates[0]
    if not isinstance(ring, list) or len(ring) < 4:
        _fail(f"{at}[0]", "A ring has at least four positions, the last being the first again.")
    points = [_position(position, f"{at}[0][{i}]") for i, position in enumerate(ring)]
    if points[0] != points[-1]:
        _fail(
            f"{at}[0]",
            "The ring is not closed.",
            "Repeat its first position at its end (RFC 7946, section 3.1.6).",
        )
    return Polygon(tuple(points[:-1]))


def _position(position: Any, where: str) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) < 2:
        _fail(where, f"A position is [longitude, latitude], not {_shown(position)}.")
    if len(position) > 2:
        _fail(
            where,
            "A position has two numbers here; heights stand in the properties.",
            "Remove the third number and give altitude_lower and altitude_upper.",
        )
    lng, lat = (
        _number(value, where, what)
        for value, what in zip(position, ("The longitude", "The latitude"), strict=True)
    )
    if not -90 <= lat <= 90:
        swapped = " Longitude comes first." if -90 <= lng <= 90 else ""
        _fail(where, f"The latitude {lat:g} is not between -90 and 90.{swapped}")
    if not -180 <= lng <= 180:
        _fail(where, f"The longitude {lng:g} is not between -180 and 180.")
    return lat, lng


def plan_document(flights: Iterable[Flight]) -> dict[str, Any]:
    """A FeatureCollection of flights, as `parse_plan` reads it.

    Raises:
        PlanError: when a volume lacks an altitude or a time.
    """
    return {
        "type": "FeatureCollection",
        "features": [_feature(flight, volume) for flight in flights for volume in flight.volumes],
    }


def outline_geometry(outline: Outline) -> dict[str, Any]:
    """The GeoJSON geometry of an outline: a closed ring, counter-clockwise left to the reader."""
    if isinstance(outline, Circle):
        return {"type": "Point", "coordinates": [outline.lng_deg, outline.lat_deg]}
    ring = [[lng, lat] for lat, lng in outline.vertices]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _feature(flight: Flight, volume: Volume4D) -> dict[str, Any]:
    bounds = (
        volume.altitude_lower_m,
        volume.altitude_upper_m,
        volume.time_start_us,
        volume.time_end_us,
    )
    lower, upper, start, end = bounds
    if lower is None or upper is None or start is None or end is None:
        raise PlanError(
            "A volume of a plan needs both altitudes and both times.", where=flight.flight_id
        )
    properties: dict[str, Any] = {
        "flight_id": flight.flight_id,
        "name": flight.name,
        "party": flight.party,
        "priority": flight.priority,
        "altitude_lower": {"value": lower, "units": "M", "reference": "W84"},
        "altitude_upper": {"value": upper, "units": "M", "reference": "W84"},
        "time_start": format_instant(start),
        "time_end": format_instant(end),
    }
    if isinstance(volume.outline, Circle):
        properties["radius_m"] = volume.outline.radius_m
    return {
        "type": "Feature",
        "geometry": outline_geometry(volume.outline),
        "properties": properties,
    }
