"""The grid finds the pairs that comparing everybody with everybody finds, wherever they fly."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.brute_approach import Flyer, brute, placed, relative, span

from detente.kernels import Traffic, approaches, losses
from detente.kernels.well_clear import BUFFERED, DO_365_PHASE_I, WellClear

PLACES = st.sampled_from(
    [
        (46.0, 7.0),
        (0.0, 0.0),
        (0.0, 180.0),
        (51.0, -180.0),
        (64.2, 179.99),
        (89.9, 20.0),
        (90.0, 0.0),
        (-90.0, 0.0),
        (-89.5, -140.0),
    ]
)


@st.composite
def flyers(draw: st.DrawFn) -> list[Flyer]:
    """A crowd around one place, some of them standing, climbing, alike or unknown."""
    lat, lng = draw(PLACES)
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    spread = draw(st.sampled_from([0.0, 0.01, 0.5, 3.0]))
    found = []
    for _ in range(draw(st.integers(2, 24))):
        place = lat + rng.normal() * spread
        if abs(place) > 90:
            place = math.copysign(180 - abs(place), place)
        speed = rng.choice([0.0, 60.0, 250.0, 600.0])
        course = rng.choice([0.0, math.pi / 2, rng.uniform(0, 2 * math.pi)])
        found.append(
            Flyer(
                place,
                (lng + rng.normal() * spread / max(0.02, math.cos(math.radians(place))) + 180) % 360
                - 180,
                float(rng.choice([math.nan, 3000.0, 3000.0 + 304.8, rng.uniform(0, 12_000)])),
                speed * math.sin(course),
                speed * math.cos(course),
                float(rng.choice([0.0, rng.uniform(-20, 20)])),
                float(rng.choice([0.0, rng.uniform(0, 20)])),
                int(rng.integers(0, 4)),
            )
        )
    return found


def traffic_of(flying: list[Flyer]) -> Traffic:
    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(each, name) for each in flying], dtype=np.float64)

    return Traffic(
        column("lat"),
        column("lng"),
        column("altitude"),
        column("east"),
        column("north"),
        column("climb"),
        column("age"),
        np.array([each.party for each in flying], dtype=np.int32),
    )


@settings(max_examples=50)
@given(
    flyers(),
    st.sampled_from([0.0, 30.0, 300.0]),
    st.sampled_from([50.0, 1852.0, 9260.0]),
    st.sampled_from([50.0, 304.8]),
)
def test_every_pair_is_found_and_no_other(
    flying: list[Flyer], ahead: float, horizontal: float, vertical: float
) -> None:
    found = approaches(traffic_of(flying), ahead, horizontal, vertical)
    assert found.complete
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    # what is decided by less than a micrometre may go either way
    surely = brute(flying, ahead, horizontal - 1e-6, vertical - 1e-9)
    maybe = brute(flying, ahead + 1e-9, horizontal + 1e-6, vertical + 1e-9)
    assert set(surely) <= set(pairs) <= set(maybe)
    for pair, enters, leaves in zip(pairs, found.enters_s, found.leaves_s, strict=True):
        exact = span(flying[pair[0]], flying[pair[1]], ahead, horizontal, vertical)
        if exact is not None and exact[1] - exact[0] > 0.01:
            assert abs(enters - exact[0]) < 1e-4
            assert abs(leaves - exact[1]) < 1e-4


def lost_at(one: Flyer, other: Flyer, at: float, volume: WellClear, slack: float) -> bool:
    """Whether two are not well clear at one moment, by the definition itself."""
    r, v, z, w = relative(one, other)
    r, z = r + at * v, z + at * w
    distance = volume.distance_m + slack
    closing = float(r @ v)
    near = float(r @ r) <= distance**2
    if not near and closing < 0:
        least = float(r @ r) - closing**2 / float(v @ v)
        tau = (distance**2 - float(r @ r)) / closing
        near = least <= distance**2 and 0 <= tau <= volume.tau_s + slack
    if math.isnan(z):
        return near
    level = abs(z) <= volume.height_m + slack
    if not level and z * w < 0:
        level = -z / w <= volume.level_s + slack
    return near and level


@settings(max_examples=25)
@given(flyers(), st.sampled_from([DO_365_PHASE_I, BUFFERED]))
def test_well_clear_is_lost_where_its_definition_says_so(
    flying: list[Flyer], volume: WellClear
) -> None:
    ahead = 120.0
    found = losses(traffic_of(flying), ahead, volume)
    spans = {
        (i, j): (enters, leaves)
        for i, j, enters, leaves in zip(
            found.first.tolist(),
            found.second.tolist(),
            found.enters_s.tolist(),
            found.leaves_s.tolist(),
            strict=True,
        )
    }
    for i, one in enumerate(flying[:8]):
        for j in range(i + 1, min(8, len(flying))):
            if one.party == flying[j].party:
                assert (i, j) not in spans
                continue
            enters, leaves = spans.get((i, j), (math.inf, -math.inf))
            for at in np.linspace(0, ahead, 41).tolist():
                if lost_at(one, flying[j], at, volume, -0.01):
                    assert enters <= at <= leaves
                if enters + 0.01 < at < leaves - 0.01:
                    assert lost_at(one, flying[j], at, volume, 0.01)


def test_a_great_sky_is_searched_as_thoroughly() -> None:
    """All over the world, with fast ones among slow ones; numpy compares everybody."""
    rng = np.random.default_rng(7)
    count = 700
    flying = [
        Flyer(
            math.degrees(math.asin(rng.uniform(-1, 1))) if k % 3 else 51 + rng.normal() / 4,
            rng.uniform(-180, 180)
            if k % 3
            else 179.9 + rng.normal() / 4 - 360 * (rng.random() < 0.4),
            rng.uniform(0, 3000),
            float(rng.normal() * (400 if k % 50 == 0 else 40)),
            float(rng.normal() * (400 if k % 50 == 0 else 40)),
            rng.uniform(-10, 10),
            party=k,
        )
        for k in range(count)
    ]
    flying = [
        Flyer(f.lat, (f.lng + 180) % 360 - 180, f.altitude, f.east, f.north, f.climb, 0.0, f.party)
        for f in flying
    ]
    found = approaches(traffic_of(flying), 300.0, 9260.0, 304.8)
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    near = _near_at_all(flying, 300.0, 9260.0)
    expected = {
        pair
        for pair in near
        if span(flying[pair[0]], flying[pair[1]], 300.0, 9260.0, 304.8) is not None
    }
    assert len(expected) > 50
    assert pairs == expected


def _near_at_all(flying: list[Flyer], ahead: float, near: float) -> list[tuple[int, int]]:
    """Pairs that could meet at all, by the distance in space now and both ways: no grid."""
    places = np.array([placed(each)[0] for each in flying])
    ways = np.array([math.hypot(each.east, each.north) * ahead for each in flying])
    found = []
    for i in range(len(flying) - 1):
        apart = np.linalg.norm(places[i + 1 :] - places[i], axis=1)
        reach = near + 2000.0 + ways[i] + ways[i + 1 :]
        found += [(i, i + 1 + int(k)) for k in np.flatnonzero(apart <= reach * 1.01)]
    return found
