"""How sure a finding is, and by what that was decided. Pure.

A grade is decided by the first thing that forbids a better one; all that mattered is told, most
important first. `GROUNDS` says each in plain words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.boundaries import Boundary, Why, refusal
from detente.words import Words

from .events import Grade, Ground, Interval
from .ground_figures import figure_words
from .grounds_between import GROUNDS_BETWEEN

GROUNDS: Final[dict[str, Words]] = {
    "deeper-than-uncertainty": Words(
        "It was deeper inside than position, time and boundary together can be wrong.",
        "Il était plus loin à l’intérieur que l’erreur possible de la position, de l’heure et de "
        "la limite réunies.",
    ),
    "outside-beyond-uncertainty": Words(
        "It was farther away than position, time and boundary together can be wrong.",
        "Il était plus loin que l’erreur possible de la position, de l’heure et de la limite "
        "réunies.",
    ),
    "less-deep-than-claimed": Words(
        "It was inside, and by more than the uncertainty less deep than is claimed.",
        "Il était à l’intérieur, mais moins loin qu’on ne l’affirme, de plus que l’incertitude.",
    ),
    "as-deep-as-claimed": Words(
        "It was at least as deep inside as is claimed, by more than the uncertainty.",
        "Il était au moins aussi loin à l’intérieur qu’on l’affirme, de plus que l’incertitude.",
    ),
    "within-uncertainty": Words(
        "What is claimed and its contrary both lie within the uncertainty.",
        "Ce qui est affirmé et son contraire sont tous deux dans la marge d’incertitude.",
    ),
    "boundary-does-not-judge": Words(
        "The source of this boundary is a picture: it may not decide.",
        "La source de cette limite est une image\u202f: elle ne peut pas trancher.",
    ),
    "boundary-too-uncertain": Words(
        "The boundary itself is less certain than the depth in question.",
        "La limite elle-même est moins certaine que la profondeur en question.",
    ),
    "depends-on-border-data": Words(
        "Sources of the same boundary lead to different answers.",
        "Des sources de la même limite mènent à des réponses différentes.",
    ),
    "positions-inconsistent": Words(
        "Within the time stated, the same track has a position that cannot be true: the receiver "
        "may have been misled.",
        "Dans le délai indiqué, la même trajectoire a une position qui ne peut être vraie : le "
        "récepteur a pu être trompé.",
    ),
    "positions-doubtful": Words(
        "Too many of the positions contradict the motion that the aircraft itself reports, or "
        "state no integrity.",
        "Trop de positions contredisent le mouvement que l’aéronef annonce lui-même, ou "
        "n’annoncent aucune intégrité.",
    ),
    "interference-around": Words(
        "Several aircraft around had positions that cannot be true at that time.",
        "Plusieurs aéronefs alentour avaient à cette heure des positions qui ne peuvent être "
        "vraies.",
    ),
    "accuracy-assumed": Words(
        "Some positions state no accuracy: an assumed one stands in.",
        "Certaines positions n’annoncent pas de précision : une valeur supposée la remplace.",
    ),
    "between-reports": Words(
        "No position lies inside: only the line between two of them does.",
        "Aucune position n’est à l’intérieur : seule l’est la ligne entre deux d’entre elles.",
    ),
    "began-inside": Words(
        "Its track begins inside: when it entered is not known.",
        "Sa trajectoire commence à l’intérieur : on ne sait pas quand il est entré.",
    ),
    "ended-inside": Words(
        "Its track ends inside: when it left is not known.",
        "Sa trajectoire finit à l’intérieur : on ne sait pas quand il est sorti.",
    ),
    "deeper-than-told": Words(
        "It was deeper than depths are looked for.",
        "Il était plus loin que la profondeur jusqu’à laquelle on mesure.",
    ),
    "no-positions": Words(
        "There are no positions at the time in question.",
        "Il n’y a pas de position à l’heure en question.",
    ),
    "not-covered": Words(
        "The positions cover only a part of the time in question.",
        "Les positions ne couvrent qu’une partie du temps en question.",
    ),
    "motion-leads-inside": Words(
        "Its present motion leads inside, however it may change within the bound assumed.",
        "Son mouvement actuel mène à l’intérieur, quels que soient ses changements dans la limite "
        "supposée.",
    ),
    "may-turn-away": Words(
        "Its present motion leads inside; it can still turn away.",
        "Son mouvement actuel mène à l’intérieur ; il peut encore s’en détourner.",
    ),
    "crossed": Words("It crossed.", "Il a franchi la limite."),
    "turned-away": Words(
        "It turned away and did not cross.", "Il s’est détourné et n’a pas franchi la limite."
    ),
    "track-ended": Words(
        "Its track ended before it could be seen.",
        "Sa trajectoire a pris fin avant qu’on puisse le voir.",
    ),
    "motion-leads-out": Words(
        "Its present motion leads out of its declared volumes, however it may change within the "
        "bound assumed.",
        "Son mouvement actuel mène hors de ses volumes déclarés, quels que soient ses changements "
        "dans la limite supposée.",
    ),
    "may-stay-inside": Words(
        "Its present motion leads out of its declared volumes; it can still stay inside.",
        "Son mouvement actuel mène hors de ses volumes déclarés\u202f; il peut encore y rester.",
    ),
    "time-runs-out": Words(
        "The time of its declared volumes ends then.",
        "Le temps de ses volumes déclarés finit alors.",
    ),
    "stayed-inside": Words(
        "It stayed in its declared volumes.", "Il est resté dans ses volumes déclarés."
    ),
    "flight-ended": Words(
        "Its flight ended before it left its declared volumes.",
        "Son vol a pris fin avant qu’il quitte ses volumes déclarés.",
    ),
    "outside-own-volumes": Words(
        "It was farther outside its declared volumes than its position can be wrong.",
        "Il était plus loin hors de ses volumes déclarés que l’erreur possible de sa position.",
    ),
    "not-its-time": Words(
        "None of its declared volumes is meant for this time.",
        "Aucun de ses volumes déclarés ne vaut pour cette heure.",
    ),
    "altitude-unknown": Words(
        "It reports no altitude: only place and time were judged.",
        "Il n’annonce pas d’altitude\u202f: seuls le lieu et l’heure ont été jugés.",
    ),
    "speed-impossible": Words(
        "What is claimed takes a speed that this aircraft did not have.",
        "Ce qui est affirmé demande une vitesse que cet aéronef n’avait pas.",
    ),
    **GROUNDS_BETWEEN,
}
"""What each ground says, by its code. Codes do not change."""


def sentence(ground: Ground) -> Words:
    """A ground in plain words, with the figures it was decided by."""
    words = GROUNDS[ground.code]
    told = [figure_words(name, value) for name, value in sorted(ground.figures.items())]
    if not told:
        return words
    return Words(
        f"{words.en} ({', '.join(each.en for each in told)})",
        f"{words.fr} ({', '.join(each.fr for each in told)})",
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a grade rests on.

    Attributes:
        depth: greatest depth; negative values are outside.
        position_m, between_reports_m, boundary_m: spreads that its low end was made of; that of the
            position allows for its having been picked out.
        reports, doubtful, derived, assumed: positions; of them those that contradict their own
            motion, and those whose accuracy is derived or assumed.
        distrusted: whether a position that cannot be true is too near.
        jump_s: how near, in seconds; None: there is none.
        distrust_s: how near is too near.
        doubtful_share: how many doubtful ones are too many.
        look, occasion: which of the positions the deepest one was, and on which occasion; see
            `intervals.extreme`.
    """

    depth: Interval
    position_m: float
    between_reports_m: float
    boundary_m: float
    reports: int
    doubtful: int
    derived: int
    assumed: int
    distrusted: bool
    jump_s: float | None
    distrust_s: float
    doubtful_share: float
    look: int = 1
    occasion: int = 1


