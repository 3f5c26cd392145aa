"""From heights as people state them to metres above the WGS-84 ellipsoid, as intervals.

F3548-21 counts from the ellipsoid. Mean sea level lies up to 106 m from it, the ground anywhere,
and a flight level moves with the weather. What is known of these is stated by whoever imports: a
value, an interval or a grid for the geoid and the ground, the range of sea-level pressure and
temperature for flight levels. A level so becomes an interval that holds all that it may mean over
the whole outline; a volume takes the low end of its lower limit and the high end of its upper one.
What is not stated is not assumed: the level is refused by name, with what to state.

Two levels need nothing: W84 is what it is, and UNL is the 100,000 m that F3548-21 ends at. SFC as
a lower limit may also do without the ground: no ground on Earth lies below -500 m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from detente.errors import DetenteError
from detente.geo import Outline
from detente.words import Words

from .boxes import Box, box_of
from .grids import Grid, GridError
from .places import Place
from .understood import Level, Reference, unread

HIGHEST_M: Final = 100_000.0
"""Where altitudes of F3548-21 end."""
LOWEST_GROUND_M: Final = -500.0
"""Metres W84: below any ground; the shore of the Dead Sea, the lowest, lies at about -410 m."""
GEOID_ERROR_M: Final = 1.0
GROUND_ERROR_M: Final = 20.0
_SEA_LEVEL_HPA: Final = 1013.25
_TROPOPAUSE_M: Final = 11_000.0
_EARTH_M: Final = 6_356_766.0


class AltimetryError(DetenteError):
    """A statement about geoid, ground or weather that makes no sense."""

    code: ClassVar[str] = "import.altimetry"


@dataclass(frozen=True, slots=True)
class Interval:
    """What a height may be, metres."""

    low_m: float
    high_m: float

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low_m + other.low_m, self.high_m + other.high_m)

    def wider(self, by_m: float) -> Interval:
        """The same with more on both sides."""
        return Interval(self.low_m - by_m, self.high_m + by_m)


class Heights(Protocol):
    """Something that knows heights in places."""

    @property
    def says(self) -> Words:
        """Where they come from."""
        ...

    def within(self, box: Box) -> Interval:
        """What they may be within a box.

        Raises:
            GridError: they are not known there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Stated:
    """The same heights everywhere, as stated."""

    interval: Interval

    def __post_init__(self) -> None:
        low, high = self.interval.low_m, self.interval.high_m
        if not -12_000 <= low <= high <= 10_000:
            raise AltimetryError(f"{low:g} to {high:g} m is no interval of heights on Earth.")

    @property
    def says(self) -> Words:
        """The interval."""
        low, high = self.interval.low_m, self.interval.high_m
        if low == high:
            return Words(f"{low:g} m, as stated", f"{low:g} m, comme indiqué")
        return Words(f"{low:g} to {high:g} m, as stated", f"{low:g} à {high:g} m, comme indiqué")

    def within(self, box: Box) -> Interval:
        """The interval, wherever."""
        return self.interval


@dataclass(frozen=True, slots=True, eq=False)
class FromGrid:
    """Heights of a grid, each good to `error_m`."""

    grid: Grid
    error_m: float

    @property
    def says(self) -> Words:
        """The grid's name and its error."""
        return Words(
            f"grid {self.grid.name}, ±{self.error_m:g} m",
            f"grille {self.grid.name}, ±{self.error_m:g} m",
        )

    def within(self, box: Box) -> Interval:
        """Between the least and the greatest node around.

        Raises:
            GridError: the grid does not cover the box.
        """
        low, high = self.grid.bounds(box.south, box.west, box.north, box.width_deg)
        return Interval(low, high).wider(self.error_m)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The ground's height, and what it counts from: `Reference.AMSL` or `Reference.W84`."""

    heights: Heights
    reference: str


@dataclass(frozen=True, slots=True)
class Pressure:
    """The weather within which flight levels are converted.

    Attributes:
        qnh_low_hpa, qnh_high_hpa: pressure at mean sea level.
        isa_low_k, isa_high_k: temperature of the air as its difference from the standard one.
    """

    qnh_low_hpa: float
    qnh_high_hpa: float
    isa_low_k: float
    isa_high_k: float

    def __post_init__(self) -> None:
        if not 850 <= self.qnh_low_hpa <= self.qnh_high_hpa <= 1100:
            raise AltimetryError(
                f"{self.qnh_low_hpa:g} to {self.qnh_high_hpa:g} hPa is no range of pressure at sea "
                "level."
            )
        if not -80 <= self.isa_low_k <= self.isa_high_k <= 60:
            raise AltimetryError(
                f"{self.isa_low_k:g} to {self.isa_high_k:g} K is no range of differences from the "
                "standard temperature."
            )

    def interval(self, pressure_altitude_m: float) -> Interval:
        """Metres above mean sea level at which an altimeter set to 1013.25 hPa may show this."""
        heights = [
            _height_m(pressure_altitude_m, qnh, isa)
            for qnh in (self.qnh_low_hpa, self.qnh_high_hpa)
            for isa in (self.isa_low_k, self.isa_high_k)
        ]
        return Interval(min(heights), max(heights))


