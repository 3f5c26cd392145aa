"""The fields of each form, in the order in which they are shown.

No form has room for targets or weapons: the line serves to keep aircraft apart, to warn, and to
protect people on the ground.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

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

Frequencies = Annotated[tuple[Frequency, ...], Meta(max_length=10)]
Phrase = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=20)], ...], Meta(min_length=1, max_length=8)
]


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
