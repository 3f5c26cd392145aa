"""Places and outlines for property tests, laid out with geographiclib and nothing of ours."""

from __future__ import annotations

from typing import cast

from geographiclib.geodesic import Geodesic
from hypothesis import strategies as st

from detente.geo import Circle, Outline, Polygon

EARTH = Geodesic.WGS84

Place = tuple[float, float]

anywhere: st.SearchStrategy[Place] = st.one_of(
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    # both poles and close to them, the date line, the equator
    st.tuples(st.sampled_from([-90.0, 90.0, 89.9999, -89.99, 89.0]), st.floats(-180, 180)),
    st.tuples(st.floats(-90, 90), st.sampled_from([180.0, -180.0, 179.9999, -179.99])),
    st.tuples(st.sampled_from([0.0, 1e-6, -0.001]), st.floats(-180, 180)),
)
azimuths = st.floats(0, 360)
scales_m = st.floats(0.5, 5.3).map(lambda e: 10.0**e)
"""3 m to 200 km."""


def walk(start: Place, azimuth_deg: float, distance_m: float) -> Place:
    end = EARTH.Direct(start[0], start[1], azimuth_deg, distance_m)
    return cast(float, end["lat2"]), cast(float, end["lon2"])


def distance_m(a: Place, b: Place) -> float:
    return cast(float, EARTH.Inverse(*a, *b)["s12"])


@st.composite
def circles_around(draw: st.DrawFn, place: Place, scale_m: float) -> Circle:
    """A circle that contains `place`, possibly at its very rim."""
    radius = scale_m * draw(st.floats(0.01, 1))
    centre = walk(place, draw(azimuths), radius * draw(st.floats(0, 1)))
    return Circle(*centre, max(radius, distance_m(centre, place)))


@st.composite
def stars_around(draw: st.DrawFn, place: Place, scale_m: float) -> Polygon:
    """A polygon with `place` in it: seen from there, its vertices follow each other all around."""
    count = draw(st.integers(4, 9))
    turn = draw(azimuths)
    step = 360 / count
    corners = (
        walk(
            place,
            turn + k * step + draw(st.floats(-0.4, 0.4)) * step,
            scale_m * draw(st.floats(0.05, 1)),
        )
        for k in range(count)
    )
    return Polygon(tuple(corners))


@st.composite
def edges_through(draw: st.DrawFn, place: Place, scale_m: float) -> Polygon:
    """A triangle with `place` on one of its edges, which is a geodesic through it."""
    azimuth = draw(azimuths)
    there = walk(place, azimuth, scale_m * draw(st.floats(0.01, 1)))
    back = walk(place, azimuth + 180, scale_m * draw(st.floats(0.01, 1)))
    aside = walk(place, azimuth + draw(st.floats(20, 160)), scale_m * draw(st.floats(0.05, 1)))
    return Polygon((there, back, aside))


@st.composite
def corners_at(draw: st.DrawFn, place: Place, scale_m: float) -> Polygon:
    """A triangle with a corner at `place`."""
    azimuth = draw(azimuths)
    one = walk(place, azimuth, scale_m * draw(st.floats(0.05, 1)))
    other = walk(place, azimuth + draw(st.floats(5, 170)), scale_m * draw(st.floats(0.05, 1)))
    return Polygon((place, one, other))


def containing(place: Place, scale_m: float) -> st.SearchStrategy[Outline]:
    """Outlines of about `scale_m` metres with `place` inside or on the rim."""
    return st.one_of(
        circles_around(place, scale_m),
        stars_around(place, scale_m),
        edges_through(place, scale_m),
        corners_at(place, scale_m),
    )
