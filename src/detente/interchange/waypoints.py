"""Waypoints with times as CSV: one row a point, one route a flight.

The first row names the columns. Time, latitude and longitude are needed, and a height whose unit
and reference are said: by the column's name (`altitude_ft_amsl`, `altitude_m_w84`, `flight_level`),
by text in the cell (`4500 ft AMSL`), or by whoever imports. `flight_id` or `name` divides the rows
into routes; without it all are one.
"""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Final

from .bounds import check_line, check_lines
from .given import Defaults, text_of
from .levels import LevelDefaults, level, parse_level
from .places import Place, parse_place, place_of
from .understood import (
    Findings,
    Level,
    Reference,
    Route,
    RoutePoint,
    Understood,
    Unread,
    Unreadable,
    shown,
    unread,
)
from .zulu import parse_moment

_TIME: Final = ("time", "timestamp", "time_utc", "eto", "when")
_LATITUDE: Final = ("latitude", "lat", "latitude_deg", "lat_deg")
_LONGITUDE: Final = ("longitude", "lon", "lng", "long", "longitude_deg", "lon_deg", "lng_deg")
_POSITION: Final = ("position",)
_FLIGHT: Final = ("flight_id", "flight", "callsign", "route", "name")
_HEIGHT: Final = re.compile(
    r"(?:altitude|alt|height|level)(?:_(m|ft))?(?:_(amsl|msl|agl|w84|std))?|(flight_level|fl)"
)
_REFERENCES: Final = {
    "amsl": Reference.AMSL,
    "msl": Reference.AMSL,
    "agl": Reference.AGL,
    "w84": Reference.W84,
    "std": Reference.STD,
}


class _Columns:
    """Where everything stands, from the first row."""

    def __init__(self, head: list[str], name: str) -> None:
        self.names = [column.strip().lower().replace(" ", "_") for column in head]
        self.where = f"{name}: line 1"
        self.time = self._only("time", _TIME)
        self.position = self._find(_POSITION)
        self.latitude = -1 if self.position >= 0 else self._only("latitude", _LATITUDE)
        self.longitude = -1 if self.position >= 0 else self._only("longitude", _LONGITUDE)
        self.flight = self._first(_FLIGHT)
        heights = [
            (at, match)
            for at, column in enumerate(self.names)
            if (match := _HEIGHT.fullmatch(column))
        ]
        if len(heights) != 1:
            raise Unreadable(
                f"There are {len(heights)} columns of heights; there must be one.",
                where=self.where,
                advice="Name it altitude_ft_amsl, altitude_m_w84, flight_level, or altitude.",
            )
        self.height, match = heights[0]
        self.flight_level = match[3] is not None
        self.unit: str | None = match[1]
        self.reference = _REFERENCES.get(match[2] or "")

    def _find(self, candidates: tuple[str, ...]) -> int:
        found = [at for at, column in enumerate(self.names) if column in candidates]
        if len(found) > 1:
            listed = ", ".join(self.names[at] for at in found)
            raise Unreadable(
                f"It could be any of the columns {listed}.",
                where=self.where,
                advice="Keep one of them.",
            )
        return found[0] if found else -1

    def _first(self, candidates: tuple[str, ...]) -> int:
        for candidate in candidates:
            if candidate in self.names:
                return self.names.index(candidate)
        return -1

    def _only(self, what: str, candidates: tuple[str, ...]) -> int:
        found = self._find(candidates)
        if found < 0:
            raise Unreadable(
                f"There is no column for the {what}; the columns are: "
                f"{shown(', '.join(self.names), 200)}.",
                where=self.where,
                advice=f"Name it one of: {', '.join(candidates)}.",
            )
        return found


def read_waypoints(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What a CSV of waypoints says.

    Raises:
        Unreadable: it is no CSV, or lacks a column.
        TooLarge: there is too much in it.
    """
    findings = Findings(name, "waypoints")
    text = text_of(data, name)
    check_lines(text, name)
    first = text.split("\n", 1)[0]
    check_line(first, name, 1)
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    routes: dict[str, list[RoutePoint]] = {}
    broken: set[str] = set()
    try:
        columns = _Columns(next(rows, []), name)
        for row in rows:
            line = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            findings.count(1)
            flight = _cell(row, columns.flight) if columns.flight >= 0 else name
            points = routes.setdefault(flight, [])
            try:
                point = _point(row, columns, line, defaults.levels)
                if points and point.time_us is not None and points[-1].time_us is not None:
                    _after(point.time_us, points[-1].time_us)
                points.append(point)
            except Unread as found:
                findings.problem(found, line, flight)
                broken.add(flight)
    except csv.Error as problem:
        raise Unreadable(
            f"This is not CSV: {problem}.", where=f"{name}: line {rows.line_num}"
        ) from (problem)
    for flight, points in routes.items():
        if flight in broken:
            continue
        try:
            if len(points) < 2:
                unread(
                    "A route needs at least two points.",
                    "Une route a au moins deux points.",
                )
            findings.add(Route(flight, "", tuple(points), None, points[0].line, points[-1].line))
        except Unread as found:
            findings.problem(found, points[0].line, flight)
    return findings.understood()


def _after(time_us: int, before_us: int) -> None:
    if time_us <= before_us:
        unread(
            "The time is not after that of the point before.",
            "L’heure n’est pas après celle du point précédent.",
            do_en="Put the rows in order of time, each time once.",
            do_fr="Mettez les lignes dans l’ordre des heures, chacune une fois.",
        )


def _cell(row: list[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""


def _point(row: list[str], columns: _Columns, line: int, defaults: LevelDefaults) -> RoutePoint:
    time_us = parse_moment(_cell(row, columns.time), line)
    lat, lng = _place(row, columns, line)
    return RoutePoint(time_us, lat, lng, _height(row, columns, line, defaults), line)


def _place(row: list[str], columns: _Columns, line: int) -> Place:
    if columns.position >= 0:
        return parse_place(_cell(row, columns.position), line)
    lat, lng = _cell(row, columns.latitude), _cell(row, columns.longitude)
    text = f"{lat} {lng}"
    if re.search(r"[NSEW]", text, re.IGNORECASE) and not re.search(r"nan|inf", text.lower()):
        return parse_place(text, line)
    return place_of(_number(lat, line), _number(lng, line), text, line)


def _number(text: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if len(text) > 30 or not math.isfinite(value) or "_" in text:
        unread(
            f'"{shown(text)}" is not a number.',
            f"«\u202f{shown(text)}\u202f» n’est pas un nombre.",
            do_en="Write it with a decimal point, without groups of digits.",
            do_fr="Écrivez-le avec un point décimal, sans groupes de chiffres.",
            line=line,
        )
    return value


def _height(row: list[str], columns: _Columns, line: int, defaults: LevelDefaults) -> Level:
    text = _cell(row, columns.height)
    if columns.flight_level:
        digits = text.upper().removeprefix("FL").strip()
        return level(_number(digits, line), "FL", Reference.STD, line)
    said = LevelDefaults(columns.unit or defaults.unit, columns.reference or defaults.reference)
    return parse_level(text, line, said)
