"""Heights as people write them: `FL195`, `4500ft AMSL`, `300 m AGL`, `GND`, `UNL`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from .understood import Level, Reference, shown, unread

_FLIGHT_LEVEL: Final = re.compile(r"(?:FL|F)\s*(\d{1,3})", re.ASCII)
_NUMBER: Final = re.compile(
    r"([+-]?\d+(?:[.,]\d+)?|[+-]?\d{1,3}(?:[ ,'’]\d{3})+)\s*"
    r"(FT|FEET|FOOT|F|'|M|MTR|MTRS|METRE|METRES|METER|METERS)?\.?\s*"
    r"(AMSL|MSL|ASL|ALT|AGL|AGND|ASFC|GND|SFC|STD|W84|WGS84|WGS-84|HAE)?",
    re.ASCII,
)
_SURFACE: Final = frozenset({"SFC", "GND", "SURFACE", "GROUND", "SURF", "GL"})
_UNLIMITED: Final = frozenset({"UNL", "UNLIM", "UNLTD", "UNLIMITED", "ULTD"})
_REFERENCES: Final = {
    "AMSL": Reference.AMSL,
    "MSL": Reference.AMSL,
    "ASL": Reference.AMSL,
    "ALT": Reference.AMSL,
    "AGL": Reference.AGL,
    "AGND": Reference.AGL,
    "ASFC": Reference.AGL,
    "GND": Reference.AGL,
    "SFC": Reference.AGL,
    "STD": Reference.STD,
    "W84": Reference.W84,
    "WGS84": Reference.W84,
    "WGS-84": Reference.W84,
    "HAE": Reference.W84,
}


@dataclass(frozen=True, slots=True)
class LevelDefaults:
    """What bare numbers mean, if whoever imports says so; None: then they are not read.

    Attributes:
        unit: `m` or `ft`.
        reference: one of `REFERENCES`, but for SFC and UNL.
    """

    unit: str | None = None
    reference: str | None = None


NOTHING_SAID: Final = LevelDefaults()


def parse_level(text: str, line: int = 0, defaults: LevelDefaults = NOTHING_SAID) -> Level:
    """The level that a text means.

    Raises:
        Unread: it is none, or its unit or reference is not said.
    """
    upper = " ".join(text.upper().split())
    if upper in _SURFACE:
        return Level(0.0, "m", Reference.SFC, line)
    if upper in _UNLIMITED:
        return Level(0.0, "m", Reference.UNL, line)
    if match := _FLIGHT_LEVEL.fullmatch(upper):
        return Level(float(match[1]), "FL", Reference.STD, line)
    match = _NUMBER.fullmatch(upper)
    if match is None or len(upper) > 40:
        unread(
            f'"{shown(text)}" is not a height.',
            f"«\u202f{shown(text)}\u202f» n’est pas une hauteur.",
            do_en="Write it like FL195, 4500 ft AMSL, 300 m AGL, SFC or UNL.",
            do_fr="Écrivez-la comme FL195, 4500 ft AMSL, 300 m AGL, SFC ou UNL.",
            line=line,
        )
    value = _number(match[1])
    unit = _unit(match[2]) or defaults.unit
    reference = _REFERENCES.get(match[3] or "") or defaults.reference
    if value == 0 and reference == Reference.AGL:
        return Level(0.0, "m", Reference.SFC, line)
    if unit is None:
        unread(
            f'The height "{shown(text)}" has no unit.',
            f"La hauteur «\u202f{shown(text)}\u202f» n’a pas d’unité.",
            do_en="Write ft or m after it, or say which unit bare numbers have (--heights ft).",
            do_fr="Écrivez ft ou m après le nombre, ou dites l’unité des nombres seuls "
            "(--heights ft).",
            line=line,
        )
    if reference is None:
        unread(
            f'The height "{shown(text)}" does not say what it counts from.',
            f"La hauteur «\u202f{shown(text)}\u202f» ne dit pas à partir de quoi elle se compte.",
            do_en="Write AMSL, AGL, STD or W84 after it, or say what bare numbers count from "
            '(--heights "ft AMSL").',
            do_fr="Écrivez AMSL, AGL, STD ou W84 après, ou dites d’où comptent les nombres seuls "
            "(--heights «\u202fft AMSL\u202f»).",
            line=line,
        )
    return level(value, unit, reference, line)


def level(value: float, unit: str, reference: str, line: int = 0) -> Level:
    """A level of given parts.

    Raises:
        Unread: the number is no height on or near the Earth.
    """
    made = Level(value, unit, reference, line)
    if not math.isfinite(value) or not -20_000 <= made.metres <= 200_000:
        unread(
            f"{value:g} {unit} is no height at which anything flies.",
            f"{value:g} {unit} n’est pas une hauteur de vol.",
            line=line,
        )
    return made


def _number(text: str) -> float:
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:[ ,'’]\d{3})+", text)
    if grouped:
        return float(re.sub(r"[ ,'’]", "", text))
    return float(text.replace(",", "."))


def _unit(text: str | None) -> str | None:
    if not text:
        return None
    return "m" if text.startswith("M") else "ft"
