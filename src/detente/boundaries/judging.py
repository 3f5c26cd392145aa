"""Whether a boundary may decide a question: never one that is finer than the line is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import BoundaryDoesNotJudge
from .model import Boundary


class Why(StrEnum):
    """Why a boundary does not judge; the codes are those of the grounds of events."""

    PICTURE = "boundary-does-not-judge"
    TOO_UNCERTAIN = "boundary-too-uncertain"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A boundary that does not judge a question.

    Attributes:
        why: see `Why`.
        uncertainty_m: of the boundary, there.
        question_m: what was asked: a depth or a distance.
    """

    why: Why
    uncertainty_m: float
    question_m: float


def refusal(
    boundary: Boundary, question_m: float, *, uncertainty_m: float | None = None
) -> Refusal | None:
    """Why a boundary must not judge; None if it may.

    Args:
        boundary: whose line it is about.
        question_m: the depth or distance that is asked about, whichever its sign.
        uncertainty_m: of the stretch in question, as `BoundarySet.uncertainty_m` has it; the
            boundary's worst if not given.
    """
    known_m = boundary.worst_uncertainty_m if uncertainty_m is None else uncertainty_m
    if not boundary.source.judges:
        return Refusal(Why.PICTURE, known_m, abs(question_m))
    if not known_m <= abs(question_m):
        return Refusal(Why.TOO_UNCERTAIN, known_m, abs(question_m))
    return None


def judges(boundary: Boundary, question_m: float, *, uncertainty_m: float | None = None) -> bool:
    """Whether a boundary may judge a question of so many metres; see `refusal`."""
    return refusal(boundary, question_m, uncertainty_m=uncertainty_m) is None


def require_judge(boundary: Boundary, question_m: float) -> None:
    """Raise `BoundaryDoesNotJudge` if a boundary must not judge a question of so many metres."""
    found = refusal(boundary, question_m)
    if found is None:
        return
    if found.why is Why.PICTURE:
        raise BoundaryDoesNotJudge(
            f"{boundary.source.title} is a picture only.",
            where=boundary.id,
            advice="Install an exact source: detente boundary install maritime-10m.",
        )
    raise BoundaryDoesNotJudge(
        f"The line is known to {found.uncertainty_m:,.0f} m only, and the question is about "
        f"{found.question_m:,.0f} m.",
        where=boundary.id,
        advice="Use a more exact source: detente boundary install maritime-10m, or your own.",
    )
