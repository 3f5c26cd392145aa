"""Stand-off rules ready to be applied, and how one distance is judged by them. Pure.

Everything that decides is a whole number: positions in 10⁻⁷ degrees, distances in decimetres, times
in microseconds. So both sides, on whatever machines, come to the same verdict; only the distance
itself is computed in floating point, and then rounded (half to even) before anything is compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.agreement import (
    Agreement,
    AircraftClass,
    Border,
    Purpose,
    StandOffRule,
    StandOffSection,
    stand_off_section,
    stand_off_sentence,
)
from detente.kernels import Area, BorderIndex
from detente.words import Words

from .declarations import Declared, Notice
from .events import Grade
from .stand_off_lines import (
    BorderShape,
    BorderUnusable,
    Point,
    read_border,
    stretch_of,
    whole,
)

Floats: TypeAlias = npt.NDArray[np.float64]

RULE_PREFIX: Final = "stand-off/"
MINUTE_US: Final = 60_000_000
_FARTHER_DM: Final = 250_000
"""How much farther than agreed distances are looked for: a limit that was passed between two
positions is found where the one before was no farther."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A distance that some aircraft keep from one line.

    Attributes:
        rule: its identifier, `stand-off/<id>`.
        sentence: the rule in words.
        classes: of the aircraft.
        parties: of the aircraft.
        line: number of the area to measure from.
        inside: number of the area in which the distance is below zero; -1: there is none.
        border, claimant: the line's id, and whose airspace it bounds; "": nobody's.
        distance_dm: too near is less than this.
        uncertainty_dm: of the line, 95 %.
        exempt: errands that may come closer on notice.
        notice_us: how long before they are announced.
        exempt_to_dm: how close they may come.
    """

    rule: str
    sentence: Words
    classes: frozenset[AircraftClass]
    parties: frozenset[str]
    line: int
    inside: int
    border: str
    claimant: str
    distance_dm: int
    uncertainty_dm: int
    exempt: frozenset[Purpose]
    notice_us: int
    exempt_to_dm: int

    @property
    def looked_for_dm(self) -> int:
        """How far away, or how deep inside, distances are told; beyond it is "more than"."""
        return self.distance_dm + _FARTHER_DM

    def binds(self, declared: Declared) -> bool:
        """Whether an aircraft has to keep it."""
        return declared.kind in self.classes and declared.party in self.parties


@dataclass(frozen=True, slots=True)
class StandOffRules:
    """All limits, and the lines that they are measured from.

    Attributes:
        limits: in the order of the agreement.
        index: areas by the numbers in `limits`.
        clear_s: who was far enough away for so long has ended a breach.
        gap_s: after so long without a position nothing is known of what was between.
        time_s: how far the times of a source may be off, 95 %.
    """

    limits: tuple[Limit, ...]
    index: BorderIndex
    clear_s: float = 60.0
    gap_s: float = 300.0
    time_s: float = 0.5

    def of(self, declared: Declared) -> tuple[int, ...]:
        """Numbers of the limits that bind an aircraft."""
        return tuple(i for i, each in enumerate(self.limits) if each.binds(declared))

    def limit(self, rule: str, border: str) -> Limit | None:
        """The limit that an event is about."""
        of_both = (each for each in self.limits if (each.rule, each.border) == (rule, border))
        return next(of_both, None)

    def distance_m(self, limit: Limit, lat_deg: Floats, lng_deg: Floats) -> Floats:
        """How far from a limit's line positions are, metres.

        Below zero inside; inf where it is farther than is looked for, and no less than that inside.
        """
        farthest_m = limit.looked_for_dm / 10
        depths = self.index.signed_depth(lat_deg, lng_deg, limit.line, farthest_m)
        if limit.inside == limit.line:
            return np.maximum(-depths.depth_m, -farthest_m)
        away: Floats = np.abs(depths.depth_m)
        if limit.inside < 0:
            return away
        area = np.full(len(lat_deg), limit.inside, dtype=np.int32)
        within = self.index.inside(self.index.claimants(lat_deg, lng_deg), area)
        return np.asarray(np.where(within, np.maximum(-away, -farthest_m), away), dtype=np.float64)


def stand_off_rules(agreement: Agreement) -> StandOffRules | None:
    """The limits of an agreement; None if it has none.

    Raises:
        BorderUnusable: a border cannot be read, or nothing of it lies in a stretch.
    """
    section = stand_off_section(agreement)
    if section is None:
        return None
    return _Lines(section, agreement).rules()


@dataclass(slots=True)
class _Lines:
    """Builds limits, and the areas that they need."""

    section: StandOffSection
    agreement: Agreement
    areas: list[Area] = field(default_factory=list)
    numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    shapes: dict[str, BorderShape] = field(default_factory=dict)

    def rules(self) -> StandOffRules:
        limits = [each for rule in self.section.rules for each in self._limits(rule)]
        return StandOffRules(tuple(limits), BorderIndex.build(self.areas))

    def _limits(self, rule: StandOffRule) -> Iterable[Limit]:
        everybody = [each.id for each in self.agreement.document.parties]
        for border in self.section.borders:
            bound = [
                each
                for each in (rule.parties or everybody)
                if border in self.section.measured_from(rule, each)
            ]
            if not bound:
                continue
            shape = self._shape(border)
            number = self._number((border.id,), shape, None)
            line = number
            if rule.stretch is not None:
                line = self._number((border.id, *rule.stretch.limits), shape, rule)
            yield Limit(
                rule=f"{RULE_PREFIX}{rule.id}",
                sentence=stand_off_sentence(rule, self.section),
                classes=frozenset(rule.classes),
                parties=frozenset(bound),
                line=line,
                inside=number if shape.bounds else -1,
                border=border.id,
                claimant=border.party or "",
                distance_dm=int(rule.distance.decimetres),
                uncertainty_dm=math.ceil(border.uncertainty_m * 10),
                exempt=frozenset(rule.exempt),
                notice_us=rule.notice_min * MINUTE_US,
                exempt_to_dm=int(rule.exempt_to.decimetres) if rule.exempt_to else 0,
            )

    def _shape(self, border: Border) -> BorderShape:
        if border.file not in self.shapes:
            data = self.agreement.files[border.file]
            self.shapes[border.file] = read_border(data, border.file)
        return self.shapes[border.file]

    def _number(
        self, key: tuple[object, ...], shape: BorderShape, rule: StandOffRule | None
    ) -> int:
        """Of the area of a border, or of a rule's stretch of it."""
        if key not in self.numbers:
            if rule is None or rule.stretch is None:
                area = whole(shape)
            else:
                area = stretch_of(shape, rule.stretch, self._place, f"{RULE_PREFIX}{rule.id}")
            self.numbers[key] = len(self.areas)
            self.areas.append(area)
        return self.numbers[key]

    def _place(self, marker: str) -> Point:
        found = self.section.marker(marker)
        if found is None:
            raise BorderUnusable(f"There is no marker {marker}.", where=RULE_PREFIX)
        return found.lng_deg, found.lat_deg


