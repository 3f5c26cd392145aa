"""Latitude and longitude in all the ways that people write them."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from .understood import shown, unread

Place = tuple[float, float]
"""Latitude, longitude, degrees."""

_PART: Final = (
    r"(?:(?P<{p}before>[{h}])\s*)?"
    r"(?P<{p}deg>\d{{1,3}}(?:\.\d+)?)"
    r"(?:\s*[:°º\-\s]\s*(?P<{p}min>\d{{1,2}}(?:\.\d+)?)"
    r"(?:\s*[:'′’\-\s]\s*(?P<{p}sec>\d{{1,2}}(?:\.\d+)?))?)?"
    r"\s*(?:°|º|'|′|’|\"|″|”|'')?\s*(?P<{p}after>[{h}])?"
)
_SEPARATED: Final = re.compile(
    _PART.format(p="a", h="NS") + r"[\s,;/]*" + _PART.format(p="o", h="EW"), re.IGNORECASE
)
# Digits without separators: 471230N0083312E, 4712N00833E, with decimals of the last unit.
PACKED: Final = re.compile(
    r"(?<![\d.])(?:"
    r"(?P<lat>\d{2}(?:\d{2}){0,2}(?:\.\d{1,6})?)\s?(?P<ns>[NS])[\s,/\-]{0,3}"
    r"(?P<lng>\d{3}(?:\d{2}){0,2}(?:\.\d{1,6})?)\s?(?P<ew>[EW])"
    r"|(?P<ns2>[NS])\s?(?P<lat2>\d{2}(?:\d{2}){0,2}(?:\.\d{1,6})?)[\s,/\-]{0,3}"
    r"(?P<ew2>[EW])\s?(?P<lng2>\d{3}(?:\d{2}){0,2}(?:\.\d{1,6})?)"
    r")(?![\d.]*\d)",
    re.ASCII,
)
"""A position of digits without separators, anywhere in a text of capitals."""


def packed_place(match: re.Match[str], line: int = 0) -> tuple[Place, float]:
    """The position that `PACKED` found, and the size of its last digit, degrees.

    Raises:
        Unread: minutes or seconds of 60 or more, or degrees beyond the Earth.
    """
    lat_text, north = match["lat"] or match["lat2"], match["ns"] or match["ns2"]
    lng_text, east = match["lng"] or match["lng2"], match["ew"] or match["ew2"]
    lat, step = _packed(lat_text, 2, match[0], line)
    lng, step_2 = _packed(lng_text, 3, match[0], line)
    return (
        _checked(-lat if north == "S" else lat, -lng if east == "W" else lng, match[0], line),
        max(step, step_2),
    )


def _packed(text: str, degrees: int, whole: str, line: int) -> tuple[float, float]:
    digits, _, decimals = text.partition(".")
    last = 10.0 ** -len(decimals) if decimals else 1.0
    deg = float(digits[:degrees])
    rest = digits[degrees:]
    fraction = float(f"0.{decimals}") if decimals else 0.0
    if not rest:
        return deg + fraction, last
    minutes = float(rest[:2])
    if len(rest) == 2:
        _sixty(minutes, whole, line)
        return deg + (minutes + fraction) / 60, last / 60
    seconds = float(rest[2:])
    _sixty(minutes, whole, line)
    _sixty(seconds, whole, line)
    return deg + minutes / 60 + (seconds + fraction) / 3600, last / 3600


def _sixty(value: float, whole: str, line: int) -> None:
    if value >= 60:
        unread(
            f'"{shown(whole)}" has {value:g} minutes or seconds; there are 60.',
            f"«\u202f{shown(whole)}\u202f» a {value:g} minutes ou secondes\u202f; il y en a 60.",
            line=line,
        )


def parse_place(text: str, line: int = 0) -> Place:
    """The position of a text such as `53:40:30 N 006:30:00 E`, `53:40.5N`, `N53.675 E6.5`.

    Separators may be colons, degree signs, primes, spaces or hyphens, or none as in `534030N`.
    Each number needs its letter, except in plain decimal degrees with a comma (`53.675, 6.5`).

    Raises:
        Unread: it is none.
    """
    trimmed = text.strip()
    if len(trimmed) > 80:
        _not_a_place(text, line)
    packed = PACKED.fullmatch(trimmed.upper())
    if packed is not None:
        return packed_place(packed, line)[0]
    plain = re.fullmatch(r"([+-]?\d{1,2}(?:\.\d+)?)\s*,\s*([+-]?\d{1,3}(?:\.\d+)?)", trimmed)
    if plain is not None and "." in trimmed:
        return _checked(float(plain[1]), float(plain[2]), text, line)
    match = _SEPARATED.fullmatch(trimmed)
    if match is None:
        _not_a_place(text, line)
    lat = _separated(match, "a", text, line)
    lng = _separated(match, "o", text, line)
    return _checked(lat, lng, text, line)


def _separated(match: re.Match[str], which: str, text: str, line: int) -> float:
    before, after = match[f"{which}before"], match[f"{which}after"]
    letter = (before or after or "").upper()
    if not letter or (before and after):
        _not_a_place(text, line)
    minutes, seconds = match[f"{which}min"], match[f"{which}sec"]
    for larger, smaller in ((match[f"{which}deg"], minutes), (minutes, seconds)):
        if smaller is not None and "." in larger:
            _not_a_place(text, line)
    for part in (minutes, seconds):
        if part is not None:
            _sixty(float(part), text, line)
    value = float(match[f"{which}deg"]) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if letter in "SW" else value


def _not_a_place(text: str, line: int) -> NoReturn:
    unread(
        f'"{shown(text)}" is not a position.',
        f"«\u202f{shown(text)}\u202f» n’est pas une position.",
        do_en="Write latitude and longitude like 53:40:30 N 006:30:00 E or 534030N 0063000E.",
        do_fr="Écrivez latitude et longitude comme 53:40:30 N 006:30:00 E ou 534030N 0063000E.",
        line=line,
    )


def _checked(lat: float, lng: float, text: str, line: int) -> Place:
    if not -90 <= lat <= 90 or not -180 <= lng <= 180:
        unread(
            f'"{shown(text)}" lies beyond 90 degrees of latitude or 180 of longitude.',
            f"«\u202f{shown(text)}\u202f» dépasse 90 degrés de latitude ou 180 de longitude.",
            line=line,
        )
    return lat, lng


def place_of(lat: float, lng: float, text: str, line: int = 0) -> Place:
    """A position of two numbers, checked.

    Raises:
        Unread: it is not on Earth.
    """
    return _checked(lat, lng, text, line)
