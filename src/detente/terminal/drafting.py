"""A message while it is being written, and how it will read. Used by the screen and by commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from rich.text import Text

from detente.errors import one_line
from detente.line import FORMS, STATUSES, URGENCIES, FieldsUnusable, Form, form_of, render
from detente.record import JsonValue
from detente.words import Language, Words, same

from . import texts
from .answers import Message
from .calls import Outgoing
from .questions import Question, questions_of
from .showing import STYLES
from .typesetting import COLON, indented

LANGUAGES: Final[tuple[Language, Language]] = ("en", "fr")


def writable_forms() -> list[Form]:
    """Forms that begin something: neither answers, nor changes, nor test calls."""
    return [form for form in FORMS.values() if not (form.answers or form.corrects or form.test)]


def answer_forms() -> list[Form]:
    """Forms that may answer a message: the reply first."""
    return sorted(
        (form for form in FORMS.values() if not (form.corrects or form.test)),
        key=lambda form: not form.answers,
    )


def check_fields(form: str, fields: Mapping[str, JsonValue]) -> None:
    """Whether fields are those of a form.

    Raises:
        FieldsUnusable: a field is missing, unknown, of another type or impossible.
    """
    form_of(form).read(fields)


def preview(draft: Outgoing, sender: str) -> Text:
    """How a message will read, in English and in French.

    Raises:
        FieldsUnusable: its fields are not those of its form.
    """
    form = form_of(draft.form)
    rows = render(form.read(draft.fields))
    text = Text()
    for language in LANGUAGES:
        if draft.status != "actual":
            text.append(f" {texts.STATUS_BANNER[draft.status].to(language)} \n", "reverse")
        text.append(form.title.to(language), "bold")
        urgency = draft.urgency or form.urgency
        words = URGENCIES[urgency].to(language)
        status = STATUSES[draft.status].to(language)
        text.append("  ")
        text.append(f" {words} ", STYLES[urgency])
        place = f" ({texts.ROOM.to(language)} {draft.room})" if draft.room else ""
        text.append(f"  {one_line(f'{sender} → {draft.to}{place}')}  ({status})\n")
        for label, other in ((texts.ANSWERS, draft.answers), (texts.CORRECTS, draft.corrects)):
            if other:
                text.append(f"{label.to(language)} {one_line(other)}\n", STYLES["grey"])
        for row in rows:
            label_text = f"{row.label.to(language)}{COLON.to(language)} "
            text.append(label_text, STYLES["label"])
            text.append(f"{indented(row.value.to(language))}\n")
        for sha256, media_type in draft.files:
            label_text = f"{texts.FILES.to(language)}{COLON.to(language)} "
            text.append(label_text, STYLES["label"])
            text.append(f"{one_line(media_type)}, {sha256[:16]}…\n")
        text.append("\n")
    return text


def typed_fields(message: Message, asked: Sequence[Question], language: Language) -> dict[str, str]:
    """The fields of a message as they would be typed, to begin a correction with."""
    fields = cast(Mapping[str, JsonValue], message.fields)
    return {
        question.name: question.write(fields[question.name], language)
        for question in asked
        if fields.get(question.name) is not None
    }


def fault_words(error: FieldsUnusable) -> Words:
    """Why fields cannot be used, with where."""
    where = f"{error.where}: " if error.where else ""
    return same(f"{where}{error.message} {error.advice or ''}".strip())


def peers_to(message: Message, party: str) -> str:
    """The party that an answer or a correction of a message goes to."""
    if message.sender != party:
        return message.sender
    return message.recipients[0].party if message.recipients else ""


def form_questions(form: str) -> tuple[Question, ...]:
    """What is asked for a form."""
    return questions_of(form_of(form))
