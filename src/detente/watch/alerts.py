"""Alerts: what officers are told of, made of what monitors find. Pure.

Monitors find events, and say the same one again whenever its figures change; an alert is told once
for each stage. A crossing that was predicted and then takes place is one alert in two stages. The
table of what follows what:

    ahead ──► now ──► over (ended)
      │        └────► over (refuted)
      └─► over (turned away, refuted or lost)

An alert that was open when the node stopped is still open when it starts again, so nothing is told
twice. If nothing is heard of it any more, it is over as `lost`; so is one whose aircraft has fallen
silent, and it is open again if the aircraft is heard while it still takes place.

What F3548-21 asks to be declared of a flight outside its volumes (`Proposal`) is part of the alert
on that: each transition is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct, structs

from .events import Event, EventKind, Grade
from .proposals import Proposal, Proposed

T = TypeVar("T")
Subject = tuple[str, ...]
Heard = Callable[[str], int | None]
"""When an aircraft was last, in µs since 1970 UTC; None if it was not heard."""

REMEMBERED_MAX: Final = 10_000
"""Alerts that are over of which more may come; the oldest are forgotten."""
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
    """Nothing more was heard of it: since a start of the node, or as the aircraft is silent."""


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
        proposed: what F3548-21 asks the flight to be declared, of one outside its volumes.
    """

    id: str
    about: About
    stage: Stage
    closing: Closing = Closing.OPEN
    raised_us: int
    changed_us: int
    event: Event
    proposed: Proposed | None = None

    @property
    def subject(self) -> Subject:
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
        silent_s: after how long a silence of its aircraft an alert is over.
    """

    about: frozenset[About] | None = None
    parties: frozenset[str] | None = None
    boundaries: frozenset[str] | None = None
    uncertain: bool = True
    lost_after_s: float = 120.0
    silent_s: float = 600.0


def subject_of(event: Event) -> Subject:
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
        unseen = event.kind is EventKind.OUTSIDE_VOLUMES and event.time_to_s is not None
        return Stage.OVER, Closing.LOST if unseen else Closing.ENDED
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
        self._lost: dict[Subject, Alert] = {}  # as they stood before
        self._back: dict[Subject, Alert] = {}  # over, but not to be declared as conforming yet
        self._proposed = {
            subject: each.proposed for subject, each in self._open.items() if each.proposed
        }

    @property
    def open(self) -> Sequence[Alert]:
        """Those that are not over, in the order in which they were raised."""
        return sorted(self._open.values(), key=lambda each: (each.raised_us, each.id))

    @property
    def proposed(self) -> dict[str, Proposed]:
        """What flights are to be declared that are to be declared as anything, by operation."""
        return {subject[-1]: each for subject, each in self._proposed.items()}

    def take(
        self, events: Iterable[Event], now_us: int, proposals: Iterable[Proposal] = ()
    ) -> list[Alert]:
        """What is to be told because of events; nothing for those that only have new figures.

        Args:
            events: as monitors gave them, in that order.
            now_us: µs since 1970 UTC.
            proposals: that came with them, or later.
        """
        found = [each for event in events if (each := self._of(event, now_us)) is not None]
        for proposal in proposals:
            changed = self._declared(proposal, now_us)
            if changed is None:
                continue
            same = [(each.id, each.stage) == (changed.id, changed.stage) for each in found]
            if any(same):  # both are told at once
                found[len(same) - 1 - same[::-1].index(True)] = changed
            else:
                found.append(changed)
        return found

    def look(self, now_us: int, heard: Heard | None = None) -> list[Alert]:
        """What changes with time alone.

        Alerts of before the start that nothing was heard of are over now, and those whose aircraft
        are silent; those whose aircraft are heard again go on.

        Args:
            now_us: µs since 1970 UTC.
            heard: None: nobody knows who is silent.
        """
        found = []
        if self._unheard and now_us >= self._until_us:
            found += [self._lose(each, now_us) for each in sorted(self._unheard)]
            self._unheard.clear()
        if heard is None:
            return found
        silent_us = round(self._rules.silent_s * _S)
        for subject, each in list(self._open.items()):
            last_us = max(each.changed_us, _last_us(each.event, heard))
            if subject not in self._unheard and now_us - last_us >= silent_us:
                self._lost[subject] = structs.replace(each, changed_us=now_us)
                found.append(self._lose(subject, now_us))
        for subject, each in list(self._lost.items()):
            if each.stage is Stage.NOW and _last_us(each.event, heard) > each.changed_us:
                del self._lost[subject]
                self._open[subject] = structs.replace(each, changed_us=now_us)
                found.append(self._open[subject])
        _forget(self._lost)
        return found

    def _lose(self, subject: Subject, now_us: int) -> Alert:
        alert = self._open.pop(subject)
        return structs.replace(alert, stage=Stage.OVER, closing=Closing.LOST, changed_us=now_us)

    def _declared(self, proposal: Proposal, now_us: int) -> Alert | None:
        """An alert that tells of another state since."""
        subject = (About.OUTSIDE_VOLUMES, proposal.aircraft, "", proposal.operation)
        state = proposal.state
        self._proposed.pop(subject, None)
        if state is not Proposed.ACTIVATED:
            self._proposed[subject] = state
            _forget(self._proposed)
        there = self._open.get(subject)
        ahead = there is not None and there.stage is Stage.AHEAD  # nothing is due because of it
        alerts = self._back if there is None or ahead else self._open
        standing = alerts.get(subject)
        if standing is None or standing.proposed is state:
            return None
        changed = alerts[subject] = structs.replace(standing, proposed=state, changed_us=now_us)
        if state is Proposed.ACTIVATED:
            self._back.pop(subject, None)
        return changed

    def _of(self, event: Event, now_us: int) -> Alert | None:
        if _came_true(event):
            return None
        subject = subject_of(event)
        stage, closing = stage_of(event)
        standing = self._open.get(subject)
        if standing is None:
            lost = self._lost.pop(subject, None)
            if lost is not None and lost.event.id == event.id:
                return self._heard_again(lost, event, now_us)
            return self._raised(event, subject, now_us)
        if _outdated(standing, event, stage):
            return None  # one of before a start of which only this is heard is lost, then
        self._unheard.discard(subject)
        if closing is Closing.REFUTED and standing.stage is Stage.AHEAD:
            closing = (
                Closing.TURNED_AWAY
            )  # what is told beforehand is refuted when it does not come
        changed = structs.replace(
            standing, stage=stage, closing=closing, changed_us=now_us, event=event
        )
        if standing.stage is Stage.AHEAD and stage is not Stage.AHEAD:
            changed = self._happens(changed)
        if stage is Stage.OVER:
            self._over(changed)
            return changed
        self._open[subject] = changed
        told = standing.stage is not stage or standing.event.grade is not event.grade
        return changed if told else None

    def _happens(self, alert: Alert) -> Alert:
        """What was ahead takes place: what is to be declared of its flight is part of it."""
        if alert.closing not in (Closing.OPEN, Closing.ENDED):
            return alert
        self._back.pop(alert.subject, None)
        return structs.replace(alert, proposed=self._proposed.get(alert.subject))

    def _over(self, alert: Alert) -> None:
        self._open.pop(alert.subject, None)
        if alert.about is About.OUTSIDE_VOLUMES and alert.closing is Closing.ENDED:
            self._back[alert.subject] = alert
            _forget(self._back)

    def _heard_again(self, lost: Alert, event: Event, now_us: int) -> Alert | None:
        """The same goes on, or is known to have ended; it was told that it is over."""
        stage, closing = stage_of(event)
        if stage is Stage.OVER:
            return None
        alert = structs.replace(lost, stage=stage, closing=closing, changed_us=now_us, event=event)
        self._open[alert.subject] = alert
        return alert

    def _raised(self, event: Event, subject: Subject, now_us: int) -> Alert | None:
        stage, closing = stage_of(event)
        if closing in (Closing.TURNED_AWAY, Closing.REFUTED, Closing.LOST) or not self._wanted(
            event
        ):
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
        if stage is not Stage.AHEAD:
            made = self._happens(made)
        if stage is Stage.OVER:
            self._over(made)
        else:
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


def _came_true(event: Event) -> bool:
    """Whether it says that a prediction is over as it came true: the crossing itself follows."""
    codes = (each.code for each in event.grounds[:1])
    return event.kind is EventKind.CROSSING_PREDICTED and "crossed" in codes


def _outdated(standing: Alert, event: Event, stage: Stage) -> bool:
    """Whether it says less than is known: what takes place is not ahead any more.

    The end of a prediction does not end the crossing that was predicted.
    """
    if event.kind is EventKind.CROSSING_PREDICTED and standing.event.kind is EventKind.CROSSING:
        return True
    return _RANK[stage] < _RANK[standing.stage]


def _last_us(event: Event, heard: Heard) -> int:
    """When it was last known where all were whom it is about; 0 if that never was."""
    return min(heard(each) or 0 for each in (event.aircraft, event.other) if each)


def _forget(remembered: dict[Subject, T]) -> None:
    """The oldest, if they are too many."""
    while len(remembered) > REMEMBERED_MAX:
        del remembered[next(iter(remembered))]
