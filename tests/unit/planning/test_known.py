"""What is known of others: what counts as current, and who is near."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import msgspec
import pytest
from tests.support.attempts import NOW_US, at, new_id
from tests.unit.planning.test_decision import neighbour, reference

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D, conflicting_pairs
from detente.planning import KnownConstraint, Neighbour, Neighbourhood, State

change = msgspec.structs.replace


def hidden(number: int, **changes: object) -> wire.OperationalIntentReference:
    """As the exchange tells of it: without the OVN."""
    return change(reference(number), ovn=wire.OVN_OF_ANOTHER, **changes)


def test_what_is_current_need_not_be_asked() -> None:
    known = Neighbourhood()
    assert known.current("west", hidden(2)) is None
    assert known.learn(neighbour(2, at(0)))
    found = known.current("west", hidden(2))
    assert found is not None
    assert found.reference.ovn == reference(2).ovn
    assert known.current("east", hidden(2)) is None
    for other in (
        hidden(2, version=2),
        hidden(2, manager="c"),
        hidden(2, state="Activated"),
        hidden(2, uss_base_url="https://c.example"),
        change(reference(2), ovn="another-ovn-than-that-one"),
    ):
        assert known.current("west", other) is None
    down = known.current("west", hidden(2, uss_availability="Down"))
    assert down is not None
    assert down.down


def test_an_ovn_that_is_none_makes_nothing_current() -> None:
    known = Neighbourhood()
    known.learn(replace(neighbour(2, at(0)), reference=hidden(2)))
    assert known.current("west", hidden(2)) is None


def test_older_versions_are_not_learnt() -> None:
    known = Neighbourhood()
    second = replace(neighbour(2, at(1)), reference=change(reference(2), version=2))
    assert known.learn(second)
    assert not known.learn(neighbour(2, at(0)))
    assert known.of(new_id(2)) == (second,)
    assert len(known) == 1
    assert known.at("west", new_id(2)) == second
    assert known.at("east", new_id(2)) is None
    known.forget(new_id(2), "east")
    assert len(known) == 1
    known.forget(new_id(2))
    assert not known.all()
    with pytest.raises(ValueError, match="nothing is known"):
        known.learn(Neighbour("west", reference(2), None))


def test_constraints_are_known_likewise() -> None:
    known = Neighbourhood()
    bare = wire.ConstraintReference(
        id=new_id(9),
        manager="authority",
        uss_availability="Normal",
        version=3,
        ovn="an-ovn-of-somebody-else",
        time_start=reference(1).time_start,
        time_end=reference(1).time_end,
        uss_base_url="https://z.example",
    )
    told = KnownConstraint("west", bare, uss.ConstraintDetails([]), (at(0),))
    assert known.learn_constraint(told)
    assert known.current_constraint("west", change(bare, ovn=wire.OVN_OF_ANOTHER)) == told
    assert known.current_constraint("west", change(bare, version=4)) is None
    assert not known.learn_constraint(replace(told, reference=change(bare, version=2)))
    assert known.constraints() == (told,)
    known.forget_constraint(new_id(9))
    assert known.constraints() == ()


def test_who_meets_is_found_as_by_comparing_with_each() -> None:
    rng = Random(5)
    known = Neighbourhood()

    def some() -> list[Volume4D]:
        return [
            at(
                rng.randrange(-4, 4),
                rng.randrange(2),
                slot=rng.randrange(4),
                width=rng.choice((1, 2)),
            )
            for _ in range(rng.choice((1, 3)))
        ]

    for number in range(2, 200):
        known.learn(neighbour(number, *some(), state=rng.choice(list(State))))
        if rng.random() < 0.2:
            known.forget(new_id(rng.randrange(2, number + 1)))
    for _ in range(40):
        mine = some()
        expected = {
            each.id
            for each in known.all()
            if each.details is not None
            and len(conflicting_pairs(mine, each.details.all_volumes)[0])
        }
        found = known.meeting(mine)
        assert {each.id for each, _ in found} == expected
        assert all(encounters for _, encounters in found)
        assert {each.id for each in known.near(mine)} >= expected
    assert known.near([]) == ()


def test_geometry_is_laid_out_once() -> None:
    known = Neighbourhood()
    known.learn(neighbour(2, at(0)))
    (first,) = known.of(new_id(2))
    laid_out = known.prepared(first)
    again = replace(neighbour(2, at(0)), reference=change(reference(2), version=2), at_us=NOW_US)
    known.learn(again)
    (second,) = known.of(new_id(2))
    assert second.reference.version == 2
    assert known.prepared(second) is laid_out
    stranger = neighbour(3, at(1))
    assert len(known.prepared(stranger)) == 1
