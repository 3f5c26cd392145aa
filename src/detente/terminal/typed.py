"""What an officer types for a field, as the field: numbers, words, texts, lists. Pure.

A keyboard is all that is needed. English and French words are taken alike, and numbers stay as they
were typed. Places and areas are in `typed_places`, levels and times in `typed_spans`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
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


AIRCRAFT_EXAMPLE: Final = told("2 helicopter RESCUE 7", "2 hélicoptère RESCUE 7")
FREQUENCIES_EXAMPLE: Final = told("121.5 MHz Tower; 4125 kHz", "121,5 MHz Tour ; 4125 kHz")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
NUMBER: Final = r"[-+]?[0-9]+(?:[.,][0-9]+)?"
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


def read_aircraft(text: str) -> JsonObject:
    """How many, of which kind, and the call sign: `2 helicopter RESCUE 7`.

    Raises:
        NotUnderstood: it is none.
    """
    count, _, rest = plain(text).partition(" ")
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
        match = re.fullmatch(rf"({NUMBER}) ?(k|m)hz(?: (.+))?", plain(part), re.IGNORECASE)
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


def plain(text: str) -> str:
    """`text` with one space wherever there are any."""
    return _SPACES.sub(" ", text.strip())


def _kinds() -> Mapping[str, tuple[str, ...]]:
    return {
        kind: tuple({kind, *(each.casefold() for words in pair for each in words)})
        for kind, pair in AIRCRAFT.items()
    }
