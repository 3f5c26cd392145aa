"""Which entities count as touching: hulls, overall altitudes, overall times - in one predicate."""

from __future__ import annotations

from itertools import product

import pytest
from geographiclib.geodesic import Geodesic
from tests.conformance.shapes import (
    ALTITUDES_M,
    HERE,
    ID_A,
    ID_B,
    SUB_A,
    TIMES_US,
    area,
    box4d,
    disc,
    hours,
    ring,
    square,
)
from tests.model.client import Uss, good, missing, told
from tests.model.driver import Driver, Json
from tests.model.geometry import offset
from tests.model.wire import (
    CR,
    MINUTE_US,
    NOW_US,
    OIR,
    SUB,
    circle,
    constraint,
    entity_id,
    implicit,
    intent,
    subscription,
    volume,
)

GAP_M = 11.7
# A horseshoe, open to the north, and a square in its mouth that nowhere comes closer than GAP_M.
HORSESHOE = ring(
    [
        *[(-200, -200), (200, -200), (200, 200), (100, 200)],
        *[(100, -100), (-100, -100), (-100, 200), (-200, 200)],
    ]
)
IN_THE_MOUTH = square(100 - GAP_M, 0, 0)


def test_outlines_apart_whose_hulls_intersect_touch(uss_a: Uss, uss_b: Uss) -> None:
    mine = uss_a.plan(ID_A, intent(box4d(HORSESHOE), new_subscription=implicit()))
    body = intent(box4d(IN_THE_MOUTH), new_subscription=implicit("https://uss-b.example"))
    assert missing(uss_b.put_intent(ID_B, body)) == [ID_A]
    answer = good(uss_b.put_intent(ID_B, body | {"key": [mine["ovn"]]}), 201)
    assert told(answer)[mine["subscription_id"]] == 2
    theirs = answer["operational_intent_reference"]
    again = intent(box4d(HORSESHOE), key=[theirs["ovn"]], subscription_id=mine["subscription_id"])
    answer = good(uss_a.put_intent(ID_A, again, mine["ovn"]))
    assert told(answer) == {mine["subscription_id"]: 3, theirs["subscription_id"]: 2}


def test_outlines_whose_hulls_are_apart_do_not_touch(uss_a: Uss, uss_b: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d(square(100)), new_subscription=implicit()))
    uss_b.plan(ID_B, intent(box4d(square(100, 200 + GAP_M))))


Solid = tuple[float, float, float, float, float]  # east, north, half side, floor, ceiling (m)
LOW_FLIGHT: list[Solid] = [(50.0 * i, 0.0, 20.0, 513.7, 574.5) for i in range(50)]
HIGH_FLIGHT: list[Solid] = [
    *((200.0 * i, 0.0, 20.0, 580.0, 620.7) for i in range(10)),
    *((200.0 * i, 120.8, 20.0, 513.9, 570.0) for i in range(9)),
]


def flight(solids: list[Solid]) -> list[Json]:
    return [
        box4d(square(half, east, north), (floor, ceiling))
        for east, north, half, floor, ceiling in solids
    ]


def test_flights_of_many_volumes_touch_by_their_overall_extents(uss_a: Uss, uss_b: Uss) -> None:
    """19 volumes against 50: no two meet, the nearest at one altitude are 80.8 m apart."""
    for low, high in product(LOW_FLIGHT, HIGH_FLIGHT):
        apart_m = max(abs(low[0] - high[0]), abs(low[1] - high[1])) - low[2] - high[2]
        assert apart_m > 80.7 or low[4] < high[3]
    there = uss_a.plan(ID_A, intent(*flight(LOW_FLIGHT)))
    assert missing(uss_b.put_intent(ID_B, intent(*flight(HIGH_FLIGHT)))) == [ID_A]
    reference = uss_b.plan(ID_B, intent(*flight(HIGH_FLIGHT), key=[there["ovn"]]))
    update = intent(*flight(HIGH_FLIGHT))
    assert missing(uss_b.put_intent(ID_B, update, reference["ovn"])) == [ID_A]
    everywhere = square(5_000)
    assert uss_b.found(OIR, volume(everywhere, (591.5, None))) == [ID_B]
    assert uss_b.found(OIR, volume(everywhere, (None, 513.8))) == [ID_A]


def test_layers_one_metre_apart_do_not_touch(uss_a: Uss) -> None:
    for layer in range(60):
        band = (20.0 * layer, 20.0 * layer + 19)
        uss_a.plan(entity_id(layer + 1), intent(box4d(altitudes_m=band)))


def test_slots_one_minute_apart_do_not_touch(uss_a: Uss) -> None:
    for slot in range(60):
        start_us = NOW_US + slot * 10 * MINUTE_US
        span = (start_us, start_us + 9 * MINUTE_US)
        uss_a.plan(entity_id(slot + 1), intent(box4d(times_us=span)))


NEIGHBOURS = [
    ("the same place", disc(), (100.0, 200.0), hours(0, 1), True),
    ("later", disc(), (100.0, 200.0), hours(1.1, 2), False),
    ("higher", disc(), (200.5, 300.0), hours(0, 1), False),
    ("lower", disc(), (0.0, 99.5), hours(0, 1), False),
    ("elsewhere", disc(300, 650), (100.0, 200.0), hours(0, 1), False),
    ("at the edge", disc(300, 580), (199.0, 900.0), hours(0.9, 2), True),
    ("inside", disc(5), (150.0, 150.0), hours(0.5, 0.5), True),
    ("around", square(5_000), (0.0, 900.0), hours(-1, 10), True),
]


