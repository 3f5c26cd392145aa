"""Places, distances and areas as an officer types them. Pure.

Places as `36.718031N 68.862211E`, areas as `circle 5 km …`. English and French words are taken
alike. Numbers stay as they were typed; only degrees with minutes are worked out.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from detente.record import JsonValue

from .typed import NUMBER, JsonObject, NotUnderstood, plain, read_number
from .typesetting import told

AREA_EXAMPLE: Final = told(
    "circle 5 km 36.718N 68.862E – or polygon 36N 68E; 36N 69E; 37N 68E – or corridor 2 NM "
    "36N 68E; 37N 69E",
    "cercle 5 km 36.718N 68.862E – ou polygone 36N 68E ; 36N 69E ; 37N 68E – ou couloir 2 NM "
    "36N 68E ; 37N 69E",
)
DISTANCE_EXAMPLE: Final = told("10 km – or 5 NM", "10 km – ou 5 NM")
_DISTANCE: Final = re.compile(rf"({NUMBER}) ?(km|nm|m)\b", re.IGNORECASE)
_AXIS: Final = re.compile(
    r"([-+]?)([0-9]{1,3}(?:[.,][0-9]+)?) ?°? ?"
    r"(?:([0-9]{1,2}(?:[.,][0-9]+)?) ?['’′] ?(?:([0-9]{1,2}(?:[.,][0-9]+)?) ?(?:\"|”|″|''))?)? ?"
    r"([NSEWO])?",
    re.IGNORECASE,
)
_COMPACT: Final = re.compile(
    r"([0-9]{2})([0-9]{2})([0-9]{2})?([NS]) ?"
    r"([0-9]{3})([0-9]{2})([0-9]{2})?([EWO])",
    re.IGNORECASE,
)
_SHAPES: Final = {
    "circle": "circle",
    "cercle": "circle",
    "polygon": "polygon",
    "polygone": "polygon",
    "corridor": "corridor",
    "couloir": "corridor",
}


def read_distance(text: str) -> JsonObject:
    """A length along the ground: `10 km`, `5 NM`, `300 m`.

    Raises:
        NotUnderstood: it is none.
    """
    found = _DISTANCE.fullmatch(plain(text))
    if found is None:
        raise NotUnderstood(
            told("That is no distance.", "Ce n’est pas une distance."), DISTANCE_EXAMPLE
        )
    unit = found[2].casefold()
    return {"value": read_number(found[1]), "unit": "NM" if unit == "nm" else unit}


def read_position(text: str) -> list[JsonValue]:
    """A place: longitude, then latitude, in degrees. Typed the other way round, as people do.

    `36.718 68.862`, `36.718N 68.862E`, `36°43'05"N 68°51'44"E`, `364305N0685144E`.

    Raises:
        NotUnderstood: it is none, or lies outside of the world.
    """
    said = plain(text).strip(" ,")
    compact = _COMPACT.fullmatch(said)
    if compact is not None:
        lat = _degrees("", compact[1], compact[2], compact[3], compact[4])
        lng = _degrees("", compact[5], compact[6], compact[7], compact[8])
        return _place(lng, lat)
    for cut in _cuts(said):
        first, second = (_AXIS.fullmatch(part.strip(" ,")) for part in cut)
        if first is None or second is None:
            continue
        if (first[5] or "N").upper() not in "NS" or (second[5] or "E").upper() not in "EWO":
            continue
        if bool(first[5]) != bool(second[5]):
            continue
        return _place(_degrees(*second.groups()), _degrees(*first.groups()))
    raise NotUnderstood(
        told(
            f"{text.strip()!r} is no place: latitude first, then longitude.",
            f"« {text.strip()} » n’est pas un lieu : d’abord la latitude, puis la longitude.",
        ),
        told("36.718031N 68.862211E", "36.718031N 68.862211E"),
    )


def read_area(text: str) -> JsonObject:
    """An area; see `AREA_EXAMPLE`. A name may follow after ` = `.

    Raises:
        NotUnderstood: it is none.
    """
    body, _, name = text.partition(" = ")
    said = plain(body)
    word, _, rest = said.partition(" ")
    shape = _SHAPES.get(word.casefold())
    area: JsonObject
    if shape == "polygon":
        ring = _line(rest)
        if len(ring) < 3:
            raise NotUnderstood(
                told("A polygon has three corners or more.", "Un polygone a au moins 3 sommets."),
                AREA_EXAMPLE,
            )
        if ring[0] != ring[-1]:
            ring.append(ring[0])
        area = {"shape": shape, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    elif shape is not None:
        size = _DISTANCE.match(rest)
        if size is None:
            raise NotUnderstood(
                told("After the shape comes its size.", "Après la forme vient sa taille."),
                AREA_EXAMPLE,
            )
        line = _line(rest[size.end() :])
        length = read_distance(size[0])
        if shape == "circle":
            if len(line) != 1:
                raise NotUnderstood(
                    told("A circle has one centre.", "Un cercle a un seul centre."), AREA_EXAMPLE
                )
            area = {
                "shape": shape,
                "geometry": {"type": "Point", "coordinates": line[0]},
                "radius": length,
            }
        else:
            area = {
                "shape": shape,
                "geometry": {"type": "LineString", "coordinates": line},
                "width": length,
            }
    else:
        raise NotUnderstood(
            told(
                "An area begins with circle, polygon or corridor.",
                "Une zone commence par cercle, polygone ou couloir.",
            ),
            AREA_EXAMPLE,
        )
    if name.strip():
        area["name"] = name.strip()
    return area


def _line(text: str) -> list[JsonValue]:
    return [read_position(part) for part in text.split(";") if part.strip()]


def _cuts(text: str) -> list[tuple[str, str]]:
    """Every way to cut a place into two: after a letter of the sky, at a comma, at a space."""
    found = [
        (text[: match.end()], text[match.end() :])
        for match in re.finditer(r"[NS](?=[\s,0-9])", text, re.IGNORECASE)
    ]
    found += [(text[: match.start()], text[match.end() :]) for match in re.finditer(r", | ", text)]
    return found


def _degrees(
    sign: str | None,
    degrees: str | None,
    minutes: str | None,
    seconds: str | None,
    side: str | None,
) -> Decimal:
    value = Decimal("0")
    for part, size in ((degrees, 1), (minutes, 60), (seconds, 3600)):
        if part:
            number = Decimal(part.replace(",", "."))
            if size > 1 and number >= 60:
                raise NotUnderstood(
                    told("Minutes and seconds are below 60.", "Minutes et secondes : moins de 60.")
                )
            value += number / size
    if minutes:
        value = value.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    return -value if sign == "-" or (side or "").upper() in ("S", "W", "O") else value


def _place(longitude: Decimal, latitude: Decimal) -> list[JsonValue]:
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise NotUnderstood(
            told(
                "Latitude goes to 90 degrees, longitude to 180.",
                "La latitude va jusqu’à 90 degrés, la longitude jusqu’à 180.",
            )
        )
    return [float(longitude), float(latitude)]
