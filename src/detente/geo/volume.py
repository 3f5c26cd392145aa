"""Four-dimensional volumes (F3548-21 Volume4D).

An outline on the ground, a band of altitude, a span of time. Only the shapes live here. What makes
one valid is in `validate`, what two of them have to do with each other in `relevance` (may they
meet?) and `conflict` (do they, where, when?).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within `radius_m` metres of a centre, measured along the WGS-84 ellipsoid."""

    lat_deg: float
    lng_deg: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """A ring of (latitude, longitude) in degrees joined by geodesics; the closing edge is implied.

    Either winding is meant the same way: the inside is the smaller of the two areas.
    """

    vertices: tuple[tuple[float, float], ...]


Outline = Circle | Polygon


@dataclass(frozen=True, slots=True)
class Volume4D:
    """An outline, an altitude band and a time span.

    Altitudes are metres above the WGS-84 ellipsoid, times microseconds since 1970, UTC. A bound
    that is None is open: from the ground, without a ceiling, since ever, for ever.
    """

    outline: Outline
    altitude_lower_m: float | None = None
    altitude_upper_m: float | None = None
    time_start_us: int | None = None
    time_end_us: int | None = None
