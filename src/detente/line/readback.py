"""Reading back: what an officer repeats of a message is compared with what it says.

A notice once gave a place nine kilometres off, and nobody saw it. So whoever acknowledges an area,
levels or times writes them again, and both nodes compare: places by distance on the WGS-84
ellipsoid, times by the clock, levels as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from detente.record import JsonValue
from detente.words import Words, moment, quantity

from .field_checks import field_fault
from .form_fields import Area, FieldPart, Level, Levels, Times
from .forms import FieldsUnusable, Form
from .phrasebook import level_words
from .rules import LineRules


class ReadBack(FieldPart, frozen=True, kw_only=True):
    """What an officer has read back."""

    area: Area | None = None
    levels: Levels | None = None
    times: Times | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a read-back is not what the message says.

    Attributes:
        part: `area`, `levels` or `times`.
        what: what differs, such as `place`, `radius`, `unit`; stable.
        words: the same for people.
        distance_m: how far off a place is, where that is what differs.
        bearing_deg: in which direction, from the message's place, clockwise from north.
    """

    part: str
    what: str
    words: Words
    distance_m: float | None = None
    bearing_deg: float | None = None

    def json(self) -> dict[str, JsonValue]:
        """As it stands in `read-back-refused`."""
        written: dict[str, JsonValue] = {
            "part": self.part,
            "what": self.what,
            "en": self.words.en,
            "fr": self.words.fr,
        }
        if self.distance_m is not None:
            written["distance_m"] = round(self.distance_m, 1)
        if self.bearing_deg is not None:
            written["bearing_deg"] = round(self.bearing_deg, 1)
        return written


def read_read_back(body: Mapping[str, JsonValue]) -> ReadBack:
    """What was read back, from the body of a `read-back` or what an officer sent.

    Raises:
        FieldsUnusable: it has not the right form.
    """
    try:
        read = msgspec.convert({k: v for k, v in body.items() if k != "of"}, ReadBack)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise FieldsUnusable(f"{message}.", where=f"read_back{path.removesuffix('`')}") from None
    fault = field_fault(read)
    if fault is not None:
        raise FieldsUnusable(fault.message, where=f"read_back.{fault.path}", advice=fault.advice)
    return read


def write_read_back(read: ReadBack) -> dict[str, JsonValue]:
    """As it stands in the body of a `read-back`, beside `of`."""
    written: dict[str, JsonValue] = msgspec.to_builtins(read)
    return written


def compare(form: Form, fields: FieldPart, read: ReadBack, rules: LineRules) -> list[Difference]:
    """In what a read-back differs from a message; empty if it is good. Pure.

    Levels must be the same number in the same unit from the same reference: an equal height in
    another unit is a difference, and is told as one.

    Args:
        form: of the message.
        fields: of the message.
        read: what was read back; parts that the form does not ask for are not looked at.
        rules: how far places and times may be off.
    """
    found: list[Difference] = []
    for part in form.must_be_read_back(fields):
        said, again = getattr(fields, part), getattr(read, part)
        if again is None:
            found.append(Difference(part, "missing", MISSING[part]))
        elif part == "area":
            # Loading the geodesics takes longer than all the rest, and few commands need them.
            from .area_compare import compare_areas

            found += [
                Difference("area", each.what, each.words, each.distance_m, each.bearing_deg)
                for each in compare_areas(said, again, rules.place_within_m)
            ]
        elif part == "levels":
            found += _compare_levels(said, again)
        else:
            found += _compare_times(said, again, rules.time_within_s)
    return found


def unreadable(reason: str) -> Difference:
    """That a read-back, or the message, has not the form that could be compared."""
    words = Words(
        f"What was read back cannot be compared: {reason}",
        f"Ce qui a été collationné ne peut être comparé\u202f: {reason}",
    )
    return Difference("read-back", "unreadable", words)


MISSING: Mapping[str, Words] = {
    "area": Words("The area was not read back.", "La zone n’a pas été collationnée."),
    "levels": Words("The levels were not read back.", "Les niveaux n’ont pas été collationnés."),
    "times": Words("The times were not read back.", "Les heures n’ont pas été collationnées."),
}


def _compare_levels(said: Levels, again: Levels) -> list[Difference]:
    lower = Words("lower level", "niveau inférieur")
    upper = Words("upper level", "niveau supérieur")
    return [
        *_compare_level(said.lower, again.lower, lower),
        *_compare_level(said.upper, again.upper, upper),
    ]


def _compare_level(said: Level, again: Level, which: Words) -> list[Difference]:
    if said == again:
        return []
    here, there = level_words(again), level_words(said)
    if said.reference != again.reference:
        what, more = (
            "reference",
            Words(": it is measured from something else", "\u202f: l’origine n’est pas la même"),
        )
    elif said.unit != again.unit:
        what, more = "unit", Words(": another unit", "\u202f: l’unité n’est pas la même")
        if _same_height(said, again):
            more = Words(
                ": the same height, but in another unit; read it back as it is written",
                "\u202f: même hauteur, mais dans une autre unité\u202f; collationnez ce qui est "
                "écrit",
            )
    else:
        what, more = "value", Words("", "")
    words = Words(
        f"The {which.en} read back is {here.en}; the message says {there.en}{more.en}.",
        f"Le {which.fr} collationné est {here.fr}\u202f; le message dit {there.fr}{more.fr}.",
    )
    return [Difference("levels", what, words)]


def _same_height(one: Level, other: Level) -> bool:
    metres = {"m": 1.0, "ft": 0.3048, "FL": 30.48}
    return abs(one.value * metres[one.unit] - other.value * metres[other.unit]) < 1


def _compare_times(said: Times, again: Times, within_s: int) -> list[Difference]:
    found = []
    for what, one, other, name in (
        ("from", said.from_, again.from_, Words("beginning", "début")),
        ("until", said.until, again.until, Words("end", "fin")),
    ):
        off_s = (other - one).total_seconds()
        if abs(off_s) <= within_s:
            continue
        size = _span(abs(off_s))
        late = Words("later", "plus tard") if off_s > 0 else Words("earlier", "plus tôt")
        article = "Le" if what == "from" else "La"
        gender = "" if what == "from" else "e"
        words = Words(
            f"The {name.en} read back is {moment(other).en}: {size.en} {late.en} than the message "
            f"says, {moment(one).en}.",
            f"{article} {name.fr} collationné{gender} est le {moment(other).fr}\u202f: {size.fr} "
            f"{late.fr} que ne dit le message, le {moment(one).fr}.",
        )
        found.append(Difference("times", what, words))
    return found


def _span(seconds: float) -> Words:
    for size, one, many in (
        (86_400, Words("day", "jour"), Words("days", "jours")),
        (3_600, Words("hour", "heure"), Words("hours", "heures")),
        (60, Words("minute", "minute"), Words("minutes", "minutes")),
    ):
        if seconds >= size:
            value = seconds / size
            return quantity(value, one, many, 0 if value % 1 == 0 else 1)
    return quantity(seconds, Words("second", "seconde"), Words("seconds", "secondes"))
