"""Bodies of the constraints' interface: what officers ask for, and what they are told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.interchange import Altimetry, Unread, Zone
from detente.planning import Fault, KnownConstraint, OwnConstraint
from detente.planning.constraint_errands import ConstraintOutcome


class Said(Struct, frozen=True):
    """A sentence in both languages."""

    en: str
    fr: str


class ConstraintBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A constraint as its provider wants it.

    Attributes:
        volumes: where and when; each with both times.
        geozone: what it is as a UAS geographical zone (ED-269).
        type: the constraint's type in words, if it is no geozone.
        provider: who is responsible for it, as told to investigators (LOG0055).
        id: a version-4 UUID of one's own choice; a new one if not given.
    """

    volumes: Annotated[list[wire.Volume4D], Meta(min_length=1, max_length=1000)]
    geozone: uss.GeoZone | None = None
    type: Annotated[str, Meta(max_length=200)] | None = None
    provider: Annotated[str, Meta(max_length=200)] = ""
    id: Annotated[str, Meta(max_length=36)] | None = None

    @property
    def details(self) -> uss.ConstraintDetails:
        """What peers are told."""
        return uss.ConstraintDetails(list(self.volumes), self.type, self.geozone)


class ConstraintView(Struct, frozen=True, kw_only=True):
    """A constraint.

    Attributes:
        id: of it.
        manager: who manages it at the exchanges.
        ours: whether that is us.
        provider: of ours.
        version: of ours: how often it was changed here; of others': at the exchange.
        ended: whether it is over.
        exchanges: where it stands.
        details: where, when, what.
    """

    id: str
    manager: str
    ours: bool
    provider: str
    version: int
    ended: bool
    exchanges: list[str]
    details: uss.ConstraintDetails


class ConstraintViews(Struct, frozen=True, kw_only=True):
    """Constraints: ours, then others' that are known.

    Attributes:
        unsettled: orders of which it is not known what the exchanges have made.
    """

    constraints: list[ConstraintView]
    unsettled: int


class FaultView(Struct, frozen=True, kw_only=True):
    """What is wrong."""

    code: str
    where: str
    words: Said


class ConstraintOutcomeView(Struct, frozen=True, kw_only=True):
    """What came of an order.

    Attributes:
        result: done, refused, failed.
        id: of the constraint.
        constraint: as it stands; null: it stands nowhere.
        faults: what is wrong.
        notices: subscribers that are being told.
        unsettled: exchanges that still have to say what they have made of it.
    """

    result: str
    id: str
    constraint: ConstraintView | None
    faults: list[FaultView]
    notices: int
    unsettled: list[str]


class ZoneView(Struct, frozen=True, kw_only=True):
    """A zone of a file, and the constraints that it would become: one for each time it applies.

    Attributes:
        line: where it stands in the file.
        geozone: what it is.
        constraints: each ready to be published.
        problem: why there are none, if its heights cannot be converted.
    """

    line: int
    geozone: uss.GeoZone
    constraints: list[ConstraintBody]
    problem: Said | None


class ProblemView(Struct, frozen=True, kw_only=True):
    """A zone that could not be read."""

    line: int
    part: str
    message: Said
    remedy: Said | None


class ZonesView(Struct, frozen=True, kw_only=True):
    """What a file of zones was understood to say. Nothing is published."""

    zones: list[ZoneView]
    problems: list[ProblemView]


def view_of_own(constraint: OwnConstraint, manager: str) -> ConstraintView:
    """A constraint of ours.

    Args:
        manager: who we are at the exchanges.
    """
    return ConstraintView(
        id=constraint.id,
        manager=manager,
        ours=True,
        provider=constraint.provider,
        version=constraint.version,
        ended=constraint.ended,
        exchanges=[name for name, _ in constraint.filed],
        details=constraint.details,
    )


def view_of_outcome(outcome: ConstraintOutcome, manager: str) -> ConstraintOutcomeView:
    """What came of an order."""
    now = outcome.constraint
    return ConstraintOutcomeView(
        result=outcome.result.value,
        id=outcome.order.id,
        constraint=None if now.ended else view_of_own(now, manager),
        faults=[_fault(each) for each in outcome.faults],
        notices=len(outcome.notices),
        unsettled=list(outcome.unsettled),
    )


def view_of_known(known: KnownConstraint) -> ConstraintView:
    """Another's constraint."""
    return ConstraintView(
        id=known.reference.id,
        manager=known.reference.manager,
        ours=False,
        provider="",
        version=known.reference.version,
        ended=False,
        exchanges=[known.exchange],
        details=known.details,
    )


def _fault(fault: Fault) -> FaultView:
    return FaultView(code=fault.code, where=fault.where, words=Said(*fault.message))


def view_of_zone(zone: Zone, altimetry: Altimetry, since_us: int, until_us: int) -> ZoneView:
    """A zone of a file, and what it would become between two moments."""
    problem = None
    bodies: list[ConstraintBody] = []
    try:
        bodies = [
            ConstraintBody(volumes=[volume_on_wire(each) for each in volumes], geozone=zone.geozone)
            for volumes in zone.volumes(altimetry, since_us, until_us)
        ]
    except Unread as error:
        remedy = error.remedy
        en, fr = error.words
        if remedy is not None:
            en, fr = f"{en} {remedy.en}", f"{fr} {remedy.fr}"
        problem = Said(en, fr)
    return ZoneView(line=zone.line, geozone=zone.geozone, constraints=bodies, problem=problem)
