"""GeoJSON (RFC 7946) in: one feature after the other, so that large files fit in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from .errors import BoundaryFileUnreadable
from .features import NOT_JSON, Budget, Feature, Value, check_size
from .model import Ring

Positions = list[list[float]]

_NOTHING: Final = (b"", b"null")
_DEPTH_MAX: Final = 4
"""Of collections of geometries within one another."""


class _Geometry(msgspec.Struct):
    type: str
    coordinates: msgspec.Raw = msgspec.Raw()
    geometries: list[msgspec.Raw] = []


class _Feature(msgspec.Struct):
    geometry: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()


class _Collection(msgspec.Struct):
    type: str
    features: list[_Feature] = []
    detente: msgspec.Raw = msgspec.Raw()


class _Bare(msgspec.Struct):
    type: str


def read_geojson(path: Path) -> list[Feature]:
    """The polygons of a GeoJSON file; features without a geometry are left out.

    Raises:
        BoundaryFileUnreadable: it is not GeoJSON, or holds something else than polygons.
        BoundaryTooLarge: see `features`.
        OSError: it cannot be read.
    """
    check_size(path)
    return features_of(path.read_bytes(), path)


def features_of(content: bytes, path: Path) -> list[Feature]:
    """The same of a file's bytes; `path` is for what is said. Raises likewise, except OSError."""
    budget = Budget(path)
    try:
        kind = msgspec.json.decode(content, type=_Bare).type
        if kind == "FeatureCollection":
            found = msgspec.json.decode(content, type=_Collection).features
        elif kind == "Feature":
            found = [msgspec.json.decode(content, type=_Feature)]
        else:
            found = [_Feature(geometry=msgspec.Raw(content))]
    except NOT_JSON as error:
        raise BoundaryFileUnreadable(f"It is not GeoJSON: {error}.", where=str(path)) from None
    budget.take("features", len(found))
    features = []
    for number, each in enumerate(found, start=1):
        where = f"{path}, feature {number}"
        try:
            polygons = _polygons(each.geometry, where, budget)
            properties = _properties(each.properties)
        except NOT_JSON as error:
            raise BoundaryFileUnreadable(f"It is not GeoJSON: {error}.", where=where) from None
        if polygons:
            features.append(Feature(where, properties, tuple(polygons)))
    return features


def statement_of(content: bytes) -> bytes | None:
    """The member `detente` of a collection as JSON: what an export of ours states."""
    try:
        raw = msgspec.json.decode(content, type=_Collection).detente
    except NOT_JSON:
        return None
    return bytes(raw) or None


def _polygons(
    raw: msgspec.Raw, where: str, budget: Budget, depth: int = 0
) -> list[tuple[Ring, ...]]:
    if bytes(raw) in _NOTHING:
        return []
    geometry = msgspec.json.decode(raw, type=_Geometry)
    if geometry.type == "Polygon":
        return _rings(
            [msgspec.json.decode(geometry.coordinates, type=list[Positions])], where, budget
        )
    if geometry.type == "MultiPolygon":
        parts = msgspec.json.decode(geometry.coordinates, type=list[list[Positions]])
        return _rings(parts, where, budget)
    if geometry.type == "GeometryCollection" and depth < _DEPTH_MAX:
        found = (_polygons(each, where, budget, depth + 1) for each in geometry.geometries)
        return [polygon for group in found for polygon in group]
    raise BoundaryFileUnreadable(
        f"It is a {geometry.type[:40]}; a boundary is given by polygons.",
        where=where,
        advice="Close the line to the area that is claimed.",
    )


def _rings(parts: list[list[Positions]], where: str, budget: Budget) -> list[tuple[Ring, ...]]:
    polygons = []
    for part in parts:
        budget.take("rings", len(part))
        rings = []
        for positions in part:
            budget.take("vertices", len(positions))
            if any(len(position) < 2 for position in positions):
                raise BoundaryFileUnreadable("A position has no latitude.", where=where)
            pairs = [position[:2] for position in positions]
            rings.append(np.array(pairs, dtype=np.float64).reshape(-1, 2))
        if rings:
            polygons.append(tuple(rings))
    return polygons


def _properties(raw: msgspec.Raw) -> dict[str, Value]:
    if bytes(raw) in _NOTHING:
        return {}
    found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    properties: dict[str, Value] = {}
    for name, each in found.items():
        if not bytes(each).startswith((b"[", b"{")):
            properties[name] = msgspec.json.decode(each, type=str | float | bool | None)
    return properties
