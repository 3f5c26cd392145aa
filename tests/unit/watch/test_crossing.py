"""Crossings found by `CrossingMonitor`: in, out, how deep, how long, how sure."""

import math
from itertools import pairwise

import pytest
from pyproj import Geod
from tests.support.watched import PICTURE, SURE, T0_US, boundary, box, claimed, flight, watched

from detente.feeds import joined
from detente.watch import CrossingMonitor, CrossingRules, Event, EventKind, Grade, Tracks

GEOD = Geod(ellps="WGS84")
RULES = CrossingRules(look_ahead_s=0.0)
NORTH = box(46.0, 7.0, 47.0, 8.0)


def only(events: dict[str, Event]) -> Event:
    (event,) = events.values()
    return event


def codes(event: Event) -> list[str]:
    return [each.code for each in event.grounds]


def straight(
    south: float, north: float, *, lng: float = 7.5, every_s: float = 5.0, speed: float = 100.0
) -> list[tuple[float, float, float]]:
    """Due north at a steady speed."""
    _, _, way = GEOD.inv(lng, south, lng, north)
    n = math.ceil(way / (speed * every_s))
    return [(i * every_s, south + (north - south) * i / n, lng) for i in range(n + 1)]


def there_and_back(turn: float, *, start: float = 45.99) -> list[tuple[float, float, float]]:
    up = straight(start, turn)
    last = up[-1][0]
    return up + [(2 * last - t + 0.001, lat, lng) for t, lat, lng in reversed(up[:-1])]


class TestThrough:
    def test_figures_of_a_straight_way(self) -> None:
        small = box(46.0, 7.4, 46.02, 7.6)
        event = only(
            watched(
                CrossingMonitor(claimed(boundary("A", small)), RULES),
                [flight(straight(45.97, 46.05))],
            )
        )
        _, _, way = GEOD.inv(7.5, 46.0, 7.5, 46.02)
        assert event.kind is EventKind.CROSSING
        assert event.grade is Grade.SHOWN
        assert event.claimant == "A"
        assert event.entry is not None
        assert event.exit is not None
        assert event.entry.lat_deg == pytest.approx(46.0, abs=1e-12)
        assert event.exit.lat_deg == pytest.approx(46.02, abs=1e-12)
        assert event.length_m is not None
        assert event.length_m.value == pytest.approx(way, abs=0.01)
        assert event.depth_chord_m is not None
        assert event.depth_chord_m.value == pytest.approx(way, abs=0.01)
        assert event.depth_nearest_m is not None
        assert event.depth_nearest_m.value == pytest.approx(way / 2, abs=5.0)
        assert event.depth_along_m is not None
        assert event.depth_along_m.value == pytest.approx(way / 2, abs=5.0)
        assert event.duration_s is not None
        assert event.duration_s.value == pytest.approx(way / 100, rel=0.02)
        assert event.ended_us == event.exit.time_us
        assert event.began_us == event.entry.time_us
        for figure in (event.length_m, event.depth_nearest_m, event.duration_s):
            assert figure.low < figure.value < figure.high

    def test_turned_back(self) -> None:
        event = only(
            watched(
                CrossingMonitor(claimed(boundary("A", NORTH)), RULES),
                [flight(there_and_back(46.01))],
            )
        )
        _, _, deep = GEOD.inv(7.5, 46.0, 7.5, 46.01)
        assert event.depth_nearest_m is not None
        assert event.depth_nearest_m.value == pytest.approx(deep, abs=0.01)
        assert event.length_m is not None
        assert event.length_m.value == pytest.approx(2 * deep, abs=0.02)
        assert event.depth_chord_m is not None
        assert event.depth_chord_m.value == pytest.approx(0.0, abs=0.01)
        assert event.depth_along_m is not None
        assert event.depth_along_m.value == pytest.approx(deep, abs=0.01)

    def test_corner_between_two_positions(self) -> None:
        # from west of the corner to south of it, over the corner
        points = [(0, 46.004, 6.98), (5, 46.001, 6.995), (10, 45.996, 7.011), (15, 45.99, 7.03)]
        corner = box(45.998, 7.0, 46.5, 7.5)
        event = only(
            watched(CrossingMonitor(claimed(boundary("A", corner)), RULES), [flight(points)])
        )
        assert event.reports == 0
        assert "between-reports" in codes(event)
        assert event.depth_nearest_m is not None
        assert 0 < event.depth_nearest_m.value < 200

    def test_two_claims_are_two_events(self) -> None:
        claims = claimed(boundary("A", NORTH), boundary("B", box(46.005, 7.0, 47.0, 8.0)))
        events = watched(CrossingMonitor(claims, RULES), [flight(there_and_back(46.02))])
        assert {each.claimant for each in events.values()} == {"A", "B"}

    def test_over_the_date_line(self) -> None:
        west = boundary("A", box(10.0, 179.0, 11.0, 180.0))
        points = [(i * 10.0, 10.5, (179.9 + i * 0.02 + 180) % 360 - 180) for i in range(11)]
        event = only(watched(CrossingMonitor(claimed(west), RULES), [flight(points)]))
        assert event.entry is None
        assert event.exit is not None
        assert abs(event.exit.lng_deg) == pytest.approx(180.0)

    def test_who_was_inside_all_the_time_did_not_cross(self) -> None:
        inside = flight(straight(46.2, 46.3))
        claims = claimed(boundary("A", NORTH))
        assert not watched(CrossingMonitor(claims, RULES), [inside])
        stays = CrossingRules(look_ahead_s=0.0, stays=True)
        event = only(watched(CrossingMonitor(claims, stays), [inside]))
        assert "began-inside" in codes(event)


