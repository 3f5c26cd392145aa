"""Every reason for which an order cannot be, and that nothing else is one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.attempts import NOW_US, at, change, new_id, plan

from detente.geo import Circle, Polygon, Volume4D
from detente.planning import Action, Details, Filed, Intent, Order, PlanningRules, State, faults_of
from detente.planning.lifecycle import TRANSITIONS, may

DAY_US = 86_400_000_000
S_US = 1_000_000
HERE = at(0)


def intent(state: State) -> Intent:
    off = (HERE,) if not state.nominal else ()
    volumes = () if state is State.CONTINGENT else (HERE,)
    reference: Filed = Filed("west", None)  # type: ignore[arg-type]  # not looked at
    return Intent(new_id(1), "", "", state, Details(volumes, off), (reference,))


def moved(volume: Volume4D, start_us: int, end_us: int) -> Volume4D:
    return replace(volume, time_start_us=start_us, time_end_us=end_us)


def codes(order: Order, now_us: int = NOW_US, rules: PlanningRules | None = None) -> list[str]:
    return [fault.code for fault in faults_of(order, rules or PlanningRules(), now_us)]


def test_what_is_right_has_no_fault() -> None:
    assert codes(plan(1, HERE)) == []
    assert codes(plan(1, HERE, state=State.ACTIVATED)) == []
    accepted = intent(State.ACCEPTED)
    assert codes(change(accepted, Action.MODIFY)) == []
    assert codes(change(accepted, Action.ACTIVATE, state=State.ACTIVATED)) == []
    assert codes(change(accepted, Action.END)) == []
    for state in (State.NONCONFORMING, State.CONTINGENT):
        action = {
            State.NONCONFORMING: Action.DECLARE_NONCONFORMING,
            State.CONTINGENT: Action.DECLARE_CONTINGENT,
        }[state]
        volumes = () if state is State.CONTINGENT else None
        order = change(accepted, action, state=state, volumes=volumes, off_nominal=(HERE,))
        assert codes(order) == []
    back = change(intent(State.NONCONFORMING), Action.CONFORM, state=State.ACTIVATED)
    assert codes(back) == []


@pytest.mark.parametrize(
    ("order", "code", "rule"),
    [
        (plan(1), "plan.no_volumes", "OPIN0005"),
        (replace(plan(1, HERE), id="no"), "plan.id", ""),
        (plan(1, HERE, priority=1 << 31), "plan.priority", ""),
        (replace(plan(1, HERE), given_us=NOW_US + 6 * S_US), "plan.clock", "GEN0100"),
        (plan(1, moved(HERE, NOW_US - 9 * S_US, NOW_US - 5 * S_US)), "plan.over", ""),
        (plan(1, moved(HERE, NOW_US - 9 * S_US, NOW_US)), "plan.over", ""),
        (
            plan(1, moved(HERE, NOW_US + 30 * DAY_US + 1, NOW_US + 31 * DAY_US)),
            "plan.too_far_ahead",
            "OPIN0030",
        ),
        (
            plan(1, moved(HERE, NOW_US + 6 * S_US, NOW_US + 60 * S_US), state=State.ACTIVATED),
            "plan.not_active_now",
            "OPIN0005",
        ),
        (
            replace(plan(1), details=Details((HERE,), (HERE,))),
            "plan.off_nominal_volumes",
            "OPIN0015",
        ),
        (plan(1, HERE, state=State.NONCONFORMING), "plan.transition", ""),
        (plan(1, replace(HERE, altitude_upper_m=None)), "plan.open_volume", ""),
        (plan(1, replace(HERE, altitude_upper_m=1.0)), "volume.altitude_order", ""),
        (
            plan(1, replace(HERE, outline=Polygon(((0, 0), (0, 1), (1, 0), (1, 1))))),
            "volume.crossing_edges",
            "",
        ),
        (plan(1, replace(HERE, outline=Circle(47, 8, 30_000))), "volume.area", ""),
        (
            change(intent(State.ACCEPTED), Action.DECLARE_NONCONFORMING, state=State.NONCONFORMING),
            "plan.no_off_nominal_volumes",
            "OPIN0015",
        ),
        (
            change(
                intent(State.ACCEPTED),
                Action.DECLARE_CONTINGENT,
                state=State.CONTINGENT,
                off_nominal=(HERE,),
            ),
            "plan.contingent_volumes",
            "OPIN0015",
        ),
        (
            change(intent(State.CONTINGENT), Action.CONFORM, state=State.ACTIVATED),
            "plan.transition",
            "",
        ),
        (
            change(replace(intent(State.ACCEPTED), ended=True), Action.END),
            "plan.ended",
            "OPIN0040",
        ),
    ],
)
def test_a_fault_is_told(order: Order, code: str, rule: str) -> None:
    found = {fault.code: fault for fault in faults_of(order, PlanningRules(), NOW_US)}
    assert code in found
    fault = found[code]
    assert fault.rule == rule
    assert fault.message.en != fault.message.fr
    assert fault.where


def test_ten_thousand_vertices_are_the_limit() -> None:
    def ring(count: int) -> Volume4D:
        import math

        points = [
            (
                47 + 0.01 * math.sin(2 * math.pi * i / count),
                8 + 0.01 * math.cos(2 * math.pi * i / count),
            )
            for i in range(count)
        ]
        return replace(HERE, outline=Polygon(tuple(points)))

    assert codes(plan(1, ring(5_000), ring(4_999), replace(HERE, outline=Circle(47, 8, 9)))) == []
    assert codes(plan(1, ring(5_000), ring(5_001))) == ["plan.vertices"]


def test_a_start_may_be_as_late_as_clocks_may_differ() -> None:
    soon = moved(HERE, NOW_US + 5 * S_US, NOW_US + 60 * S_US)
    assert codes(plan(1, soon, state=State.ACTIVATED)) == []


def test_only_what_is_flown_or_over_is_bound_to_now() -> None:
    later = moved(HERE, NOW_US + DAY_US, NOW_US + 2 * DAY_US)
    assert codes(plan(1, later)) == []
    # One volume may be over, as long as another is not.
    past = moved(HERE, NOW_US - DAY_US, NOW_US - 1)
    assert codes(plan(1, past, later)) == []


def test_transitions_are_those_of_the_standard() -> None:
    names = {state: {after.value for after in TRANSITIONS[state]} for state in State}
    assert names == {
        State.ACCEPTED: {"Accepted", "Activated", "Nonconforming", "Contingent"},
        State.ACTIVATED: {"Activated", "Nonconforming", "Contingent"},
        State.NONCONFORMING: {"Nonconforming", "Activated", "Contingent"},
        State.CONTINGENT: {"Contingent"},
    }
    for action in Action:
        for before in (None, *State):
            for after in State:
                if before is not None and action is not Action.END and may(action, before, after):
                    assert after in TRANSITIONS[before]
    assert not may(Action.MODIFY, None, State.ACCEPTED)
    assert all(may(Action.END, state, state) for state in State)
    assert not may(Action.END, None, State.ACCEPTED)
