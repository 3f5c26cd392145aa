"""What peers tell: what is used, what is not, and what is only too early."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from tests.support.attempts import NOW_US, at
from tests.unit.planning.test_decision import reference

from detente.f3548 import time_of, volume_on_wire
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Circle, Volume4D
from detente.planning import Details, State
from detente.planning.told import (
    NotYet,
    ToldWrong,
    details_of,
    details_on_wire,
    read_constraint,
    read_intent,
)

change = msgspec.structs.replace
HERE = at(0)
S_US = 1_000_000


def announced(**changes: object) -> wire.OperationalIntentReference:
    """As the exchange has it."""
    assert HERE.time_start_us is not None
    assert HERE.time_end_us is not None
    times = {"time_start": time_of(HERE.time_start_us), "time_end": time_of(HERE.time_end_us)}
    return change(reference(2), **{"ovn": wire.OVN_OF_ANOTHER, **times, **changes})


def told(**changes: object) -> wire.OperationalIntent:
    """As its USS has it."""
    details = details_on_wire(Details((HERE,), (), 3))
    return wire.OperationalIntent(announced(ovn=reference(2).ovn, **changes), details)


def test_what_holds_together_is_used() -> None:
    assert read_intent(announced(), told()) == Details((HERE,), (), 3)
    # A newer version than the exchange told of a moment ago is the better one.
    assert read_intent(announced(), told(version=2, state="Activated")) == Details((HERE,), (), 3)


def test_what_is_too_early_is_asked_for_again() -> None:
    assert isinstance(read_intent(announced(version=2), told()), NotYet)
    newer = read_intent(announced(), told(version=2), frozenset({reference(2).ovn}))
    assert isinstance(newer, NotYet)


Change = Callable[[wire.OperationalIntent], wire.OperationalIntent]


def of_reference(**changes: object) -> Change:
    return lambda intent: change(intent, reference=change(intent.reference, **changes))


def of_details(**changes: object) -> Change:
    return lambda intent: change(intent, details=change(intent.details, **changes))


def volume(**changes: object) -> list[wire.Volume4D]:
    return [change(volume_on_wire(HERE), **changes)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (of_reference(id="another"), "another one"),
        (of_reference(manager="c"), "another manager"),
        (of_reference(ovn=wire.OVN_OF_ANOTHER), "OVN"),
        (of_reference(ovn="short"), "OVN"),
        (of_reference(state="Activated"), "Activated"),
        (of_reference(version=1 << 31), "32 bits"),
        (of_reference(version=1 << 70), "32 bits"),
        (of_reference(version=-1), "negative"),
        (of_details(volumes=[]), "needs volumes"),
        (of_details(off_nominal_volumes=volume()), "off-nominal"),
        (of_details(priority=1 << 31), "32 bits"),
        (of_details(volumes=volume(time_start=None)), "missing"),
        (of_details(volumes=volume(time_end=time_of(NOW_US + 900 * S_US))), "beyond the times"),
        (
            of_details(
                volumes=[
                    volume_on_wire(
                        Volume4D(Circle(47, 8, -1), 0, 100, HERE.time_start_us, HERE.time_end_us)
                    )
                ]
            ),
            "radius",
        ),
    ],
)
def test_what_does_not_hold_together_is_not_used(wrong: Change, says: str) -> None:
    with pytest.raises(ToldWrong, match=says):
        read_intent(announced(), wrong(told()))


def test_an_ovn_that_the_exchange_did_not_take_is_wrong() -> None:
    with pytest.raises(ToldWrong, match="does not take the OVN"):
        read_intent(announced(), told(), frozenset({reference(2).ovn}))


@pytest.mark.parametrize("state", list(State))
def test_details_are_those_of_their_state(state: State) -> None:
    volumes = () if state is State.CONTINGENT else (HERE,)
    off = () if state.nominal else (at(1),)
    details = Details(volumes, off, -7)
    assert details_of(details_on_wire(details), state) == details


def test_constraints_may_be_open_upwards() -> None:
    bare = wire.ConstraintReference(
        id=reference(9).id,
        manager="authority",
        uss_availability="Normal",
        version=1,
        ovn="an-ovn-of-the-authority",
        time_start=time_of(NOW_US),
        time_end=time_of(NOW_US + S_US),
        uss_base_url="https://z.example",
    )
    shape = volume_on_wire(Volume4D(HERE.outline, None, None, NOW_US, NOW_US + S_US))
    constraint = uss.Constraint(bare, uss.ConstraintDetails([shape]))
    hidden = change(bare, ovn=wire.OVN_OF_ANOTHER)
    assert read_constraint(hidden, constraint) == (
        Volume4D(HERE.outline, None, None, NOW_US, NOW_US + S_US),
    )
    assert isinstance(read_constraint(change(hidden, version=2), constraint), NotYet)
    with pytest.raises(ToldWrong, match="another one"):
        read_constraint(change(hidden, id=reference(8).id), constraint)
    with pytest.raises(ToldWrong, match="does not take"):
        read_constraint(hidden, constraint, frozenset({bare.ovn}))
    bounded = change(shape, time_end=None)
    broken = change(constraint, details=uss.ConstraintDetails([bounded]))
    with pytest.raises(ToldWrong, match="missing"):
        read_constraint(hidden, broken)
