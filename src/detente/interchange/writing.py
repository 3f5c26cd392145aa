"""Writes intents and constraints in any format that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.words import Words, same

from .aixm_out import write_aixm
from .csv_out import write_csv
from .czml import write_czml
from .ed269_out import write_ed269
from .feature import Feature, WriteOptions
from .geojson_out import write_geojson, write_map_geojson
from .kml_out import write_kml, write_kmz
from .notam_out import write_notam


class UnknownExportFormat(DetenteError):
    """A format that nothing is written in."""

    code: ClassVar[str] = "export.format"


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format that features are written in.

    Attributes:
        name: what users call it.
        suffix: of its files.
        media_type: of what is written.
        says: what it is for.
        writer: makes it.
    """

    name: str
    suffix: str
    media_type: str
    says: Words
    writer: Callable[[Sequence[Feature], WriteOptions], bytes]


EXPORT_FORMATS: Final[Mapping[str, ExportFormat]] = {
    each.name: each
    for each in (
        ExportFormat(
            "geojson",
            ".geojson",
            "application/geo+json",
            Words(
                "GeoJSON as a plan file: exact, for imports and `detente check`",
                "GeoJSON comme fichier de plan\u202f: exact, pour l’import et `detente check`",
            ),
            write_geojson,
        ),
        ExportFormat(
            "geojson-map",
            ".map.geojson",
            "application/geo+json",
            Words(
                "GeoJSON for maps: circles as polygons around them",
                "GeoJSON pour cartes\u202f: les cercles en polygones qui les entourent",
            ),
            write_map_geojson,
        ),
        ExportFormat(
            "kml", ".kml", "application/vnd.google-earth.kml+xml", same("KML 2.2"), write_kml
        ),
        ExportFormat("kmz", ".kmz", "application/vnd.google-earth.kmz", same("KMZ"), write_kmz),
        ExportFormat(
            "czml", ".czml", "application/json", Words("CZML (Cesium)", "CZML (Cesium)"), write_czml
        ),
        ExportFormat(
            "csv",
            ".csv",
            "text/csv; charset=utf-8; header=present",
            Words("CSV with the outlines as WKT", "CSV, avec les contours en WKT"),
            write_csv,
        ),
        ExportFormat("aixm", ".aixm.xml", "application/xml", same("AIXM 5.1"), write_aixm),
        ExportFormat(
            "notam",
            ".notam.txt",
            "text/plain; charset=us-ascii",
            Words("NOTAM text, to be issued by who may", "texte de NOTAM, à émettre par qui peut"),
            write_notam,
        ),
        ExportFormat(
            "ed269",
            ".ed269.json",
            "application/json",
            Words("UAS geographical zones (ED-269)", "zones géographiques UAS (ED-269)"),
            write_ed269,
        ),
    )
}
"""Every one, by name."""


def write(
    features: Sequence[Feature],
    format: str,  # noqa: A002 - what users call it
    options: WriteOptions | None = None,
) -> bytes:
    """Features in a format: the same ones give the same bytes.

    Args:
        features: what is written, in this order.
        format: one of `EXPORT_FORMATS`.
        options: what some formats need to know besides.

    Raises:
        UnknownExportFormat: there is no such format.
        NotWritable: the format has no words for something; `where` names the feature.
    """
    known = EXPORT_FORMATS.get(format)
    if known is None:
        raise UnknownExportFormat(
            f"Nothing is written as {format!r}.",
            advice=f"Choose one of {', '.join(EXPORT_FORMATS)}.",
        )
    return known.writer(features, options or WriteOptions())
