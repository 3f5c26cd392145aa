"""Areas: polygons in GeoJSON (RFC 7946), read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from detente.agreement.faults import Faults
from detente.agreement.json_source import JsonSource, read_json
from detente.agreement.outline import AreaOutline
from detente.agreement.plane import bad_holes, overlapping
from detente.agreement.reading import dotted
from detente.geo import Polygon, Volume4D, VolumeError, VolumeLimits, validate_volume

POLYGONS_MAX: Final = 200
RINGS_MAX: Final = 500
VERTICES_MAX: Final = 20_000
_LIMITS: Final = VolumeLimits(max_area_km2=50_000_000.0, max_vertices=10_000)

_Path = tuple[str | int, ...]


class _TooMuch(Exception):
    """A limit is passed: nothing more of the file is read."""


def read_area(name: str, data: bytes, faults: Faults) -> tuple[AreaOutline, ...]:
    """The polygons of a file; what is wrong with others is noted."""
    source = read_json(name, data, "area.json", faults)
    if source is None:
        return ()
    reader = _AreaReader(source, faults)
    before = len(faults)
    try:
        outlines = tuple(reader.outlines(source.value, ()))
    except _TooMuch:
        return ()
    if len(faults) > before:
        return ()
    if not outlines:
        reader.fault((), "area.empty", "There is no polygon in the file.", "Draw the area.")
        return ()
    pair = overlapping([(outline.outer, outline.holes) for outline in outlines])
    if pair is not None:
        reader.fault(
            (),
            "area.outline",
            f"The polygons {pair[0] + 1} and {pair[1] + 1} of the file overlap.",
            "Draw what is in both once, so that its size is what it seems.",
        )
        return ()
    return outlines


class _AreaReader:
    def __init__(self, source: JsonSource, faults: Faults) -> None:
        self._source = source
        self._faults = faults
        self._polygons = 0
        self._rings = 0
        self._vertices = 0

    def fault(self, path: _Path, code: str, message: str, remedy: str) -> None:
        where = f" ({dotted(path)})" if path else ""
        self._faults.add(
            self._source.name, self._source.line(path), code, f"{message}{where}", remedy
        )

    def outlines(self, value: object, path: _Path) -> Iterator[AreaOutline]:
        if not isinstance(value, Mapping):
            self.fault(path, "area.json", "It is not a GeoJSON object.", "See RFC 7946.")
            return
        kind = value.get("type")
        if "crs" in value:
            self.fault(
                (*path, "crs"),
                "area.json",
                "Coordinates are WGS-84; another system cannot be chosen (RFC 7946, section 4).",
                "Convert the coordinates, and remove the member.",
            )
        if kind == "FeatureCollection":
            for i, feature in self._items(value, path, "features"):
                yield from self.outlines(feature, (*path, "features", i))
        elif kind == "Feature":
            yield from self.outlines(value.get("geometry"), (*path, "geometry"))
        elif kind == "MultiPolygon":
            for i, rings in self._items(value, path, "coordinates"):
                yield from self._polygon(rings, (*path, "coordinates", i))
        elif kind == "Polygon":
            yield from self._polygon(value.get("coordinates"), (*path, "coordinates"))
        else:
            self.fault(
                (*path, "type"),
                "area.json",
                f"The type is {str(kind)[:40]!r}.",
                "An area is made of Polygon and MultiPolygon, in Features or bare.",
            )

    def _items(
        self, value: Mapping[str, object], path: _Path, name: str
    ) -> Iterator[tuple[int, object]]:
        items = value.get(name)
        if not isinstance(items, list):
            self.fault(path, "area.json", f"{name} is not a list.", "See RFC 7946.")
            return
        self._limit(len(items), POLYGONS_MAX, "parts", (*path, name))
        yield from enumerate(items)

    def _polygon(self, rings: object, path: _Path) -> Iterator[AreaOutline]:
        if not isinstance(rings, list) or not rings:
            self.fault(path, "area.json", "A polygon is a list of rings.", "See RFC 7946, 3.1.6.")
            return
        self._polygons += 1
        self._rings += len(rings)
        self._limit(self._polygons, POLYGONS_MAX, "polygons", path)
        self._limit(self._rings, RINGS_MAX, "rings", path)
        read = [self._ring(ring, (*path, i)) for i, ring in enumerate(rings)]
        good = [ring for ring in read if ring is not None]
        if len(good) == len(read):
            outline = AreaOutline(good[0], tuple(good[1:]))
            if outline.holes and (outline.area_m2 <= 0 or bad_holes(outline.outer, outline.holes)):
                self.fault(
                    path,
                    "area.outline",
                    "A hole is not inside of its polygon, or holes overlap.",
                    "The first ring is the outer one; the others lie within it.",
                )
                return
            yield outline

    def _ring(self, ring: object, path: _Path) -> Polygon | None:
        if not isinstance(ring, list):
            self.fault(path, "area.json", "A ring is a list of positions.", "See RFC 7946, 3.1.6.")
            return None
        self._vertices += len(ring)
        self._limit(self._vertices, VERTICES_MAX, "vertices", path)
        vertices: list[tuple[float, float]] = []
        for i, position in enumerate(ring):
            pair = _position(position)
            if pair is None:
                self.fault(
                    (*path, i),
                    "area.json",
                    "A position is [longitude, latitude] in degrees, and nothing more.",
                    "Altitudes stand in agreement.toml, for the whole area.",
                )
                return None
            vertices.append(pair)
        if len(vertices) < 4 or vertices[0] != vertices[-1]:
            self.fault(
                path,
                "area.outline",
                "A ring has at least four positions, of which the last repeats the first.",
                "Close the ring (RFC 7946, 3.1.6).",
            )
            return None
        polygon = Polygon(tuple(vertices[:-1]))
        try:
            validate_volume(Volume4D(polygon), _LIMITS)
        except VolumeError as error:
            self.fault(
                path,
                "area.outline",
                error.message,
                error.advice or "Correct the ring; vertices count from 0.",
            )
            return None
        return polygon

    def _limit(self, count: int, most: int, what: str, path: _Path) -> None:
        if count > most:
            self.fault(
                path,
                "area.limit",
                f"There are {count:,} {what} or more; the limit is {most:,}.",
                "Simplify the area: officers must be able to check it.",
            )
            raise _TooMuch


def _position(value: object) -> tuple[float, float] | None:
    """(latitude, longitude) of a GeoJSON position with two numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        return None
    lng, lat = value
    for number in (lng, lat):
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
    return float(lat), float(lng)
