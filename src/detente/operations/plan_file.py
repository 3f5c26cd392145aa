"""Plans as files: a GeoJSON FeatureCollection (RFC 7946) in which each Feature is one 4-D volume.

The format is described in docs/plan-files.md and by the JSON Schema that `plan_schema` returns.
Reading tells what is wrong by feature and field, and what to do; nothing is guessed. What GeoJSON
leaves to its users is fixed here: edges are geodesics, a ring may cross the date line without being
cut, altitudes and times stand in the properties, with their units.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from detente.geo import Circle, Volume4D, VolumeError, VolumeLimits, validate_volume
from detente.operations.flights import Flight
from detente.operations.instants import format_instant
from detente.operations.plan_outlines import outline_geometry, outline_of
from detente.operations.plan_values import (
    MAX_TEXT,
    PlanError,
    altitude_of,
    fail,
    instant_of,
    shown,
    text_of,
    whole_of,
)

MAX_BYTES: Final = 256 << 20
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
        fail(
            "type",
            f"A plan is a GeoJSON FeatureCollection; this is {shown(found)}.",
            "Put the features into a FeatureCollection.",
        )
    if "crs" in document:
        fail(
            "crs",
            "Coordinates are WGS-84 longitude and latitude; another system cannot be chosen.",
            "Convert the coordinates and remove the member (RFC 7946, section 4).",
        )
    features = document.get("features")
    if not isinstance(features, list) or not features:
        fail("features", "There are no features in the plan.")
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
                f"(flight {shown(name)}) {problem.message}" if name else problem.message,
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
        fail(where, f"Every member of features is a Feature; this is {shown(feature)}.")
    properties = feature.get("properties")
    at = f"{where}.properties"
    if not isinstance(properties, dict):
        fail(at, "The properties are missing.", "They hold flight_id, altitudes and times.")
    flight_id = _flight_id(feature)
    if flight_id is None:
        fail(
            f"{at}.flight_id",
            "The flight has no id.",
            "Give flight_id as text; features with the same one are one flight.",
        )
    shared = {
        "name": text_of(properties, "name", at, ""),
        "party": text_of(properties, "party", at, party),
        "priority": whole_of(properties, "priority", at),
    }
    known = flights.setdefault(flight_id, _Gathering(flight_id, shared, where, []))
    for field, value in shared.items():
        if known.shared[field] != value:
            fail(
                f"{at}.{field}",
                f"It is {shown(value)} here, but {shown(known.shared[field])} in {known.first} "
                "of the same flight.",
                "Give all features of a flight the same one.",
            )
    volume = Volume4D(
        outline_of(feature, where, properties),
        altitude_of(properties, "altitude_lower", at),
        altitude_of(properties, "altitude_upper", at),
        instant_of(properties, "time_start", at),
        instant_of(properties, "time_end", at),
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


def plan_document(flights: Iterable[Flight]) -> dict[str, Any]:
    """A FeatureCollection of flights, as `parse_plan` reads it.

    Raises:
        PlanError: when a volume lacks an altitude or a time.
    """
    return {
        "type": "FeatureCollection",
        "features": [_feature(flight, volume) for flight in flights for volume in flight.volumes],
    }


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
