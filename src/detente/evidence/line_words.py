"""What entries of the line say, for the page for people: messages by their forms, calls, alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from detente.errors import printable
from detente.line import FORMS, URGENCIES, FieldsUnusable, render
from detente.record import Payload
from detente.record.ijson import JsonValue
from detente.words import Words, same

OWN_AFFAIRS: Final = frozenset({"watch", "security", "approval-request", "approval"})
"""Kinds that are counted and not listed: there are thousands, and they are said to nobody."""


def line_words(payload: Payload) -> Words | None:
    """An entry of the line in words; None if it is no such entry, or has not the right form."""
    tell = _TOLD.get(payload.kind)
    return None if tell is None else tell(payload.body)


def _message(body: Mapping[str, JsonValue]) -> Words | None:
    form, fields = FORMS.get(str(body.get("form"))), body.get("fields")
    if form is None or not isinstance(fields, Mapping):
        return None
    try:
        rows = render(form.read(fields))
    except FieldsUnusable:
        return None
    urgency = URGENCIES.get(str(body.get("urgency")), same(printable(str(body.get("urgency")))))
    en = "; ".join(f"{row.label.en}: {row.value.en}" for row in rows)
    fr = "\u202f; ".join(f"{row.label.fr}\u202f: {row.value.fr}" for row in rows)
    return Words(f"{form.title.en} ({urgency.en}). {en}", f"{form.title.fr} ({urgency.fr}). {fr}")


def _refusal(body: Mapping[str, JsonValue]) -> Words | None:
    differences = body.get("differences")
    if not isinstance(differences, list) or not all(isinstance(d, Mapping) for d in differences):
        return None
    return Words(*(" ".join(_text(each, lang) for each in differences) for lang in ("en", "fr")))


def _escalation(body: Mapping[str, JsonValue]) -> Words | None:
    called = body.get("called")
    if not isinstance(called, list):
        return None
    who = ", ".join(each for each in called if isinstance(each, str))
    step = body.get("step")
    shown = step if isinstance(step, int) else "?"
    return Words(f"Step {shown}: {who} called", f"Étape {shown}\u202f: appel de {who}")


def _alarm(body: Mapping[str, JsonValue]) -> Words | None:
    known = _ALARMS.get(_text(body, "what"))
    if known is None:
        return None
    party = _text(body, "party")
    listed = body.get("parties")
    if isinstance(listed, list):
        party = ", ".join(each for each in listed if isinstance(each, str))
    return Words(f"{known.en}: {party}", f"{known.fr}\u202f: {party}") if party else known


def _text(body: Mapping[str, JsonValue], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


_ALARMS: Final[Mapping[str, Words]] = {
    "overdue": Words("No acknowledgement in time by", "Pas de prise d’acte dans les délais par"),
    "test-call-missed": Words("Test call not answered by", "Appel d’essai sans réponse de"),
}
_TOLD: Final[Mapping[str, Callable[[Mapping[str, JsonValue]], Words | None]]] = {
    "message": _message,
    "read-back-refused": _refusal,
    "escalation": _escalation,
    "alarm": _alarm,
}
