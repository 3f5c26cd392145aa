"""What tracks take out, keep and say, by example."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.reported import BEGAN_US, SOURCE, reported

from detente.feeds import NEVER, Source, joined
from detente.watch import (
    BREAKS,
    Flag,
    SnapshotUnusable,
    Tracked,
    TrackRules,
    TrackRulesUnusable,
    Tracks,
)

Row = dict[str, float | str | Source | None]

M_PER_DEG = 111_132.954


def north(seconds: float, speed: float = 200.0, **others: float | str | None) -> Row:
    """A report of an aircraft that has flown north from the equator since `BEGAN_US`."""
    row: Row = {"s": seconds, "lat": speed * seconds / 110_574.0, "lng": 10.0, "accuracy": 10.0}
    return row | {"speed": speed, "track": 0.0} | others


def judged(rows: list[Row], rules: TrackRules | None = None) -> tuple[Tracked, Tracks]:
    tracks = Tracks(rules)
    return tracks.take(reported(rows)), tracks


def flags(tracked: Tracked) -> list[Flag]:
    return [Flag(int(each)) for each in tracked.flags]


def test_a_clean_track_is_handed_on_uncopied_and_only_its_beginning_is_flagged() -> None:
    reports = reported([north(0), north(1), north(2)])
    tracks = Tracks()
    tracked = tracks.take(reports)
    assert tracked.reports.lat_deg is reports.lat_deg
    assert flags(tracked) == [Flag.FIRST, Flag(0), Flag(0)]
    assert tracked.previous.tolist() == [-1, 0, 1]
    assert np.isnan(tracked.residual_m[0])
    assert (tracked.residual_m[1:] < 1.0).all()
    # accuracies, the spread of times, and a turn of 15 m/s² within one second
    assert tracked.allowed_m[1] == pytest.approx(10 + 10 + 200 + 15 / 8)
    assert not tracked.doubt.any()
    assert not tracks.taken_out


def test_the_same_report_from_two_receivers_counts_once_by_the_one_that_came_later() -> None:
    other = Source("mast", "beast")
    rows = [north(0), north(0) | {"source": other}, north(0.2) | {"lat": 0.0}, north(1)]
    tracked, tracks = judged(rows)
    assert len(tracked) == 2
    assert tracks.counts[SOURCE].taken_out == {"duplicate": 1}
    assert tracks.counts[other].taken_out == {"duplicate": 1}
    assert tracks.counts[other].kept == 0


def test_what_comes_after_a_later_report_is_late() -> None:
    tracked, tracks = judged([north(0), north(5), north(4), north(6)])
    assert (tracked.reports.time_us - BEGAN_US).tolist() == [0, 5_000_000, 6_000_000]
    assert tracks.taken_out == {"late": 1}


def test_two_places_at_one_instant_contradict_and_cast_doubt_on_what_follows() -> None:
    tracked, tracks = judged([north(0), north(1), north(1) | {"lng": 10.5}, north(2), north(3)])
    assert tracks.taken_out == {"contradicting": 1}
    assert flags(tracked)[2] == Flag.CONTESTED
    assert flags(tracked)[3] == Flag(0)
    assert tracked.doubt[2] == 1.0
    assert 0.98 < tracked.doubt[3] < 1.0


def test_a_held_over_position_is_taken_out_if_it_is_said_to_move_but_not_if_it_hovers() -> None:
    held: Row = {"s": 3.0, "lat": 0.0, "lng": 10.0, "speed": 200.0, "track": 0.0}
    tracked, tracks = judged([north(0), held, north(6)])
    assert tracks.taken_out == {"frozen": 1}
    assert flags(tracked)[1] == Flag(0)
    hovering: list[Row] = [{"s": s, "lat": 1.0, "lng": 2.0, "speed": 0.5} for s in range(4)]
    tracked, tracks = judged(hovering)
    assert len(tracked) == 4


def test_one_report_far_off_is_told_as_a_lone_outlier_by_the_next_one() -> None:
    tracked, _ = judged([north(0), north(1), north(2) | {"lng": 10.9}, north(3), north(4)])
    assert flags(tracked)[2] & Flag.JUMP
    assert flags(tracked)[3] & Flag.RETURNED
    assert flags(tracked)[3] & BREAKS
    assert flags(tracked)[4] == Flag(0)
    assert tracked.residual_m[2] == pytest.approx(0.9 * 111_319.5, rel=1e-3)
    # the outlier is doubted, the one that puts it right does not add to it
    assert tracked.doubt[2] == 1.0
    assert tracked.doubt[3] < 1.0


def test_a_place_that_holds_is_told_as_new() -> None:
    moved = [north(s) | {"lng": 10.9} for s in (2, 3, 4)]
    tracked, _ = judged([north(0), north(1), *moved])
    assert flags(tracked)[2] & Flag.JUMP
    assert flags(tracked)[3] == Flag.SETTLED
    assert flags(tracked)[4] == Flag(0)


def test_places_that_do_not_follow_from_the_stated_motion_are_inconsistent() -> None:
    """Spoofed positions stand still for receivers whose inertial speed goes on."""
    still: list[Row] = [
        {"s": s, "lat": 1.0 + s * 1e-6, "lng": 2.0, "speed": 220.0, "track": 90.0, "accuracy": 10.0}
        for s in range(0, 100, 10)
    ]
    tracked, _ = judged(still)
    assert all(each & Flag.INCONSISTENT for each in flags(tracked)[1:])
    assert (tracked.residual_m[1:] > 2_000).all()
    assert (np.diff(tracked.doubt) > 0).all()


def test_without_stated_motion_only_a_jump_can_be_told() -> None:
    rows: list[Row] = [{"s": s, "lat": 1.0 + s / 100, "lng": 2.0} for s in range(3)]
    rows.append({"s": 3, "lat": 5.0, "lng": 2.0})
    tracked, _ = judged(rows)
    assert np.isnan(tracked.residual_m).all()
    assert flags(tracked)[1] == Flag(0)
    assert flags(tracked)[3] == Flag.JUMP


def test_a_track_begins_anew_after_a_silence() -> None:
    tracked, _ = judged([north(0), north(700) | {"lat": 60.0}])
    assert flags(tracked) == [Flag.FIRST, Flag.FIRST]
    assert tracked.previous.tolist() == [-1, -1]


def test_impossible_altitudes_are_flagged_and_kinds_of_altitude_are_not_compared() -> None:
    rows = [
        north(0, pressure=10_000.0),
        north(1, pressure=10_020.0),
        north(2, pressure=38_000.0),
        north(3, altitude=100.0),
        north(4, altitude=110.0),
    ]
    tracked, _ = judged(rows)
    assert [bool(each & Flag.CLIMB) for each in flags(tracked)] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_stale_and_future_reports_are_judged_by_their_receipt() -> None:
    rows = [
        north(0, heard=0.3),
        north(1, heard=40.0),
        north(2, heard=-58.1),
        north(3, heard=0.5),
        north(4, heard=4.1),
    ]
    tracked, tracks = judged(rows)
    assert tracks.taken_out == {"stale": 1, "ahead": 1}
    assert [bool(each & Flag.AHEAD) for each in flags(tracked)] == [False, True, False]
    counts = tracks.counts[SOURCE]
    assert counts.least_delay_s == pytest.approx(-60.1)
    assert counts.greatest_delay_s == pytest.approx(39.0)
    assert counts.flagged == {"first": 1, "ahead": 1}


def test_a_clock_that_was_wrong_by_hours_is_put_right_after_a_few_reports() -> None:
    wrong = north(0) | {"s": 7 * 3600.0}
    tracked, tracks = judged([wrong, *(north(s) for s in range(8))])
    assert tracks.taken_out == {"late": 4}
    assert flags(tracked)[:2] == [Flag.FIRST, Flag.FIRST]
    assert flags(tracked)[2] == Flag(0)


def test_what_is_not_on_earth_is_unusable() -> None:
    rows = [north(0), north(1) | {"lat": 91.0}, north(2) | {"lng": float("nan")}]
    reports = reported([*rows, north(3)])
    reports.time_us[3] = NEVER
    tracks = Tracks()
    assert len(tracks.take(reports)) == 1
    assert tracks.taken_out == {"unusable": 3}


def test_numbers_stay_and_the_ground_is_told() -> None:
    tracks = Tracks()
    first = tracks.take(reported([north(0, aircraft="aaaaaa"), north(0, aircraft="bbbbbb")]))
    second = tracks.take(
        reported([north(1, aircraft="cccccc"), north(1, aircraft="bbbbbb", ground=1)])
    )
    assert first.reports.aircraft.tolist() == [0, 1]
    assert second.reports.aircraft.tolist() == [2, 1]
    assert second.reports.identities == ("aaaaaa", "bbbbbb", "cccccc")
    assert second.previous.tolist() == [-1, -1]
    assert flags(second) == [Flag.FIRST, Flag.GROUND]
    assert tracks.identities is second.reports.identities


def test_callsigns_are_kept_from_batch_to_batch() -> None:
    tracks = Tracks()
    tracks.take(reported([north(0, aircraft="aaaaaa", callsign="DLH1")]))
    second = tracks.take(reported([north(1, aircraft="bbbbbb"), north(1, aircraft="aaaaaa")]))
    assert second.reports.callsigns == ("DLH1", "")


def test_when_there_is_no_room_the_silent_make_it_and_else_the_new_are_refused() -> None:
    tracks = Tracks(TrackRules(aircraft_max=2))
    tracks.take(reported([north(0, aircraft="aaaaaa"), north(500, aircraft="bbbbbb")]))
    refused = tracks.take(reported([north(501, aircraft="cccccc"), north(501, aircraft="bbbbbb")]))
    assert [refused.reports.identities[each] for each in refused.reports.aircraft] == ["bbbbbb"]
    assert tracks.taken_out == {"too-many-aircraft": 1}
    tracks.take(reported([north(700, aircraft="bbbbbb")]))
    taken = tracks.take(reported([north(701, aircraft="cccccc")]))
    assert taken.reports.aircraft.tolist() == [0]
    assert taken.reports.identities == ("cccccc", "bbbbbb")
    assert flags(taken) == [Flag.FIRST]


def test_a_snapshot_goes_on_where_it_was_made() -> None:
    rows = [north(s, heard=s + 0.2, callsign="DLH1") for s in range(6)]
    rows[4] = rows[4] | {"lng": 10.9}
    whole = Tracks()
    expected = whole.take(reported(rows))
    before, after = Tracks(), Tracks()
    before.take(reported(rows[:5]))
    after.restore(before.snapshot())
    assert after.snapshot() == before.snapshot()
    tracked = after.take(reported(rows[5:]))
    assert tracked.flags.tolist() == expected.flags[5:].tolist()
    assert tracked.doubt.tolist() == expected.doubt[5:].tolist()
    assert after.counts == whole.counts
    assert tracked.reports.callsigns == ("DLH1",)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 100])
def test_a_damaged_snapshot_is_refused(damage: bytes) -> None:
    with pytest.raises(SnapshotUnusable):
        Tracks().restore(damage)


def test_a_cut_snapshot_is_refused() -> None:
    tracks = Tracks()
    tracks.take(reported([north(0)]))
    with pytest.raises(SnapshotUnusable):
        Tracks().restore(tracks.snapshot()[:-300])


def test_nothing_gives_nothing() -> None:
    assert len(Tracks().take(joined([]))) == 0


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(TrackRulesUnusable, match="gap-s"):
        TrackRules(gap_s=value)
