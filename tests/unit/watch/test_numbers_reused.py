"""More aircraft than are remembered at a time: their numbers go from one to another."""

from __future__ import annotations

import numpy as np
from tests.support.reported import BEGAN_US, SOURCE
from tests.support.watched import boundary, box, claimed

from detente.feeds import Reports, of_columns
from detente.watch import CrossingRules, Engine, Event, Grade, TrackRules, WatchSetup

AREA = claimed(boundary("A", box(46.0, 7.0, 46.3, 7.4)), boundary("far", box(56.0, 7.0, 56.3, 7.4)))


def flown(rows: list[tuple[str, float, float, float]], callsigns: dict[str, str]) -> Reports:
    """Reports of aircraft, seconds, latitude and longitude."""
    names = tuple(dict.fromkeys(each[0] for each in rows))
    return of_columns(
        len(rows), names, tuple(callsigns.get(each, "") for each in names), (SOURCE,),
        time_us=np.array([BEGAN_US + round(each[1] * 1e6) for each in rows], dtype=np.int64),
        aircraft=np.array([names.index(each[0]) for each in rows], dtype=np.int32),
        lat_deg=np.array([each[2] for each in rows]),
        lng_deg=np.array([each[3] for each in rows]),
        speed_m_s=np.full(len(rows), 200.0),
        track_deg=np.full(len(rows), 90.0),
        horizontal_m=np.full(len(rows), 10.0),
    )  # fmt: skip


def engine(aircraft_max: int) -> Engine:
    rules = CrossingRules(look_ahead_s=0.0, provisional=False)
    return WatchSetup(
        boundaries=AREA, crossing=rules, tracks=TrackRules(aircraft_max=aircraft_max)
    ).engine()


def eastwards(name: str, began_s: float, count: int) -> list[tuple[str, float, float, float]]:
    lat = 46.15 if name == "aaaaaa" else 56.15
    return [(name, began_s + 10.0 * i, lat, 6.9 + 0.026 * i) for i in range(count)]


def test_the_next_aircraft_with_a_number_did_not_jump_to_where_it_is() -> None:
    before = eastwards("aaaaaa", 0, 10)
    after = eastwards("bbbbbb", 1_000, 30)
    other = [("cccccc", 900.0, 10.0, 10.0)]
    callsigns = {"aaaaaa": "ONE", "bbbbbb": "TWO"}
    watching = engine(2)
    events: dict[str, Event] = {}
    for rows in (before, other, after):
        events |= {each.id: each for each in watching.take(flown(rows, callsigns))}
    events |= {each.id: each for each in watching.close()}
    by_aircraft = {each.aircraft: each for each in events.values()}
    assert by_aircraft["aaaaaa"].callsign == "ONE"
    assert by_aircraft["aaaaaa"].exit is None
    assert by_aircraft["aaaaaa"].ended_us == BEGAN_US + 90_000_000
    assert by_aircraft["bbbbbb"].callsign == "TWO"
    assert {each.grade for each in events.values()} == {Grade.SHOWN}
    grounds = [ground.code for each in events.values() for ground in each.grounds]
    assert not [each for each in grounds if "jump" in each]


def test_those_silent_for_long_make_room_within_a_batch() -> None:
    rows = [(f"{i:06x}", 20.0 * i, 46.15, 6.9) for i in range(20_000)]
    watching = engine(10_000)
    watching.take(flown(rows, {}))
    assert not watching.taken_out


def test_names_of_a_table_that_have_no_reports_take_no_room() -> None:
    rows = eastwards("aaaaaa", 0, 5) + eastwards("bbbbbb", 0, 5) + eastwards("cccccc", 0, 5)
    everybody = flown(rows, {})
    watching = engine(1)
    watching.take(everybody.take(slice(10, 15)))
    assert not watching.taken_out
