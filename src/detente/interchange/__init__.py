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
from detente.interchange.ed269 import Zone, Zones, ZoneShape, read_zones
from detente.interchange.feature import Feature, Kind, NotWritable, WriteOptions
from detente.interchange.given import Defaults
from detente.interchange.grids import Grid, GridError, open_grid
from detente.interchange.levels import LevelDefaults, parse_level
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

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
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
    "open_grid",
    "parse_level",
    "read",
    "read_zones",
    "to_volumes",
    "write",
]
