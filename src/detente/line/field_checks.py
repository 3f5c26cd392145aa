"""What types cannot tell of a field: rings that do not close, times that run backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from detente.errors import DetenteError, printable

from .form_fields import VERTICES_MAX, CircleArea, CorridorArea, Level, Levels, PolygonArea, Times

AREA_KM2_MAX = 20_000_000.0
_BACKWARDS = "It ends before it begins."


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with a field, where, and what to do."""

    path: str
    message: str
    advice: str | None = None


def field_fault(fields: msgspec.Struct) -> FieldFault | None:
    """The first fault of a form's fields; None if they can be used."""
    return next(_faults(fields, ""), None)


def _faults(value: object, path: str) -> Iterator[FieldFault]:
    if isinstance(value, datetime):
        yield from _instant(value, path)
    elif isinstance(value, str):
        if printable(value) != value:
            yield FieldFault(path, "It has characters that cannot be shown.")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _faults(each, f"{path}[{number}]")
    elif isinstance(value, msgspec.Struct):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        for name, written in names:
            inner = f"{path}.{written}" if path else written
            yield from _faults(getattr(value, name), inner)
        yield from _whole(value, path)


def _whole(value: msgspec.Struct, path: str) -> Iterator[FieldFault]:
    if isinstance(value, Times):
        if value.from_ > value.until:
            yield FieldFault(path, _BACKWARDS)
    elif isinstance(value, Levels):
        yield from _levels(value, path)
    elif isinstance(value, Level):
        if (value.unit == "FL") != (value.reference == "STD"):
            yield FieldFault(
                path,
                "Flight levels are measured from the pressure 1013.25 hPa, and nothing else is.",
                'Write unit "FL" with reference "STD", or metres or feet with another reference.',
            )
    elif isinstance(value, CircleArea | PolygonArea):
        yield from _outline(value, path)
    elif isinstance(value, CorridorArea):
        yield from _line(value, path)


def _instant(value: datetime, path: str) -> Iterator[FieldFault]:
    if value.utcoffset() != timedelta(0):
        yield FieldFault(path, "It is not in UTC.", "Write it in UTC, with Z at its end.")
    elif value.microsecond:
        yield FieldFault(path, "It is not in whole seconds.")


def _levels(value: Levels, path: str) -> Iterator[FieldFault]:
    lower, upper = value.lower, value.upper
    same = (lower.unit, lower.reference) == (upper.unit, upper.reference)
    if same and lower.value > upper.value:
        yield FieldFault(path, "Its lower end is above its upper one.")


def _outline(value: CircleArea | PolygonArea, path: str) -> Iterator[FieldFault]:
    # Loading the geometry takes longer than all the rest, and few commands need it.
    from detente import geo

    outline: geo.Outline
    if isinstance(value, CircleArea):
        longitude, latitude = value.geometry.coordinates
        outline = geo.Circle(latitude, longitude, value.radius.metres)
    else:
        ring = value.geometry.coordinates[0]
        if ring[0] != ring[-1]:
            yield FieldFault(
                f"{path}.geometry.coordinates",
                "The outline is not closed.",
                "Repeat the first position at its end (RFC 7946).",
            )
            return
        outline = geo.Polygon(tuple((latitude, longitude) for longitude, latitude in ring[:-1]))
    try:
        geo.validate_volume(geo.Volume4D(outline), geo.VolumeLimits(AREA_KM2_MAX, VERTICES_MAX))
    except DetenteError as error:
        yield FieldFault(f"{path}.geometry", error.message, error.advice)


def _line(value: CorridorArea, path: str) -> Iterator[FieldFault]:
    positions = value.geometry.coordinates
    for number, (one, other) in enumerate(pairwise(positions), start=1):
        if one == other:
            yield FieldFault(
                f"{path}.geometry.coordinates[{number}]", "It is the same position twice."
            )
            return