@pytest.mark.parametrize(("name", "outline", "band", "span", "touches"), NEIGHBOURS)
def test_key_query_and_subscription_agree_on_what_touches(
    uss_a: Uss,
    uss_b: Uss,
    name: str,
    outline: Json,
    band: tuple[float, float],
    span: tuple[int, int],
    touches: bool,
) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d()))
    mine = uss_a.plan(ID_A, intent(box4d()))
    whole = box4d(outline, band, span)
    found = uss_b.found(OIR, whole)
    assert found == ([ID_A] if touches else []), name
    answer = uss_b.put_intent(ID_B, intent(whole))
    if touches:
        assert missing(answer) == found
        answer = uss_b.put_intent(ID_B, intent(whole, key=[mine["ovn"]]))
    assert (SUB_A in told(good(answer, 201))) == touches


@pytest.mark.parametrize(("name", "outline", "band", "span", "touches"), NEIGHBOURS)
def test_constraints_touch_by_the_same_rule(
    uss_a: Uss,
    uss_b: Uss,
    name: str,
    outline: Json,
    band: tuple[float, float],
    span: tuple[int, int],
    touches: bool,
) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d(), intents=False, constraints=True))
    answer = good(uss_b.put_constraint(ID_A, constraint(box4d(outline, band, span))), 201)
    assert told(answer) == ({SUB_A: 1} if touches else {}), name
    assert uss_a.found(CR, box4d()) == ([ID_A] if touches else [])


def test_a_missing_bound_is_no_bound(uss_a: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    uss_a.restrict(ID_B, constraint(box4d(altitudes_m=(None, None))))
    for band, span in [
        ((None, None), (None, None)),
        ((150.0, None), (TIMES_US[0], None)),
        ((None, 150.0), (None, TIMES_US[1])),
    ]:
        assert uss_a.found(OIR, volume(disc(), band, span)) == [ID_A]
    assert uss_a.found(CR, volume(disc(), (90_000, 100_000))) == [ID_B]
    assert uss_a.found(OIR, volume(disc(), (ALTITUDES_M[1] + 1, None))) == []
    assert uss_a.found(OIR, volume(disc(), times_us=(None, TIMES_US[0] - 1))) == []


def test_places_at_the_pole_are_found_from_the_other_side(uss_a: Uss) -> None:
    there = uss_a.plan(ID_A, intent(box4d(circle(90, 0, 200))))
    uss_a.plan(ID_B, intent(box4d(circle(89.999, 0, 200)), key=[there["ovn"]]))
    assert uss_a.found(OIR, area(circle(89.999, 180, 300))) == [ID_A, ID_B]
    assert uss_a.found(OIR, area(circle(89.99, 180, 300))) == []
    assert uss_a.found(OIR, area(circle(-90, 0, 300))) == []


@pytest.mark.parametrize("lng", [178.0, 179.999, 180.0, -180.0, -179.999, 0.0])
@pytest.mark.parametrize("lat", [0.0, 47.0, -60.0, 85.0])
def test_neighbours_meet_at_any_longitude(uss_a: Uss, uss_b: Uss, lat: float, lng: float) -> None:
    beside = offset(lat, lng, 390, 0)  # two discs of 200 m overlap by ten metres
    beyond = offset(lat, lng, 430, 0)  # a circle may be taken a few per cent too large
    uss_a.plan(ID_A, intent(box4d(circle(lat, lng, 200))))
    assert missing(uss_b.put_intent(ID_B, intent(box4d(circle(*beside, 200))))) == [ID_A]
    uss_b.plan(ID_B, intent(box4d(circle(*beyond, 200))))


def test_a_circle_is_never_cut_short(exchange: Driver) -> None:
    """The outermost half metre of a disc is found, in every direction."""
    uss_a, uss_b = Uss(exchange, "uss_a"), Uss(exchange, "uss_b")
    uss_a.plan(ID_A, intent(box4d(circle(*HERE, 1_000))))
    for degrees in range(0, 360, 15):
        place = _around(degrees, 1_009.5)
        found = uss_b.found(OIR, area(circle(*place, 10)))
        assert found == [ID_A], degrees


def _around(degrees: float, metres: float) -> tuple[float, float]:
    """A geodesic's end on the ellipsoid, where the edge is a matter of centimetres."""
    end = Geodesic.WGS84.Direct(*HERE, degrees, metres)
    return float(end["lat2"]), float(end["lon2"])


def test_a_wide_subscription_finds_what_is_inside_it(uss_a: Uss, uss_b: Uss) -> None:
    wide = subscription(box4d(square(10_000), (None, None)), constraints=True)
    uss_a.subscribe(SUB_A, wide)
    uss_b.restrict(ID_A, constraint(box4d(disc(5, 9_000, 9_000))))
    answer = good(uss_b.put_intent(ID_B, intent(box4d(disc(5, -9_000, 9_000)))), 201)
    assert told(answer) == {SUB_A: 2}
    assert uss_a.found(SUB, area(disc(5, 8_000, -8_000))) == [SUB_A]
