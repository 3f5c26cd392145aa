"""The report of a day that was planned otherwise: what is said of it, and what is left."""

from __future__ import annotations

from typing import Any

from tests.unit.operations.flights_made import flight, straight
from tests.unit.operations.test_report import data_of

from detente.operations import Change, Closeness, Flight, Words, check, report_page
from detente.operations.report_after import NowPlanned, afterwards

LATER = Words("An hour later.", "Une heure plus tard.")


def pair() -> tuple[Flight, Flight]:
    return flight("A", "a", straight()), flight("B", "b", straight(altitude_m=3100))


def page(own: Flight, other: Flight, changes: list[Change] | None) -> Any:
    return data_of(report_page(check([own], [other]), [own], [other], changes=changes))


def test_a_flight_that_leaves_later_meets_nobody_any_more() -> None:
    own, other = pair()
    later = flight("B", "b", straight(altitude_m=3100, start_s=3600))
    data = page(own, other, [Change(other, later, LATER)])
    assert data["after"] is True
    assert data["flights"][0]["after"] is None
    after = data["flights"][1]["after"]
    assert after["words"] == {"en": LATER.en, "fr": LATER.fr}
    moved_s = after["volumes"][0][0] - data["flights"][1]["volumes"][0][0]
    assert moved_s == 3600
    [conflict] = data["conflicts"]
    assert conflict["encounters"]
    assert conflict["after"] == {"ct": None, "h": 0.0, "v": 0.0, "encounters": []}


def test_a_flight_that_stays_on_the_ground_has_no_track_after() -> None:
    own, other = pair()
    data = page(own, other, [Change(own, None, LATER)])
    assert data["flights"][0]["after"]["track"] is None
    assert data["flights"][0]["after"]["volumes"] == []
    assert data["conflicts"][0]["after"]["encounters"] == []


def test_what_still_meets_is_told_with_the_volumes_of_now() -> None:
    own, other = pair()
    higher = flight("B", "b", straight(altitude_m=3200))
    data = page(own, other, [Change(other, higher, LATER)])
    [conflict] = data["conflicts"]
    assert conflict["after"]["encounters"]
    assert (conflict["v"], conflict["after"]["v"]) == (100.0, 200.0)


def test_nothing_is_computed_anew_where_nothing_was_changed() -> None:
    own, other = pair()
    [found] = check([own], [other]).conflicts
    left = afterwards(found, own, other, Closeness())
    assert left.encounters is found.encounters
    assert left.approach is found.approach
    now = NowPlanned([Change(own, None, LATER)])
    assert (now.now(own), now.now(other), now.change(other)) == (None, other, None)


def test_a_report_without_changes_has_no_after() -> None:
    data = page(*pair(), None)
    assert data["after"] is False
    assert data["conflicts"][0]["after"] is None
    assert page(*pair(), [])["after"] is True
