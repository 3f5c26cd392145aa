"""Where aircraft were last: the newest of each, of as many as are remembered."""

from __future__ import annotations

from tests.support.reported import BEGAN_US, reported

from detente.feeds import Reports, joined
from detente.node.watch.places import LastPlaces
from detente.watch import Place


def heard(*names: str, second: int = 0) -> Reports:
    return reported(
        [
            {"s": second + n, "aircraft": name, "lat": 40.0 + second + n, "lng": 7.0}
            for n, name in enumerate(names)
        ]
    )


def found(places: LastPlaces, name: str) -> Place:
    place = places.of(name)
    assert place is not None
    return place


def test_the_newest_place_of_each_is_told() -> None:
    places = LastPlaces()
    places.take(heard("a", "b", "a"))
    places.take(heard("c", "b", second=10))
    known = {name: places.of(name) for name in ("a", "b", "c", "d")}
    assert {name: each and (each.lat_deg, each.time_us) for name, each in known.items()} == {
        "a": (42.0, BEGAN_US + 2_000_000),
        "b": (51.0, BEGAN_US + 11_000_000),
        "c": (50.0, BEGAN_US + 10_000_000),
        "d": None,
    }


def test_names_that_no_report_has_change_nothing() -> None:
    places = LastPlaces()
    both = joined([heard("a"), heard("b", second=5)])
    places.take(both)
    places.take(both.take(slice(0, 1)))
    assert found(places, "b").lat_deg == 45.0


def test_an_altitude_that_nobody_told_is_none() -> None:
    places = LastPlaces()
    told = reported([{"s": 0, "aircraft": "a", "lat": 47.0, "lng": 7.0, "altitude": 900.0}])
    places.take(told)
    places.take(heard("b"))
    assert [found(places, each).altitude_m for each in "ab"] == [900.0, None]


def test_those_not_heard_for_longest_are_forgotten() -> None:
    places = LastPlaces(most=8)
    for number in range(8):
        places.take(heard(f"n{number}", second=number))
    places.take(heard("n0", second=20))
    places.take(heard("n8", second=21))
    known = [number for number in range(9) if places.of(f"n{number}") is not None]
    assert known == [0, 4, 5, 6, 7, 8]
    places.take(heard("n1", "n0", second=30))
    assert found(places, "n1").lat_deg == 70.0
    assert found(places, "n0").lat_deg == 71.0
    assert found(places, "n4").lat_deg == 44.0
