"""Compiling, or loading, all kernels of borders and volumes before they are needed."""

from __future__ import annotations

import numpy as np

from detente.geo import Circle, Polygon, Volume4D
from detente.kernels.area import Area
from detente.kernels.border import BorderIndex
from detente.kernels.volumes import VolumeIndex


def warm_up() -> None:
    """Go through every kernel of borders and volumes once, so that no report waits for it.

    The first time on a machine this takes half a minute; later, what was compiled is loaded.
    """
    ring = np.array([(0.0, 0.0), (30.0, 0.0), (30.0, 30.0), (0.0, 0.0)])
    borders = BorderIndex.build([Area((ring,)), Area((ring + 1.0,))])
    lat, lng = np.array([1.0, 1.0]), np.array([2.0, -2.0])
    borders.inside(borders.claimants([1.0, 0.0], [2.0, 180.0]), 0)
    borders.near(lat, lng, 1e6)
    borders.crossings(lat[:1], lng[:1], lat[1:], lng[1:])
    corners = ((0.0, 0.0), (0.0, 0.1), (0.1, 0.0))
    volumes = [Volume4D(Polygon(corners)), Volume4D(Circle(0.0, 0.0, 1e3), 0.0, 1.0, 0, 1)]
    held = VolumeIndex.build(volumes, [0, 0])
    held.within([0], [0.01], [0.01], [0.0])
    held.own_distance([0], [0.01], [0.01], [0.0], 0, speed_m_s=1.0, track_deg=0.0)
