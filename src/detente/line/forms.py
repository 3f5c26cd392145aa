"""The forms of messages: when each one is used, and what must be read back of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import msgspec

from detente.errors import DetenteError
from detente.record import JsonValue
from detente.words import Words

from .field_checks import field_fault
from .form_fields import FieldPart
from .form_schemas import (
    ActivityNotice,
    BorderNotice,
    CallOfTest,
    Cancellation,
    DangerWarning,
    FreeText,
    HumanitarianMovement,
    IncidentNotice,
    Reply,
    Request,
    SafetyOfFlight,
)

Urgency = Literal["distress", "urgent", "routine"]
Status = Literal["actual", "exercise", "test"]
ReadBackPart = Literal["area", "levels", "times"]
READ_BACK_PARTS: Final[tuple[ReadBackPart, ...]] = ("area", "levels", "times")


class FieldsUnusable(DetenteError):
    """The fields of a message are not those of its form."""

    code: ClassVar[str] = "line.fields"


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of message.

    Attributes:
        id: as it stands in messages.
        title: what it is called.
        help: when it is used.
        schema: the struct of its fields; their order is that of their rendering.
        read_back: what the officer who acknowledges must read back, as far as the message has it.
        urgency: what a message is if nothing else is said.
        answers: it is the answer to another message, which it names.
        corrects: it changes another message, which it names.
        test: it belongs to test calls, whose status is `test`.
    """

    id: str
    title: Words
    help: Words
    schema: type[FieldPart]
    read_back: tuple[ReadBackPart, ...] = ()
    urgency: Urgency = "routine"
    answers: bool = False
    corrects: bool = False
    test: bool = False

    def read(self, fields: Mapping[str, JsonValue]) -> FieldPart:
        """Fields of this form, checked.

        Raises:
            FieldsUnusable: a field is missing, unknown, of another type or impossible.
        """
        try:
            read = msgspec.convert(dict(fields), self.schema)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            raise FieldsUnusable(f"{message}.", where=f"fields{path.removesuffix('`')}") from None
        fault = field_fault(read)
        if fault is not None:
            raise FieldsUnusable(fault.message, where=f"fields.{fault.path}", advice=fault.advice)
        return read

    def write(self, fields: FieldPart) -> dict[str, JsonValue]:
        """The same fields as JSON: what `read` takes."""
        written: dict[str, JsonValue] = msgspec.to_builtins(fields)
        return written

    def must_be_read_back(self, fields: FieldPart) -> tuple[ReadBackPart, ...]:
        """What a read-back of this very message must hold."""
        return tuple(part for part in self.read_back if getattr(fields, part, None) is not None)


_ALL: Final[tuple[ReadBackPart, ...]] = READ_BACK_PARTS

_FORMS = (
    Form(
        "activity-notice",
        Words("Notice of activity", "Avis d’activité"),
        Words(
            "Something will take place in the air that others should keep clear of.",
            "Une activité aérienne est prévue, dont d’autres doivent se tenir à l’écart.",
        ),
        ActivityNotice,
        _ALL,
    ),
    Form(
        "warning",
        Words("Warning", "Avertissement"),
        Words(
            "There is a danger to aircraft or people.", "Un danger menace aéronefs ou personnes."
        ),
        DangerWarning,
        _ALL,
        "urgent",
    ),
    Form(
        "safety-of-flight",
        Words("Safety of flight", "Sécurité d’un vol"),
        Words(
            "An aircraft is in danger, or endangers others, now.",
            "Un aéronef est en danger, ou en met d’autres en danger, en ce moment.",
        ),
        SafetyOfFlight,
        ("area", "levels"),
        "distress",
    ),
    Form(
        "border-notice",
        Words("Notice of approach or overflight", "Avis d’approche ou de survol"),
        Words(
            "Aircraft will come near the other side’s border or positions, or cross them.",
            "Des aéronefs vont s’approcher de la frontière ou des positions de l’autre partie, "
            "ou les survoler.",
        ),
        BorderNotice,
        _ALL,
    ),
    Form(
        "humanitarian-movement",
        Words("Humanitarian movement", "Mouvement humanitaire"),
        Words(
            "People who help are on their way or stay somewhere, and must not come to harm.",
            "Des personnes qui portent secours se déplacent ou séjournent quelque part, et ne "
            "doivent pas être mises en danger.",
        ),
        HumanitarianMovement,
        _ALL,
    ),
    Form(
        "incident-notice",
        Words("Notice of an incident", "Avis d’incident"),
        Words(
            "Something happened that both sides should look into.",
            "Il s’est passé quelque chose que les deux parties devraient examiner.",
        ),
        IncidentNotice,
        ("area", "times"),
        "urgent",
    ),
    Form(
        "request",
        Words("Request", "Demande"),
        Words("One side asks the other for something.", "Une partie demande quelque chose."),
        Request,
        _ALL,
    ),
    Form(
        "reply",
        Words("Reply", "Réponse"),
        Words("The answer to a message.", "La réponse à un message."),
        Reply,
        answers=True,
    ),
    Form(
        "cancellation",
        Words("Cancellation", "Annulation"),
        Words("A message does not hold any more.", "Un message n’est plus valable."),
        Cancellation,
        corrects=True,
    ),
    Form(
        "text",
        Words("Free text", "Texte libre"),
        Words("What no form has words for.", "Ce qu’aucun formulaire ne permet de dire."),
        FreeText,
    ),
    Form(
        "test-call",
        Words("Test call", "Appel d’essai"),
        Words(
            "The line is tried. An officer of either side answers with the same words.",
            "La ligne est essayée. Un officier de chaque partie répond par les mêmes mots.",
        ),
        CallOfTest,
        test=True,
    ),
    Form(
        "test-answer",
        Words("Answer to a test call", "Réponse à un appel d’essai"),
        Words("The words of a test call, as they were read.", "Les mots de l’appel, tels que lus."),
        CallOfTest,
        answers=True,
        test=True,
    ),
)

FORMS: Final[Mapping[str, Form]] = {form.id: form for form in _FORMS}
"""Every form by its id, in the order in which officers see them."""


def form_of(identity: str) -> Form:
    """The form of that id.

    Raises:
        FieldsUnusable: there is none.
    """
    form = FORMS.get(identity)
    if form is None:
        raise FieldsUnusable(
            "There is no such form.", where="form", advice=f"Forms are: {', '.join(FORMS)}."
        )
    return form
