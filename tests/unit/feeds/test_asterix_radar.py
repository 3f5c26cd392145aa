"""From what a radar measures to a place on the ellipsoid."""

from __future__ import annotations

import math
import random

import numpy as np
import pyproj
import pytest
from tests.support import asterix_blocks as blocks
from tests.support.radar_sight import seen

from detente.feeds.asterix import AsterixDecoder, AsterixSettings, BadSite, RadarSite
from detente.feeds.asterix._polar import place
from detente.feeds.reports import Basis, Source

SOURCE = Source("radar", "asterix")
SITE = RadarSite(lat_deg=46.9, lng_deg=7.5, height_m=600.0)
GEOD = pyproj.Geod(ellps="WGS84")


@pytest.mark.parametrize("seed", range(8))
def test_a_place_is_found_again(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        site = (rng.uniform(-180, 180), rng.uniform(-85, 85), rng.uniform(0, 3_000))
        lng, lat, _ = GEOD.fwd(site[0], site[1], rng.uniform(0, 360), rng.uniform(3_000, 450_000))
        height = rng.uniform(0, 15_000)
        slant, azimuth = seen(site, (lng, lat, height))
        phi, lam = place(
            math.radians(site[1]),
            math.radians(site[0]),
            site[2],
            slant,
            math.radians(azimuth),
            height,
        )
        _, _, off = GEOD.inv(lng, lat, math.degrees(lam), math.degrees(phi))
        # near the zenith a little height is much along the ground: nothing is nearer than 3 km
        assert off < 1e-3 * max(1.0, height / 3_000)


def test_plots_come_out_where_they_were_made() -> None:
    decoder = AsterixDecoder(SOURCE, AsterixSettings(sites=(SITE,)))
    data = blocks.plots([blocks.plot(1, 50.0, 90.0, 100.0), blocks.plot(2, 120.0, 271.5, 350.0)])
    reports = decoder.feed(data, blocks.NOON_US)
    for row, (range_nm, azimuth, level) in enumerate([(50.0, 90.0, 100.0), (120.0, 271.5, 350.0)]):
        target = (float(reports.lng_deg[row]), float(reports.lat_deg[row]), level * 30.48)
        slant, bearing = seen((7.5, 46.9, 600.0), target)
        assert slant == pytest.approx(range_nm * 1852, abs=0.01)
        assert bearing % 360 == pytest.approx(azimuth, abs=0.003)
    assert reports.pressure_m.tolist() == [3048.0, 10_668.0]
    assert np.isnan(reports.altitude_m).all()


def test_accuracy_is_stated_and_grows_with_range() -> None:
    decoder = AsterixDecoder(SOURCE, AsterixSettings(sites=(SITE,)))
    data = blocks.plots([blocks.plot(1, float(nm), 45.0, 100.0) for nm in range(10, 250, 10)])
    reports = decoder.feed(data, blocks.NOON_US)
    assert (np.diff(reports.horizontal_m[5:]) > 0).all()
    # 200 NM: 2.45 times 0.08 degrees, and a tenth of a degree besides
    far = reports.horizontal_m[19]
    assert far == pytest.approx(200 * 1852 * math.radians(0.08 * 2.4477 + 0.1), rel=0.05)
    assert set(reports.basis.tolist()) == {Basis.ASSUMED}


def test_without_a_height_near_places_are_uncertain() -> None:
    decoder = AsterixDecoder(SOURCE, AsterixSettings(sites=(SITE,)))
    data = blocks.plots(
        [
            blocks.plot(1, 15.0, 45.0, None),
            blocks.plot(2, 15.0, 45.0, 50.0),
            blocks.plot(3, 15.0, 45.0, None, kind=1),
        ]
    )
    blind, told, primary = decoder.feed(data, blocks.NOON_US).horizontal_m.tolist()
    assert blind > 2_000 > 600 > told
    assert primary > blind


def test_simulated_errors_stay_within_the_stated_radius() -> None:
    rng = np.random.default_rng(1)
    site = RadarSite(
        lat_deg=46.9, lng_deg=7.5, height_m=600.0, range_bias_m=0, azimuth_bias_deg=0, level_95_m=0
    )
    target = (8.9, 47.3, 9_144.0)
    slant, azimuth = seen((7.5, 46.9, 600.0), target)
    records = [
        blocks.plot(1, (slant + r) / 1852, azimuth + a, 300.0)
        for r, a in zip(rng.normal(0, 70, 4000), rng.normal(0, 0.08, 4000), strict=True)
    ]
    decoder = AsterixDecoder(SOURCE, AsterixSettings(sites=(site,)))
    reports = decoder.feed(
        b"".join(blocks.plots(records[i : i + 50]) for i in range(0, 4000, 50)), blocks.NOON_US
    )
    _, _, off = GEOD.inv(
        np.full(4000, target[0]), np.full(4000, target[1]), reports.lng_deg, reports.lat_deg
    )
    inside = float((off <= reports.horizontal_m).mean())
    assert 0.95 <= inside <= 0.999


def test_sites_are_told_apart_and_missing_ones_counted() -> None:
    other = RadarSite(lat_deg=50.0, lng_deg=9.0, height_m=100.0, sac=1, sic=2)
    data = blocks.plots(
        [blocks.plot(1, 1.0, 0.0, 10.0, source=0x0102), blocks.plot(2, 1.0, 0.0, 10.0)]
    )
    both = AsterixDecoder(SOURCE, AsterixSettings(sites=(SITE, other)))
    assert both.feed(data, blocks.NOON_US).lat_deg.tolist() == pytest.approx([50.0, 46.9], abs=0.05)
    one = AsterixDecoder(SOURCE, AsterixSettings(sites=(other,)))
    assert one.feed(data, blocks.NOON_US).identities == ("000001",)
    assert one.counts.dropped == {"no-site": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lat_deg": 91.0},
        {"height_m": 20_000.0},
        {"sac": 1},
        {"sac": 1, "sic": 256},
        {"range_sigma_m": -1.0},
        {"azimuth_sigma_deg": math.nan},
    ],
)
def test_sites_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadSite):
        RadarSite(**{"lat_deg": 46.9, "lng_deg": 7.5, "height_m": 600.0, **wrong})  # type: ignore[arg-type]
