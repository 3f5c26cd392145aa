"""What records say is what libasterix reads in them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.support import asterix_oracle as oracle

from detente.feeds.asterix import AsterixDecoder, AsterixSettings, RadarSite
from detente.feeds.quality import CIRCLE_95, LINE_95
from detente.feeds.reports import NEVER, Basis, Reports, Source

pytestmark = pytest.mark.xdist_group("libasterix")

NOON_US = 1_700_000_000_000_000 // 86_400_000_000 * 86_400_000_000 + 43_200_000_000
SOURCE = Source("station", "asterix", 185.2, 45.0)
SITE = RadarSite(lat_deg=46.9, lng_deg=7.5, height_m=600.0)

AT_NOON = 43_200 * 128
POSITION = ((46 << 23) // 180 << 24) | ((7 << 23) // 180)


@dataclass(frozen=True, slots=True)
class One:
    """One record's report."""

    reports: Reports
    dropped: dict[str, int]

    def __getattr__(self, name: str) -> float:
        column = getattr(self.reports, name)
        assert len(column) == 1, self.dropped
        return float(column[0])


def read(
    category: int, edition: str, items: dict[str, Any], settings: AsterixSettings | None = None
) -> One:
    """Have a record of these items decoded."""
    record = oracle.specification(category, edition).cv_record.create(items)
    decoder = AsterixDecoder(SOURCE, settings)
    reports = decoder.feed(oracle.block(category, edition, [record]), NOON_US)
    return One(reports, dict(decoder.counts.dropped))


def broadcast(**items: Any) -> dict[str, Any]:
    """A plain record of category 021 and what differs."""
    plain = {"010": 0x1902, "080": 0x4B1804, "073": AT_NOON, "130": POSITION}
    return {**plain, **{name[1:]: value for name, value in items.items()}}


@pytest.mark.parametrize(
    ("category", "edition"),
    [
        (21, "2.1"),
        (21, "2.6"),
        (21, "2.7"),
        (48, "1.32"),
        (62, "1.16"),
        (62, "1.20"),
        (62, "1.21"),
    ],
)
def test_random_records_say_what_libasterix_reads(category: int, edition: str) -> None:
    settings = (
        AsterixSettings(cat021=edition)
        if category == 21
        else AsterixSettings(cat062=edition if category == 62 else "1.21", sites=(SITE,))
    )
    decoder = AsterixDecoder(SOURCE, settings)
    rng = random.Random(category * 100 + len(edition))
    compared = 0
    for _ in range(120):
        given = oracle.plausible(category, rng)
        record = oracle.record(category, edition, rng, given=given)
        data = oracle.block(category, edition, [record])
        said = oracle.said(category, record)
        before = dict(decoder.counts.dropped)
        reports = decoder.feed(data, NOON_US)
        if len(reports) == 0:
            assert decoder.counts.dropped != before
            continue
        compared += 1
        assert reports.identities == (said.identity,)
        assert reports.callsigns == (said.callsign,)
        assert said.tod_s is not None
        assert reports.time_us[0] % 86_400_000_000 == round(said.tod_s * 1e6) % 86_400_000_000
        for name in (
            "lat_deg", "lng_deg", "altitude_m", "pressure_m", "speed_m_s", "track_deg", "climb_m_s",
        ):  # fmt: skip
            got, wanted = getattr(reports, name)[0], getattr(said, name)
            if category == 48 and name in ("lat_deg", "lng_deg"):
                continue  # see test_asterix_radar
            if wanted is None:
                assert math.isnan(got), name
            else:
                assert got == pytest.approx(wanted, rel=1e-12, abs=1e-9), name
    assert compared > 20
    assert decoder.counts.messages == 120


def test_what_is_no_observation_is_counted_and_dropped() -> None:
    for descriptor, reason in (
        (((0, 0, 0, 0, None), (0, 0, 1, 0, 0, 0, None)), "simulated"),
        (((0, 0, 0, 0, None), (0, 0, 0, 1, 0, 0, None)), "simulated"),
        (((0, 0, 0, 1, None),), "not-aircraft"),
        (((2, 0, 0, 0, None),), "not-aircraft"),
        (((0, 0, 0, 0, None), (0,) * 6 + (None,), (0, 0, 0, 0, 1, 0, 0, None)), "suspect"),
        (((0, 0, 0, 0, None), (0,) * 6 + (None,), (0, 0, 0, 0, 0, 0, 1, None)), "suspect"),
    ):
        one = read(21, "2.6", broadcast(_040=descriptor))
        assert (len(one.reports), one.dropped) == (0, {reason: 1})
    assert read(21, "2.6", broadcast(_020=21)).dropped == {"not-aircraft": 1}
    assert read(21, "2.6", broadcast(_130=None)).dropped == {"no-position": 1}
    assert read(21, "2.6", broadcast(_073=None)).dropped == {"no-time": 1}
    assert read(21, "2.6", broadcast(_073=86_400 * 128)).dropped == {"no-time": 1}
    assert read(21, "2.6", broadcast(_080=None)).dropped == {"no-identity": 1}
    far = 0x7FFFFF000000
    assert read(21, "2.6", broadcast(_130=far)).dropped == {"out-of-range": 1}


