"""What an officer types for a field, as the field; and a field as it would be typed. Pure.

A keyboard is all that is needed: places as `36.718031N 68.862211E`, areas as `circle 5 km …`,
levels as `1000 ft MSL to FL 120`, times as `2027-01-01 06:00 to 08:00`. English and French words
are taken alike. Numbers stay as they were typed; only degrees with minutes are worked out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.line import AIRCRAFT
from detente.record import JsonValue
from detente.words import Language, Words

from .typesetting import told

JsonObject = dict[str, JsonValue]


class NotUnderstood(DetenteError):
    """What was typed is no value of the field.

    Attributes:
        words: the message and what would be right, in both languages.
    """

    code: ClassVar[str] = "terminal.typed"

    def __init__(self, what: Words, example: Words | None = None) -> None:
        super().__init__(what.en, advice=None if example is None else f"Such as: {example.en}")
        self.words = (
            what
            if example is None
            else told(f"{what.en} Such as: {example.en}", f"{what.fr} Par exemple : {example.fr}")
        )


AREA_EXAMPLE: Final = told(
    "circle 5 km 36.718N 68.862E – or polygon 36N 68E; 36N 69E; 37N 68E – or corridor 2 NM "
    "36N 68E; 37N 69E",
    "cercle 5 km 36.718N 68.862E – ou polygone 36N 68E ; 36N 69E ; 37N 68E – ou couloir 2 NM "
    "36N 68E ; 37N 69E",
)
LEVELS_EXAMPLE: Final = told(
    "1000 ft MSL to 5000 ft MSL – or FL 100 to FL 200 – or 0 m AGL to 120 m AGL",
    "1000 ft MSL à 5000 ft MSL – ou FL 100 à FL 200 – ou 0 m AGL à 120 m AGL",
)
TIMES_EXAMPLE: Final = told(
    "2027-01-01 06:00 to 2027-01-01 08:00, in UTC", "2027-01-01 06:00 à 2027-01-01 08:00, en UTC"
)
INSTANT_EXAMPLE: Final = told("2027-01-01 06:00, in UTC", "2027-01-01 06:00, en UTC")
AIRCRAFT_EXAMPLE: Final = told("2 helicopter RESCUE 7", "2 hélicoptère RESCUE 7")
FREQUENCIES_EXAMPLE: Final = told("121.5 MHz Tower; 4125 kHz", "121,5 MHz Tour ; 4125 kHz")
DISTANCE_EXAMPLE: Final = told("10 km – or 5 NM", "10 km – ou 5 NM")

_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
_NUMBER: Final = r"[-+]?[0-9]+(?:[.,][0-9]+)?"
_DISTANCE: Final = re.compile(rf"({_NUMBER}) ?(km|nm|m)\b", re.IGNORECASE)
_LEVEL: Final = re.compile(
    rf"(?:(fl) ?({_NUMBER})(?: ?std)?|({_NUMBER}) ?(m|ft) ?(w84|msl|agl))", re.IGNORECASE
)
_BETWEEN: Final = re.compile(r" (?:to|until|à|a|au|jusqu'à|[-–/]) | ?[–/] ?", re.IGNORECASE)
_HYPHEN: Final = re.compile(r"(?<=[0-9A-Za-z])-(?=FL|[0-9])", re.IGNORECASE)
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
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]|$)", re.IGNORECASE)
_CLOCK: Final = re.compile(r"([0-9]{2}):?([0-9]{2})(?::([0-9]{2}))? ?(?:Z|UTC)?", re.IGNORECASE)
_SHAPES: Final = {
    "circle": "circle",
    "cercle": "circle",
    "polygon": "polygon",
    "polygone": "polygon",
    "corridor": "corridor",
    "couloir": "corridor",
}
_YES: Final = frozenset(("yes", "y", "oui", "o", "true"))
_NO: Final = frozenset(("no", "n", "non", "false"))


def read_number(text: str) -> float | int:
    """A number, with a point or a comma.

    Raises:
        NotUnderstood: it is none.
    """
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise NotUnderstood(told(f"{text!r} is no number.", f"« {text} » n’est pas un nombre."))
    whole = value.to_integral_value()
    return int(whole) if whole == value and "." not in text and "," not in text else float(value)


def read_count(text: str) -> int:
    """A whole number.

    Raises:
        NotUnderstood: it is none.
    """
    value = read_number(text)
    if not isinstance(value, int):
        raise NotUnderstood(
            told(f"{text!r} is no whole number.", f"« {text} » n’est pas un nombre entier.")
        )
    return value


def read_yes(text: str) -> bool:
    """Yes or no.

    Raises:
        NotUnderstood: neither.
    """
    said = text.strip().casefold()
    if said in _YES or said in _NO:
        return said in _YES
    raise NotUnderstood(told("Say yes or no.", "Répondez par oui ou non."))


def read_distance(text: str) -> JsonObject:
    """A length along the ground: `10 km`, `5 NM`, `300 m`.

    Raises:
        NotUnderstood: it is none.
    """
    found = _DISTANCE.fullmatch(_plain(text))
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
    plain = _plain(text).strip(" ,")
    compact = _COMPACT.fullmatch(plain)
    if compact is not None:
        lat = _degrees("", compact[1], compact[2], compact[3], compact[4])
        lng = _degrees("", compact[5], compact[6], compact[7], compact[8])
        return _place(lng, lat)
    for cut in _cuts(plain):
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
    plain = _plain(body)
    word, _, rest = plain.partition(" ")
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


def read_level(text: str) -> JsonObject:
    """One level: `FL 120`, `5000 ft MSL`, `120 m AGL`, `300 m W84`.

    Raises:
        NotUnderstood: it is none, or does not say what it is measured from.
    """
    found = _LEVEL.fullmatch(_plain(text))
    if found is None:
        raise NotUnderstood(
            told(
                f"{text.strip()!r} is no level: a number, its unit and what it is measured from.",
                f"« {text.strip()} » n’est pas un niveau : un nombre, son unité et son origine.",
            ),
            LEVELS_EXAMPLE,
        )
    if found[1]:
        return {"value": read_number(found[2]), "unit": "FL", "reference": "STD"}
    return {
        "value": read_number(found[3]),
        "unit": found[4].casefold(),
        "reference": found[5].upper(),
    }


def read_levels(text: str) -> JsonObject:
    """A band of levels; one level is a band by itself.

    Raises:
        NotUnderstood: it is none.
    """
    # A hyphen stands between levels; in dates it does not stand between times.
    lower, upper = _two(_HYPHEN.sub(" - ", text), LEVELS_EXAMPLE)
    return {"lower": read_level(lower), "upper": read_level(upper or lower)}


def read_instant(text: str, day: str | None = None) -> str:
    """A moment in UTC: `2027-01-01 06:00`, `2027-01-01T06:00:30Z`.

    Args:
        text: as typed.
        day: the date, where only the time is typed.

    Raises:
        NotUnderstood: it is none.
    """
    plain = _plain(text)
    date = _DATE.match(plain)
    clock = _CLOCK.fullmatch(plain[date.end() :].strip() if date else plain)
    chosen = date[1] if date else day
    if clock is None or chosen is None:
        raise NotUnderstood(
            told("That is no date and time.", "Ce n’est pas une date avec l’heure."),
            INSTANT_EXAMPLE,
        )
    try:
        moment = datetime.fromisoformat(f"{chosen}T{clock[1]}:{clock[2]}:{clock[3] or '00'}+00:00")
    except ValueError:
        raise NotUnderstood(
            told("There is no such date or time.", "Cette date ou cette heure n’existe pas."),
            INSTANT_EXAMPLE,
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_times(text: str) -> JsonObject:
    """A span of time, in UTC; the second date may be left out if it is the same.

    Raises:
        NotUnderstood: it is none.
    """
    first, second = _two(text, TIMES_EXAMPLE)
    if second is None:
        raise NotUnderstood(
            told("A span has a beginning and an end.", "Il faut un début et une fin."),
            TIMES_EXAMPLE,
        )
    begin = read_instant(first)
    return {"from": begin, "until": read_instant(second, begin[:10])}


def read_aircraft(text: str) -> JsonObject:
    """How many, of which kind, and the call sign: `2 helicopter RESCUE 7`.

    Raises:
        NotUnderstood: it is none.
    """
    count, _, rest = _plain(text).partition(" ")
    names = sorted(
        ((name, kind) for kind, known in _kinds().items() for name in known),
        key=lambda each: -len(each[0]),
    )
    low = rest.casefold()
    for name, kind in names:
        if low == name or low.startswith(f"{name} "):
            said: JsonObject = {"count": read_count(count), "kind": kind}
            sign = rest[len(name) :].strip()
            if sign:
                said["call_sign"] = sign
            return said
    raise NotUnderstood(
        told("Say how many aircraft, and of which kind.", "Dites combien d’aéronefs et lesquels."),
        AIRCRAFT_EXAMPLE,
    )


def read_frequencies(text: str) -> list[JsonValue]:
    """Frequencies with who is heard there: `121.5 MHz Tower; 4125 kHz`.

    Raises:
        NotUnderstood: they are none.
    """
    found: list[JsonValue] = []
    for part in text.split(";"):
        match = re.fullmatch(rf"({_NUMBER}) ?(k|m)hz(?: (.+))?", _plain(part), re.IGNORECASE)
        if match is None:
            raise NotUnderstood(
                told("That is no frequency.", "Ce n’est pas une fréquence."), FREQUENCIES_EXAMPLE
            )
        size = Decimal(match[1].replace(",", ".")) * (1000 if match[2] in "mM" else 1)
        said: JsonObject = {"khz": float(size)}
        if match[3]:
            said["station"] = match[3]
        found.append(said)
    return found


def read_text(text: str, language: Language) -> JsonObject:
    """What somebody writes freely; `ru: …` says that it is in another language.

    Raises:
        NotUnderstood: it is empty.
    """
    other = re.match(r"([a-z]{2,3}):\s+", text)
    said = text[other.end() :] if other else text
    if not said.strip():
        raise NotUnderstood(told("Nothing was written.", "Rien n’a été écrit."))
    return {"language": other[1] if other else language, "text": said.strip()}


def read_phrase(text: str) -> list[JsonValue]:
    """The words of a test call, with spaces or commas between.

    Raises:
        NotUnderstood: there are none.
    """
    words: list[JsonValue] = [word for word in re.split(r"[\s,;]+", text.strip()) if word]
    if not words:
        raise NotUnderstood(told("Nothing was written.", "Rien n’a été écrit."))
    return words


Reader = Callable[[str], JsonValue]


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text.strip())


def _two(text: str, example: Words) -> tuple[str, str | None]:
    parts = [part for part in _BETWEEN.split(_plain(text)) if part]
    if not 1 <= len(parts) <= 2:
        raise NotUnderstood(
            told("Write a beginning and an end.", "Écrivez un début et une fin."), example
        )
    return parts[0], parts[1] if len(parts) == 2 else None


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


def _kinds() -> Mapping[str, tuple[str, ...]]:
    return {
        kind: tuple({kind, *(each.casefold() for words in pair for each in words)})
        for kind, pair in AIRCRAFT.items()
    }
