"""What the page is told of distances that were agreed upon, and of who else claims a place."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from msgspec.structs import replace
from tests.support.archives_made import CLAIMS, at_once, in_time, wandering
from tests.support.stand_off_page import FIGHTER, HELICOPTER, rules_of, stand_off_report
from tests.unit.watch.test_report import data_of, page_of

from detente.cli.watch_text import reasons
from detente.watch import EventKind, Grade, report_page, sentence, summary_of
from detente.watch.report_borders import lines_of

EARTH = Geodesic.WGS84


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return data_of(report_page(stand_off_report(tmp_path_factory.mktemp("agreement"))))


def event_of(told: dict[str, Any], aircraft: str) -> dict[str, Any]:
    (found,) = (each for each in told["events"] if each["aircraft"] == aircraft)
    return dict(found)


def unpacked(flat: list[int]) -> list[tuple[float, float]]:
    pairs = np.cumsum(np.array(flat).reshape(-1, 2), axis=0) / 1e6
    return [(float(lat), float(lng)) for lat, lng in pairs]


def test_the_limit_that_was_not_kept_is_told_with_its_sentence(told: dict[str, Any]) -> None:
    near = event_of(told, FIGHTER)
    limit = told["limits"][near["limit"]]
    assert (limit["rule"], limit["agreed"]) == ("stand-off/fixed-wing-east", 40_000.0)
    assert limit["sentence"]["en"].startswith("Fixed-wing aircraft")
    assert "40 km" in limit["sentence"]["en"]
    assert "avions" in limit["sentence"]["fr"].lower()
    over = event_of(told, HELICOPTER)
    assert told["limits"][over["limit"]]["rule"] == "stand-off/rotary-wing"
    assert len(told["limits"]) == 2


def test_distances_along_the_track_are_those_from_the_line(told: dict[str, Any]) -> None:
    """By points every few hundred metres of the line's eastern part, and geodesics."""
    near = event_of(told, FIGHTER)
    corners = [(38.33, 127.42), (38.32, 127.9), (38.62, 128.36)]
    line = [
        (a[0] + (b[0] - a[0]) * k / 200, a[1] + (b[1] - a[1]) * k / 200)
        for a, b in pairwise(corners)
        for k in range(201)
    ]
    track = near["track"]
    lat, lng = (np.cumsum(track[name]) / 1e6 for name in ("lat", "lng"))
    for row in range(0, len(lat), 15):
        least = min(EARTH.Inverse(lat[row], lng[row], *place)["s12"] for place in line)
        assert track["away"][row] == pytest.approx(least, abs=30)
    figures = {each[0]: each[1] for each in near["figures"]}
    assert min(track["away"]) == pytest.approx(figures["distance_m"], abs=1)
    assert "depth" not in track


def test_the_line_is_drawn_as_far_as_the_agreed_distance_reaches(told: dict[str, Any]) -> None:
    near = event_of(told, FIGHTER)
    (line,) = map(unpacked, near["border"])
    assert line[0] == (38.33, 127.42), "the rule is about the stretch east of the marker"
    assert len(line) == 3, "a line is drawn once, not there and back"
    lat, lng = near["deepest"]["lat"], near["deepest"]["lng"]
    far = max(EARTH.Inverse(lat, lng, *place)["s12"] for place in line)
    assert far > 40_000


def test_a_line_there_and_back_is_told_once(tmp_path: Path) -> None:
    rules = rules_of(tmp_path)
    whole = rules.limit("stand-off/rotary-wing", "line")
    assert whole is not None
    (line,) = lines_of(rules.index, whole.line)
    assert line[0].tolist() == [126.68, 37.95]
    assert line[-1].tolist() == [128.36, 38.62]
    assert len(line) == 5


def test_who_else_claims_the_deepest_place_is_told_with_the_event_that_says_so() -> None:
    events = at_once(in_time(wandering(1, 4, 60)))
    told = page_of(events)
    links = 0
    for shown, event in zip(told["events"], events, strict=True):
        assert event.kind is EventKind.CROSSING
        place = event.deepest
        if place is None:
            continue
        claimants = CLAIMS.claimants_at(place.lat_deg, place.lng_deg) - {event.claimant}
        assert {each["claimant"] for each in shown["claims"]} == claimants
        for each in shown["claims"]:
            other = told["events"][each["event"]]
            assert other["aircraft"] == shown["aircraft"]
            assert other["against"] != shown["against"]
            assert other["t0"] <= place.time_us / 1e6 <= (other["t1"] or np.inf)
            links += 1
    assert links, "some place is claimed twice"


def test_of_kinds_that_are_many_none_is_crowded_out(tmp_path: Path) -> None:
    crossings = at_once(in_time(wandering(1, 4, 60)))
    crowd = [replace(crossings[i % len(crossings)], id=f"{i:064x}") for i in range(3_000)]
    crowd = [replace(each, grade=Grade.SHOWN) for each in crowd]
    breaches = stand_off_report(tmp_path).summary.shown
    shown = summary_of([*crowd, *breaches], 50).shown
    assert len(shown) == 50
    assert {each.id for each in breaches} <= {each.id for each in shown}


def test_what_cannot_be_told_is_not_crowded_out_by_what_is_shown(tmp_path: Path) -> None:
    some = at_once(in_time(wandering(1, 4, 60)))
    sure = [replace(some[0], id=f"{i:064x}", grade=Grade.SHOWN) for i in range(300)]
    unsure = replace(some[0], grade=Grade.CANNOT_BE_TOLD, depth_nearest_m=None)
    shown = summary_of([*sure, unsure], 50).shown
    assert len(shown) == 50
    assert unsure in shown
    many = summary_of([*sure, *(replace(unsure, id=f"{i:x}") for i in range(900))], 50).shown
    assert sum(each.grade is Grade.SHOWN for each in many) == 40
    none = summary_of(sure, 50).shown
    assert len(none) == 50


def test_every_boundary_that_is_counted_has_its_name() -> None:
    events = at_once(in_time(wandering(1, 4, 60)))
    told = page_of(events, most=1)
    assert {each[2] for each in told["counts"]} == set(told["named"]) == {"sure/A", "sure/B"}
    assert told["named"]["sure/A"] == {"id": "sure/A", "name": "A", "claimant": "A"}


def test_the_terminal_says_the_rule_and_why_something_cannot_be_told(tmp_path: Path) -> None:
    rules = rules_of(tmp_path)
    near = stand_off_report(tmp_path / "other").summary.shown
    french = reasons(near, rules, "fr")
    assert len(french) == 2, "each rule once"
    assert all("restent à au moins" in each for each in french)
    assert french[0].startswith("stand-off/")
    crossings = at_once(in_time(wandering(1, 4, 60)))
    untold = replace(crossings[0], grade=Grade.CANNOT_BE_TOLD)
    (said,) = reasons([untold], None, "en")
    assert said.endswith(sentence(untold.grounds[0]).en)
    shown = [each for each in crossings if each.grade is Grade.SHOWN]
    assert reasons(shown, None, "en") == []
