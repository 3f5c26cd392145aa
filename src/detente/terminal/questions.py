"""The fields of a form as questions to an officer, made from the form itself. Pure.

No form is known here by name: a field is asked for by its type, so that a form which is added to
the line can be filled in at once.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

import msgspec

from detente.line import (
    CHOICES,
    FIELDS,
    TEST_WORDS,
    Aircraft,
    CircleArea,
    Distance,
    Form,
    Frequency,
    Levels,
    Text,
    Times,
)
from detente.record import JsonValue
from detente.words import Language, Words

from . import retyped, typed, typed_places, typed_spans
from .typed import JsonObject, NotUnderstood
from .typesetting import told

Kind = Literal[
    "choice",
    "yes",
    "count",
    "name",
    "instant",
    "area",
    "levels",
    "times",
    "aircraft",
    "frequencies",
    "distance",
    "text",
    "phrase",
]

_HINTS: Final[Mapping[Kind, Words]] = {
    "choice": told("one of the list", "un choix de la liste"),
    "yes": told("yes or no", "oui ou non"),
    "count": told("a whole number", "un nombre entier"),
    "name": told("a name", "un nom"),
    "instant": typed_spans.INSTANT_EXAMPLE,
    "area": typed_places.AREA_EXAMPLE,
    "levels": typed_spans.LEVELS_EXAMPLE,
    "times": typed_spans.TIMES_EXAMPLE,
    "aircraft": typed.AIRCRAFT_EXAMPLE,
    "frequencies": typed.FREQUENCIES_EXAMPLE,
    "distance": typed_places.DISTANCE_EXAMPLE,
    "text": told("your own words", "vos propres mots"),
    "phrase": told("the words, in their order", "les mots, dans leur ordre"),
}
_DESCRIBED: Final = frozenset(("choice", "yes", "count", "name", "text", "phrase"))
_BY_TYPE: Final[tuple[tuple[type, Kind], ...]] = (
    (bool, "yes"),
    (int, "count"),
    (str, "name"),
    (datetime, "instant"),
    (CircleArea, "area"),
    (Levels, "levels"),
    (Times, "times"),
    (Aircraft, "aircraft"),
    (Distance, "distance"),
    (Text, "text"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form.

    Attributes:
        name: as it stands in messages.
        label: what it is called.
        kind: how it is asked for.
        required: whether the form cannot do without it.
        choices: values and what they mean, for a choice.
    """

    name: str
    label: Words
    kind: Kind
    required: bool
    choices: tuple[tuple[str, Words], ...] = ()

    @property
    def hint(self) -> Words:
        """What can be typed; an example says that it is one, and is not taken for an answer."""
        hint = _HINTS[self.kind]
        if self.kind in _DESCRIBED:
            return hint
        return Words(f"e.g. {hint.en}", f"p. ex. {hint.fr}")

    def read(self, text: str, language: Language) -> JsonValue:
        """What was typed, as the field.

        Args:
            text: as typed.
            language: that the officer works in.

        Raises:
            NotUnderstood: it is no value of this field.
        """
        if self.kind == "choice":
            return self._choice(text)
        if self.kind == "text":
            return typed.read_text(text, language)
        return _READERS[self.kind](text)

    def write(self, value: JsonValue, language: Language) -> str:
        """A value of the field, as it would be typed."""
        if self.kind == "text":
            return retyped.write_text(cast(JsonObject, value), language)
        if self.kind == "yes":
            return told("yes", "oui").to(language) if value else told("no", "non").to(language)
        writer = _WRITERS.get(self.kind)
        return str(value) if writer is None else writer(value)

    def _choice(self, text: str) -> str:
        said = text.strip().casefold()
        for number, (value, words) in enumerate(self.choices, start=1):
            if said in (str(number), value, words.en.casefold(), words.fr.casefold()):
                return value
        begun = [value for value, _ in self.choices if said and value.startswith(said)]
        if len(begun) == 1:
            return begun[0]
        raise NotUnderstood(
            told(
                f"{text.strip()!r} is not in the list.",
                f"« {text.strip()} » n’est pas dans la liste.",
            )
        )


