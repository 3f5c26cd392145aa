"""Heights above the sea, the ground and pressure surfaces, as intervals above the ellipsoid."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from detente.geo import Circle, Polygon
from detente.interchange import (
    Altimetry,
    AltimetryError,
    GridError,
    Interval,
    Level,
    Pressure,
    Unread,
    altimetry_from,
    open_grid,
)
from detente.interchange.boxes import box_of

HERE = Circle(46.5, 6.5, 1000.0)


def undulation(lat: float, lng: float) -> float:
    """A made-up geoid, smooth enough to be seen in a grid."""
    return 40 + 10 * math.sin(math.radians(lat * 3)) + 5 * math.cos(math.radians(lng * 2))


def gtx(path: Path, south: float, west: float, step: float, rows: int, columns: int) -> Path:
    nodes = [
        undulation(south + i * step, west + j * step) for i in range(rows) for j in range(columns)
    ]
    head = struct.pack(">4d2i", south, west, step, step, rows, columns)
    path.write_bytes(head + np.array(nodes, ">f4").tobytes())
    return path


def pgm(path: Path, width: int = 72) -> Path:
    """As GeographicLib writes them: from the north pole to the south pole, from 0 to the east."""
    step = 360 / width
    rows = width // 2 + 1
    values = [
        round((undulation(90 - i * step, j * step) + 108) / 0.003)
        for i in range(rows)
        for j in range(width)
    ]
    head = f"P5\n# Geoid made up\n# Offset -108\n# Scale 0.003\n{width} {rows}\n65535\n"
    path.write_bytes(head.encode() + np.array(values, ">u2").tobytes())
    return path


def test_a_grid_agrees_with_proj(tmp_path: Path) -> None:
    """PROJ interpolates between the nodes: its values lie within the bounds, and near them."""
    path = gtx(tmp_path / "geoid.gtx", 40.0, 0.0, 0.25, 41, 61)
    grid = open_grid(path)
    proj = Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=vgridshift +grids={path} +multiplier=1"
    )
    rng = np.random.default_rng(3)
    for _ in range(200):
        lat, lng = rng.uniform(41, 49), rng.uniform(1, 14)
        shifted = proj.transform(lng, lat, 0.0)[2]
        low, high = grid.bounds(lat, lng, lat, 0.0)
        assert low - 1e-6 <= shifted <= high + 1e-6
        assert high - low < 0.5


def test_bounds_hold_everything_within_a_box(tmp_path: Path) -> None:
    grid = open_grid(gtx(tmp_path / "geoid.gtx", 40.0, 0.0, 0.25, 41, 61))
    box = box_of(Circle(45.0, 7.0, 60_000.0))
    low, high = grid.bounds(box.south, box.west, box.north, box.width_deg)
    inside = [
        undulation(lat, lng)
        for lat in np.linspace(box.south, box.north, 30)
        for lng in np.linspace(box.west, box.west + box.width_deg, 30)
    ]
    assert low <= min(inside) + 0.01
    assert max(inside) - 0.01 <= high


def test_pgm_goes_around_the_earth_and_to_the_poles(tmp_path: Path) -> None:
    grid = open_grid(pgm(tmp_path / "egm.pgm"))
    for outline in (
        Circle(46.5, 6.5, 5_000.0),
        Circle(10.0, 179.99, 50_000.0),
        Circle(-10.0, -0.01, 50_000.0),
        Circle(89.9, 0.0, 50_000.0),
        Polygon(((1.0, 179.0), (1.0, -179.0), (-1.0, -179.0), (-1.0, 179.0))),
        Polygon(((85.0, 0.0), (85.0, 120.0), (85.0, -120.0))),
    ):
        box = box_of(outline)
        low, high = grid.bounds(box.south, box.west, box.north, box.width_deg)
        if isinstance(outline, Circle):
            lat, lng = outline.lat_deg, outline.lng_deg
        else:
            lat, lng = outline.vertices[0]
        assert low - 0.01 <= undulation(lat, lng % 360) <= high + 0.01


def test_a_place_outside_of_a_grid_is_told(tmp_path: Path) -> None:
    altimetry = altimetry_from(geoid=str(gtx(tmp_path / "geoid.gtx", 40.0, 0.0, 0.25, 41, 61)))
    with pytest.raises(Unread, match="does not cover"):
        altimetry.interval(Level(100, "m", "AMSL", 4), Circle(30.0, 7.0, 100.0))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(
            (name, content)
            for name in ("a.gtx", "a.pgm")
            for content in (b"", b"P5", b"\xff" * 100)
        ),
        ("a.gtx", struct.pack(">4d2i", 40, 0, 0.25, 0.25, 10, 10) + b"\0" * 399),
        ("a.gtx", struct.pack(">4d2i", math.nan, 0, 0.25, 0.25, 10, 10) + b"\0" * 400),
        ("a.gtx", struct.pack(">4d2i", 40, 0, 0.25, 0.25, -10, -10) + b"\0" * 400),
        ("a.pgm", b"P5\n4 3\n65535\n" + b"\0" * 24),
        ("a.pgm", b"P5\n# Offset -108\n# Scale 0.003\n4 3\n65535\n" + b"\0" * 23),
        ("a.pgm", b"P5\n# Offset .\n# Scale e\n4 3\n65535\n" + b"\0" * 24),
        ("N46E006.hgt", b"\0" * 100),
        ("alps.hgt", b"\0" * 200),
        ("a.txt", b"1 2 3"),
        ("missing.gtx", None),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GridError):
        open_grid(path)


def test_srtm_tiles(tmp_path: Path) -> None:
    side = 11
    values = np.arange(side * side, dtype=">i2").reshape(side, side)
    path = tmp_path / "N46E006.hgt"
    path.write_bytes(values.tobytes())
    grid = open_grid(path)
    # The first row of the file is the north.
    assert grid.bounds(47.0, 6.0, 47.0, 0.0) == (0.0, 0.0)
    assert grid.bounds(46.0, 6.0, 46.0, 0.0) == (110.0, 110.0)
    values[5, 5] = -32768
    path.write_bytes(values.tobytes())
    with pytest.raises(GridError, match="no value at some nodes"):
        open_grid(path).bounds(46.4, 6.4, 46.6, 0.2)


def test_the_sea_counts_from_the_geoid() -> None:
    altimetry = altimetry_from(geoid="47.1..47.9 m")
    found = altimetry.interval(Level(1000, "ft", "AMSL"), HERE)
    assert (found.low_m, found.high_m) == pytest.approx((351.9, 352.7))
    assert altimetry.undulation((46.5, 6.5)) == Interval(47.1, 47.9)
    assert altimetry.undulation(HERE) == Interval(47.1, 47.9)


def test_the_ground_counts_from_the_sea_or_from_the_ellipsoid() -> None:
    of_sea = altimetry_from(geoid="47..48 m", ground="380..450 m AMSL")
    assert of_sea.interval(Level(100, "m", "AGL"), HERE) == Interval(527, 598)
    of_ellipsoid = altimetry_from(ground="1000 ft W84")
    assert of_ellipsoid.interval(Level(0, "m", "SFC"), HERE) == Interval(304.8, 304.8)


def test_the_ellipsoid_and_no_limit_need_nothing() -> None:
    nothing = Altimetry()
    assert nothing.interval(Level(120, "m", "W84"), HERE) == Interval(120, 120)
    assert nothing.interval(Level(0, "m", "UNL"), HERE) == Interval(100_000, 100_000)
    assert nothing.interval(Level(0, "m", "SFC"), HERE, lower=True) == Interval(-500, -500)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (Level(100, "m", "AMSL", 3), "mean sea level"),
        (Level(100, "m", "AGL", 3), "ground"),
        (Level(0, "m", "SFC", 3), "ground"),
        (Level(95, "FL", "STD", 3), "FL095"),
    ],
)
def test_what_is_not_stated_is_refused_with_what_to_state(level: Level, told: str) -> None:
    with pytest.raises(Unread, match=told) as refused:
        Altimetry().interval(level, HERE)
    assert refused.value.line == 3
    assert refused.value.remedy is not None
    assert refused.value.remedy.fr


def test_flight_levels_in_standard_weather_are_nominal() -> None:
    standard = Pressure(1013.25, 1013.25, 0, 0)
    for level_m in (0.0, 3_048.0, 9_144.0, 10_668.0, 18_288.0):
        interval = standard.interval(level_m)
        # Geometric heights are a little more than geopotential ones.
        assert interval.low_m == interval.high_m == pytest.approx(level_m / (1 - level_m / 6356766))


def test_flight_levels_move_with_the_weather() -> None:
    """One hPa is about 8.3 m at the sea; a fifteen degrees colder FL100 lies 5 % lower."""
    assert Pressure(1003.25, 1003.25, 0, 0).interval(0).low_m == pytest.approx(-83, abs=2)
    cold = Pressure(1013.25, 1013.25, -15, -15).interval(3048).low_m
    assert cold == pytest.approx(3048 * 0.946, abs=10)
    both = Pressure(990, 1030, -15, 15).interval(3048)
    assert both.low_m < cold < 3048 < both.high_m
    assert both.high_m - both.low_m > 600


def test_flight_levels_need_the_geoid_too() -> None:
    with pytest.raises(Unread, match="mean sea level"):
        altimetry_from(pressure="990..1030 hPa, -15..+15 C").interval(Level(95, "FL", "STD"), HERE)


@pytest.mark.parametrize(
    "given",
    [
        {"geoid": "47"},
        {"geoid": "48..47 m"},
        {"geoid": "1e400 m"},
        {"geoid": "99999 m"},
        {"ground": "380 m"},
        {"ground": "nowhere"},
        {"pressure": "1013"},
        {"pressure": "500..1030 hPa, 0 C"},
        {"pressure": "990..1030 hPa, -150..0 C"},
    ],
)
def test_senseless_statements_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(AltimetryError):
        altimetry_from(**given)


def test_everything_stated_is_told_in_both_languages(tmp_path: Path) -> None:
    says = altimetry_from(
        geoid=f"{pgm(tmp_path / 'egm.pgm')} ±0.5 m",
        ground="380..450 m AMSL",
        pressure="990..1030 hPa, -15..+15 C",
    ).says
    assert [each.en for each in says] == [
        "Mean sea level above the ellipsoid: grid egm.pgm, ±0.5 m.",
        "Ground (AMSL): 380 to 450 m, as stated.",
        "Flight levels: 990 to 1030 hPa at sea level, -15 to +15 K from the standard temperature.",
    ]
    assert all(each.fr for each in says)
