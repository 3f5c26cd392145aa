"""GeoPackage, Shapefile and KML in, through GDAL (pyogrio)."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
import shapely

from .errors import BoundaryFileUnreadable
from .features import FEATURES_MAX, Budget, Feature, Value, check_size
from .model import Ring

SIGNATURES: Final = {
    ".gpkg": re.compile(rb"SQLite format 3\x00"),
    ".shp": re.compile(rb"\x00\x00\x27\x0a"),
    # The first element is kml; before it an XML declaration and comments, but no document type.
    ".kml": re.compile(
        rb"(\xef\xbb\xbf)?\s*(<\?[^>]*>\s*)?(<!--(?:(?!-->)[\s\S])*-->\s*)*<(\w+:)?(kml|KML)[\s>]"
    ),
}
"""What a file must begin with: left to itself, GDAL would open anything."""
_HEAD_BYTES: Final = 4096
_SEGMENT_M: Final = 1000.0
"""Edges of maps in metres are cut to this length before they become edges in degrees: the middle of
such an edge moves by less than a decimetre."""
_POLYGONAL: Final = frozenset({"Polygon", "MultiPolygon"})


def read_vector_file(path: Path, layer: str | None = None) -> list[Feature]:
    """The polygons of a GeoPackage, Shapefile or KML file, in WGS-84.

    Args:
        path: of the file; a Shapefile's `.dbf`, `.shx` and `.prj` lie beside it.
        layer: of a file with several; None if it has only one. KML's folders are read together.

    Raises:
        BoundaryFileUnreadable: it is none of these, damaged, tells no coordinate system, has
            several layers, or holds something else than polygons.
        BoundaryTooLarge: see `features`.
        OSError: it cannot be read.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    check_size(path)
    _check_signature(path)
    budget = Budget(path)
    features: list[Feature] = []
    try:
        with warnings.catch_warnings():
            # What matters of GDAL's remarks shows in the polygons, and those are examined.
            warnings.simplefilter("ignore")
            for name in _layers(path, layer):
                meta, _, geometry, columns = pyogrio.raw.read(
                    str(path), layer=name, force_2d=True, max_features=FEATURES_MAX + 1
                )
                budget.take("features", 0 if geometry is None else len(geometry))
                features += _features(path, name, meta, geometry, columns, budget)
    except (DataSourceError, DataLayerError, shapely.errors.ShapelyError) as error:
        raise BoundaryFileUnreadable(f"It cannot be read: {error}.", where=str(path)) from None
    return features


def _check_signature(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if SIGNATURES[path.suffix.lower()].match(head) is None:
        raise BoundaryFileUnreadable(
            f"It does not begin as a {path.suffix} file does.", where=str(path)
        )


def _layers(path: Path, layer: str | None) -> list[str]:
    import pyogrio

    names = [str(name) for name, geometry in pyogrio.list_layers(str(path)) if geometry is not None]
    if layer is not None:
        if layer not in names:
            raise BoundaryFileUnreadable(
                f"It has no layer {layer!r}.", where=str(path), advice=f"It has: {_some(names)}."
            )
        return [layer]
    if path.suffix.lower() != ".kml" and len(names) != 1:
        raise BoundaryFileUnreadable(
            f"It has {len(names)} layers with outlines.",
            where=str(path),
            advice=f"Name one with --layer: {_some(names)}." if names else None,
        )
    return names


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")


def _features(
    path: Path, layer: str, meta: dict[str, Any], geometry: Any, columns: Any, budget: Budget
) -> list[Feature]:
    if geometry is None:
        return []
    shapes = _in_wgs84(path, shapely.from_wkb(geometry), meta.get("crs"))
    names = [str(name) for name in meta["fields"]]
    features = []
    for number, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        where = f"{path}, layer {layer}, feature {number + 1}"
        properties = {
            name: _value(column[number]) for name, column in zip(names, columns, strict=True)
        }
        features.append(Feature(where, properties, _polygons(shape, where, budget)))
    return features


def _in_wgs84(path: Path, shapes: Any, crs: str | None) -> Any:
    if crs is None:
        raise BoundaryFileUnreadable(
            "It does not tell its coordinate system.",
            where=str(path),
            advice="A Shapefile tells it in a .prj file beside it.",
        )
    try:
        given = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise BoundaryFileUnreadable(
            f"Its coordinate system is not known: {error}.", where=str(path)
        ) from None
    wgs84 = pyproj.CRS.from_epsg(4326)
    if given.equals(wgs84, ignore_axis_order=True):
        return shapes
    if given.is_projected:
        shapes = shapely.segmentize(shapes, _SEGMENT_M / given.axis_info[0].unit_conversion_factor)
    transformer = pyproj.Transformer.from_crs(given, wgs84, always_xy=True)

    def transform(places: Ring) -> Ring:
        return np.column_stack(transformer.transform(places[:, 0], places[:, 1]))

    return shapely.transform(shapes, transform)


def _polygons(shape: shapely.Geometry, where: str, budget: Budget) -> tuple[tuple[Ring, ...], ...]:
    if shape.geom_type == "GeometryCollection":
        parts = [part for each in shapely.get_parts(shape) for part in shapely.get_parts(each)]
    else:
        parts = list(shapely.get_parts(shape))
    polygons = []
    for part in parts:
        if part.geom_type not in _POLYGONAL:
            raise BoundaryFileUnreadable(
                f"It holds a {part.geom_type}; a boundary is given by polygons.",
                where=where,
                advice="Close the line to the area that is claimed.",
            )
        rings = tuple(shapely.get_coordinates(ring) for ring in shapely.get_rings(part))
        budget.take("rings", len(rings))
        budget.take("vertices", sum(map(len, rings)))
        polygons.append(rings)
    return tuple(polygons)


def _value(value: Any) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    return None
