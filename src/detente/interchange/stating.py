"""What is stated of geoid, ground and weather, from texts such as settings give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from .altimetry import (
    GEOID_ERROR_M,
    GROUND_ERROR_M,
    Altimetry,
    AltimetryError,
    FromGrid,
    Ground,
    Heights,
    Interval,
    Pressure,
    Stated,
)
from .grids import open_grid
from .understood import Reference

_NUMBER: Final = r"[+-]?\d+(?:\.\d+)?"
_RANGE: Final = rf"(?P<{{0}}>{_NUMBER})(?:\s*\.\.\s*(?P<{{0}}2>{_NUMBER}))?"
_HEIGHT: Final = re.compile(
    _RANGE.format("low") + r"\s*(?P<unit>m|ft)(?:\s+(?P<reference>AMSL|W84))?",
    re.ASCII | re.IGNORECASE,
)
_WEATHER: Final = re.compile(
    _RANGE.format("qnh") + r"\s*hPa\s*,\s*" + _RANGE.format("isa") + r"\s*[CK]",
    re.ASCII | re.IGNORECASE,
)
_GRID: Final = re.compile(
    r"(?P<path>.+?\.(?:pgm|gtx|hgt))(?:\s*(?:±|\+-)\s*(?P<error>\d+(?:\.\d+)?)\s*m)?"
    r"(?:\s+(?P<reference>AMSL|W84))?",
    re.IGNORECASE,
)


def altimetry_from(
    *, geoid: str | None = None, ground: str | None = None, pressure: str | None = None
) -> Altimetry:
    """The altimetry that three texts state; grid files are opened.

    Args:
        geoid: mean sea level above the ellipsoid: `47.1..47.9 m`, `47 m`, or a grid file,
            with its error after it if it is not 1 m (`egm96-5.pgm ±0.5 m`).
        ground: `380..450 m AMSL`, `1300 ft W84`, or a grid file (`N46E006.hgt ±20 m AMSL`; an SRTM
            tile counts from mean sea level unless it says W84).
        pressure: at sea level, and the difference from the standard temperature:
            `990..1030 hPa, -15..+15 C`.

    Raises:
        AltimetryError: a text that is none of these, or of senseless numbers.
        GridError: a grid that cannot be used.
    """
    stated_ground = None
    if ground is not None:
        heights, reference = _heights(ground, GROUND_ERROR_M, "ground", "380..450 m AMSL")
        if reference is None and ".hgt" not in ground.lower():
            raise AltimetryError(
                f'The ground "{ground}" does not say what it counts from.',
                advice="Write AMSL or W84 after it.",
            )
        stated_ground = Ground(heights, reference or Reference.AMSL)
    return Altimetry(
        None if geoid is None else _heights(geoid, GEOID_ERROR_M, "geoid", "47.1..47.9 m")[0],
        stated_ground,
        None if pressure is None else _pressure(pressure),
    )


def _heights(text: str, error_m: float, what: str, example: str) -> tuple[Heights, str | None]:
    trimmed = text.strip()
    if match := _HEIGHT.fullmatch(trimmed):
        factor = 0.3048 if match["unit"].lower() == "ft" else 1.0
        low = float(match["low"]) * factor
        high = float(match["low2"] or match["low"]) * factor
        if low > high:
            raise AltimetryError(f'The {what} "{text}" begins above its end.')
        reference = match["reference"]
        return Stated(Interval(low, high)), reference.upper() if reference else None
    if match := _GRID.fullmatch(trimmed):
        reference = match["reference"]
        error = float(match["error"]) if match["error"] else error_m
        grid = open_grid(Path(match["path"]))
        return FromGrid(grid, error), reference.upper() if reference else None
    raise AltimetryError(
        f'The {what} "{text}" is neither heights nor a grid file.',
        advice=f"Write it like {example}, or name a file that ends in .pgm, .gtx or .hgt.",
    )


def _pressure(text: str) -> Pressure:
    match = _WEATHER.fullmatch(text.strip())
    if match is None:
        raise AltimetryError(
            f'"{text}" states no weather.',
            advice="Write pressure at sea level and the difference from the standard temperature, "
            "like 990..1030 hPa, -15..+15 C.",
        )
    qnh, isa = float(match["qnh"]), float(match["isa"])
    return Pressure(
        qnh, float(match["qnh2"] or qnh), isa, float(match["isa2"] if match["isa2"] else isa)
    )