class TestNoise:
    def test_what_left_only_by_noise_did_not_leave(self) -> None:
        lats = [45.99, 46.001, 45.9999, 46.002, 46.0, 46.004, 46.01, 45.99]
        points = [(i * 5.0, lat, 7.5 + i * 1e-4) for i, lat in enumerate(lats)]
        claims = claimed(boundary("A", NORTH))
        noisy = watched(CrossingMonitor(claims, RULES), [flight(points, radius_m=100.0)])
        assert len(noisy) == 1
        sure = watched(CrossingMonitor(claims, RULES), [flight(points, radius_m=1.0)])
        assert len(sure) == 2

    def test_less_deep_than_uncertain_cannot_be_told(self) -> None:
        track = flight(there_and_back(46.001), radius_m=185.0)
        event = only(watched(CrossingMonitor(claimed(boundary("A", NORTH)), RULES), [track]))
        assert event.grade is Grade.CANNOT_BE_TOLD
        assert codes(event)[0] == "within-uncertainty"
        assert event.depth_nearest_m is not None
        assert event.depth_nearest_m.low < 0 < event.depth_nearest_m.value


class TestPickedOut:
    """Positions good to 100 m, 80 m across: each has a level of its own."""

    def depths(self, wait_s: float) -> list[Event]:
        """Of two passages that are alike, so long apart."""
        once = there_and_back(46.01)
        again = [(t + once[-1][0] + wait_s, lat, lng) for t, lat, lng in once]
        track = flight([*once, *again], radius_m=100.0)
        found = watched(CrossingMonitor(claimed(boundary("A", NORTH)), RULES), [track])
        return sorted(found.values(), key=lambda each: each.began_us)

    def test_the_low_end_is_that_of_the_documents(self) -> None:
        depth, ground = self.depths(60.0)[0].depth_nearest_m, self.depths(60.0)[0].grounds[0]
        assert depth is not None
        assert depth.high - depth.value == pytest.approx(80.1 + 5.0, abs=0.1)
        # the third position inside, of the first passage: N = 24, and 0.975^(1/24) is at 3.0745
        assert ground.figures["look"] == 3.0
        assert "occasion" not in ground.figures
        assert depth.value - depth.low == pytest.approx(80.07 * 3.0745 / 1.96, abs=0.1)

    def test_passages_within_an_hour_count_as_one_row(self) -> None:
        first, second = self.depths(3_400.0)
        assert first.depth_nearest_m is not None
        assert second.depth_nearest_m is not None
        assert second.grounds[0].figures["occasion"] == 2.0
        assert second.depth_nearest_m.low < first.depth_nearest_m.low - 5.0

    def test_and_later_ones_do_not(self) -> None:
        first, second = self.depths(3_700.0)
        assert "occasion" not in second.grounds[0].figures
        assert second.depth_nearest_m == first.depth_nearest_m


class TestWhoJudges:
    def test_a_picture_does_not(self) -> None:
        claims = claimed(boundary("A", NORTH, source=PICTURE))
        event = only(watched(CrossingMonitor(claims, RULES), [flight(there_and_back(46.1))]))
        assert event.grade is Grade.CANNOT_BE_TOLD
        assert codes(event)[0] == "boundary-does-not-judge"

    def test_a_line_less_certain_than_the_question_does_not(self) -> None:
        claims = claimed(boundary("A", NORTH, uncertainty_m=1697.0))
        event = only(watched(CrossingMonitor(claims, RULES), [flight(there_and_back(46.01))]))
        assert event.grade is Grade.CANNOT_BE_TOLD
        assert codes(event)[0] == "boundary-too-uncertain"


