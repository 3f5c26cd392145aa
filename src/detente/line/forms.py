"""The forms of messages: which fields each one has, and what must be read back of it.

No form has room for targets or weapons: the line serves to keep aircraft apart, to warn, and to
protect people on the ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import DetenteError
from detente.record import JsonValue
from detente.words import Words

from .field_checks import field_fault
from .form_fields import (
    Aircraft,
    Area,
    Distance,
    FieldPart,
    Frequency,
    Instant,
    Levels,
    Name,
    Text,
    Times,
)

Urgency = Literal["distress", "urgent", "routine"]
Status = Literal["actual", "exercise", "test"]
ReadBackPart = Literal["area", "levels", "times"]
READ_BACK_PARTS: Final[tuple[ReadBackPart, ...]] = ("area", "levels", "times")

Frequencies = Annotated[tuple[Frequency, ...], Meta(max_length=10)]
Phrase = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=20)], ...], Meta(min_length=1, max_length=8)
]


class FieldsUnusable(DetenteError):
    """The fields of a message are not those of its form."""

    code: ClassVar[str] = "line.fields"


class ActivityNotice(FieldPart, frozen=True, kw_only=True):
    """Something will take place somewhere at some time."""

    activity: Literal[
        "flights",
        "unmanned-flights",
        "exercise",
        "parachuting",
        "air-drop",
        "balloons",
        "survey",
        "danger-area",
        "other",
    ]
    area: Area
    levels: Levels
    times: Times
    aircraft: Aircraft | None = None
    frequencies: Frequencies = ()
    remarks: Text | None = None


class DangerWarning(FieldPart, frozen=True, kw_only=True):
    """There is a danger."""

    danger: Literal[
        "traffic",
        "area-closed",
        "unknown-aircraft",
        "loss-of-control",
        "debris",
        "navigation-disturbed",
        "communication-disturbed",
        "weather",
        "volcanic-ash",
        "people-on-the-ground",
        "other",
    ]
    area: Area
    levels: Levels | None = None
    times: Times | None = None
    advice: Text | None = None


class Request(FieldPart, frozen=True, kw_only=True):
    """Somebody asks for something."""

    asks_for: Literal[
        "information",
        "clarification",
        "call-back",
        "keep-clear",
        "change-of-plan",
        "assistance",
        "search-and-rescue",
        "meeting",
        "other",
    ]
    text: Text
    area: Area | None = None
    levels: Levels | None = None
    times: Times | None = None
    answer_by: Instant | None = None


class Reply(FieldPart, frozen=True, kw_only=True):
    """The answer to a message."""

    answer: Literal["yes", "no", "in-part", "unable", "later", "as-follows"]
    text: Text | None = None


class SafetyOfFlight(FieldPart, frozen=True, kw_only=True):
    """An aircraft is in danger now."""

    situation: Literal[
        "collision-risk",
        "aircraft-in-distress",
        "communication-lost",
        "control-link-lost",
        "strayed",
        "emergency-landing",
        "aircraft-missing",
        "other",
    ]
    area: Area
    levels: Levels | None = None
    at: Instant
    aircraft: Aircraft | None = None
    frequencies: Frequencies = ()
    persons: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    text: Text | None = None


class IncidentNotice(FieldPart, frozen=True, kw_only=True):
    """Something happened that both sides should look into."""

    incident: Literal[
        "near-miss",
        "border-crossed",
        "area-entered",
        "unsafe-manoeuvre",
        "dazzling",
        "interference",
        "no-answer-on-the-line",
        "damage",
        "people-harmed",
        "other",
    ]
    area: Area
    levels: Levels | None = None
    times: Times
    aircraft: Aircraft | None = None
    text: Text


class BorderNotice(FieldPart, frozen=True, kw_only=True):
    """Aircraft will come near a border, or cross it."""

    purpose: Literal[
        "survey",
        "supply",
        "mercy",
        "rescue",
        "medical-evacuation",
        "fire-fighting",
        "weather",
        "farming",
        "transport",
        "patrol",
        "other",
    ]
    crosses: bool
    nearest: Distance | None = None
    area: Area
    levels: Levels
    times: Times
    aircraft: Aircraft
    armed: bool
    frequencies: Frequencies = ()
    remarks: Text | None = None


class HumanitarianMovement(FieldPart, frozen=True, kw_only=True):
    """People who help are on their way, or stay somewhere: they must not come to harm."""

    movement: Literal["convoy", "medical-evacuation", "relief-flight", "evacuation", "site"]
    organisation: Name
    area: Area
    times: Times
    levels: Levels | None = None
    vehicles: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    aircraft: Aircraft | None = None
    persons: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    marking: Text | None = None
    contact: Text | None = None
    remarks: Text | None = None


class FreeText(FieldPart, frozen=True, kw_only=True):
    """What no form has words for."""

    text: Text


class Cancellation(FieldPart, frozen=True, kw_only=True):
    """A message does not hold any more."""

    reason: Literal["ended-early", "does-not-take-place", "sent-by-mistake", "other"]
    text: Text | None = None


class CallOfTest(FieldPart, frozen=True, kw_only=True):
    """The line is tried: an officer of either side answers with the same words."""

    phrase: Phrase


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
