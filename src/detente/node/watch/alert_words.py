"""Alerts in sentences, for officers. Neutral: who did what is not more than what was found."""

from __future__ import annotations

from typing import Final

from detente.watch import About, Alert, Closing, Grade, Stage
from detente.words import NARROW, Words, number

_ABOUT: Final = {
    About.CROSSING: Words("border", "frontière"),
    About.STAND_OFF: Words("distance from a line", "distance à une ligne"),
    About.APPROACH: Words("two aircraft close to each other", "deux aéronefs proches"),
    About.OUTSIDE_VOLUMES: Words("outside the declared volumes", "hors des volumes annoncés"),
}
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
    Closing.LOST: Words(
        "The node was started anew and has heard nothing more of it.",
        "Le nœud a redémarré et n’a plus rien entendu à ce sujet.",
    ),
}
_GRADES: Final = {
    Grade.SHOWN: Words("shown", "établi"),
    Grade.REFUTED: Words("refuted", "réfuté"),
    Grade.CANNOT_BE_TOLD: Words("cannot be told", "impossible à dire"),
}


def stage_words(alert: Alert) -> Words:
    """Where it stands, how sure that is, and how long ahead it is."""
    stage = _CLOSINGS[alert.closing] if alert.stage is Stage.OVER else _STAGES[alert.stage]
    grade = _GRADES[alert.event.grade]
    when = Words("", "")
    ahead = alert.event.time_to_s
    if alert.stage is Stage.AHEAD and ahead is not None:
        seconds = number(max(ahead.value, 0.0), 0)
        when = Words(f" In {seconds.en} s.", f" Dans {seconds.fr} s.")
    return Words(
        f"{stage.en}{when.en} Grade: {grade.en}.",
        f"{stage.fr}{when.fr} Appréciation{NARROW}: {grade.fr}.",
    )


def headline(alert: Alert) -> Words:
    """Who, and what it is about."""
    event = alert.event
    who = event.callsign or event.aircraft
    about = _ABOUT[alert.about]
    what = event.other or event.boundary or event.rule
    tail = f" ({what})" if what else ""
    return Words(f"{who}: {about.en}{tail}", f"{who}{NARROW}: {about.fr}{tail}")
