"""Alerts in sentences, for officers. Neutral: who did what is not more than what was found."""

from __future__ import annotations

from typing import Final

from detente.watch import About, Alert, Closing, Grade, Proposed, Stage
from detente.words import NARROW, Words, number

_ABOUT: Final = {
    About.CROSSING: Words("border", "frontière"),
    About.STAND_OFF: Words("distance from a line", "distance à une ligne"),
    About.APPROACH: Words("two aircraft close to each other", "deux aéronefs proches"),
    About.OUTSIDE_VOLUMES: Words("outside the declared volumes", "hors des volumes annoncés"),
}
_LEAVING: Final = Words("leaving the declared volumes", "sortie des volumes annoncés")
_STAGES: Final = {
    Stage.AHEAD: Words("It is ahead.", "Cela va se produire."),
    Stage.NOW: Words("It takes place.", "Cela se produit."),
}
_CLOSINGS: Final = {
    Closing.OPEN: Words("", ""),
    Closing.ENDED: Words("It is over.", "C’est terminé."),
    Closing.TURNED_AWAY: Words("It did not come about.", "Cela ne s’est pas produit."),
    Closing.REFUTED: Words(
        "Later positions show that it did not take place.",
        "Les positions suivantes montrent que cela n’a pas eu lieu.",
    ),
    Closing.LOST: Words("Nothing more was heard of it.", "Plus rien n’a été entendu à ce sujet."),
}
_PROPOSED: Final = {
    Proposed.NONCONFORMING: Words(
        " By F3548-21 the flight is to be declared Nonconforming.",
        " Selon F3548-21, le vol est à déclarer Nonconforming.",
    ),
    Proposed.CONTINGENT: Words(
        " It did not come back in time: by F3548-21 the flight is to be declared Contingent.",
        " Il n’est pas revenu à temps\u202f: selon F3548-21, le vol est à déclarer Contingent.",
    ),
    Proposed.ACTIVATED: Words(
        " By F3548-21 the flight is to be declared as conforming again.",
        " Selon F3548-21, le vol est à déclarer de nouveau conforme.",
    ),
}
_GRADES: Final = {
    Grade.SHOWN: Words("shown", "établi"),
    Grade.REFUTED: Words("refuted", "réfuté"),
    Grade.CANNOT_BE_TOLD: Words("cannot be told", "impossible à dire"),
}


def stage_words(alert: Alert) -> Words:
    """Where it stands, how sure that is, how long ahead it is, and what is to be declared."""
    stage = _CLOSINGS[alert.closing] if alert.stage is Stage.OVER else _STAGES[alert.stage]
    grade = _GRADES[alert.event.grade]
    when = Words("", "")
    ahead = alert.event.time_to_s
    if alert.stage is Stage.AHEAD and ahead is not None:
        seconds = number(max(ahead.value, 0.0), 0)
        when = Words(f" In {seconds.en} s.", f" Dans {seconds.fr} s.")
    due = Words("", "") if alert.proposed is None else _PROPOSED[alert.proposed]
    return Words(
        f"{stage.en}{when.en} Grade: {grade.en}.{due.en}",
        f"{stage.fr}{when.fr} Appréciation{NARROW}: {grade.fr}.{due.fr}",
    )


def headline(alert: Alert) -> Words:
    """Who, and what it is about."""
    event = alert.event
    who = event.callsign or event.aircraft
    about = _ABOUT[alert.about]
    if alert.about is About.OUTSIDE_VOLUMES and event.time_to_s is not None:
        about = _LEAVING  # it is ahead, or did not come about
    what = event.other or event.boundary or event.flight or event.rule
    tail = f" ({what})" if what else ""
    return Words(f"{who}: {about.en}{tail}", f"{who}{NARROW}: {about.fr}{tail}")
