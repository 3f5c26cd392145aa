"""Constraints: which may be published, and what operators are told of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.exported import DISC, MINUTE, SQUARE, T0, geozone, volume

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.geo import Circle, Polygon, Volume4D, area_m2
from detente.planning import Details, Intent, OwnConstraint, State
from detente.planning.constraints import (
    ConstraintAction,
    ConstraintOrder,
    ConstraintRules,
    area_km2,
    constraint_faults,
    told_of_constraint,
    told_of_flight,
)

ID = "22222222-2222-4222-8222-222222222222"
HOUR = 60 * MINUTE
NOW = T0 - HOUR
RULES = ConstraintRules()


def details(*volumes: Volume4D) -> uss.ConstraintDetails:
    """A constraint's details."""
    return uss.ConstraintDetails([volume_on_wire(each) for each in volumes], None, geozone())


def order(
    *volumes: Volume4D,
    action: ConstraintAction = ConstraintAction.PUBLISH,
    before: OwnConstraint | None = None,
) -> ConstraintOrder:
    """An order, by default to publish."""
    return ConstraintOrder(action, ID, details(*volumes), "office", NOW, before)


def standing(*volumes: Volume4D, ended: bool = False) -> OwnConstraint:
    """A constraint of ours."""
    return OwnConstraint(ID, "office", (), details(*volumes), 1, ended)


def codes(given: ConstraintOrder, now_us: int = NOW) -> list[str]:
    """Codes of what is wrong with an order."""
    return [each.code for each in constraint_faults(given, RULES, now_us)]


WIDE = Circle(46.0, 6.0, 50_000.0)


def at(later_us: int) -> Volume4D:
    """A volume of an hour, some time later."""
    return volume(start_us=T0 + later_us, end_us=T0 + later_us + HOUR)


class TestLimits:
    def test_a_good_one(self) -> None:
        assert codes(order(volume(), volume(low=None, high=None))) == []

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            (order(), "constraint.no_volumes"),
            (order(volume(start_us=None)), "constraint.open_time"),
            (order(volume(end_us=None)), "constraint.open_time"),
            (order(volume(end_us=T0 + 24 * HOUR + 1)), "constraint.too_long"),
            (order(volume(), at(24 * HOUR)), "constraint.too_long"),
            (order(volume(Circle(46, 6, 57_000.0))), "volume.area"),
            (order(volume(WIDE), volume(replace(WIDE, lat_deg=47.0))), "constraint.area"),
            (order(volume(low=500.0, high=400.0)), "volume.altitude_order"),
            (order(volume(Polygon(((46, 6), (46, 7), (46, 6))))), "volume.duplicate_vertex"),
            (order(at(57 * 24 * HOUR)), "constraint.too_far_ahead"),
        ],
    )
    def test_what_may_not_be(self, given: ConstraintOrder, code: str) -> None:
        assert codes(given) == [code]

    def test_at_the_limits(self) -> None:
        assert codes(order(volume(end_us=T0 + 24 * HOUR))) == []
        far = NOW + 56 * 24 * HOUR
        assert codes(order(volume(start_us=far, end_us=far + 1))) == []
        assert codes(order(volume()), T0 - 10 * MINUTE) == []

    def test_others_need_ten_minutes(self) -> None:
        assert codes(order(volume()), T0 - 10 * MINUTE + 1) == ["constraint.too_soon"]

    def test_what_is_in_force_may_be_changed_but_not_brought_forward(self) -> None:
        before = standing(volume())
        change = ConstraintAction.CHANGE
        now = T0 + MINUTE
        longer = volume(end_us=T0 + HOUR)
        assert codes(order(longer, action=change, before=before), now) == []
        earlier = volume(start_us=T0 - 1)
        assert codes(order(earlier, action=change, before=before), now) == ["constraint.too_soon"]

    def test_what_is_over(self) -> None:
        assert "constraint.over" in codes(order(volume()), T0 + 12 * MINUTE)

    def test_vertices_together(self) -> None:
        ring = Polygon(tuple((46 + i / 1e5, 6 + (i * i) / 1e7) for i in range(501)))
        assert codes(order(volume(ring), volume(ring))) == ["constraint.vertices"]

    def test_an_id_is_used_once(self) -> None:
        assert codes(order(volume(), before=standing(volume()))) == ["constraint.exists"]
        over = standing(volume(), ended=True)
        assert codes(order(volume(), before=over)) == ["constraint.exists"]

    def test_what_has_ended_stays_so(self) -> None:
        over = standing(volume(), ended=True)
        for action in (ConstraintAction.CHANGE, ConstraintAction.END):
            assert codes(order(volume(), action=action, before=over)) == ["constraint.ended"]

    def test_ending_is_always_possible(self) -> None:
        given = order(volume(), action=ConstraintAction.END, before=standing(volume()))
        assert codes(given, T0 + 99 * HOUR) == []

    def test_an_outline_of_no_form_is_named(self) -> None:
        bare = wire.Volume4D(wire.Volume3D())
        given = replace(order(volume()), details=uss.ConstraintDetails([bare]))
        (fault,) = constraint_faults(given, RULES, NOW)
        assert fault.where == "volumes[0].volume"

    def test_what_two_outlines_share_counts_once(self) -> None:
        one, half = volume(Circle(46, 6, 5000.0)), volume(Circle(46.0, 6.06, 5000.0))
        alone = area_m2(one.outline) / 1e6
        assert area_km2([one, one]) == pytest.approx(alone)
        assert alone < area_km2([one, half]) < 1.7 * alone
        apart = volume(Circle(46.0, 6.2, 5000.0))
        assert area_km2([one, apart]) == pytest.approx(2 * alone, rel=1e-4)


