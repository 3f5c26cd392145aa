"""Well clear: numbers that NASA published for DAIDALUS, and the shape of the volume by example."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detente.kernels import WELL_CLEAR, Motions, Traffic, losses, well_clear_spans
from detente.kernels.well_clear import BUFFERED, DO_365_PHASE_I, DO_365_TERMINAL, WellClear

KNOT = 1852 / 3600
FOOT = 0.3048


def test_the_example_of_daidalus_gives_its_published_time() -> None:
    """nasa/daidalus, Regression/gold/DaidalusExample-no_sum.out: time to violation 21.02 s.

    DAIDALUS computes on a sphere of 60 NM a degree, we on WGS-84; at these latitudes that makes the
    way north and south between them 0.2 % shorter.
    """
    course = np.radians([206.0, 0.0])
    speed = np.array([151.0, 210.0]) * KNOT
    found = losses(
        Traffic.of(
            np.array([33.95, 33.86191658]),
            np.array([-96.7, -96.73272601]),
            np.array([8700.0, 9000.0]) * FOOT,
            speed * np.sin(course),
            speed * np.cos(course),
        ),
        180.0,
        DO_365_PHASE_I,
    )
    assert found.enters_s[0] == pytest.approx(21.02, abs=0.15)


def test_on_their_sphere_it_is_their_time_to_the_last_digit() -> None:
    radius = 60 * 1852 * 180 / math.pi
    course, speed = np.radians([206.0, 0.0]), np.array([151.0, 210.0]) * KNOT
    lat = math.radians((33.95 + 33.86191658) / 2)
    east = math.radians(-96.73272601 + 96.7) * radius * math.cos(lat)
    north = math.radians(33.86191658 - 33.95) * radius
    v = speed * np.sin(course), speed * np.cos(course)
    vx, vy = v[0][1] - v[0][0], v[1][1] - v[1][0]
    motions = Motions(
        np.array(
            [[east**2 + north**2], [east * vx + north * vy], [vx**2 + vy**2], [300 * FOOT], [0.0]]
        )
    )
    still = np.zeros(1)
    enters, _ = well_clear_spans(motions, 180.0, DO_365_PHASE_I, still, still)
    assert enters[0] == pytest.approx(21.02, abs=0.01)


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
