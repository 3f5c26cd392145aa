"""Messages in words: each field of each form, in English and French, from one source.

Nothing is left out and nothing is rounded: two messages that differ in a field differ in what is
read, in either language. What an officer wrote freely stays in the language it was written in, and
says which that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from detente.agreement import Row
from detente.words import NARROW, Words, listed, moment, same

from .form_fields import (
    Aircraft,
    Area,
    CircleArea,
    CorridorArea,
    Distance,
    FieldPart,
    Frequency,
    Level,
    Levels,
    PolygonArea,
    Position,
    Text,
    Times,
)
from .phrases import AIRCRAFT, CHOICES, FIELDS, LANGUAGES, NO, REFERENCES, TEST_WORDS, YES


def render(fields: FieldPart) -> tuple[Row, ...]:
    """The fields of a message, each with what it is called; in the order of the form.

    Fields that are not given have no row.
    """
    rows = []
    for name in fields.__struct_fields__:
        value = getattr(fields, name)
        if value is not None and value != ():
            rows.append(Row(FIELDS[name], _value(name, value)))
    return tuple(rows)


def exact(value: float) -> Words:
    """A number with all its digits, in groups of three."""
    text = f"{Decimal(repr(value)).normalize():,f}"
    return Words(text, text.replace(",", NARROW).replace(".", ","))


def level_words(level: Level) -> Words:
    """A level as it was written: 19,000 ft above mean sea level."""
    value, reference = exact(level.value), REFERENCES[level.reference]
    if level.unit == "FL":
        return Words(f"FL {value.en} {reference.en}", f"FL {value.fr} {reference.fr}")
    return Words(
        f"{value.en} {level.unit} {reference.en}", f"{value.fr}\u00a0{level.unit} {reference.fr}"
    )


def area_words(area: Area) -> Words:
    """An area with every position that it has."""
    name = "" if area.name is None else f" – {area.name}"
    if isinstance(area, CircleArea):
        place, radius = position_words(area.geometry.coordinates), distance_words(area.radius)
        return Words(
            f"circle of {radius.en} around {place.en}{name}",
            f"cercle de {radius.fr} autour de {place.fr}{name}",
        )
    if isinstance(area, CorridorArea):
        line, width = _positions(area.geometry.coordinates), distance_words(area.width)
        return Words(
            f"corridor, {width.en} wide in all, along {line.en}{name}",
            f"couloir, large de {width.fr} en tout, le long de {line.fr}{name}",
        )
    ring = area.geometry.coordinates[0][:-1]
    corners = _positions(ring)
    return Words(
        f"polygon with {len(ring)} corners: {corners.en}{name}",
        f"polygone à {len(ring)} sommets\u202f: {corners.fr}{name}",
    )


def position_words(position: Position) -> Words:
    """A place as latitude and longitude in degrees: 36.718031° N, 68.862211° E."""
    longitude, latitude = position
    lat, lng = exact(abs(latitude)), exact(abs(longitude))
    north = "S" if latitude < 0 else "N"
    east, est = ("W", "O") if longitude < 0 else ("E", "E")
    return Words(f"{lat.en}° {north}, {lng.en}° {east}", f"{lat.fr}° {north} {lng.fr}° {est}")


def distance_words(distance: Distance) -> Words:
    """A distance in the unit it was written in."""
    value = exact(distance.value)
    unit = Words("NM", "NM") if distance.unit == "NM" else same(distance.unit)
    return Words(f"{value.en} {unit.en}", f"{value.fr}\u00a0{unit.fr}")


def text_words(text: Text) -> Words:
    """A free text as it was written, and in which language."""
    language = LANGUAGES.get(
        text.language, Words(f"in language {text.language}", f"en langue {text.language}")
    )
    return Words(f"“{text.text}” ({language.en})", f"«\u202f{text.text}\u202f» ({language.fr})")


def phrase_words(phrase: Sequence[str]) -> Words:
    """The words of a test call; a word that is not in the phrasebook stays as it is."""
    return listed([TEST_WORDS.get(word, same(f"“{word}”")) for word in phrase])


def _positions(line: Sequence[Position]) -> Words:
    places = [position_words(each) for each in line]
    return Words("; ".join(p.en for p in places), "\u202f; ".join(p.fr for p in places))


def _value(name: str, value: object) -> Words:
    if isinstance(value, bool):
        return YES if value else NO
    if name == "phrase" and isinstance(value, tuple):
        return phrase_words(value)
    if isinstance(value, str):
        return CHOICES[name][value] if name in CHOICES else same(value)
    if isinstance(value, int):
        return exact(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple):
        return listed([_value(name, each) for each in value])
    return _part(value)


def _part(value: object) -> Words:
    if isinstance(value, CircleArea | PolygonArea | CorridorArea):
        return area_words(value)
    if isinstance(value, Levels):
        low, high = level_words(value.lower), level_words(value.upper)
        return Words(f"from {low.en} to {high.en}", f"de {low.fr} à {high.fr}")
    if isinstance(value, Times):
        begin, end = moment(value.from_), moment(value.until)
        return Words(f"from {begin.en} until {end.en}", f"du {begin.fr} au {end.fr}")
    if isinstance(value, Aircraft):
        one, many = AIRCRAFT[value.kind]
        named = one if value.count == 1 else many
        count = exact(value.count)
        sign = "" if value.call_sign is None else f" – {value.call_sign}"
        return Words(f"{count.en} {named.en}{sign}", f"{count.fr}\u00a0{named.fr}{sign}")
    if isinstance(value, Frequency):
        station = "" if value.station is None else f" – {value.station}"
        if value.khz >= 30_000:
            size, unit = exact(float(Decimal(repr(value.khz)) / 1000)), "MHz"
        else:
            size, unit = exact(value.khz), "kHz"
        return Words(f"{size.en} {unit}{station}", f"{size.fr}\u00a0{unit}{station}")
    if isinstance(value, Text):
        return text_words(value)
    if isinstance(value, Distance):
        return distance_words(value)
    raise TypeError(f"the phrasebook has no words for {type(value).__name__}")
