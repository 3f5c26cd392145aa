"""Real recordings are read whole, in the columns and units of whoever wrote them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.samples import sample

from detente.feeds import Archive, ArchiveOptions, joined, read_reports
from detente.watch import Flag, Tracks


@pytest.mark.parametrize(
    ("name", "rows", "dropped", "aircraft"),
    [
        ("collections/switzerland.json.gz", 139_098, {}, 842),
        ("tv_relay/tour_de_france.json.gz", 99_031, {"no-position": 196}, None),
        ("noisy/noisy_spoofing.json.gz", 8_681, {"no-position": 11}, 1),
    ],
)
def test_samples_of_the_traffic_library(
    name: str, rows: int, dropped: dict[str, int], aircraft: int | None
) -> None:
    archive = Archive(sample(name))
    reports = joined(list(archive.reports()))
    assert archive.format == "json"
    assert archive.counts.messages == rows
    assert archive.counts.dropped == dropped
    assert len(reports) == archive.counts.reports == rows - sum(dropped.values())
    assert "traffic" in archive.assumptions[0].en
    assert aircraft in (None, len(set(reports.identities)))
    told = reports.speed_m_s[~np.isnan(reports.speed_m_s)]
    assert 0 <= np.percentile(told, 1) < np.percentile(told, 99) < 320
    high = reports.pressure_m[~np.isnan(reports.pressure_m)]
    assert -200 < np.percentile(high, 1) < np.percentile(high, 99) < 14_000


def test_positions_that_were_held_over_are_taken_out_and_a_silence_is_one() -> None:
    """Who has lost its position stands in tables with its last one, again and again."""
    tracks = Tracks()
    kept = [tracks.take(each) for each in read_reports(sample("noisy/noisy_spoofing.json.gz"))]
    assert tracks.taken_out.keys() == {"duplicate", "stale", "frozen"}
    assert 4_000 < sum(map(len, kept)) < 5_000
    flags = np.concatenate([each.flags for each in kept])
    assert ((flags & Flag.FIRST) != 0).sum() == 3
    # 30 km within 25 s, and from there it goes on
    [leap] = np.flatnonzero(flags & Flag.INCONSISTENT)
    assert flags[leap + 1] == Flag.SETTLED
    residual = np.concatenate([each.residual_m for each in kept])
    assert residual[leap] > 25_000


@pytest.mark.parametrize(
    ("name", "known_as", "least"),
    [
        ("rs1090/full_flight_short.jsonl", "frames", 6_438),
        ("readsb/trace_full_ac671b.json", "readsb-trace", 2_500),
        ("dump1090/sample_dump1090.bin", "beast", 3),
    ],
)
def test_recorded_feeds(name: str, known_as: str, least: int) -> None:
    archive = Archive(sample(name), options=ArchiveOptions(began_us=1_700_000_000_000_000))
    reports = joined(list(archive.reports()))
    assert archive.format == known_as
    assert len(reports) == archive.counts.reports >= least
    assert archive.counts.bytes == sample(name).stat().st_size
    assert (np.abs(reports.lat_deg) <= 90).all()


def test_two_aircraft_in_formation_are_clean_tracks() -> None:
    tracks = Tracks()
    for each in read_reports(sample("featured/dreamliner_airfrance.json.gz")):
        tracks.take(each)
    [counts] = tracks.counts.values()
    assert counts.taken_out.keys() == {"frozen"}
    assert counts.flagged["inconsistent"] < 0.001 * counts.kept
