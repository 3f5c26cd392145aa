"""Tracks that officers' programs may send."""

from __future__ import annotations

import pytest
from tests.support import planned

from detente.errors import DetenteError
from detente.node.uss.plan_bodies import change_of, track_of
from detente.node.uss.plan_views import ChangeBody
from detente.node.uss.wanted import PlanWanted, change_order, declare_order
from detente.planning import Action, State

AT = "2026-11-23T06:00:00Z"


def test_a_track_is_read() -> None:
    first, last = track_of([(AT, 90.0, -180.0, -400.0), ("2026-11-23T07:00:00+01:00", 47, 8, 500)])
    assert first == (1_795_413_600_000_000, 90.0, -180.0, -400.0)
    assert last[0] == first[0]


@pytest.mark.parametrize(
    ("point", "where"),
    [
        (("soon", 47.0, 8.0, 500.0), "track[0][0]"),
        (("9999-12-31T23:59:59Z", 47.0, 8.0, 500.0), "track[0][0]"),
        ((AT, 90.1, 8.0, 500.0), "track[0][1]"),
        ((AT, 47.0, -180.5, 500.0), "track[0][2]"),
        ((AT, 47.0, 8.0, 1e308), "track[0][3]"),
        ((AT, float("nan"), 8.0, 500.0), "track[0][1]"),
    ],
)
def test_a_position_that_cannot_be_is_refused(
    point: tuple[str, float, float, float], where: str
) -> None:
    with pytest.raises(DetenteError) as caught:
        track_of([point])
    assert str(caught.value.where).startswith(where)


def test_the_aircraft_may_be_named_when_the_flight_begins_and_stays() -> None:
    before = planned.intent()
    assert change_of(ChangeBody(), before) is None
    wanted = change_of(ChangeBody(aircraft="4b5678"), before)
    assert wanted is not None
    assert wanted.volumes == before.details.volumes
    order = change_order(Action.ACTIVATE, before, State.ACTIVATED, wanted, 1)
    assert order.aircraft == "4b5678"
    for later in (
        change_order(Action.CONFORM, before, State.ACTIVATED, None, 1),
        change_order(Action.MODIFY, before, State.ACTIVATED, PlanWanted(wanted.volumes), 1),
        declare_order(before, State.NONCONFORMING, (), 1),
    ):
        assert later.aircraft == before.aircraft