class Exemption(StrEnum):
    """What a notice does for a breach; the code of an event's ground."""

    EXEMPT = "exempt-on-notice"
    LATE = "notice-too-late"
    OTHER_TIME = "notice-for-another-time"
    TOO_CLOSE = "closer-than-notice-allows"
    NONE = "no-notice"
    NOT_FORESEEN = "no-exemption-agreed"


@dataclass(frozen=True, slots=True)
class Breach:
    """What was nearer to a line than was agreed: all that decides, in whole numbers.

    Attributes:
        began_us, ended_us: first and last instant.
        least_dm: the least distance; below zero inside what the line bounds.
        surest_dm: the least of all distances with the uncertainty of each added, and with what it
            takes for the least of many (`intervals.picked_out`), but for positions that prove
            nothing: it was nearer than this for certain.
    """

    began_us: int
    ended_us: int
    least_dm: int
    surest_dm: int


def decimetres(distance_m: float) -> int:
    """A distance as it is judged: rounded, half to even."""
    return round(distance_m * 10)


def spread_decimetres(spread_m: float) -> int:
    """An uncertainty as it is judged: rounded up."""
    return math.ceil(spread_m * 10)


def too_near(limit: Limit, distance_dm: int) -> bool:
    """Whether a distance is less than agreed; equal is far enough."""
    return distance_dm < limit.distance_dm


def exemption(limit: Limit, breach: Breach, notices: Sequence[Notice]) -> tuple[Exemption, str]:
    """Whether an announced errand excuses a breach, and the id of the notice that decides.

    The first notice that excuses it counts; if none does, what is missing in the first one.
    """
    if not limit.exempt:
        return Exemption.NOT_FORESEEN, ""
    missing = (Exemption.NONE, "")
    for notice in notices:
        if notice.purpose not in limit.exempt:
            continue
        begin_us, end_us = notice.span_us
        if not (begin_us <= breach.began_us and breach.ended_us <= end_us):
            found = Exemption.OTHER_TIME
        elif notice.given_us > breach.began_us - limit.notice_us:
            found = Exemption.LATE
        elif breach.least_dm < limit.exempt_to_dm:
            found = Exemption.TOO_CLOSE
        else:
            return Exemption.EXEMPT, notice.id
        if missing[0] is Exemption.NONE:
            missing = (found, notice.id)
    return missing


def grade_of(limit: Limit, breach: Breach, excused: Exemption) -> Grade:
    """How sure a breach is: shown where it is too near for certain, and nothing excuses it."""
    if excused is Exemption.EXEMPT:
        return Grade.REFUTED
    sure = too_near(limit, breach.surest_dm)
    return Grade.SHOWN if sure else Grade.CANNOT_BE_TOLD