class TestTracksThatBreak:
    def test_jump_away_and_back(self) -> None:
        points = straight(45.97, 46.05)
        far = [(t, lat + 1.5, lng) for t, lat, lng in points[10:]]
        claims = claimed(boundary("A", NORTH))
        before = there_and_back(46.02)
        after = [(t + before[-1][0] + 60, lat, lng) for t, lat, lng in far]
        event = next(
            each
            for each in watched(
                CrossingMonitor(claims, RULES), [flight(before + after, speed_m_s=100.0)]
            ).values()
            if each.entry is not None
        )
        assert event.grade is Grade.CANNOT_BE_TOLD
        assert codes(event)[0] == "positions-inconsistent"
        assert float(event.grounds[0].figures["nearest_jump_s"]) < 300

    def test_silence_ends_what_was_open(self) -> None:
        points = straight(45.99, 46.01)
        gone = [(t + 900, lat + 0.05, lng) for t, lat, lng in points]
        claims = claimed(boundary("A", NORTH))
        event = only(watched(CrossingMonitor(claims, RULES), [flight(points + gone)]))
        assert event.exit is None
        assert event.ended_us == T0_US + round(points[-1][0] * 1e6)
        assert event.duration_s is not None
        assert event.duration_s.high == math.inf
        assert "ended-inside" in codes(event)


class TestPredictions:
    LOOK = CrossingRules(look_ahead_s=120.0)

    def test_told_before_it_happens_and_then_over(self) -> None:
        claims = claimed(boundary("A", NORTH))
        monitor, tracks = CrossingMonitor(claims, self.LOOK), Tracks()
        points = straight(45.7, 46.05, every_s=1.0, speed=200.0)
        told: list[Event] = []
        for each in points:
            track = flight([each], speed_m_s=200.0, track_deg=0.0)
            told += monitor.take(tracks.take(track))
        predicted = [each for each in told if each.kind is EventKind.CROSSING_PREDICTED]
        (crossed,) = {e.id: e for e in told if e.kind is EventKind.CROSSING}.values()
        assert len({each.id for each in predicted}) == 1
        first, last = predicted[0], predicted[-1]
        assert first.ended_us is None
        assert first.time_to_s is not None
        assert 110 < first.time_to_s.value <= 120
        ahead_s = (crossed.began_us - first.began_us) / 1e6
        assert first.time_to_s.low <= ahead_s <= first.time_to_s.high
        assert first.entry is not None
        assert first.entry.lat_deg == pytest.approx(46.0, abs=1e-3)
        assert last.ended_us is not None
        assert last.grounds[0].code == "crossed"
        sure = [each for each in predicted if each.grade is Grade.SHOWN]
        assert sure
        assert all(each.time_to_s and math.isfinite(each.time_to_s.high) for each in sure)

    def test_turned_away(self) -> None:
        claims = claimed(boundary("A", NORTH))
        monitor, tracks = CrossingMonitor(claims, self.LOOK), Tracks()
        told: list[Event] = []
        for t in range(200):
            away = t > 20
            lng = 7.5 + 0.0025 * max(0, t - 20)
            lat = 45.9 + 0.0018 * min(t, 20)
            track = flight([(t, lat, lng)], speed_m_s=200.0, track_deg=90.0 if away else 0.0)
            told += monitor.take(tracks.take(track))
        last = {each.id: each for each in told}
        assert [each.kind for each in last.values()] == [EventKind.CROSSING_PREDICTED]
        (event,) = last.values()
        assert event.grade is Grade.REFUTED
        assert event.grounds[0].code == "turned-away"
        assert event.ended_us == T0_US + 50_000_000


class TestSnapshot:
    def test_goes_on_as_if_nothing_had_happened(self) -> None:
        points = there_and_back(46.02)
        claims = claimed(boundary("A", NORTH), boundary("B", box(46.003, 7.0, 46.5, 8.0)))
        track = flight(points, speed_m_s=100.0, track_deg=0.0)
        whole = watched(CrossingMonitor(claims, CrossingRules()), [track])
        tracks, told = Tracks(), dict[str, Event]()
        monitor = CrossingMonitor(claims, CrossingRules())
        for i, (a, b) in enumerate(pairwise([0, 7, 8, 20, len(track)])):
            if i:
                other, known = CrossingMonitor(claims, CrossingRules()), Tracks()
                other.restore(monitor.snapshot())
                known.restore(tracks.snapshot())
                monitor, tracks = other, known
            told |= {e.id: e for e in monitor.take(tracks.take(track.take(slice(a, b))))}
        told |= {each.id: each for each in monitor.close()}
        assert told == whole


def test_sources_and_basis_are_told() -> None:
    claims = claimed(boundary("A", NORTH))
    event = only(watched(CrossingMonitor(claims, RULES), [flight(there_and_back(46.02))]))
    assert event.sources == ("field",)
    assert event.basis == "stated"
    assert event.boundary_source == SURE.id


def test_many_aircraft_at_once() -> None:
    tracks = [flight(there_and_back(46.01 + i * 1e-4), aircraft=f"3c{i:04x}") for i in range(50)]
    claims = claimed(boundary("A", NORTH))
    events = watched(CrossingMonitor(claims, RULES), [joined(tracks)])
    alone = [only(watched(CrossingMonitor(claims, RULES), [each])) for each in tracks]
    assert sorted(events.values(), key=lambda e: e.aircraft) == alone
