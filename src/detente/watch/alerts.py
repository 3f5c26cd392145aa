"""Alerts: what officers are told of, made of what monitors find. Pure.

Monitors find events, and say the same one again whenever its figures change; an alert is told once
for each stage. A crossing that was predicted and then takes place is one alert in two stages. The
table of what follows what:

    ahead ──► now ──► over (ended)
      │        └────► over (refuted)
      └─► over (turned away, refuted or lost)

An alert that was open when the node stopped is still open when it starts again, so nothing is told
twice. If nothing is heard of it any more, it is over as `lost`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from .events import Event, EventKind, Grade

_S: Final = 1_000_000


class About(StrEnum):
    """What an alert is about."""

    CROSSING = "crossing"
    OUTSIDE_VOLUMES = "outside-volumes"
    APPROACH = "approach"
    STAND_OFF = "stand-off"


class Stage(StrEnum):
    """Where an alert stands."""

    AHEAD = "ahead"
    NOW = "now"
    OVER = "over"


class Closing(StrEnum):
    """Why an alert is over."""

    OPEN = ""
    ENDED = "ended"
    """It took place."""
    TURNED_AWAY = "turned-away"
    """It was ahead, and did not take place."""
    REFUTED = "refuted"
    """Later positions show that it did not take place."""
    LOST = "lost"
    """The node was started anew, and has heard nothing of it since."""


_ABOUT: Final = {
    EventKind.CROSSING: About.CROSSING,
    EventKind.CROSSING_PREDICTED: About.CROSSING,
    EventKind.OUTSIDE_VOLUMES: About.OUTSIDE_VOLUMES,
    EventKind.APPROACH: About.APPROACH,
    EventKind.STAND_OFF: About.STAND_OFF,
}
_RANK: Final = {Stage.AHEAD: 0, Stage.NOW: 1, Stage.OVER: 2}


class Alert(Struct, frozen=True, kw_only=True):
    """An alert as it stands.

    Attributes:
        id: of the event by which it began.
        about, stage, closing: see there; `closing` is `OPEN` until the stage is `OVER`.
        raised_us, changed_us: when it was told first and last: µs since 1970 UTC.
        event: the finding that decided the stage, with its figures and grounds.
    """

    id: str
    about: About
    stage: Stage
    closing: Closing = Closing.OPEN
    raised_us: int
    changed_us: int
    event: Event

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: one alert at a time is open for it."""
        return subject_of(self.event)


class AlertRules(Struct, frozen=True, kw_only=True):
    """What officers want to be told of; `None` is all.

    Attributes:
        about: subjects.
        parties: whose aircraft; `""` are those of nobody known.
        boundaries: by id.
        uncertain: whether what cannot be told is told, too, as that.
        lost_after_s: how long after a start nothing need be heard of an alert that was open.
    """

    about: frozenset[About] | None = None
    parties: frozenset[str] | None = None
    boundaries: frozenset[str] | None = None
    uncertain: bool = True
    lost_after_s: float = 120.0


def subject_of(event: Event) -> tuple[str, ...]:
    """About, aircraft, with whom or what; aircraft of an approach in an order of their own."""
    about = _ABOUT[event.kind]
    if about is About.APPROACH:
        return (about, *sorted((event.aircraft, event.other)), event.rule)
    return (about, event.aircraft, event.boundary, event.rule)


def stage_of(event: Event) -> tuple[Stage, Closing]:
    """Where an event stands by itself."""
    if event.grade is Grade.REFUTED:
        return Stage.OVER, Closing.REFUTED
    if event.kind is EventKind.CROSSING_PREDICTED:
        if event.ended_us is None:
            return Stage.AHEAD, Closing.OPEN
        return Stage.OVER, Closing.TURNED_AWAY
    if event.ended_us is not None:
        return Stage.OVER, Closing.ENDED
    ahead = event.time_to_s is not None and event.time_to_s.value > 0
    return (Stage.AHEAD if ahead else Stage.NOW), Closing.OPEN


class Alerts:
    """Alerts that are open, and what becomes of them.

    Args:
        rules: what is told at all.
        open_: alerts that were open when the node stopped.
        now_us: when it started again.
    """

    def __init__(self, rules: AlertRules, open_: Iterable[Alert] = (), now_us: int = 0) -> None:
        self._rules = rules
        self._open = {each.subject: each for each in open_}
        self._unheard = set(self._open)
        self._until_us = now_us + round(rules.lost_after_s * _S)

    @property
    def open(self) -> Sequence[Alert]:
        """Those that are not over, in the order in which they were raised."""
        return sorted(self._open.values(), key=lambda each: (each.raised_us, each.id))

    def take(self, events: Iterable[Event], now_us: int) -> list[Alert]:
        """What is to be told because of events; nothing for those that only have new figures.

        Args:
            events: as monitors gave them, in that order.
            now_us: µs since 1970 UTC.
        """
        found = (self._of(event, now_us) for event in events)
        return [each for each in found if each is not None]

    def look(self, now_us: int) -> list[Alert]:
        """Alerts of before the start that nothing was heard of: they are over now."""
        if not self._unheard or now_us < self._until_us:
            return []
        lost = [self._open.pop(each) for each in sorted(self._unheard)]
        self._unheard.clear()
        return [
            structs.replace(each, stage=Stage.OVER, closing=Closing.LOST, changed_us=now_us)
            for each in lost
        ]

    def _of(self, event: Event, now_us: int) -> Alert | None:
        subject = subject_of(event)
        stage, closing = stage_of(event)
        standing = self._open.get(subject)
        if standing is None:
            return self._raised(event, subject, now_us)
        self._unheard.discard(subject)
        if _outdated(standing, event, stage):
            return None
        if closing is Closing.REFUTED and standing.stage is Stage.AHEAD:
            closing = (
                Closing.TURNED_AWAY
            )  # what is told beforehand is refuted when it does not come
        changed = structs.replace(
            standing, stage=stage, closing=closing, changed_us=now_us, event=event
        )
        if stage is Stage.OVER:
            del self._open[subject]
            return changed
        self._open[subject] = changed
        told = standing.stage is not stage or standing.event.grade is not event.grade
        return changed if told else None

    def _raised(self, event: Event, subject: tuple[str, ...], now_us: int) -> Alert | None:
        stage, closing = stage_of(event)
        if closing in (Closing.TURNED_AWAY, Closing.REFUTED) or not self._wanted(event):
            return None
        made = Alert(
            id=event.id,
            about=_ABOUT[event.kind],
            stage=stage,
            closing=closing,  # it may have begun and ended between two looks
            raised_us=now_us,
            changed_us=now_us,
            event=event,
        )
        if stage is not Stage.OVER:
            self._open[subject] = made
        return made

    def _wanted(self, event: Event) -> bool:
        rules = self._rules
        return (
            (rules.about is None or _ABOUT[event.kind] in rules.about)
            and (rules.parties is None or event.party in rules.parties)
            and (
                rules.boundaries is None or not event.boundary or event.boundary in rules.boundaries
            )
            and (rules.uncertain or event.grade is Grade.SHOWN)
        )


def _outdated(standing: Alert, event: Event, stage: Stage) -> bool:
    """Whether it says less than is known: what takes place is not ahead any more.

    The end of a prediction does not end the crossing that was predicted.
    """
    if event.kind is EventKind.CROSSING_PREDICTED and standing.event.kind is EventKind.CROSSING:
        return True
    return _RANK[stage] < _RANK[standing.stage]