def _height_m(pressure_altitude_m: float, qnh_hpa: float, isa_k: float) -> float:
    """Geometric height above sea level of a pressure surface (ICAO Doc 7488's atmosphere, shifted
    in pressure and temperature as a whole)."""
    at_sea = 44_330.769 * (1 - math.pow(qnh_hpa / _SEA_LEVEL_HPA, 0.190_263))
    thick = pressure_altitude_m - at_sea
    below = min(thick, _TROPOPAUSE_M)
    geopotential = below + isa_k * math.log(288.15 / (288.15 - 0.0065 * below)) / 0.0065
    above = max(thick - _TROPOPAUSE_M, 0.0)
    geopotential += above * (216.65 + isa_k) / 216.65
    return geopotential * _EARTH_M / (_EARTH_M - geopotential)


@dataclass(frozen=True, slots=True, eq=False)
class Altimetry:
    """What is stated of geoid, ground and weather; None: nothing."""

    geoid: Heights | None = None
    ground: Ground | None = None
    pressure: Pressure | None = None

    def undulation(self, where: Outline | Place) -> Interval:
        """How high mean sea level lies above the ellipsoid (negative: below).

        Raises:
            Unread: nothing is stated of the geoid, or not for this place.
        """
        return self._geoid(box_of(where), 0)

    def _geoid(self, box: Box, line: int) -> Interval:
        if self.geoid is None:
            unread(
                "How high mean sea level lies above the ellipsoid is not stated.",
                "On n’a pas dit où se trouve le niveau moyen de la mer au-dessus de l’ellipsoïde.",
                do_en="State the geoid (--geoid): a grid file (.pgm or .gtx), or metres like "
                "46.9..48.1 m.",
                do_fr="Indiquez le géoïde (--geoid)\u202f: une grille (.pgm ou .gtx), ou des "
                "mètres comme 46.9..48.1 m.",
                line=line,
            )
        return _within(self.geoid, box, line)

    def _ground(self, box: Box, line: int) -> Interval:
        if self.ground is None:
            unread(
                "How high the ground is there is not stated.",
                "On n’a pas dit à quelle hauteur est le sol à cet endroit.",
                do_en="State the ground (--ground): 380..450 m AMSL, 400 m W84, or a grid file.",
                do_fr="Indiquez le sol (--ground)\u202f: 380..450 m AMSL, 400 m W84, ou une "
                "grille.",
                line=line,
            )
        heights = _within(self.ground.heights, box, line)
        if self.ground.reference == Reference.AMSL:
            return heights + self._geoid(box, line)
        return heights

    def interval(self, level: Level, where: Outline | Place, *, lower: bool = False) -> Interval:
        """Metres W84 that a level may mean anywhere within an outline, or at a place.

        Args:
            lower: whether it is a lower limit: then SFC needs no ground.

        Raises:
            Unread: something needed is not stated; with what to state.
        """
        box = box_of(where)
        match level.reference:
            case Reference.W84:
                return Interval(level.metres, level.metres)
            case Reference.UNL:
                return Interval(HIGHEST_M, HIGHEST_M)
            case Reference.SFC:
                if lower and self.ground is None:
                    return Interval(LOWEST_GROUND_M, LOWEST_GROUND_M)
                return self._ground(box, level.line)
            case Reference.AGL:
                above = self._ground(box, level.line)
            case Reference.AMSL:
                above = self._geoid(box, level.line)
            case _:
                return self._pressure(level) + self._geoid(box, level.line)
        return Interval(level.metres, level.metres) + above

    def _pressure(self, level: Level) -> Interval:
        if self.pressure is None:
            unread(
                f"How far {level} may lie from its nominal height is not stated.",
                f"On n’a pas dit de combien {level} peut s’écarter de sa hauteur nominale.",
                do_en="State the weather (--pressure): pressure at sea level and difference from "
                "the standard temperature, such as 990..1030 hPa, -15..+15 C.",
                do_fr="Indiquez le temps (--pressure)\u202f: pression au niveau de la mer et écart "
                "à la température standard, comme 990..1030 hPa, -15..+15 C.",
                line=level.line,
            )
        return self.pressure.interval(level.metres)

    @property
    def says(self) -> tuple[Words, ...]:
        """What is stated, as sentences for whoever checks an import."""
        told = []
        if self.geoid is not None:
            by = self.geoid.says
            told.append(
                Words(
                    f"Mean sea level above the ellipsoid: {by.en}.",
                    f"Niveau moyen de la mer au-dessus de l’ellipsoïde\u202f: {by.fr}.",
                )
            )
        if self.ground is not None:
            by = self.ground.heights.says
            told.append(
                Words(
                    f"Ground ({self.ground.reference}): {by.en}.",
                    f"Sol ({self.ground.reference})\u202f: {by.fr}.",
                )
            )
        if self.pressure is not None:
            p = self.pressure
            told.append(
                Words(
                    f"Flight levels: {p.qnh_low_hpa:g} to {p.qnh_high_hpa:g} hPa at sea level, "
                    f"{p.isa_low_k:+g} to {p.isa_high_k:+g} K from the standard temperature.",
                    f"Niveaux de vol\u202f: {p.qnh_low_hpa:g} à {p.qnh_high_hpa:g} hPa au niveau "
                    f"de la mer, {p.isa_low_k:+g} à {p.isa_high_k:+g} K d’écart à la température "
                    "standard.",
                )
            )
        return tuple(told)


def _within(heights: Heights, box: Box, line: int) -> Interval:
    try:
        found = heights.within(box)
    except GridError as problem:
        unread(
            problem.message,
            f"La grille ne convient pas ici ({problem.where}).",
            do_en=problem.advice or "",
            do_fr="Nommez une grille qui couvre cet endroit, ou donnez la valeur.",
            line=line,
        )
    if not math.isfinite(found.low_m) or not math.isfinite(found.high_m):
        raise AltimetryError("A grid gives heights that are no numbers.")
    return found