def flight(*volumes: Volume4D, state: State = State.ACCEPTED) -> Intent:
    """A flight of ours."""
    return Intent("11111111-1111-4111-8111-111111111111", "survey", "", state, Details(volumes), ())


HERE, AWAY = details(volume(SQUARE)), details(volume(DISC))


class TestTold:
    @pytest.mark.parametrize(
        ("before", "now", "event"),
        [
            (None, HERE, "CSTP0020"),
            (AWAY, HERE, "CSTP0020"),
            (HERE, details(volume(SQUARE, high=600.0)), "CSTP0025"),
            (HERE, AWAY, "CSTP0030"),
            (HERE, None, "CSTP0035"),
            (None, AWAY, None),
            (AWAY, None, None),
        ],
    )
    def test_what_a_change_means_for_a_flight(
        self,
        before: uss.ConstraintDetails | None,
        now: uss.ConstraintDetails | None,
        event: str | None,
    ) -> None:
        notice = told_of_constraint(flight(volume()), ID, before, now)
        assert (None if notice is None else notice.event) == event
        if notice is not None:
            assert "Lake festival" in notice.text.en
            assert "Lake festival" in notice.text.fr

    def test_only_what_meets_in_all_dimensions(self) -> None:
        for other in (
            volume(high=399.9, low=300.0),
            volume(start_us=T0 - HOUR, end_us=T0 - 1),
            volume(DISC),
        ):
            assert told_of_constraint(flight(other), ID, None, HERE) is None

    def test_a_flight_that_has_ended_meets_nothing(self) -> None:
        assert told_of_constraint(replace(flight(volume()), ended=True), ID, None, HERE) is None

    def test_planning_onto_one(self) -> None:
        planned = told_of_flight(flight(volume()), ID, HERE)
        assert (planned.event, planned.constraint_id) == ("CSTP0005", ID)
        assert "prohibited" in planned.text.en
        for state in (State.ACTIVATED, State.NONCONFORMING):
            assert told_of_flight(flight(volume(), state=state), ID, HERE).event == "CSTP0010"
