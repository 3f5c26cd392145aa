"""What another USS tells of its constraints (U5): whether it may be believed. Pure.

As with intents: whoever notifies must manage the constraint, by what the exchange says; may not go
back to a version before the newest that is known; and may not say two things of one version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detente.f3548 import entity_id, time_us, valid_volumes
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import OutlineTooLarge, Volume4D, VolumeLimits, prepare
from detente.planning.hearing import NotItsManager, Outdated, Unusable, check_subscriptions, counted
from detente.planning.known import KnownConstraint, visible
from detente.planning.told import VERTICES_MAX

_SLACK_US: Final = 1_000_000
"""Exchanges may round times."""
_LIMITS: Final = VolumeLimits(max_area_km2=1e9)
"""A peer may have been given wider limits by its exchange: here only form counts."""


@dataclass(frozen=True, slots=True)
class ToldConstraint:
    """A notification (U5), its form checked.

    Attributes:
        id: of the constraint, in its canonical form.
        constraint: as its USS tells it; None: it has ended.
        volumes: of its details.
    """

    id: str
    constraint: uss.Constraint | None
    volumes: tuple[Volume4D, ...] = ()


def read_constraint(change: uss.PutConstraintDetailsParameters) -> ToldConstraint:
    """What a notification tells.

    Raises:
        InvalidMember, InvalidVolume: a member is missing or cannot be.
        Unusable: it contradicts itself, lacks the OVN, or a number in it cannot be.
    """
    identity = entity_id(change.constraint_id, "constraint_id")
    check_subscriptions(change.subscriptions)
    told = change.constraint
    if told is None:
        return ToldConstraint(identity, None)
    where = "constraint"
    if entity_id(told.reference.id, f"{where}.reference.id") != identity:
        raise Unusable("Two different constraints are named.", where=f"{where}.reference.id")
    if not visible(told.reference.ovn):
        raise Unusable("The OVN is missing.", where=f"{where}.reference.ovn")
    counted(told.reference.version, f"{where}.reference.version")
    volumes = usable_volumes(told.details, f"{where}.details")
    _within_times(volumes, told.reference, f"{where}.details")
    return ToldConstraint(identity, told, volumes)


def usable_volumes(details: uss.ConstraintDetails, where: str) -> tuple[Volume4D, ...]:
    """The volumes of another's constraint, each valid.

    Raises:
        InvalidMember, InvalidVolume, Unusable: as above.
    """
    volumes = valid_volumes(
        details.volumes, f"{where}.volumes", _LIMITS, need_times=True, vertices_max=VERTICES_MAX
    )
    try:
        prepare(volumes)
    except OutlineTooLarge as error:
        raise Unusable(str(error), where=f"{where}.volumes") from None
    return tuple(volumes)


def _within_times(
    volumes: tuple[Volume4D, ...], reference: wire.ConstraintReference, where: str
) -> None:
    start_us = time_us(reference.time_start, "constraint.reference.time_start") - _SLACK_US
    end_us = time_us(reference.time_end, "constraint.reference.time_end") + _SLACK_US
    for i, each in enumerate(volumes):
        if (each.time_start_us or 0) < start_us or (each.time_end_us or 0) > end_us:
            raise Unusable(
                "The volume reaches beyond the times that were announced.",
                where=f"{where}.volumes[{i}]",
            )


def judge_constraint(
    told: ToldConstraint,
    sender: str,
    known: KnownConstraint | None,
    standing: wire.ConstraintReference | None,
) -> None:
    """Refuse what may not be believed.

    Args:
        told: by a notification.
        sender: who sent it (`sub` of its token).
        known: what was known of the constraint.
        standing: its reference at the exchange, if that was asked now and has it.

    Raises:
        NotItsManager, Outdated.
    """
    references = [each for each in (standing, None if known is None else known.reference) if each]
    managers = {each.manager for each in references}
    if told.constraint is not None:
        managers.add(told.constraint.reference.manager)
    if managers - {sender}:
        whose = ", ".join(sorted(managers - {sender}))
        raise NotItsManager(
            f"The constraint {told.id} is managed by {whose}, not by {sender}.",
            where="constraint.reference.manager",
        )
    if told.constraint is None:
        return
    version = told.constraint.reference.version
    newest = max((each.version for each in references), default=0)
    if version < newest:
        raise Outdated(
            f"Version {newest} is known here already.", where="constraint.reference.version"
        )
    if known is not None and known.reference.version == version:
        same_ovn = known.reference.ovn == told.constraint.reference.ovn
        if not same_ovn or known.details != told.constraint.details:
            raise Outdated(f"Version {version} was told with other content.", where="constraint")
