"""Ways out of a refused plan: what each kind changes, what it leaves, and which are never told."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest
from tests.support.airspaces import (
    NOW_US,
    ROOM,
    START_US,
    along,
    flown,
    neighbour,
    plan,
)

from detente.geo import Circle, Polygon, Volume4D, conflicts
from detente.operations import corridor_volumes
from detente.planning import (
    Action,
    Details,
    Filed,
    Intent,
    Neighbour,
    Order,
    PlanningRules,
    State,
)
from detente.planning.costs import Costs, Limits
from detente.planning.ways_out import Kind, WayOut, ways_out

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
RNG = random.Random(7)
RULES = PlanningRules()
FLOOR = Limits(lowest_m=0.0)


def circle(
    lat: float = 46.0,
    *,
    radius_m: float = 500.0,
    low: float = 100.0,
    high: float = 200.0,
    start: int = START_US,
    end: int = START_US + HOUR_US,
) -> Volume4D:
    return Volume4D(Circle(lat, 7.0, radius_m), low, high, start, end)


def wall(low: float = 100.0, high: float = 200.0, size_deg: float = 2.0) -> Volume4D:
    """Too wide to be passed aside, and there for days."""
    corners = (
        (46.0 - size_deg, 7.0 - size_deg),
        (46.0 - size_deg, 7.0 + size_deg),
        (46.0 + size_deg, 7.0 + size_deg),
        (46.0 + size_deg, 7.0 - size_deg),
    )
    return Volume4D(Polygon(corners), low, high, NOW_US - 48 * HOUR_US, NOW_US + 48 * HOUR_US)


def ways(
    order: Order,
    *others: Neighbour | Volume4D,
    limits: Limits = FLOOR,
    costs: Costs | None = None,
    rules: PlanningRules = RULES,
) -> dict[Kind, WayOut]:
    known = [each if isinstance(each, Neighbour) else neighbour([each], RNG) for each in others]
    found = ways_out(order, known, rules, limits, costs or Costs(), NOW_US)
    assert [each.cost for each in found] == sorted(each.cost for each in found)
    for each in found:
        for other in known:
            assert other.details is None or not conflicts(
                each.details.volumes, other.details.volumes
            )
    return {each.kind: each for each in found}


def test_who_is_not_refused_needs_no_way_out() -> None:
    assert ways(plan([circle()]), circle(47.0)) == {}
    assert ways(plan([circle()])) == {}


def test_in_time_it_is_the_next_second_that_is_free() -> None:
    order = plan([circle(start=START_US, end=START_US + 10 * MINUTE_US)])
    met = circle(start=START_US + 5 * MINUTE_US, end=START_US + 20 * MINUTE_US)
    found = ways(order, met)
    assert found[Kind.LATER].delay_s == 20 * 60 + 1
    assert found[Kind.EARLIER].delay_s == -(5 * 60 + 1)
    [moved] = found[Kind.LATER].details.volumes
    assert moved == replace(
        order.details.volumes[0],
        time_start_us=START_US + 20 * MINUTE_US + 1_000_000,
        time_end_us=START_US + 30 * MINUTE_US + 1_000_000,
    )


def test_a_gap_between_two_is_used_if_it_is_long_enough() -> None:
    order = plan([circle(end=START_US + 10 * MINUTE_US)])
    first = circle(end=START_US + 5 * MINUTE_US)
    short = circle(start=START_US + 15 * MINUTE_US, end=START_US + 20 * MINUTE_US)
    late = replace(
        short, time_start_us=START_US + 16 * MINUTE_US, time_end_us=START_US + 20 * MINUTE_US
    )
    assert ways(order, first, short)[Kind.LATER].delay_s == 20 * 60 + 1
    assert ways(order, first, late)[Kind.LATER].delay_s == 5 * 60 + 1


def test_nothing_is_proposed_that_begins_in_the_past() -> None:
    order = plan([circle(start=NOW_US + MINUTE_US, end=NOW_US + HOUR_US)])
    met = circle(start=NOW_US, end=NOW_US + HOUR_US)
    assert Kind.EARLIER not in ways(order, met)
    assert Kind.LATER in ways(order, met)


def test_limits_in_time_are_kept() -> None:
    order = plan([circle(end=START_US + 10 * MINUTE_US)])
    met = circle(start=START_US + 5 * MINUTE_US, end=START_US + 20 * MINUTE_US)
    latest = Limits(latest_us=START_US + 30 * MINUTE_US)
    assert Kind.LATER not in ways(order, met, limits=latest)
    assert Kind.LATER in ways(
        order, met, limits=replace(latest, latest_us=START_US + 31 * MINUTE_US)
    )
    assert Kind.EARLIER not in ways(order, met, limits=Limits(earliest_us=START_US))
    assert Kind.LATER not in ways(order, met, limits=Limits(delay_max_s=1200))
    assert Kind.EARLIER not in ways(order, met, limits=Limits(advance_max_s=300))


def test_nobody_is_sent_beyond_the_horizon() -> None:
    ahead = 30 * 24 * HOUR_US
    order = plan([circle(start=NOW_US + ahead - MINUTE_US, end=NOW_US + ahead + HOUR_US)])
    met = circle(start=NOW_US + ahead, end=NOW_US + ahead + HOUR_US)
    found = ways(order, met)
    assert Kind.LATER not in found
    assert Kind.EARLIER in found


def test_in_altitude_it_is_the_next_metre_that_is_free() -> None:
    found = ways(plan([circle(low=100.5, high=200.0)]), circle(low=150.0, high=220.0))
    assert found[Kind.HIGHER].climb_m == 120
    assert found[Kind.LOWER].climb_m == -51
    [up] = found[Kind.HIGHER].details.volumes
    assert (up.altitude_lower_m, up.altitude_upper_m) == (220.5, 320.0)


def test_who_only_touches_is_not_clear() -> None:
    found = ways(plan([circle(low=100.0, high=200.0)]), circle(low=150.0, high=220.0))
    assert found[Kind.HIGHER].climb_m == 121


def test_nothing_is_proposed_below_the_ground_nor_lower_when_it_is_not_known() -> None:
    order, met = plan([circle(low=100.0)]), circle(low=150.0)
    assert Kind.LOWER not in ways(order, met, limits=Limits())
    assert Kind.LOWER not in ways(order, met, limits=Limits(lowest_m=50.0))
    assert ways(order, met, limits=Limits(lowest_m=49.0))[Kind.LOWER].climb_m == -51
    assert Kind.HIGHER not in ways(order, met, limits=Limits(highest_m=300.0))
    assert Kind.HIGHER not in ways(order, met, limits=Limits(climb_max_m=100.0))


def test_volumes_that_stand_on_the_ground_keep_standing_on_it() -> None:
    take_off = circle(46.0, low=0.0, high=150.0)
    cruise = circle(46.02, radius_m=2000, low=120.0, high=200.0)
    order = plan([take_off, cruise])
    found = ways(order, circle(46.035, low=100.0, high=180.0))
    up = found[Kind.HIGHER]
    assert up.climb_m == 61
    assert [(v.altitude_lower_m, v.altitude_upper_m) for v in up.details.volumes] == [
        (0.0, 211.0),
        (181.0, 261.0),
    ]
    down = found[Kind.LOWER]
    assert [(v.altitude_lower_m, v.altitude_upper_m) for v in down.details.volumes] == [
        (0.0, 150.0),
        (19.0, 99.0),
    ]


def test_who_takes_off_within_another_cannot_climb_out_of_it() -> None:
    found = ways(plan([circle(low=0.0, high=150.0)]), circle(low=100.0, high=180.0))
    assert Kind.HIGHER not in found
    assert Kind.LOWER not in found
    assert Kind.LATER in found


def test_aside_everything_moves_as_one() -> None:
    order = plan([circle(46.0), circle(46.004)])
    found = ways(order, circle(46.0))[Kind.SIDEWAYS]
    # to the east or west: two radii and two centimetres, in steps of ten metres
    assert found.shift_m == 1010
    moved = [each.outline for each in found.details.volumes]
    assert all(isinstance(each, Circle) and each.radius_m == 500 for each in moved)
    assert found.details.volumes[0].time_start_us == START_US
    assert Kind.SIDEWAYS not in ways(
        order, circle(46.0), limits=Limits(shift_max_m=1009, lowest_m=0.0)
    )


def test_a_track_is_led_around_at_its_speed() -> None:
    track = flown(46.0, 7.0, 80)
    order = along(track)
    found = ways(order, circle(46.003, radius_m=1200, low=400, high=600))[Kind.AROUND]
    assert 0 < found.extra_distance_m < 400
    # 25 m/s
    assert found.delay_s == pytest.approx(found.extra_distance_m / 25, rel=0.02)
    assert found.track[0] == order.track[0]
    assert found.track[-1][1:] == pytest.approx(order.track[-1][1:])
    assert found.track[-1][0] - order.track[-1][0] == round(found.delay_s * 1e6)
    # it passes to the south, as the other one stands to the north of the track
    beside = [lat for _, lat, lng, _ in found.track if abs(lng - 7.0) < 0.01]
    assert beside
    assert max(beside) < 46.003


def test_volumes_drawn_without_a_track_are_not_led_around() -> None:
    order = along(flown(46.0, 7.0, 80))
    met = circle(low=400, high=600)
    assert Kind.AROUND in ways(order, met)
    assert Kind.AROUND not in ways(replace(order, track=()), met)


def test_only_who_may_refuse_is_made_way_for() -> None:
    order = plan([circle(end=START_US + 10 * MINUTE_US)], priority=5)
    important = neighbour([circle(end=START_US + 10 * MINUTE_US)], RNG, priority=9)
    # of lower priority: it gives way
    minor = neighbour(
        [circle(start=START_US + 10 * MINUTE_US, end=START_US + 2 * HOUR_US)], RNG, priority=1
    )
    found = ways_out(order, [important, minor], RULES, FLOOR, Costs(), NOW_US)
    assert {each.kind: each.delay_s for each in found}[Kind.LATER] == 601
    assert ways_out(order, [minor], RULES, FLOOR, Costs(), NOW_US) == ()
    equal = neighbour([circle()], RNG, priority=5)
    assert ways_out(order, [equal], RULES, FLOOR, Costs(), NOW_US) != ()
    permitted = PlanningRules(same_priority_allowed=frozenset({5}))
    assert ways_out(order, [equal], permitted, FLOOR, Costs(), NOW_US) == ()


def test_the_plan_itself_as_it_stands_is_not_in_its_own_way() -> None:
    order = plan([circle()])
    own = neighbour([circle()], RNG)
    own = replace(own, reference=msgspec.structs.replace(own.reference, id=order.id))
    assert ways_out(order, [own], RULES, FLOOR, Costs(), NOW_US) == ()


def test_of_one_that_cannot_be_asked_only_the_time_is_known() -> None:
    order = plan([circle(end=START_US + 10 * MINUTE_US)])
    other = neighbour([circle(end=START_US + 30 * MINUTE_US)], RNG, state=State.ACTIVATED)
    down = replace(
        other,
        details=None,
        reference=msgspec.structs.replace(other.reference, uss_availability="Down"),
    )
    found = ways(order, down)
    assert set(found) == {Kind.LATER, Kind.EARLIER}
    assert found[Kind.LATER].delay_s == 30 * 60 + 1


def test_two_changes_together_only_when_none_alone_is_enough() -> None:
    # a wall for days at its height, but for a slot aloft that another one has for an hour
    order = plan([circle(low=100, high=200)])
    above = replace(wall(201, 100_000), time_start_us=START_US, time_end_us=START_US + HOUR_US)
    limits = Limits(climb_max_m=300)
    found = ways(order, wall(90, 200), above, limits=limits)
    assert set(found) == {Kind.COMBINED}
    both = found[Kind.COMBINED]
    assert both.climb_m == 101
    assert both.delay_s == 3601
    assert both.says.en == "1 h 1 s later and 101 m higher."
    assert both.says.fr == "1\u00a0h 1\u00a0s plus tard et 101\u00a0m plus haut."


def test_aside_and_higher_together() -> None:
    order = plan([circle(46.0, low=100, high=200)])
    low = replace(wall(0, 150), outline=wall().outline)
    high = Volume4D(
        Circle(46.0, 7.0, 4000), 150.5, 100_000, NOW_US - HOUR_US, NOW_US + 48 * HOUR_US
    )
    found = ways(order, low, high)
    assert set(found) == {Kind.COMBINED}
    assert found[Kind.COMBINED].climb_m == 51
    assert found[Kind.COMBINED].shift_m == 4510


def test_where_there_is_no_way_none_is_told() -> None:
    assert ways(plan([circle()]), wall(-1000, 90_000)) == {}


def test_the_party_s_costs_decide_the_order() -> None:
    order = plan([circle(end=START_US + 10 * MINUTE_US)])
    met = circle(low=150.0, high=220.0, end=START_US + 10 * MINUTE_US)
    known = [neighbour([met], RNG)]

    def first(costs: Costs) -> Kind:
        return ways_out(order, known, RULES, FLOOR, costs, NOW_US)[0].kind

    dear = Costs(100, 100, 100, 100, 100, 100)
    assert first(replace(dear, per_minute_late=0.1)) is Kind.LATER
    assert first(replace(dear, per_minute_early=0.1)) is Kind.EARLIER
    assert first(replace(dear, per_100m_up=0.1)) is Kind.HIGHER
    assert first(replace(dear, per_100m_down=0.1)) is Kind.LOWER
    assert first(replace(dear, per_km_sideways=0.1)) is Kind.SIDEWAYS


def flying(order: Order, action: Action = Action.MODIFY) -> Order:
    """The order as a change of what is in the air already, elsewhere."""
    elsewhere = tuple(
        replace(each, outline=Circle(40.0, 7.0, 500)) for each in order.details.volumes
    )
    reference = neighbour(order.details.volumes, RNG, state=State.ACTIVATED).reference
    before = Intent(
        order.id, "", "", State.ACTIVATED, Details(elsewhere), (Filed("home", reference),)
    )
    return replace(order, action=action, state=State.ACTIVATED, before=before)


def test_who_flies_climbs_within_the_volume_it_is_in() -> None:
    here = circle(46.0, start=NOW_US - MINUTE_US, end=NOW_US + 5 * MINUTE_US)
    there = circle(46.008, start=NOW_US + 4 * MINUTE_US, end=NOW_US + HOUR_US)
    over = circle(45.992, start=NOW_US - HOUR_US, end=NOW_US - 1)
    order = flying(plan([over, here, there]))
    met = circle(46.016, low=150, high=220, start=NOW_US, end=NOW_US + HOUR_US)
    found = ways(order, met)
    assert set(found) == {Kind.HIGHER, Kind.LOWER}
    assert [
        (v.altitude_lower_m, v.altitude_upper_m) for v in found[Kind.HIGHER].details.volumes
    ] == [(100, 200), (100, 321), (221, 321)]
    assert [
        (v.altitude_lower_m, v.altitude_upper_m) for v in found[Kind.LOWER].details.volumes
    ] == [(100, 200), (49, 200), (49, 149)]


def test_who_flies_is_led_around_only_from_where_it_is() -> None:
    track = flown(46.0, 7.0, 80, start_us=NOW_US - 10 * MINUTE_US)
    order = flying(along(track))
    met = circle(radius_m=1200, low=400, high=600, start=NOW_US, end=NOW_US + HOUR_US)
    found = ways(order, met)[Kind.AROUND]
    flown_already = [each for each in order.track if each[0] <= NOW_US]
    for after, was in zip(found.track, flown_already, strict=False):
        assert after == pytest.approx(was, rel=1e-12)
    assert found.extra_distance_m > 0


def test_who_takes_off_now_stays_in_a_volume_now() -> None:
    order = replace(
        plan([circle(start=NOW_US - MINUTE_US, end=NOW_US + HOUR_US)]), state=State.ACTIVATED
    )
    met = circle(start=NOW_US - HOUR_US, end=NOW_US + MINUTE_US)
    found = ways(order, met)
    assert Kind.LATER not in found
    assert Kind.HIGHER in found


def test_a_corridor_built_anew_keeps_the_room_there_was() -> None:
    track = flown(46.0, 7.0, 80, bend_deg=2.0)
    order = along(track)
    found = ways(order, circle(radius_m=800, low=400, high=600))[Kind.AROUND]
    fresh = corridor_volumes(track, ROOM)
    assert found.details.volumes[0].altitude_lower_m == fresh[0].altitude_lower_m
    assert found.details.volumes[0].time_start_us == fresh[0].time_start_us
    own = order.details.volumes[0]
    assert found.details.volumes[0].time_start_us == own.time_start_us
