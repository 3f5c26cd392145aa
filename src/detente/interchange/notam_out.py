"""NOTAM text (ICAO Annex 15, PANS-AIM, Doc 10066) of volumes, to be issued by whoever may.

A NOTAM has one lower and one upper limit and one time: volumes that share these stand in one. Its
words are coarser than ours, and always to the safe side: times to the minute outwards, heights to
the foot outwards, positions to a hundredth of a second (15 cm). NOTAMs count heights from the sea;
what the geoid may be at the place is added on either side.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from detente.geo import Circle, Outline, Volume4D, projection

from .feature import Feature, Kind, NotWritable, Piece, WriteOptions
from .moments import instant
from .rings import dense, polygon_of

COLUMNS: Final = 69
CHARACTERS_MAX: Final = 1800
"""Of one message on the aeronautical fixed network."""

_FOOT_M: Final = 0.3048
_NAUTICAL_MILE_M: Final = 1852.0
_MINUTE_US: Final = 60_000_000
_FIR: Final = re.compile(r"[A-Z]{4}", re.ASCII)
_SERIES: Final = re.compile(r"[A-Z]", re.ASCII)
# A hundredth of a second is 31 cm along a meridian; half of it may be lost each way.
_ROUNDING_M: Final = 0.25
_SUBJECTS: Final = {
    Kind.INTENT: ("QWULW", "UNMANNED AIRCRAFT WILL TAKE PLACE."),
    Kind.CONSTRAINT: ("QRTCA", "TEMPORARY RESTRICTED AREA ACTIVATED."),
}
_PROHIBITED: Final = ("QRPCA", "PROHIBITED AREA ACTIVATED.")


def write_notam(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """NOTAMs, numbered one after the other, with an empty line between.

    Raises:
        NotWritable: an area has too many points for one message, is larger than 999 NM, or its
            time is none that a NOTAM can tell; or the options are no indicator, series or number.
    """
    if not _FIR.fullmatch(options.fir):
        raise NotWritable(
            f"{options.fir!r} is no location indicator of a flight information region.",
            where="fir",
            advice="Give its four letters; ZZZZ if there is none.",
        )
    if not _SERIES.fullmatch(options.series):
        raise NotWritable(f"{options.series!r} is no NOTAM series.", where="series")
    notams: list[str] = []
    for feature in features:
        for group in _groups(feature):
            for areas in _filled(group):
                notams.append(_notam(feature, areas, options, options.number + len(notams)))
    return ("\n\n".join(notams) + "\n" if notams else "").encode("ascii")


def _groups(feature: Feature) -> Iterable[list[Piece]]:
    """Volumes with the same limits and times."""
    found: dict[tuple[object, ...], list[Piece]] = {}
    for piece in feature.pieces:
        volume = piece.volume
        same = (
            volume.altitude_lower_m,
            volume.altitude_upper_m,
            volume.time_start_us,
            volume.time_end_us,
            piece.off_nominal,
        )
        found.setdefault(same, []).append(piece)
    return found.values()


def _filled(group: list[Piece]) -> Iterable[list[Piece]]:
    """As many areas in one NOTAM as find room."""
    room = CHARACTERS_MAX - 600  # what else stands in it is shorter
    here: list[Piece] = []
    used = 0
    for piece in group:
        length = len(_area(piece.volume.outline))
        if length > room:
            raise NotWritable(
                f"The area needs {length:,} characters; a NOTAM has room for {room:,} of them.",
                where=piece.title,
                advice="Describe it with fewer points, or write AIXM.",
            )
        if here and used + length > room:
            yield here
            here, used = [], 0
        here.append(piece)
        used += length + 5
    yield here


def _notam(feature: Feature, pieces: Sequence[Piece], options: WriteOptions, number: int) -> str:
    volume = pieces[0].volume
    if not 1 <= number <= 9999:
        raise NotWritable(f"A NOTAM's number has four digits; this would be {number}.")
    begin, end = _times(volume, options, pieces[0].title)
    code, subject = _subject(feature)
    low_ft, high_ft = _limits_ft(pieces, options)
    lower = "SFC" if low_ft is None else f"{low_ft}FT AMSL"
    upper = "UNL" if high_ft is None else f"{high_ft}FT AMSL"
    level_low = 0 if low_ft is None else min(999, low_ft // 100)
    level_high = 999 if high_ft is None else min(999, -(-high_ft // 100))
    place = _centre_and_radius([piece.volume.outline for piece in pieces], pieces[0].title)
    year = instant(options.made_us).year % 100
    lines = [
        f"({options.series}{number:04}/{year:02} NOTAMN",
        f"Q) {options.fir}/{code}/IV/BO/W/{level_low:03}/{level_high:03}/{place}",
        f"A) {options.fir} B) {begin} C) {end}",
        *_wrapped("E) " + _text(feature, pieces, subject)),
        f"F) {lower} G) {upper})",
    ]
    whole = "\n".join(lines)
    if len(whole) > CHARACTERS_MAX:
        raise NotWritable(
            f"The NOTAM would have {len(whole):,} characters; {CHARACTERS_MAX:,} can be sent.",
            where=pieces[0].title,
            advice="Describe the area with fewer points, or write AIXM.",
        )
    return whole


def _subject(feature: Feature) -> tuple[str, str]:
    zone = feature.geozone
    if zone is not None and "PROHIBITED" in (zone.type, zone.restriction):
        return _PROHIBITED
    return _SUBJECTS[feature.kind]


def _times(volume: Volume4D, options: WriteOptions, where: str) -> tuple[str, str]:
    start_us = volume.time_start_us
    if start_us is None:
        if not options.made_us:
            raise NotWritable("A NOTAM begins at a time; this volume has none.", where=where)
        start_us = options.made_us
    begin = _minute(start_us // _MINUTE_US, where)
    if volume.time_end_us is None:
        return begin, "PERM"
    return begin, _minute(-(-volume.time_end_us // _MINUTE_US), where)


def _minute(minutes: int, where: str) -> str:
    moment = instant(minutes * _MINUTE_US)
    if not 2000 <= moment.year <= 2099:
        raise NotWritable(
            f"A NOTAM's year has two digits; {moment.year} cannot be told.", where=where
        )
    return moment.strftime("%y%m%d%H%M")


def _limits_ft(pieces: Sequence[Piece], options: WriteOptions) -> tuple[int | None, int | None]:
    """Feet above the sea: the lower one rounded down, the upper one up. NOTAMs tell nothing below
    the sea."""
    volume = pieces[0].volume
    geoid = [options.geoid(piece.volume.outline) for piece in pieces]
    low, high = min(each.low_m for each in geoid), max(each.high_m for each in geoid)
    lower, upper = volume.altitude_lower_m, volume.altitude_upper_m
    return (
        None if lower is None or lower <= high else math.floor(round((lower - high) / _FOOT_M, 6)),
        None if upper is None else max(0, math.ceil(round((upper - low) / _FOOT_M, 6))),
    )


def _centre_and_radius(outlines: Sequence[Outline], where: str) -> str:
    """`4612N00608E005`: a minute, and the whole nautical miles around it that hold everything."""
    vertices = [
        vertex for outline in outlines for vertex in dense(polygon_of(outline), 100.0).vertices
    ]
    lat, lng = (np.array(column, np.float64) for column in zip(*vertices, strict=True))
    points = projection.ecef(lat, lng)
    middle = points.mean(axis=0)
    for step in range(2, 60):  # towards the farthest: the centre of the smallest ball (Badoiu)
        farthest = points[np.argmax(((points - middle) ** 2).sum(axis=1))]
        middle = middle + (farthest - middle) / step
    near_lat, near_lng = projection.surface_point(middle[None, :])
    lat_minutes = round(float(near_lat[0]) * 60)
    lng_minutes = round(float(near_lng[0]) * 60)
    ones = np.ones(len(lat))
    _, distance = projection.inverse(lat_minutes / 60 * ones, lng_minutes / 60 * ones, lat, lng)
    # A circle around the corners holds the edges, too.
    miles = max(1, math.ceil(float(distance.max()) / _NAUTICAL_MILE_M))
    if miles > 999:
        raise NotWritable(f"The area reaches {miles:,} NM; a NOTAM tells 999.", where=where)
    north = "N" if lat_minutes >= 0 else "S"
    east = "E" if lng_minutes >= 0 else "W"
    lat_abs, lng_abs = abs(lat_minutes), abs(lng_minutes)
    return (
        f"{lat_abs // 60:02}{lat_abs % 60:02}{north}"
        f"{lng_abs // 60:03}{lng_abs % 60:02}{east}{miles:03}"
    )


def _text(feature: Feature, pieces: Sequence[Piece], subject: str) -> str:
    volume = pieces[0].volume
    said = [subject]
    if feature.name:
        said.append(f"{plain(feature.name)}.")
    if feature.party:
        said.append(f"MANAGED BY {plain(feature.party)}.")
    if pieces[0].off_nominal:
        said.append("FLIGHT DOES NOT CONFORM TO ITS PLAN.")
    areas = [_area(piece.volume.outline) for piece in pieces]
    if len(areas) == 1:
        said.append(f"{areas[0]}.")
    else:
        said += [f"AREA {number}: {area}." for number, area in enumerate(areas, 1)]
    limits = [
        "GROUND" if volume.altitude_lower_m is None else f"{volume.altitude_lower_m:.1f}M",
        "UNLIMITED" if volume.altitude_upper_m is None else f"{volume.altitude_upper_m:.1f}M",
    ]
    said.append(f"ABOVE WGS-84 ELLIPSOID: {limits[0]} TO {limits[1]}.")
    said.append(f"REF {plain(feature.id)}")
    return " ".join(said)


def _area(outline: Outline) -> str:
    if isinstance(outline, Circle):
        radius = math.ceil(outline.radius_m + _ROUNDING_M)
        return f"WI {radius}M RADIUS OF PSN {position(outline.lat_deg, outline.lng_deg)}"
    vertices = dense(outline, 100.0).vertices
    points = " - ".join(position(lat, lng) for lat, lng in (*vertices, vertices[0]))
    return f"WI AREA BOUNDED BY LINES JOINING: {points}"


def position(lat_deg: float, lng_deg: float) -> str:
    """A position in degrees, minutes, seconds and hundredths: `461234.56N 0060812.34E`."""
    return (
        f"{_packed(lat_deg, 2)}{'N' if lat_deg >= 0 else 'S'} "
        f"{_packed(lng_deg, 3)}{'E' if lng_deg >= 0 else 'W'}"
    )


def _packed(degrees: float, digits: int) -> str:
    hundredths = round(abs(degrees) * 360_000)
    minutes, seconds = divmod(hundredths, 6000)
    return f"{minutes // 60:0{digits}}{minutes % 60:02}{seconds // 100:02}.{seconds % 100:02}"


def plain(text: str) -> str:
    """A text in the characters of the aeronautical fixed network (ITA-2), without brackets, which
    end a NOTAM, and without NNNN and ZCZC, which end and begin a message."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    kept = re.sub(r"[^A-Z0-9\-?:.,'=/+ ]+", " ", ascii_text)
    kept = re.sub(r"N{4,}", lambda match: " ".join(match[0]), kept).replace("ZCZC", "Z C Z C")
    return " ".join(kept.split())[:200] or "-"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, break_long_words=True, break_on_hyphens=False)
