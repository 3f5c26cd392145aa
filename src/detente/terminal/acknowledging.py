"""What an acknowledgement needs, for the screen and for commands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from detente.line import FORMS
from detente.record import JsonValue
from detente.words import Words

from . import texts
from .answers import Message
from .node_api import NodeRefused
from .questions import Question, read_back_questions


def questions_for(message: Message) -> tuple[Question, ...]:
    """What must be read back of a message."""
    form = FORMS.get(message.form)
    if form is None or not isinstance(message.fields, Mapping):
        return ()
    fields = cast(Mapping[str, JsonValue], message.fields)
    asked = read_back_questions(form, fields)
    # The node's word counts: it knows the form as the agreement has it.
    return tuple(question for question in asked if question.name in message.read_back)


def refused_words(error: NodeRefused) -> list[Words]:
    """Why a read-back was refused, difference by difference."""
    if error.differences:
        return [texts.READ_BACK_WRONG, *(each.words.words for each in error.differences)]
    return [error.words]
