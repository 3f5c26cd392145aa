"""A plane in which geodesics are straight: the gnomonic projection, carried over to the ellipsoid.

A point at geodesic distance s and azimuth a from the centre goes to the plane at the same azimuth
and the distance `R tan(s / R)`, R being the Gaussian radius of curvature at the centre. On a
sphere every great circle would become a straight line; on WGS-84 a geodesic bends away from its
image's chord by about `BEND_PER_M3 * r**2 * L**2 / 8` metres for a piece of length L at distance r
from the centre (C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 2013, section 8, gives
the ellipsoidal projection; the bound is ours and tested). `piece_length_m` turns that round: how
long may a piece be so that it stays straight to a millimetre?

Being azimuthal, the plane keeps order of distance from its centre exactly: what is nearest to the
origin in the plane is nearest to the centre on the ground. There are no special places: poles and
the date line are points like any other. It reaches `REACH_M` from the centre and no farther.
"""

from __future__ import annotations

from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Floats: TypeAlias = npt.NDArray[np.float64]

SEMI_MAJOR_M: Final = 6_378_137.0
FLATTENING: Final = 1 / 298.257223563
ECCENTRICITY_2: Final = FLATTENING * (2 - FLATTENING)
GEOD: Final = Geod(ellps="WGS84")

REACH_M: Final = 7_000_000.0
# Curvature of a geodesic's image per square metre of distance from the centre (1/m per m²), and the
# straightness that pieces are cut to.
BEND_PER_M3: Final = 1.75 * FLATTENING / SEMI_MAJOR_M**3
STRAIGHT_TO_M: Final = 0.001


def ecef(lat_deg: Floats, lng_deg: Floats) -> Floats:
    """Earth-centred coordinates in metres, shape (n, 3), of points on the ellipsoid."""
    lat, lng = np.radians(lat_deg), np.radians(lng_deg)
    sin_lat, cos_lat = np.sin(lat), np.cos(lat)
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * sin_lat * sin_lat)
    return np.stack(
        (
            normal * cos_lat * np.cos(lng),
            normal * cos_lat * np.sin(lng),
            normal * (1 - ECCENTRICITY_2) * sin_lat,
        ),
        axis=-1,
    )


def surface_point(xyz: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees under Earth-centred points, good to some kilometres.

    Meant for choosing a place to compute at, not for results. The Earth's centre gives (0, 0).
    """
    x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
    lat = np.degrees(np.arctan2(z, (1 - ECCENTRICITY_2) * np.hypot(x, y)))
    return lat, np.degrees(np.arctan2(y, x))


def gaussian_radius_m(lat_deg: Floats) -> Floats:
    """The Gaussian radius of curvature of WGS-84 at a latitude, metres."""
    sin_lat = np.sin(np.radians(lat_deg))
    root = np.sqrt(1 - ECCENTRICITY_2)
    return cast(Floats, SEMI_MAJOR_M * root / (1 - ECCENTRICITY_2 * sin_lat * sin_lat))


def inverse(
    lat_1_deg: Floats, lng_1_deg: Floats, lat_2_deg: Floats, lng_2_deg: Floats
) -> tuple[Floats, Floats]:
    """Azimuth at the first point (degrees) and geodesic distance (metres), element by element."""
    azimuth, _, distance = GEOD.inv(lng_1_deg, lat_1_deg, lng_2_deg, lat_2_deg)
    return np.asarray(azimuth, dtype=np.float64), np.asarray(distance, dtype=np.float64)


def direct(
    lat_deg: Floats, lng_deg: Floats, azimuth_deg: Floats, distance_m: Floats
) -> tuple[Floats, Floats]:
    """Latitude and longitude reached from points along azimuths, element by element."""
    lng, lat, _ = GEOD.fwd(lng_deg, lat_deg, azimuth_deg, distance_m)
    return np.asarray(lat, dtype=np.float64), np.asarray(lng, dtype=np.float64)


def project(
    centre_lat_deg: Floats | float, centre_lng_deg: Floats | float, lat_deg: Floats, lng_deg: Floats
) -> tuple[Floats, Floats, Floats]:
    """Plane coordinates x (east), y (north) and the geodesic distance, all in metres.

    One centre for all points, or one centre a point. Points farther than `REACH_M` give NaN.
    """
    shape = np.shape(lat_deg)
    centre_lat = np.broadcast_to(np.asarray(centre_lat_deg, dtype=np.float64), shape)
    centre_lng = np.broadcast_to(np.asarray(centre_lng_deg, dtype=np.float64), shape)
    azimuth, distance = inverse(
        np.ascontiguousarray(centre_lat), np.ascontiguousarray(centre_lng), lat_deg, lng_deg
    )
    radius = gaussian_radius_m(centre_lat)
    reach = np.where(distance <= REACH_M, distance, np.nan)
    rho = radius * np.tan(reach / radius)
    azimuth = np.radians(azimuth)
    return rho * np.sin(azimuth), rho * np.cos(azimuth), distance


def unproject(
    centre_lat_deg: Floats | float, centre_lng_deg: Floats | float, x_m: Floats, y_m: Floats
) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees of points of the plane: the inverse of `project`."""
    shape = np.shape(x_m)
    centre_lat = np.ascontiguousarray(np.broadcast_to(np.asarray(centre_lat_deg, float), shape))
    centre_lng = np.ascontiguousarray(np.broadcast_to(np.asarray(centre_lng_deg, float), shape))
    radius = gaussian_radius_m(centre_lat)
    distance = radius * np.arctan(np.hypot(x_m, y_m) / radius)
    return direct(centre_lat, centre_lng, np.degrees(np.arctan2(x_m, y_m)), distance)


def ground_distance_m(centre_lat_deg: Floats | float, rho_m: Floats) -> Floats:
    """The geodesic distance from the centre of points at the plane distance `rho_m` from it."""
    radius = gaussian_radius_m(np.asarray(centre_lat_deg, dtype=np.float64))
    return radius * np.arctan(rho_m / radius)


def piece_length_m(distance_from_centre_m: Floats) -> Floats:
    """The longest piece of a geodesic, at this distance, that stays straight to `STRAIGHT_TO_M`."""
    far = np.maximum(distance_from_centre_m, 1.0)
    # Far out the projection itself stretches faster than the series behind the bound.
    stretch = np.cos(np.minimum(far, REACH_M) / SEMI_MAJOR_M) ** 2
    return cast(Floats, stretch * np.sqrt(8 * STRAIGHT_TO_M / BEND_PER_M3) / far)


def densify(
    lat_deg: Floats, lng_deg: Floats, pieces: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """The ring with edge i (from vertex i to the next) cut into `pieces[i]` equal parts.

    The new points lie on the geodesics, so the outline does not change.
    """
    following = np.roll(np.arange(len(lat_deg)), -1)
    azimuth, length = inverse(lat_deg, lng_deg, lat_deg[following], lng_deg[following])
    edge = np.repeat(np.arange(len(lat_deg)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = length[edge] * step / pieces[edge]
    lat, lng = direct(lat_deg[edge], lng_deg[edge], azimuth[edge], along)
    original = step == 0
    lat[original], lng[original] = lat_deg, lng_deg
    return lat, lng
