"""CSV (RFC 4180): one row a volume, the outline as WKT. For spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from detente.geo import Circle, Polygon

from .feature import Feature, Piece, WriteOptions
from .moments import rfc3339

COLUMNS: Final = (
    "id",
    "name",
    "kind",
    "state",
    "party",
    "priority",
    "volume",
    "off_nominal",
    "time_start",
    "time_end",
    "altitude_lower_m",
    "altitude_upper_m",
    "altitude_reference",
    "outline",
    "centre_lat_deg",
    "centre_lng_deg",
    "radius_m",
    "wkt",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Some spreadsheets read the full-width forms of the signs (U+FF1D and so on) as the signs."""


def write_csv(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """A header and a row for each volume; what is open, or is not there, is empty.

    The WKT of a polygon has longitude before latitude, and edges that are geodesics; of a circle it
    is the centre. Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for feature in features:
        writer.writerows(_row(piece) for piece in feature.pieces)
    return text.getvalue().encode()


def _row(piece: Piece) -> list[str]:
    feature, volume = piece.feature, piece.volume
    outline = volume.outline
    return [
        harmless(feature.id),
        harmless(feature.name),
        str(feature.kind),
        harmless(feature.state),
        harmless(feature.party),
        str(feature.priority),
        str(piece.number),
        "true" if piece.off_nominal else "false",
        "" if volume.time_start_us is None else rfc3339(volume.time_start_us),
        "" if volume.time_end_us is None else rfc3339(volume.time_end_us),
        _figure(volume.altitude_lower_m),
        _figure(volume.altitude_upper_m),
        "W84",
        *_outline(outline),
    ]


def _outline(outline: Circle | Polygon) -> list[str]:
    if isinstance(outline, Circle):
        lat, lng = _figure(outline.lat_deg), _figure(outline.lng_deg)
        return ["circle", lat, lng, _figure(outline.radius_m), f"POINT ({lng} {lat})"]
    ring = [*outline.vertices, outline.vertices[0]]
    points = ", ".join(f"{_figure(lng)} {_figure(lat)}" for lat, lng in ring)
    return ["polygon", "", "", "", f"POLYGON (({points}))"]


def _figure(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: such a one gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