@pytest.mark.parametrize(
    ("version", "quality", "horizontal", "containment", "basis"),
    [
        # NIC 8, NACp 9
        (2, ((0, 8, None), (0, 0, 9, None)), 30.0, 185.2, Basis.STATED),
        # NIC 8 alone: what follows from it
        (2, ((0, 8, None),), 92.6, 185.2, Basis.DERIVED),
        # PIC 13 is finer than NIC 8
        (2, ((0, 8, None), (0, 0, 9, None), (0, 0, 0, 0, None), (13, 0, None)), 30.0, 24.076,
         Basis.STATED),
        # version 0: NUCp 8
        (0, ((0, 8, None),), 10.0, 25.0, Basis.DERIVED),
        # NACp 0, and NIC 0: 10 NM or worse
        (2, ((0, 8, None), (0, 0, 0, None)), 18_520.0, 185.2, Basis.STATED),
        (2, ((0, 0, None),), 18_520.0, None, Basis.DERIVED),
    ],
)  # fmt: skip
def test_quality_becomes_metres(
    version: int, quality: Any, horizontal: float, containment: float | None, basis: Basis
) -> None:
    one = read(21, "2.6", broadcast(_090=quality, _210=version << 3))
    assert one.horizontal_m == pytest.approx(horizontal)
    assert one.basis == basis
    if containment is None:
        assert math.isnan(one.containment_m)
    else:
        assert one.containment_m == pytest.approx(containment)


def test_without_quality_it_is_assumed() -> None:
    one = read(21, "2.6", broadcast())
    assert (one.horizontal_m, one.basis) == (185.2, Basis.ASSUMED)


def test_vertical_accuracy_is_of_the_geometric_height() -> None:
    quality = ((0, 8, None), (0, 0, 9, None), (0, 0, 0, 2, None))
    one = read(21, "2.6", broadcast(_090=quality, _210=2 << 3, _140=1000))
    assert [one.vertical_m, one.altitude_m] == pytest.approx([45.0, 1905.0])
    assert read(21, "2.6", broadcast(_090=quality, _210=2 << 3)).vertical_m == 45.0
    assert read(21, "2.6", broadcast(_090=quality, _210=1 << 3, _140=1000)).vertical_m == 45.0
    assert math.isnan(read(21, "2.6", broadcast(_140=0x7FFF)).altitude_m)


def test_edition_0_26_is_read_by_setting() -> None:
    items = {
        "010": 0x1902,
        "040": ((0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0)),
        "030": AT_NOON,
        "130": (round(46.5 * (1 << 25) / 180) << 32) | round(7.25 * (1 << 25) / 180),
        "080": 0x4B1804,
        "090": (0, 0, 0, 0, 7),
        "140": 1000,
        "160": (8192, 16_384),
    }
    one = read(21, "0.26", items, AsterixSettings(cat021="0.26"))
    assert one.reports.identities == ("4b1804",)
    assert [one.lat_deg, one.lng_deg] == pytest.approx([46.5, 7.25], abs=6e-6)
    assert [one.speed_m_s, one.track_deg] == pytest.approx([926.0, 90.0])
    assert [one.horizontal_m, one.containment_m] == pytest.approx([92.6, 185.2])
    assert (one.basis, one.on_ground) == (Basis.DERIVED, 1)


