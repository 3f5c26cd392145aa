"""Levels and times as an officer types them, and the spans between two of them. Pure.

Levels as `1000 ft MSL to FL 120`, times as `2027-01-01 06:00 to 08:00`, in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from detente.words import Words

from .typed import NUMBER, JsonObject, NotUnderstood, plain, read_number
from .typesetting import told

LEVELS_EXAMPLE: Final = told(
    "1000 ft MSL to 5000 ft MSL – or FL 100 to FL 200 – or 0 m AGL to 120 m AGL",
    "1000 ft MSL à 5000 ft MSL – ou FL 100 à FL 200 – ou 0 m AGL à 120 m AGL",
)
TIMES_EXAMPLE: Final = told(
    "2027-01-01 06:00 to 2027-01-01 08:00, in UTC", "2027-01-01 06:00 à 2027-01-01 08:00, en UTC"
)
INSTANT_EXAMPLE: Final = told("2027-01-01 06:00, in UTC", "2027-01-01 06:00, en UTC")
_LEVEL: Final = re.compile(
    rf"(?:(fl) ?({NUMBER})(?: ?std)?|({NUMBER}) ?(m|ft) ?(w84|msl|agl))", re.IGNORECASE
)
_BETWEEN: Final = re.compile(r" (?:to|until|à|a|au|jusqu['’]à|[-–/]) | ?[–/] ?", re.IGNORECASE)
_HYPHEN: Final = re.compile(r"(?<=[0-9A-Za-z])-(?=FL|[0-9])", re.IGNORECASE)
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]|$)", re.IGNORECASE)
_CLOCK: Final = re.compile(r"([0-9]{2}):?([0-9]{2})(?::([0-9]{2}))? ?(?:Z|UTC)?", re.IGNORECASE)


def read_level(text: str) -> JsonObject:
    """One level: `FL 120`, `5000 ft MSL`, `120 m AGL`, `300 m W84`.

    Raises:
        NotUnderstood: it is none, or does not say what it is measured from.
    """
    found = _LEVEL.fullmatch(plain(text))
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
    said = plain(text)
    date = _DATE.match(said)
    clock = _CLOCK.fullmatch(said[date.end() :].strip() if date else said)
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


def _two(text: str, example: Words) -> tuple[str, str | None]:
    parts = [part for part in _BETWEEN.split(plain(text)) if part]
    if not 1 <= len(parts) <= 2:
        raise NotUnderstood(
            told("Write a beginning and an end.", "Écrivez un début et une fin."), example
        )
    return parts[0], parts[1] if len(parts) == 2 else None
