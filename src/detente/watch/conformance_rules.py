"""What counts as keeping to one's own volumes, and what is assumed: all in one place."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from .crossing_rules import Seconds


class ConformanceRules(Struct, frozen=True, kw_only=True):
    """Seconds and metres. The times of what is declared are those of F3548-21, see `proposals`.

    Attributes:
        recoverable_s: until a flight that has left its volumes must be back.
        settled_s: how long it must have been back before it conforms again.
        look_ahead_s: how far ahead it is looked when a flight will leave at its present motion; 0
            does not look.
        look_every_s: how often it is looked how sure that is.
        look_acceleration_m_s2: how much motion may change without being announced, in any
            direction; the present turn counts if it is more. Makes the spread of a prediction.
        speed_least_m_s, climb_least_m_s: what is slower has no direction to predict by.
        clear_s: a prediction is over when for so long motion has kept inside.
        time_s: how far the times of a source may be off, 95 %.
        provisional: whether an event is also given when it begins or is foreseen.
    """

    recoverable_s: Seconds = 60.0
    settled_s: Seconds = 3.0
    look_ahead_s: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    look_every_s: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    look_acceleration_m_s2: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    speed_least_m_s: Annotated[float, Meta(ge=0, le=10_000)] = 1.0
    climb_least_m_s: Annotated[float, Meta(ge=0, le=10_000)] = 0.5
    clear_s: Seconds = 30.0
    time_s: Seconds = 0.5
    provisional: bool = True
