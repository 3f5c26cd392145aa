"""Values in GeoJSON: each is read, or refused with what to do."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from .levels import LevelDefaults, level, parse_level
from .places import Place, place_of
from .understood import Level, Reference, shown, unread
from .zulu import parse_moment

UNITS: Final = {"M": "m", "FT": "ft", "FL": "FL"}
WRITTEN: Final = {"MSL": Reference.AMSL, "WGS84": Reference.W84}
LISTED: Final = frozenset({"W84", "AMSL", "AGL", "STD", "SFC", "UNL"})


def as_json(value: object) -> str:
    """A value as it stands in the file, cut."""
    return shown(json.dumps(value, ensure_ascii=False, default=str))


def place(position: Any) -> Place:
    """A position: longitude, latitude, and perhaps a height that is not looked at here.

    Raises:
        Unread: it is none.
    """
    if not isinstance(position, list) or not 2 <= len(position) <= 3:
        unread(
            f"A position is [longitude, latitude], not {as_json(position)}.",
            f"Une position est [longitude, latitude], pas {as_json(position)}.",
        )
    lng, lat = number_of(position[0]), number_of(position[1])
    return place_of(lat, lng, as_json(position))


def number_of(value: Any) -> float:
    """A finite number.

    Raises:
        Unread: it is none.
    """
    found = math.nan
    if not isinstance(value, bool) and isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
    if not math.isfinite(found):
        unread(f"{as_json(value)} is not a number.", f"{as_json(value)} n’est pas un nombre.")
    return found


def level_of(value: Any, line: int, defaults: LevelDefaults) -> Level:
    """A level from text, a bare number, or an object of value, units and reference.

    Raises:
        Unread: it is none of these, or its unit or reference is not said.
    """
    if isinstance(value, str):
        return parse_level(value, line, defaults)
    if not isinstance(value, dict):
        return parse_level(f"{number_of(value):.10g}", line, defaults)
    written = str(value.get("reference")).upper()
    reference = WRITTEN.get(written, written)
    if reference in (Reference.SFC, Reference.UNL):
        return Level(0.0, "m", reference, line)
    unit = UNITS.get(str(value.get("units")).upper())
    if reference not in LISTED or unit is None:
        unread(
            f"A height has units M or FT and a reference W84, AMSL, AGL or STD; this is "
            f"{as_json(value)}.",
            f"Une hauteur a des units M ou FT et une reference W84, AMSL, AGL ou STD\u202f; ceci "
            f"est {as_json(value)}.",
            do_en='Give it like {"value": 120, "units": "M", "reference": "W84"}.',
            do_fr='Donnez-la comme {"value": 120, "units": "M", "reference": "W84"}.',
        )
    return level(number_of(value.get("value")), unit, reference, line)


def moment(value: Any, line: int) -> int | None:
    """An instant in RFC 3339; None if there is none.

    Raises:
        Unread: it is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        unread(
            f"A time is text like 2026-05-01T09:00:00Z, not {as_json(value)}.",
            f"Une heure est un texte comme 2026-05-01T09:00:00Z, pas {as_json(value)}.",
        )
    return parse_moment(value, line)
