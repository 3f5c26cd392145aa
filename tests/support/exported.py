"""Features to be written, and ways to compare what was read back with them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from detente.f3548.uss_types import Authority, GeoZone
from detente.geo import Circle, Outline, Polygon, Volume4D, area_m2, conflicting_pairs, projection
from detente.interchange.altimetry import Altimetry, Interval, Stated
from detente.interchange.feature import Feature, Kind

INTENT = "11111111-1111-4111-8111-111111111111"
CONSTRAINT = "22222222-2222-4222-8222-222222222222"
T0 = 1_777_626_000_000_000  # 2026-05-01T09:00:00Z
MINUTE = 60_000_000
ALPS = Altimetry(geoid=Stated(Interval(47.0, 48.0)))

SQUARE = Polygon(((46.20, 6.14), (46.20, 6.16), (46.21, 6.16), (46.21, 6.14)))
DISC = Circle(46.25, 6.20, 500.0)


def volume(
    outline: Outline = SQUARE,
    low: float | None = 400.0,
    high: float | None = 520.5,
    start_us: int | None = T0,
    end_us: int | None = T0 + 12 * MINUTE,
) -> Volume4D:
    """A volume near Geneva, on 1 May 2026."""
    return Volume4D(outline, low, high, start_us, end_us)


def intent(*volumes: Volume4D, name: str = "Bridge survey") -> Feature:
    """A flight of Party A."""
    return Feature(
        INTENT, name, Kind.INTENT, volumes or (volume(),), state="Accepted", party="Party A"
    )


def geozone(**more: object) -> GeoZone:
    """A zone of ED-269."""
    told: dict[str, object] = {
        "identifier": "GVA01",
        "country": "CHE",
        "zone_authority": [Authority(name="Office", site_url="https://office.example")],
        "type": "COMMON",
        "restriction": "PROHIBITED",
        "name": "Lake festival",
        "reason": ["POPULATION", "NOISE"],
        **more,
    }
    return GeoZone(**told)  # type: ignore[arg-type]  # members by name


def constraint(*volumes: Volume4D, zone: GeoZone | None = None) -> Feature:
    """A constraint of Party A."""
    return Feature(
        CONSTRAINT,
        "Lake festival",
        Kind.CONSTRAINT,
        volumes or (volume(),),
        party="Party A",
        geozone=zone or geozone(),
    )


def same_ground(one: Outline, other: Outline) -> bool:
    """Whether two outlines are the same to a millimetre, wherever they begin and however wound."""
    if isinstance(one, Circle) or isinstance(other, Circle):
        if not (isinstance(one, Circle) and isinstance(other, Circle)):
            return False
        apart = distance_m((one.lat_deg, one.lng_deg), (other.lat_deg, other.lng_deg))
        return apart < 0.001 and abs(one.radius_m - other.radius_m) < 0.001
    if len(one.vertices) != len(other.vertices):
        return False
    count = len(one.vertices)
    for turned in (other.vertices, other.vertices[::-1]):
        for first in range(count):
            if all(
                distance_m(one.vertices[i], turned[(first + i) % count]) < 0.001
                for i in range(count)
            ):
                return True
    return False


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the ellipsoid."""
    _, _, metres = projection.GEOD.inv(one[1], one[0], other[1], other[0])
    return float(metres)


def grown_by(outer: Outline, inner: Outline) -> float:
    """How much larger an outline is than one that it holds; it must meet all of its corners."""
    corners: Sequence[tuple[float, float]] = (
        [(inner.lat_deg, inner.lng_deg)] if isinstance(inner, Circle) else inner.vertices
    )
    for lat, lng in corners:
        point = Volume4D(Circle(lat, lng, 0.001))
        assert len(conflicting_pairs([Volume4D(outer)], [point])[0]), (lat, lng)
    return area_m2(outer) / area_m2(inner) - 1


@st.composite
def polygons(draw: st.DrawFn, *, anywhere: bool = False) -> Polygon:
    """Star-shaped polygons of up to ten kilometres."""
    lat = draw(st.floats(-85, 85) if anywhere else st.floats(44, 48))
    lng = draw(st.floats(-180, 180) if anywhere else st.floats(4, 9))
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(50, 10_000), min_size=count, max_size=count))
    vertices = []
    for i, radius in enumerate(radii):
        away = projection.GEOD.fwd(lng, lat, 360 * i / count, radius)
        vertices.append((float(away[1]), float(away[0])))
    return Polygon(tuple(vertices))


@st.composite
def circles(draw: st.DrawFn, *, anywhere: bool = False) -> Circle:
    """Circles of up to ten kilometres."""
    lat = draw(st.floats(-85, 85) if anywhere else st.floats(44, 48))
    lng = draw(st.floats(-180, 180) if anywhere else st.floats(4, 9))
    return Circle(lat, lng, draw(st.floats(10, 10_000)))


@st.composite
def volumes(draw: st.DrawFn, *, anywhere: bool = False, open_bounds: bool = False) -> Volume4D:
    """Volumes in 2026, of all kinds."""
    outline = draw(st.one_of(polygons(anywhere=anywhere), circles(anywhere=anywhere)))
    low = draw(st.floats(300, 3000).map(lambda x: round(x, 3)))
    high = low + draw(st.floats(1, 500).map(lambda x: round(x, 3)))
    start = T0 + draw(st.integers(0, 10**12))
    end = start + draw(st.integers(MINUTE, 10**10))
    kept = st.booleans() if open_bounds else st.just(True)
    return Volume4D(
        outline,
        low if draw(kept) else None,
        round(high, 3) if draw(kept) else None,
        start,
        end,
    )