def questions_of(form: Form) -> tuple[Question, ...]:
    """What is asked for a form, in its order."""
    hints = typing.get_type_hints(form.schema, include_extras=False)
    asked = []
    for info in msgspec.structs.fields(form.schema):
        kind, values = _kind(hints[info.name])
        words = CHOICES.get(info.encode_name, {})
        choices = tuple((value, words[value]) for value in values)
        asked.append(
            Question(info.encode_name, FIELDS[info.encode_name], kind, info.required, choices)
        )
    return tuple(asked)


def read_back_questions(form: Form, fields: Mapping[str, JsonValue]) -> tuple[Question, ...]:
    """What must be read back of a message of a form with these fields."""
    return tuple(
        question
        for question in questions_of(form)
        if question.name in form.read_back and fields.get(question.name) is not None
    )


def read_answers(
    asked: tuple[Question, ...], answers: Mapping[str, str], language: Language
) -> tuple[JsonObject, dict[str, NotUnderstood]]:
    """Everything that was typed: the fields, and what of them was not understood, by field.

    A field that was left empty is not given; if the form needs it, that is told as a fault.
    """
    fields: JsonObject = {}
    faults: dict[str, NotUnderstood] = {}
    for question in asked:
        text = answers.get(question.name, "")
        if not text.strip():
            if question.required:
                faults[question.name] = NotUnderstood(
                    told(f"{question.label.en} is missing.", f"{question.label.fr} manque."),
                )
            continue
        try:
            fields[question.name] = question.read(text, language)
        except NotUnderstood as error:
            faults[question.name] = error
    return fields, faults


def _kind(hint: object) -> tuple[Kind, tuple[str, ...]]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _kind(next(each for each in inner if each is not type(None)))
    if origin is Literal:
        return "choice", tuple(str(value) for value in inner)
    if origin is tuple:
        return ("frequencies", ()) if inner[0] is Frequency else ("phrase", ())
    for known, kind in _BY_TYPE:
        if hint is known:
            return kind, ()
    raise TypeError(f"no question for a field of type {hint!r}")


def _phrase(value: JsonValue) -> str:
    return " ".join(str(word) for word in cast(list[JsonValue], value))


_READERS: Final[Mapping[Kind, typed.Reader]] = {
    "yes": typed.read_yes,
    "count": typed.read_count,
    "name": str.strip,
    "instant": typed_spans.read_instant,
    "area": typed_places.read_area,
    "levels": typed_spans.read_levels,
    "times": typed_spans.read_times,
    "aircraft": typed.read_aircraft,
    "frequencies": typed.read_frequencies,
    "distance": typed_places.read_distance,
    "phrase": typed.read_phrase,
}


def _of_object(writer: typing.Callable[[JsonObject], str]) -> retyped.Writer:
    return lambda value: writer(cast(JsonObject, value))


_WRITERS: Final[Mapping[Kind, retyped.Writer]] = {
    "instant": retyped.write_instant,
    "area": _of_object(retyped.write_area),
    "levels": _of_object(retyped.write_levels),
    "times": _of_object(retyped.write_times),
    "aircraft": _of_object(retyped.write_aircraft),
    "frequencies": lambda value: retyped.write_frequencies(cast(list[JsonValue], value)),
    "distance": _of_object(retyped.write_distance),
    "phrase": _phrase,
}


def phrase_shown(phrase: list[str], language: Language) -> str:
    """The words of a test call as an officer of that language reads them aloud."""
    known = (TEST_WORDS.get(word) for word in phrase)
    return " ".join(
        word if words is None else words.to(language)
        for word, words in zip(phrase, known, strict=True)
    )
