"""What the figures of a report rest upon, in sentences: boundaries, licences, definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.boundaries import Boundary, BoundarySource
from detente.words import Words, number


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read.

    Attributes:
        name: of the file.
        bytes: its size.
        sha256: lower-case hex.
    """

    name: str
    bytes: int
    sha256: str


def notes() -> tuple[Words, ...]:
    """What every figure means."""
    return (
        Words(
            "Every figure lies with 95 % between the bounds beside it: they come from the accuracy "
            "of positions, the spread of their times, what an aircraft can do between two of them, "
            "and how far the boundary may be from the true one.",
            "Chaque grandeur se trouve à 95\u202f% entre les bornes indiquées\u202f: elles "
            "viennent de la précision des positions, de l’étalement de leurs heures, de ce qu’un "
            "aéronef peut faire entre deux d’entre elles, et de l’erreur possible de la limite.",
        ),
        Words(
            "“Shown” means that even the low bound of the depth is inside and that the track does "
            "not contradict itself; “refuted”, that even the high bound is outside; all else "
            "cannot be told. A boundary is what somebody claims, not what is due to him.",
            "«\u202fÉtabli\u202f» signifie que même la borne basse de la profondeur est à "
            "l’intérieur et que la trajectoire ne se contredit pas\u202f; «\u202fréfuté\u202f», "
            "que même la borne haute est à l’extérieur\u202f; tout le reste est indécidable. Une "
            "limite est ce que quelqu’un revendique, non ce qui lui revient.",
        ),
    )


def source_notes(boundaries: Sequence[Boundary]) -> tuple[Words, ...]:
    """Each source of boundaries once: version, licence, how sure it is, and what must be shown."""
    sources: dict[BoundarySource, None] = {}
    for each in boundaries:
        sources[each.source] = None
    return tuple(_source(each) for each in sources)


def _source(source: BoundarySource) -> Words:
    unsure = number(source.uncertainty_m)
    en = f"{source.title} {source.version} ({source.licence}): may be {unsure.en} m off"
    fr = (
        f"{source.title} {source.version} ({source.licence})\u202f: erreur possible de "
        f"{unsure.fr}\u202fm"
    )
    if not source.judges:
        en += "; a picture only, it decides nothing"
        fr += "\u202f; une image seulement, elle ne tranche rien"
    if source.uncertainty_ground:
        en += f": {source.ground.en}"
        fr += f"\u202f: {source.ground.fr}"
    if source.attribution:
        en += f"{'' if en.endswith('.') else '.'} {source.attribution}"
        fr += f"{'' if fr.endswith('.') else '.'} {source.attribution}"
    return Words(en, fr)