def test_estimated_accuracy_of_a_system_track() -> None:
    plain = {
        "010": 0x1902,
        "040": 7,
        "070": AT_NOON,
        "105": (round(46.5 * (1 << 25) / 180) << 32) | round(7.25 * (1 << 25) / 180),
    }
    sigmas = {"APC": (80 << 16) | 60, "COV": 0}
    one = read(62, "1.20", {**plain, "500": sigmas})
    assert one.reports.identities == ("track:025.002:7",)
    assert one.horizontal_m == pytest.approx(40 * CIRCLE_95)
    assert one.basis == Basis.STATED
    # the longer half-axis of an ellipse that is tilted
    one = read(62, "1.20", {**plain, "500": {"APC": (80 << 16) | 80, "COV": 40}})
    assert one.horizontal_m == pytest.approx(math.sqrt(1600 + 400) * CIRCLE_95)
    one = read(62, "1.20", {**plain, "130": 1000, "500": {"APW": (10 << 16) | 1, "AGA": 4}})
    assert one.horizontal_m == pytest.approx(10 * 180 / (1 << 25) * 111_694 * CIRCLE_95)
    assert one.vertical_m == pytest.approx(25 * 0.3048 * LINE_95)
    assert read(62, "1.20", {**plain, "500": {"APC": 0}}).basis == Basis.ASSUMED


def test_coasting_and_planned_tracks_are_no_observations() -> None:
    plain = {"010": 0x1902, "040": 7, "070": AT_NOON, "105": 1 << 40}
    none = (0, 0, 0, 0, 0, 0, 0, None)
    first = (0, 0, 0, 0, 0, None)
    third = (0, 0, 0, 0, 0, None)
    fourth = (1, 0, 0, 0, 0, 0, 0, None)
    assert read(62, "1.20", {**plain, "080": (first, none, third, fourth)}).dropped == {
        "extrapolated": 1
    }
    fifth = (0, 0, 0, 1, None)
    fourth = (0, 0, 0, 0, 0, 0, 0, None)
    assert read(62, "1.20", {**plain, "080": (first, none, third, fourth, fifth)}).dropped == {
        "extrapolated": 1
    }
    simulated = (1, 0, 0, 0, 0, 0, 0, None)
    assert read(62, "1.20", {**plain, "080": (first, simulated)}).dropped == {"simulated": 1}


def test_velocity_in_the_system_plane_is_turned_to_true_north() -> None:
    pyproj = pytest.importorskip("pyproj")
    lat, lng = 52.0, 20.0
    items = {
        "010": 0x1902,
        "040": 7,
        "070": AT_NOON,
        "105": (round(lat * (1 << 25) / 180) << 32) | round(lng * (1 << 25) / 180),
        "185": (0 << 16) | 800,
    }
    one = read(62, "1.20", items, AsterixSettings(origin=(47.0, 8.0)))
    plane = pyproj.Proj("+proj=stere +lat_0=47 +lon_0=8 +R=6371000")
    convergence = plane.get_factors(lng, lat).meridian_convergence
    assert one.track_deg == pytest.approx(abs(convergence), abs=1e-3)
    assert one.speed_m_s == pytest.approx(200.0)
    assert read(62, "1.20", items).track_deg == 0.0


def test_time_of_day_falls_on_the_nearest_day() -> None:
    midnight = NOON_US + 43_200_000_000
    for tod_s, received_us, day in (
        (86_399, midnight + 2_000_000, -1),
        (1, midnight - 2_000_000, 0),
        (86_399, midnight - 1, -1),
        (1, midnight + 1, 0),
    ):
        decoder = AsterixDecoder(SOURCE)
        record = oracle.specification(21, "2.6").cv_record.create(broadcast(_073=tod_s * 128))
        reports = decoder.feed(oracle.block(21, "2.6", [record]), received_us)
        assert reports.time_us.tolist() == [midnight + (day * 86_400 + tod_s) * 1_000_000]
        assert reports.received_us.tolist() == [received_us]


def test_a_recording_runs_on_over_midnight() -> None:
    begin = NOON_US + 43_000_000_000
    make = oracle.specification(21, "2.6").cv_record.create
    data = b"".join(
        oracle.block(21, "2.6", [make(broadcast(_073=tod_s * 128))])
        for tod_s in (86_300, 86_399, 3, 40_000, 80_000, 20_000)
    )
    decoder = AsterixDecoder(SOURCE, AsterixSettings(day_us=begin))
    times = decoder.feed(data, NEVER).time_us - begin
    assert np.diff(times).tolist() == [
        99_000_000, 4_000_000, 39_997_000_000, 40_000_000_000, 26_400_000_000,
    ]  # fmt: skip
    undated = AsterixDecoder(SOURCE)
    assert len(undated.feed(data, NEVER)) == 0
    assert undated.counts.dropped == {"no-date": 6}
