"""What a peer tells of its intents and constraints: read, and held against what is known.

A peer may err or lie. What does not hold together is not used, and it is said why; what is only
older than what the exchange knows may come right in a moment: a USS answers with what was accepted
last while a change is under way, and with 404 before the first answer of the exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detente.errors import DetenteError
from detente.f3548 import (
    InvalidMember,
    InvalidVolume,
    time_us,
    valid_volumes,
    vertices_of,
    volume_on_wire,
)
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D, VolumeLimits, prepare
from detente.planning.intents import Details, State
from detente.planning.known import visible
from detente.planning.lifecycle import CONTENTS
from detente.words import Words

# A peer's exchange may have wider limits than ours: only form counts here.
_LIMITS: Final = VolumeLimits(max_area_km2=1e9)
VERTICES_MAX: Final = 10_000
"""Of all volumes of an intent or a constraint that is told (OiMaxVertices): what has more is not
looked at any closer, or a peer could keep a node busy with nothing else."""
_INT32_MOST: Final = (1 << 31) - 1
_SLACK_US: Final = 1_000_000
"""How far a reference's times may be from those of the details: an exchange may round."""


class ToldWrong(DetenteError):
    """What a peer told does not hold together."""

    code = "planning.told_wrong"


@dataclass(frozen=True, slots=True)
class NotYet:
    """What came is older than what the exchange knows; ask again."""

    problem: Words


def details_of(told: wire.OperationalIntentDetails, state: State) -> Details:
    """The details of an intent in a state, as a peer or a client wrote them.

    Raises:
        ToldWrong: volumes are missing or not valid, or are not those of the state (OPIN0015).
    """
    needs = CONTENTS[state]
    if bool(told.volumes) is not needs.volumes:
        raise ToldWrong(
            f"an intent in state {state} {'needs' if needs.volumes else 'must not have'} volumes",
            where="volumes",
        )
    if bool(told.off_nominal_volumes) is not needs.off_nominal:
        raise ToldWrong(
            f"an intent in state {state} {'needs' if needs.off_nominal else 'must not have'} "
            "off-nominal volumes",
            where="off_nominal_volumes",
        )
    if not -_INT32_MOST - 1 <= told.priority <= _INT32_MOST:
        raise ToldWrong("it does not fit into 32 bits", where="priority")
    vertices = vertices_of((*told.volumes, *told.off_nominal_volumes))
    if vertices > VERTICES_MAX:
        raise ToldWrong(
            f"the volumes have {vertices:,} vertices together; OPIN0020 allows {VERTICES_MAX:,}",
            where="volumes",
        )
    details = Details(
        _volumes(told.volumes, "volumes"),
        _volumes(told.off_nominal_volumes, "off_nominal_volumes"),
        told.priority,
    )
    _comparable(details.all_volumes)
    return details


def check_count(value: int, where: str) -> None:
    """Check a version or an index of a notification: what an exchange counts, in 32 bits.

    Raises:
        ToldWrong: no exchange can have counted so far; believed, it would outdo every true one.
    """
    if not 0 <= value <= _INT32_MOST:
        raise ToldWrong("it is negative, or does not fit into 32 bits", where=where)


def details_on_wire(details: Details) -> wire.OperationalIntentDetails:
    """The wire's form of details."""
    return wire.OperationalIntentDetails(
        [volume_on_wire(each) for each in details.volumes],
        [volume_on_wire(each) for each in details.off_nominal_volumes],
        details.priority,
    )


def _volumes(told: Sequence[wire.Volume4D], where: str) -> tuple[Volume4D, ...]:
    if not told:
        return ()
    try:
        found = valid_volumes(told, where, _LIMITS, need_times=True, need_altitudes=True)
    except (InvalidMember, InvalidVolume) as error:
        raise ToldWrong(error.message, where=error.where) from error
    return tuple(found)


def _comparable(volumes: Sequence[Volume4D]) -> None:
    try:
        prepare(volumes)
    except DetenteError as error:
        raise ToldWrong(error.message, where=error.where) from error


def read_intent(
    reference: wire.OperationalIntentReference,
    told: wire.OperationalIntent,
    refused: frozenset[str] = frozenset(),
    read: Details | None = None,
) -> Details | NotYet:
    """What a USS answered when asked for the intent that a reference names.

    Args:
        reference: from the exchange.
        told: from the USS.
        refused: OVNs that the exchange did not take for current.
        read: what `details_of` made of its details, if that was done before.

    Raises:
        ToldWrong: it cannot be that intent, or cannot be used.
    """
    found = told.reference
    _same_entity(reference.id, reference.manager, found.id, found.manager)
    if not visible(found.ovn):
        raise ToldWrong("its USS does not show the OVN", where="reference.ovn")
    check_count(found.version, "reference.version")
    if found.version < reference.version:
        return _older()
    if found.ovn in refused:
        if found.version > reference.version:
            return _older()
        raise ToldWrong("the exchange does not take the OVN that its USS shows", where="ovn")
    if found.version == reference.version and found.state != reference.state:
        raise ToldWrong(
            f"its USS says {found.state}, the exchange {reference.state}", where="reference.state"
        )
    details = read or details_of(told.details, State(found.state))
    within_times(details, reference if found.version == reference.version else found)
    return details


def within_times(details: Details, reference: wire.OperationalIntentReference) -> None:
    """Check that volumes keep to the times that a reference announces.

    Raises:
        ToldWrong: one does not.
        InvalidMember: the reference's times cannot be.
    """
    start_us = time_us(reference.time_start, "reference.time_start") - _SLACK_US
    end_us = time_us(reference.time_end, "reference.time_end") + _SLACK_US
    for i, each in enumerate(details.all_volumes):
        if (each.time_start_us or 0) < start_us or (each.time_end_us or 0) > end_us:
            raise ToldWrong(
                "the volume reaches beyond the times that were announced", where=f"volumes[{i}]"
            )


def read_constraint(
    reference: wire.ConstraintReference,
    told: uss.Constraint,
    refused: frozenset[str] = frozenset(),
) -> tuple[Volume4D, ...] | NotYet:
    """The volumes of the constraint that a reference names, as its USS answered.

    Raises:
        ToldWrong: it cannot be that constraint, or cannot be used.
    """
    found = told.reference
    _same_entity(reference.id, reference.manager, found.id, found.manager)
    if not visible(found.ovn):
        raise ToldWrong("its USS does not show the OVN", where="reference.ovn")
    check_count(found.version, "reference.version")
    if found.version < reference.version:
        return _older()
    if found.ovn in refused:
        if found.version > reference.version:
            return _older()
        raise ToldWrong("the exchange does not take the OVN that its USS shows", where="ovn")
    try:
        volumes = valid_volumes(
            told.details.volumes, "volumes", _LIMITS, need_times=True, vertices_max=VERTICES_MAX
        )
    except (InvalidMember, InvalidVolume) as error:
        raise ToldWrong(error.message, where=error.where) from error
    _comparable(volumes)
    return tuple(volumes)


def _same_entity(id_: str, manager: str, told_id: str, told_manager: str) -> None:
    if told_id != id_:
        raise ToldWrong(f"its USS answered for another one, {told_id}", where="reference.id")
    if told_manager != manager:
        raise ToldWrong(f"its USS names another manager, {told_manager}", where="reference.manager")


def _older() -> NotYet:
    return NotYet(
        Words(
            "its USS tells of a state that the exchange has left behind",
            "son USS en donne un état que le répertoire a dépassé",
        )
    )
