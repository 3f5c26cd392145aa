"""What other systems write and read: airspace, plans and notices, in and out."""

from detente.interchange.altimetry import (
    Altimetry,
    AltimetryError,
    FromGrid,
    Ground,
    Interval,
    Pressure,
    Stated,
)
from detente.interchange.csv_out import harmless
from detente.interchange.ed269 import Zone, Zones, ZoneShape, read_zones
from detente.interchange.feature import Feature, Kind, NotWritable, WriteOptions
from detente.interchange.given import Defaults
from detente.interchange.grids import Grid, GridError, open_grid
from detente.interchange.kml_out import NAMESPACE as KML_NAMESPACE
from detente.interchange.levels import LevelDefaults, parse_level
from detente.interchange.moments import rfc3339
from detente.interchange.reading import IMPORT_FORMATS, ImportFormat, format_of, read
from detente.interchange.stating import altimetry_from
from detente.interchange.understood import (
    Level,
    Piece,
    Problem,
    Reference,
    Route,
    RoutePoint,
    Span,
    TooLarge,
    Understood,
    UnknownFormat,
    Unread,
    Unreadable,
)
from detente.interchange.volumes import Converted, Drawer, Part, Position, Room, to_volumes
from detente.interchange.writing import (
    EXPORT_FORMATS,
    ExportFormat,
    UnknownExportFormat,
    write,
)
from detente.interchange.xml_out import child as xml_child
from detente.interchange.xml_out import document as xml_document
from detente.interchange.xml_out import xml_text

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "KML_NAMESPACE",
    "Altimetry",
    "AltimetryError",
    "Converted",
    "Defaults",
    "Drawer",
    "ExportFormat",
    "Feature",
    "FromGrid",
    "Grid",
    "GridError",
    "Ground",
    "ImportFormat",
    "Interval",
    "Kind",
    "Level",
    "LevelDefaults",
    "NotWritable",
    "Part",
    "Piece",
    "Position",
    "Pressure",
    "Problem",
    "Reference",
    "Room",
    "Route",
    "RoutePoint",
    "Span",
    "Stated",
    "TooLarge",
    "Understood",
    "UnknownExportFormat",
    "UnknownFormat",
    "Unread",
    "Unreadable",
    "WriteOptions",
    "Zone",
    "ZoneShape",
    "Zones",
    "altimetry_from",
    "format_of",
    "harmless",
    "open_grid",
    "parse_level",
    "read",
    "read_zones",
    "rfc3339",
    "to_volumes",
    "write",
    "xml_child",
    "xml_document",
    "xml_text",
]
