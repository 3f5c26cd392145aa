"""What peers tell of constraints: what is believed."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.exported import DISC, T0, geozone, volume

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, InvalidVolume, time_of, volume_on_wire
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import KnownConstraint
from detente.planning.constraint_hearing import judge_constraint, read_constraint
from detente.planning.hearing import NotItsManager, Outdated, Unusable

ID = "22222222-2222-4222-8222-222222222222"
VOLUME = volume()
TOLD = uss.Constraint(
    wire.ConstraintReference(
        ID,
        "b",
        "Unknown",
        2,
        "an-ovn-of-sixteen-or-more",
        time_of(T0),
        time_of(VOLUME.time_end_us or 0),
        "https://b.example",
    ),
    uss.ConstraintDetails([volume_on_wire(VOLUME)], None, geozone()),
)
STATES = [wire.SubscriptionState("s", 1)]


def change(told: uss.Constraint | None = TOLD) -> uss.PutConstraintDetailsParameters:
    """A notification."""
    return uss.PutConstraintDetailsParameters(ID, STATES, told)


def with_reference(**members: object) -> uss.Constraint:
    """The same with another reference."""
    reference = msgspec.structs.replace(TOLD.reference, **members)
    return msgspec.structs.replace(TOLD, reference=reference)


def with_volume(given: wire.Volume4D) -> uss.Constraint:
    """The same elsewhere."""
    return msgspec.structs.replace(TOLD, details=uss.ConstraintDetails([given]))


def known(**members: object) -> KnownConstraint:
    """What was known before."""
    told = with_reference(**members)
    return KnownConstraint("main", told.reference, told.details, (VOLUME,))


def test_what_is_told() -> None:
    told = read_constraint(change())
    assert (told.id, told.volumes) == (ID, (VOLUME,))
    assert read_constraint(change(None)).constraint is None


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (with_reference(id=ID.replace("2", "3")), Unusable),
        (with_reference(id="x"), InvalidMember),
        (with_reference(ovn=wire.OVN_OF_ANOTHER), Unusable),
        (with_reference(ovn="short"), Unusable),
        (with_reference(time_end=time_of(T0 + 1_000_000)), Unusable),
        (with_reference(time_start=time_of(T0 + 5_000_000)), Unusable),
        (with_volume(volume_on_wire(volume(start_us=None))), InvalidMember),
        (with_volume(volume_on_wire(volume(low=900.0))), InvalidVolume),
        (with_volume(wire.Volume4D(wire.Volume3D(), time_of(T0), time_of(T0))), InvalidMember),
    ],
)
def test_what_cannot_be(told: uss.Constraint, error: type[DetenteError]) -> None:
    with pytest.raises(error):
        read_constraint(change(told))


def test_only_its_manager_may_tell() -> None:
    told = read_constraint(change())
    judge_constraint(told, "b", None, TOLD.reference)
    standing = with_reference(manager="c").reference
    for sender, before, now in (
        ("c", None, None),
        ("b", known(manager="c", version=1), None),
        ("b", None, standing),
    ):
        with pytest.raises(NotItsManager):
            judge_constraint(told, sender, before, now)
    with pytest.raises(NotItsManager):
        judge_constraint(read_constraint(change(None)), "c", known(), None)


def test_no_way_back_and_no_two_stories() -> None:
    told = read_constraint(change())
    judge_constraint(told, "b", known(version=1), None)
    judge_constraint(told, "b", known(), None)
    with pytest.raises(Outdated, match="Version 3"):
        judge_constraint(told, "b", known(version=3), None)
    with pytest.raises(Outdated, match="Version 3"):
        judge_constraint(told, "b", None, with_reference(version=3).reference)
    with pytest.raises(Outdated, match="other content"):
        judge_constraint(told, "b", known(ovn="another-ovn-of-sixteen"), None)
    elsewhere = KnownConstraint(
        "main", TOLD.reference, uss.ConstraintDetails([volume_on_wire(volume(DISC))]), ()
    )
    with pytest.raises(Outdated, match="other content"):
        judge_constraint(told, "b", elsewhere, None)
