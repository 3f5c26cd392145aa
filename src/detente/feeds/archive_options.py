"""How an archive is to be read, where it does not say so itself; and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

import polars as pl

from detente.errors import DetenteError

from .registry import DecoderSettings

LengthUnit: TypeAlias = Literal["ft", "m"]
SpeedUnit: TypeAlias = Literal["kt", "m/s", "km/h"]
ClimbUnit: TypeAlias = Literal["ft/min", "m/s"]

POLARS_ERRORS: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises for files that are not what they say; its assertions are no `Exception`."""


class ArchiveError(DetenteError):
    """A file of tracks that cannot be read, or not be understood."""

    code: ClassVar[str] = "feeds.archive"


class FormatUnknown(ArchiveError):
    """Neither the name nor the beginning of a file tells what it is."""

    code: ClassVar[str] = "feeds.format"


class ColumnUnclear(ArchiveError):
    """A table lacks a column, or one could mean several things."""

    code: ClassVar[str] = "feeds.column"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """What a file does not say. What is left out is guessed from names, or refused as unclear.

    Attributes:
        columns: what a table calls our columns (`tables_columns.FIELDS`), such as
            `{"speed": "gspd"}`; an empty name leaves a column out.
        altitude_unit, speed_unit, climb_unit: of columns that do not say it.
        altitude_above: what a plain `altitude` is measured from: the surface of 1013.25 hPa, as in
            most records of flights, or the WGS-84 ellipsoid.
        times_are_utc: times without a zone are taken as UTC; else they are refused.
        separator: between the columns of CSV; guessed from the header if not given.
        began_us: when a raw capture began (µs since 1970 UTC), for formats that carry no date.
        decoders: of recorded feeds; what they say of dates goes before `began_us`.
        source: what the reports' source is called; the file's name if empty.
        assumed_horizontal_m, assumed_vertical_m: see `Source`.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    altitude_unit: LengthUnit | None = None
    speed_unit: SpeedUnit | None = None
    climb_unit: ClimbUnit | None = None
    altitude_above: Literal["pressure", "ellipsoid"] = "pressure"
    times_are_utc: bool = False
    separator: str | None = None
    began_us: int | None = None
    decoders: DecoderSettings = field(default_factory=DecoderSettings)
    source: str = ""
    assumed_horizontal_m: float = 185.2
    assumed_vertical_m: float = 45.0
