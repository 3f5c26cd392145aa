"""Lengths as people write them, turned into metres at the edge; a unit that is unclear is an error.

Factors are exact: international foot (1959), nautical mile (ICAO Annex 5), statute mile of 5,280
feet. "Miles" alone is either, and whole disputes have turned on which: it is never guessed. Neither
is "M", by which charts mean nautical miles and F3548-21 means metres.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from detente.errors import DetenteError


class Unit(Enum):
    """A unit of length; its value is what it is called in messages."""

    METRE = "metres"
    KILOMETRE = "kilometres"
    FOOT = "feet"
    NAUTICAL_MILE = "nautical miles"
    STATUTE_MILE = "statute miles"

    @property
    def metres(self) -> float:
        """One such unit in metres."""
        return _METRES[self]


_METRES = {
    Unit.METRE: 1.0,
    Unit.KILOMETRE: 1000.0,
    Unit.FOOT: 0.3048,
    Unit.NAUTICAL_MILE: 1852.0,
    Unit.STATUTE_MILE: 1609.344,
}


@dataclass(frozen=True, slots=True)
class Length:
    """A number of units, as it was given."""

    value: float
    unit: Unit

    @property
    def metres(self) -> float:
        """The same length in metres."""
        return self.value * self.unit.metres

    def to(self, unit: Unit) -> Length:
        """The same length in another unit."""
        return Length(self.metres / unit.metres, unit)


@dataclass(frozen=True, slots=True)
class PressureLevel:
    """A flight level: the surface where the standard atmosphere (QNH 1013.25 hPa) has a pressure.

    It has no fixed height. Above the WGS-84 ellipsoid it may lie several hundred metres from
    `nominal_m`, with weather and place, so that there is deliberately no conversion to one.
    """

    flight_level: int

    @property
    def nominal_m(self) -> float:
        """What an altimeter set to 1013.25 hPa shows there, metres: not a height above WGS-84."""
        return self.flight_level * 100 * Unit.FOOT.metres


class LengthError(DetenteError):
    """A text that is not a length."""

    code: ClassVar[str] = "length.unreadable"


class UnknownUnit(LengthError):
    """A number with a unit that is not one of length, or with none."""

    code: ClassVar[str] = "length.unknown_unit"


class AmbiguousUnit(LengthError):
    """A unit that means different lengths to different people.

    Attributes:
        candidates: what the text may mean.
    """

    code: ClassVar[str] = "length.ambiguous_unit"

    def __init__(self, text: str, candidates: tuple[Length, ...], *, advice: str) -> None:
        meanings = " or ".join(
            f"{c.value:,.10g} {c.unit.value} ({c.metres:,.1f} m)" for c in candidates
        )
        super().__init__(f'"{text}" is unclear: {meanings}.', advice=advice)
        self.candidates = candidates


_SPELLINGS = {
    Unit.METRE: "m metre metres meter meters mtr mtrs",
    Unit.KILOMETRE: "km kms kilometre kilometres kilometer kilometers",
    Unit.FOOT: "ft feet foot ' ′",
    Unit.NAUTICAL_MILE: "nm nmi nauticalmile nauticalmiles seamile seamiles",
    Unit.STATUTE_MILE: "sm statutemile statutemiles landmile landmiles",
}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_EITHER_MILE = frozenset({"mi", "mile", "miles"})

_NUMBER = r"[+-]?(?:\d{1,3}(?:[,\u2019\u00a0\u202f _]\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(\D*?)\s*", re.ASCII)
_LEVEL = re.compile(r"\s*(?:fl|flight\s+level)\s*(\d{1,3})\s*", re.ASCII | re.IGNORECASE)


def parse_length(text: str) -> Length | PressureLevel:
    """Read "500 ft", "19,000 feet", "1NM", "3 statute miles", "6 km", "FL190" and the like.

    Case and full stops do not matter, except that a capital M alone is unclear. Thousands may be
    grouped by commas, spaces or apostrophes; decimals follow a point.

    Raises:
        AmbiguousUnit: "mi", "mile", "miles" or "M"; it carries the candidates.
        UnknownUnit: no unit, or none of length.
        LengthError: there is no number that can be read.
    """
    if level := _LEVEL.fullmatch(text):
        return PressureLevel(int(level[1]))
    match = _LENGTH.fullmatch(text)
    if match is None or not any(c.isdigit() for c in match[1]):
        raise LengthError(
            f'"{text}" is not a length.',
            advice='Write a number and a unit, such as "1.5 km" or "19,000 ft".',
        )
    value = float(re.sub(r"[,\u2019\u00a0\u202f _]", "", match[1]))
    if not math.isfinite(value):
        raise LengthError(f'The number in "{text}" is too large.')
    written = re.sub(r"[\s.\-]", "", match[2])
    unit = _UNITS.get(written.lower())
    if written == "M":
        raise AmbiguousUnit(
            text.strip(),
            (Length(value, Unit.METRE), Length(value, Unit.NAUTICAL_MILE)),
            advice='Write "m" or "NM".',
        )
    if unit is not None:
        return Length(value, unit)
    if written.lower() in _EITHER_MILE:
        raise AmbiguousUnit(
            text.strip(),
            (Length(value, Unit.STATUTE_MILE), Length(value, Unit.NAUTICAL_MILE)),
            advice='Write "SM" (statute miles) or "NM" (nautical miles).',
        )
    found = f'unit "{match[2]}" is not known' if written else "unit is missing"
    raise UnknownUnit(
        f'The {found} in "{text}".',
        advice="Known units are m, km, ft, NM, SM, and FL before a number.",
    )