def obstacles(evidence: Evidence, boundary: Boundary, question_m: float) -> list[Ground]:
    """What forbids any verdict, most important first; empty if nothing does.

    Args:
        evidence: what there is.
        boundary: against which it is judged.
        question_m: how far the matter is from being otherwise: a boundary that is less certain than
            this may not judge.
    """
    found: list[Ground] = []
    refused = refusal(boundary, question_m, uncertainty_m=evidence.boundary_m)
    if refused is not None and refused.why is Why.PICTURE:
        found.append(Ground(refused.why.value, {"source": boundary.source.id}))
    if evidence.distrusted:
        figures: dict[str, float | str] = {"window_s": evidence.distrust_s}
        if evidence.jump_s is not None:
            figures["nearest_jump_s"] = evidence.jump_s
        found.append(Ground("positions-inconsistent", figures))
    if evidence.reports and evidence.doubtful > evidence.doubtful_share * evidence.reports:
        found.append(
            Ground(
                "positions-doubtful",
                {"doubtful": float(evidence.doubtful), "reports": float(evidence.reports)},
            )
        )
    if refused is not None and refused.why is Why.TOO_UNCERTAIN:
        figures = {"boundary_m": refused.uncertainty_m, "depth_m": refused.question_m}
        found.append(Ground(refused.why.value, _finite(figures)))
    return found


def decide(
    evidence: Evidence, boundary: Boundary, claimed_m: float | None = None
) -> tuple[Grade, tuple[Ground, ...]]:
    """The grade of a finding, or of a claim.

    Args:
        evidence: what there is.
        boundary: against which it is judged.
        claimed_m: how deep it is claimed to have been; None: inside at all.

    Returns:
        Shown if even the low end of the depth is beyond what is claimed, refuted if even the high
        end is not; else it cannot be told. Then the grounds.
    """
    depth = evidence.depth
    line = claimed_m or 0.0
    spreads: dict[str, float | str] = {
        "depth_low_m": depth.low,
        "depth_high_m": depth.high,
        "position_m": evidence.position_m,
        "boundary_m": evidence.boundary_m,
        "between_reports_m": evidence.between_reports_m,
        "look": float(evidence.look),
    }
    if evidence.occasion > 1:
        spreads["occasion"] = float(evidence.occasion)
    if line:
        spreads["claimed_m"] = line
    forbidding = obstacles(evidence, boundary, abs(depth.value - line))
    if depth.low > line:
        grade, code = Grade.SHOWN, "as-deep-as-claimed" if line else "deeper-than-uncertainty"
    elif depth.high < line:
        inside = line and depth.value > 0
        grade = Grade.REFUTED
        code = "less-deep-than-claimed" if inside else "outside-beyond-uncertainty"
    else:
        grade, code = Grade.CANNOT_BE_TOLD, "within-uncertainty"
    if forbidding:
        grade = Grade.CANNOT_BE_TOLD
    grounds = [*forbidding]
    if not forbidding or code == "within-uncertainty":
        grounds.append(Ground(code, _finite(spreads)))
    if evidence.assumed:
        grounds.append(Ground("accuracy-assumed", {"assumed": float(evidence.assumed)}))
    return grade, tuple(grounds)


def _finite(figures: dict[str, float | str]) -> dict[str, float | str]:
    """Without what has no bound: it cannot be written in JSON, and says nothing."""
    return {
        name: value
        for name, value in figures.items()
        if isinstance(value, str) or abs(value) < float("inf")
    }
