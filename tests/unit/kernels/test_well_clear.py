"""Well clear: numbers that NASA published for DAIDALUS, and the shape of the volume by example."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from detente.kernels import WELL_CLEAR, Motions, Traffic, losses, well_clear_spans
from detente.kernels.well_clear import BUFFERED, DO_365_PHASE_I, DO_365_TERMINAL, WellClear

KNOT = 1852 / 3600
FOOT = 0.3048
Floats = npt.NDArray[np.float64]


GOLD = {
    "DaidalusExample-no_sum": (DO_365_PHASE_I, 21.02),
    "DaidalusExample-nom_a": (BUFFERED, 19.42),
    "DaidalusExample-nom_b": (BUFFERED, 19.42),
    "DaidalusExample-cd3d": (WellClear("cylinder", 5 * 1852, 0.0, 1000 * FOOT, 0.0), 5.46),
}
"""nasa/daidalus, Regression/gold/*.out: each file's volume, and the time to violation it states."""

H1 = [
    # s, latitude of the one, of the other; from when to when not well clear, if ever
    (0, 33.81493960, 34.55753661, 165.268871, 180.0),
    (1, 33.815867180, 34.554754119, 164.267052, 180.0),
    (2, 33.816794761, 34.551971626, 163.265234, 180.0),
    (3, 33.817722341, 34.549189132, 162.263416, 180.0),
    (106, 33.913262, 34.262585, 59.078979, 97.218968),
    (107, 33.914190, 34.259803, 58.077205, 96.217194),
    (108, 33.915118, 34.257020, 57.075432, 95.215420),
    (109, 33.916045, 34.254237, 56.073660, 94.213646),
    (181, 33.982829, 34.053885, 0.0, 22.086014),
    (182, 33.983757, 34.051102, 0.0, 21.084237),
    (183, 33.984685, 34.048319, 0.0, 20.082461),
    (184, 33.985612, 34.045537, 0.0, 19.080684),
    (204, 34.004163, 33.989882, math.inf, -math.inf),
    (208, 34.007873, 33.978751, math.inf, -math.inf),
]
"""nasa/daidalus, Regression/gold/DaidalusBatch-no_sum.out: two head on, 263 m aside, level, 200 and
600 knots, by DO-365's volume of phase I; 180 s are looked ahead."""


class Pair(NamedTuple):
    """Two aircraft: latitudes, longitudes, degrees; heights, feet; courses, degrees; knots."""

    lat: tuple[float, float]
    lng: tuple[float, float]
    height: tuple[float, float]
    course: tuple[float, float]
    knots: tuple[float, float]


EXAMPLE = Pair((33.95, 33.86191658), (-96.7, -96.73272601), (8700, 9000), (206, 0), (151, 210))


def h1(lat: tuple[float, float]) -> Pair:
    return Pair(lat, (-117.0, -117.00284125), (17000, 17000), (0, 180), (200, 600))


def velocities(pair: Pair) -> tuple[Floats, Floats]:
    course, speed = np.radians(pair.course), np.array(pair.knots) * KNOT
    return speed * np.sin(course), speed * np.cos(course)


def frame(lat_deg: float, lng_deg: float) -> Floats:
    """East, north and up on a sphere."""
    y, x = math.radians(lat_deg), math.radians(lng_deg)
    east = (-math.sin(x), math.cos(x), 0.0)
    north = (-math.sin(y) * math.cos(x), -math.sin(y) * math.sin(x), math.cos(y))
    return np.array((east, north, np.cross(east, north)))


def on_their_sphere(pair: Pair) -> Motions:
    """DAIDALUS computes on a sphere of 60 NM a degree, in the plane that touches it at the first:
    places and velocities of the second are seen from straight above."""
    radius = 60 * 1852 * 180 / math.pi
    first, second = (frame(*each) for each in zip(pair.lat, pair.lng, strict=True))
    east, north = velocities(pair)
    x, y, _ = radius * first @ second[2]
    vx, vy = first[:2] @ (east[1] * second[0] + north[1] * second[1]) - (east[0], north[0])
    height = (pair.height[1] - pair.height[0]) * FOOT
    columns = [x * x + y * y, x * vx + y * vy, vx * vx + vy * vy, height, 0.0]
    return Motions(np.array(columns)[:, None])


def on_ours(pair: Pair, volume: WellClear) -> tuple[float, float]:
    """From when to when `losses` finds them not well clear."""
    traffic = Traffic.of(
        np.array(pair.lat), np.array(pair.lng), np.array(pair.height) * FOOT, *velocities(pair)
    )
    found = losses(traffic, 180.0, volume)
    if len(found.enters_s) == 0:
        return math.inf, -math.inf
    return float(found.enters_s[0]), float(found.leaves_s[0])


@pytest.mark.parametrize("name", GOLD)
def test_an_example_of_daidalus_gives_its_published_time(name: str) -> None:
    volume, published = GOLD[name]
    assert spans(on_their_sphere(EXAMPLE), volume)[0] == pytest.approx(published, abs=0.01)
    # at these latitudes the way north and south is 0.2 % shorter on WGS-84
    assert on_ours(EXAMPLE, volume)[0] == pytest.approx(published, abs=0.15)


@pytest.mark.parametrize("row", H1, ids=lambda row: f"{row[0]} s")
def test_a_scenario_of_daidalus_gives_its_published_spans(
    row: tuple[int, float, float, float, float],
) -> None:
    _, one, other, enters, leaves = row
    pair = h1((one, other))
    # six decimals of a degree are up to 0.5 ms of this motion
    assert spans(on_their_sphere(pair), DO_365_PHASE_I) == pytest.approx((enters, leaves), abs=1e-3)
    assert on_ours(pair, DO_365_PHASE_I) == pytest.approx((enters, leaves), rel=2e-3, abs=0.2)


def head_on(distance: float, closing: float, aside: float = 0.0, height: float = 0.0) -> Motions:
    return Motions(
        np.array([[distance**2 + aside**2], [-distance * closing], [closing**2], [height], [0.0]])
    )


def spans(motions: Motions, volume: WellClear, ahead: float = 180.0) -> tuple[float, float]:
    still = np.zeros(len(motions))
    enters, leaves = well_clear_spans(motions, ahead, volume, still, still)
    return float(enters[0]), float(leaves[0])


def test_head_on_it_is_lost_when_modified_tau_is_35_s() -> None:
    enters, _ = spans(head_on(20_000.0, 200.0), DO_365_PHASE_I)
    distance = 20_000 - 200 * enters
    tau = (distance**2 - DO_365_PHASE_I.distance_m**2) / (distance * 200)
    assert tau == pytest.approx(35.0, abs=1e-6)


def test_who_passes_aside_stays_well_clear_and_who_moves_apart_is_so_at_once() -> None:
    aside = DO_365_PHASE_I.distance_m + 1
    assert spans(head_on(20_000.0, 200.0, aside), DO_365_PHASE_I) == (math.inf, -math.inf)
    assert spans(head_on(2_000.0, -200.0), DO_365_PHASE_I) == (math.inf, -math.inf)
    enters, leaves = spans(head_on(1_000.0, -200.0), DO_365_PHASE_I)
    assert enters == 0
    assert leaves == pytest.approx((DO_365_PHASE_I.distance_m - 1000) / 200)


def test_without_tau_it_is_a_cylinder() -> None:
    enters, leaves = spans(head_on(10_000.0, 100.0), DO_365_TERMINAL)
    reach = 1500 * FOOT
    assert (enters, leaves) == pytest.approx(((10_000 - reach) / 100, (10_000 + reach) / 100))
    high = head_on(10_000.0, 100.0, height=450 * FOOT + 0.1)
    assert spans(high, DO_365_TERMINAL) == (math.inf, -math.inf)


def test_time_to_level_opens_the_volume_earlier() -> None:
    columns = np.array([[0.0], [0.0], [0.0], [1000.0], [-10.0]])
    enters, leaves = spans(Motions(columns), BUFFERED)
    # 20 s before level at 100 s; it is left 450 ft below
    assert enters == pytest.approx(80.0)
    assert leaves == pytest.approx((1000 + 450 * FOOT) / 10)


def test_volumes_are_called_by_name() -> None:
    assert WELL_CLEAR["do-365-phase-1"].distance_m == pytest.approx(1222.32)
    assert len(WELL_CLEAR) == 5
