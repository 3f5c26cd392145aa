"""The phrasebook as the screens of officers need it: forms, fields, choices, words."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final, get_args, get_type_hints

import msgspec

from detente.line import (
    CHOICES,
    FIELDS,
    FORMS,
    STATUSES,
    TEST_WORDS,
    URGENCIES,
    Aircraft,
    CircleArea,
    Distance,
    Form,
    Levels,
    MessageState,
    Text,
    Times,
)

from .message_bodies import FieldView, FormView, Phrasebook, Told

_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (CircleArea, "area"),
    (Levels, "levels"),
    (Times, "times"),
    (Aircraft, "aircraft"),
    (Distance, "distance"),
    (Text, "text"),
    (datetime, "instant"),
    (bool, "yes-or-no"),
    (int, "count"),
    (str, "name"),
)


@cache
def phrasebook() -> Phrasebook:
    """All of it; the same in every node of this version."""
    return Phrasebook(
        forms=[_form(form) for form in FORMS.values()],
        urgencies={name: Told.of(words) for name, words in URGENCIES.items()},
        statuses={name: Told.of(words) for name, words in STATUSES.items()},
        states={state.id: Told.of(state.words) for state in MessageState},
        test_words={name: Told.of(words) for name, words in TEST_WORDS.items()},
    )


def _form(form: Form) -> FormView:
    hints = get_type_hints(form.schema)
    schema = msgspec.json.schema(form.schema)
    return FormView(
        id=form.id,
        title=Told.of(form.title),
        help=Told.of(form.help),
        urgency=form.urgency,
        read_back=list(form.read_back),
        answers=form.answers,
        corrects=form.corrects,
        test=form.test,
        fields=[
            FieldView(
                name=info.encode_name,
                label=Told.of(FIELDS[info.encode_name]),
                kind=kind_of(info.encode_name, hints[info.name]),
                required=info.required,
                choices=_choices(info.encode_name),
            )
            for info in msgspec.structs.fields(form.schema)
        ],
        json_schema=schema,
    )


def kind_of(name: str, hint: Any) -> str:
    """What a field takes: `area`, `levels`, `choice` and so on.

    Args:
        name: of the field.
        hint: its type.
    """
    if name in CHOICES:
        return "choice"
    if name in ("frequencies", "phrase"):
        return name
    types = {hint, *get_args(hint)}
    return next(kind for type_, kind in _KINDS if type_ in types)


def _choices(name: str) -> dict[str, Told] | None:
    if name not in CHOICES:
        return None
    return {value: Told.of(words) for value, words in CHOICES[name].items()}
