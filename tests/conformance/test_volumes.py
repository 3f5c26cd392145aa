"""What volumes, times and URLs a DSS takes and refuses."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from tests.conformance.shapes import (
    HERE,
    ID_A,
    ID_B,
    SUB_A,
    area,
    box4d,
    disc,
    hours,
    ring,
    square,
)
from tests.model.client import Uss, good, refused
from tests.model.driver import Driver, DssOptions, Json
from tests.model.wire import (
    CR,
    HOUR_US,
    NOW_US,
    OIR,
    SUB,
    altitude,
    box,
    circle,
    constraint,
    implicit,
    intent,
    polygon,
    subscription,
    time,
    volume,
)

WEST, EAST = (46.0, 7.0), (46.01, 7.01)


def tangled_outline() -> dict[str, Any]:
    """318 vertices with three exact repetitions, some a nanometre apart, and crossing edges."""
    around = [2 * math.pi * step / 315 for step in range(315)]
    points = [(46 + 0.05 * math.sin(a), 7 + 0.05 * math.cos(a)) for a in around]
    for step in (40, 120, 200, 260):  # swapped neighbours make their edges cross
        points[step], points[step + 1] = points[step + 1], points[step]
    points[80] = (points[79][0] + 1e-14, points[79][1])
    return polygon(
        [*points[:100], points[99], *points[100:250], points[249], *points[250:], points[0]]
    )


def crossing_circle_of(count: int) -> dict[str, Any]:
    """A many-sided outline whose only fault is one pair of crossing edges."""
    around = [2 * math.pi * step / count for step in range(count)]
    points = [(46 + 0.05 * math.sin(a), 7 + 0.05 * math.cos(a)) for a in around]
    points[5], points[6] = points[6], points[5]
    return polygon(points)


BAD_OUTLINES: dict[str, dict[str, Any]] = {
    "no outline": {},
    "two outlines": disc() | square(100),
    "circle without centre": {"outline_circle": {"radius": {"value": 9, "units": "M"}}},
    "circle without radius": {"outline_circle": {"center": {"lat": 46, "lng": 7}}},
    "radius of zero": circle(46, 7, 0),
    "negative radius": circle(46, 7, -5),
    "radius in feet": {
        "outline_circle": {
            "center": {"lat": 46, "lng": 7},
            "radius": {"value": 9, "units": "FT"},
        }
    },
    "radius without units": {
        "outline_circle": {"center": {"lat": 46, "lng": 7}, "radius": {"value": 9}}
    },
    "circle north of the pole": circle(90.0001, 0, 100),
    "circle beyond the date line": circle(0, 180.5, 100),
    "no vertices": polygon([]),
    "vertices missing": {"outline_polygon": {}},
    "two vertices": polygon([WEST, EAST]),
    "vertex without lng": {"outline_polygon": {"vertices": [{"lat": 1}, {"lat": 2}, {"lat": 3}]}},
    "vertex south of the pole": polygon([(-89, 0), (-90.5, 1), (-89, 2)]),
    "vertex beyond the date line": polygon([(0, 179), (1, 181), (1, 179)]),
    "closed ring": polygon([(46, 7), (46, 7.01), (46.01, 7), (46, 7)]),
    "repeated vertex": polygon([(46, 7), (46, 7.01), (46, 7.01), (46.01, 7)]),
    "vertex visited twice": polygon([(46, 7), (46, 7.01), (46.01, 7.01), (46, 7), (46.01, 7)]),
    "three identical points": polygon([(46, 7)] * 3),
    "points on one line": polygon([(46, 7), (46.01, 7), (46.02, 7)]),
    "crossing edges": polygon([(46, 7), (46.01, 7.01), (46, 7.01), (46.01, 7)]),
    "crossing on the date line": polygon(
        [(1, 179.99), (1.01, -179.99), (1, -179.99), (1.01, 179.99)]
    ),
    "crossing around the pole": polygon([(89.9, 0), (89.9, 180), (89.9, 90), (89.9, -90)]),
    "one crossing among 1000 edges": crossing_circle_of(1000),
    "tangled": tangled_outline(),
    "10,001 vertices": polygon(
        [(46 + 0.05 * math.sin(a / 1591.7), 7 + 0.05 * math.cos(a / 1591.7)) for a in range(10_001)]
    ),
    "one degree square": box(46, 7, 47, 8),
    "circle as large": circle(46, 7, 56_000),
    "a third of the Earth": circle(46, 7, 5_000_000),
}

GOOD_OUTLINES: dict[str, dict[str, Any]] = {
    "647 km2": square(12_718),
    "circle of 12 km": circle(46, 7, 12_000),
    "just below the limit": square(24_900),
    "clockwise": polygon([(46, 7), (46.01, 7), (46.01, 7.01), (46, 7.01)]),
    "counter-clockwise": polygon([(46, 7), (46, 7.01), (46.01, 7.01), (46.01, 7)]),
    "not convex": ring([(0, 0), (500, 0), (500, 500), (250, 100), (0, 500)]),
    "across the date line": polygon([(1, 179.99), (1, -179.99), (1.01, -179.99), (1.01, 179.99)]),
    "around the north pole": polygon([(89.99, 0), (89.99, 90), (89.99, 180), (89.99, -90)]),
    "around the south pole": polygon([(-89.99, 0), (-89.99, 120), (-89.99, -120)]),
    "a corner at the pole": polygon([(90, 0), (89.99, 0), (89.99, 60)]),
    "circle at the north pole": circle(90, 0, 200),
    "circle at longitude 180": circle(10, 180, 200),
    "circle at longitude -180": circle(10, -180, 200),
    "a hand's breadth": circle(46, 7, 0.1),
}


def everywhere(outline: dict[str, Any]) -> list[tuple[str, Json]]:
    """The outline as every kind of body that carries one."""
    whole = box4d(outline)
    return [
        (f"PUT {OIR}/{ID_A}", intent(whole)),
        (f"PUT {CR}/{ID_A}", constraint(whole)),
        (f"PUT {SUB}/{SUB_A}", subscription(whole)),
        (f"POST {OIR}/query", {"area_of_interest": whole}),
        (f"POST {CR}/query", {"area_of_interest": whole}),
        (f"POST {SUB}/query", {"area_of_interest": whole}),
    ]


@pytest.mark.parametrize("name", BAD_OUTLINES)
def test_outlines_that_are_400_wherever_they_stand(uss_a: Uss, name: str) -> None:
    outline = BAD_OUTLINES[name] or {"nothing": 1}
    for where, body in everywhere(outline):
        method, path = where.split()
        refused(uss_a.call(method, path, body), 400)
    assert uss_a.found(OIR, area()) == []


@pytest.mark.parametrize("name", GOOD_OUTLINES)
def test_outlines_that_are_accepted_wherever_they_stand(uss_a: Uss, name: str) -> None:
    for where, body in everywhere(GOOD_OUTLINES[name]):
        method, path = where.split()
        assert uss_a.call(method, path, body).status in (200, 201), where


def test_one_bad_volume_among_good_ones_is_400(uss_a: Uss) -> None:
    body = intent(box4d(), box4d(BAD_OUTLINES["closed ring"]), box4d())
    message = refused(uss_a.put_intent(ID_A, body), 400)
    assert message


def test_the_area_limit_is_named_with_what_was_found(exchange: Driver) -> None:
    uss = Uss(exchange)
    for outline in (box(46, 7, 47, 8), circle(46, 7, 56_000)):
        message = refused(uss.query(OIR, area(outline)), 400)
        digits = re.sub(r"(?<=\d)\D(?=\d{3})", "", message)  # whatever separates thousands
        assert "2500" in digits
        assert re.search(r"8532|98\d\d", digits)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("closed ring", "vert"),
        ("crossing edges", "cross"),
        ("tangled", "vert"),
        ("three identical points", "vert"),
        ("radius in feet", "radius"),
        ("10,001 vertices", "vert"),
        ("circle north of the pole", "lat"),
        ("vertex without lng", "lng"),
    ],
)
def test_the_message_names_the_real_fault(exchange: Driver, name: str, named: str) -> None:
    message = refused(Uss(exchange).put_intent(ID_A, intent(box4d(BAD_OUTLINES[name]))), 400)
    assert named in message.lower()


def changed(**members: Any) -> dict[str, Any]:
    """The usual volume with members of its Volume3D changed or (None) removed."""
    whole = box4d()
    solid = {k: v for k, v in (whole["volume"] | members).items() if v is not None}
    return whole | {"volume": solid}


BAD_ALTITUDES: dict[str, dict[str, Any]] = {
    "lower above upper": changed(altitude_lower=altitude(300), altitude_upper=altitude(200)),
    "other reference": changed(altitude_upper={"value": 200, "reference": "SFC", "units": "M"}),
    "no reference": changed(altitude_upper={"value": 200, "units": "M"}),
    "feet": changed(altitude_upper={"value": 200, "reference": "W84", "units": "FT"}),
    "too deep": changed(altitude_lower=altitude(-8000.5)),
    "too high": changed(altitude_upper=altitude(100_000.5)),
    "text": changed(altitude_upper={"value": "200", "reference": "W84", "units": "M"}),
}


@pytest.mark.parametrize("name", BAD_ALTITUDES)
def test_altitudes_that_are_400(uss_a: Uss, name: str) -> None:
    whole = BAD_ALTITUDES[name]
    refused(uss_a.put_intent(ID_A, intent(whole)), 400)
    refused(uss_a.put_constraint(ID_A, constraint(whole)), 400)
    refused(uss_a.put_subscription(SUB_A, subscription(whole)), 400)
    refused(uss_a.query(OIR, whole), 400)


@pytest.mark.parametrize("band", [(-8000, 100_000), (0, 0), (120, 120), (-0.0, 10.5)])
def test_altitudes_at_the_limits_are_accepted(uss_a: Uss, band: tuple[float, float]) -> None:
    uss_a.plan(ID_A, intent(box4d(altitudes_m=band)))


BAD_TIMES: dict[str, dict[str, Any]] = {
    "start after end": {"time_start": time(NOW_US + HOUR_US), "time_end": time(NOW_US + 1)},
    "no time": {"time_start": {"value": "soon", "format": "RFC3339"}},
    "a date": {"time_start": {"value": "2030-01-01", "format": "RFC3339"}},
    "no zone": {"time_start": {"value": "2030-01-01T12:00:00", "format": "RFC3339"}},
    "month 13": {"time_start": {"value": "2030-13-01T12:00:00Z", "format": "RFC3339"}},
    "hour 25": {"time_start": {"value": "2030-01-01T25:00:00Z", "format": "RFC3339"}},
    "number": {"time_start": {"value": NOW_US, "format": "RFC3339"}},
    "bare text": {"time_start": "2030-01-01T12:00:00Z"},
    "no value": {"time_start": {"format": "RFC3339"}},
}


@pytest.mark.parametrize("name", BAD_TIMES)
def test_times_that_are_400(uss_a: Uss, name: str) -> None:
    whole = box4d() | BAD_TIMES[name]
    refused(uss_a.put_intent(ID_A, intent(whole)), 400)
    refused(uss_a.put_constraint(ID_A, constraint(whole)), 400)
    refused(uss_a.put_subscription(SUB_A, subscription(whole)), 400)
    refused(uss_a.query(SUB, whole), 400)


@pytest.mark.parametrize("lost", ["time_start", "time_end"])
def test_entities_need_both_times_and_others_do_not(uss_a: Uss, lost: str) -> None:
    whole = {name: value for name, value in box4d().items() if name != lost}
    refused(uss_a.put_intent(ID_A, intent(whole)), 400)
    refused(uss_a.put_constraint(ID_A, constraint(whole)), 400)
    uss_a.subscribe(SUB_A, subscription(whole))
    good(uss_a.query(OIR, whole))


@pytest.mark.parametrize("lost", ["altitude_lower", "altitude_upper"])
def test_intents_need_both_altitudes_and_others_do_not(uss_a: Uss, lost: str) -> None:
    whole = changed(**{lost: None})
    refused(uss_a.put_intent(ID_A, intent(whole)), 400)
    uss_a.restrict(ID_A, constraint(whole))
    uss_a.subscribe(SUB_A, subscription(whole))
    good(uss_a.query(OIR, whole))


@pytest.mark.parametrize("extents", [None, [], {}, "x", [None], [[]], [{}]])
def test_extents_that_are_none(uss_a: Uss, extents: Json) -> None:
    refused(uss_a.put_intent(ID_A, intent() | {"extents": extents}), 400)
    refused(uss_a.put_constraint(ID_A, constraint() | {"extents": extents}), 400)


def test_an_entity_that_is_over_is_refused(uss_a: Uss) -> None:
    over = box4d(times_us=hours(-2, -1))
    refused(uss_a.put_intent(ID_A, intent(over)), 400)
    refused(uss_a.put_constraint(ID_A, constraint(over)), 400)


def test_an_old_volume_next_to_a_later_one_is_accepted_however_long_the_whole(uss_a: Uss) -> None:
    long_ago = box4d(times_us=(1 - HOUR_US, -1))  # ended in 1969
    later = box4d(times_us=(NOW_US, NOW_US + 10_000 * HOUR_US))
    reference = uss_a.plan(ID_A, intent(long_ago, later, new_subscription=implicit()))
    assert reference["time_start"] == time(1 - HOUR_US)
    assert reference["time_end"] == time(NOW_US + 10_000 * HOUR_US)
    follower = uss_a.subscription(reference["subscription_id"])
    assert (follower["time_start"], follower["time_end"]) == (
        reference["time_start"],
        reference["time_end"],
    )


def test_a_query_of_the_past_is_answered(uss_a: Uss, dss: Driver) -> None:
    uss_a.plan(ID_A, intent(box4d(times_us=hours(-1, 1))))
    dss.set_now(NOW_US + 5 * HOUR_US)
    assert uss_a.found(OIR, box4d(times_us=hours(-10, 0.5))) == [ID_A]
    assert uss_a.found(OIR, box4d(times_us=hours(-10, -9))) == []


def test_microseconds_come_back_as_sent(uss_a: Uss) -> None:
    span = (NOW_US + 1, NOW_US + HOUR_US + 999_999)
    for reference in (
        uss_a.plan(ID_A, intent(box4d(times_us=span))),
        uss_a.intent(ID_A),
        uss_a.restrict(ID_B, constraint(box4d(times_us=span))),
        uss_a.subscribe(SUB_A, subscription(box4d(times_us=span))),
    ):
        assert (reference["time_start"], reference["time_end"]) == (time(span[0]), time(span[1]))


BAD_URLS: list[Json] = [
    None,
    "",
    "uss.example",
    "/utm",
    "http://uss.example/utm",
    "ftp://uss.example",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://[::1",
    7,
    ["https://uss.example"],
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_base_urls_that_are_400(uss_a: Uss, url: Json) -> None:
    bad = {"uss_base_url": url}
    refused(uss_a.put_intent(ID_A, intent(box4d()) | bad), 400)
    refused(uss_a.put_constraint(ID_A, constraint(box4d()) | bad), 400)
    refused(uss_a.put_subscription(SUB_A, subscription(box4d()) | bad), 400)
    refused(uss_a.put_intent(ID_A, intent(box4d(), new_subscription=bad)), 400)


@pytest.mark.parametrize(
    "url",
    ["https://uss.example", "https://uss.example:8443/a/b", "https://uss.example/utm/"],
)
def test_base_urls_that_come_back_as_sent(uss_a: Uss, url: str) -> None:
    assert uss_a.subscribe(SUB_A, subscription(box4d(), url=url))["uss_base_url"] == url


def test_plain_http_is_a_switch(open_dss: Any) -> None:
    uss = Uss(open_dss(DssOptions(allow_http=True)))
    url = "http://uss.example:8080/utm"
    assert uss.plan(ID_A, intent(box4d(), url=url))["uss_base_url"] == url
    uss.restrict(ID_A, constraint(box4d(), url=url))
    uss.subscribe(SUB_A, subscription(box4d(), url=url))
    refused(uss.put_intent(ID_B, intent(box4d(), url="ftp://uss.example")), 400)


def test_a_place_is_the_same_whichever_way_its_longitude_is_written(uss_a: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d(circle(HERE[0], 180, 200))))
    assert uss_a.found(OIR, volume(circle(HERE[0], -180, 100))) == [ID_A]
