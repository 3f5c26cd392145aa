"""What a radar sees, by pyproj, and category 048 as libasterix writes it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import numpy as np
import pyproj

from . import asterix_oracle as oracle

EARTH = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def seen(
    site: tuple[float, float, float], target: tuple[float, float, float]
) -> tuple[float, float]:
    """Slant range and azimuth (deg) of a target (longitude, latitude, height)."""
    here = np.array(EARTH.transform(*site))
    line = np.array(EARTH.transform(*target)) - here
    lam, phi = math.radians(site[0]), math.radians(site[1])
    east = np.array([-math.sin(lam), math.cos(lam), 0.0])
    north = np.array(
        [-math.sin(phi) * math.cos(lam), -math.sin(phi) * math.sin(lam), math.cos(phi)]
    )
    azimuth = math.degrees(math.atan2(float(line @ east), float(line @ north)))
    return float(np.linalg.norm(line)), azimuth


def capture(
    site: tuple[float, float, float],
    track: Iterable[tuple[float, float, float]],
    *,
    tod_s: float,
    every_s: float = 4.0,
    level: int = 300,
    address: int = 0x4B1234,
    sac_sic: int = 0x1902,
) -> bytes:
    """Plots of one aircraft, a block each: edition 1.32, SSR with Mode S.

    Args:
        site: longitude, latitude, height of the radar.
        track: longitudes, latitudes and heights of the aircraft.
        tod_s: of the first plot.
        level: flight level that the aircraft tells.
    """
    blocks = []
    for number, target in enumerate(track):
        slant_m, azimuth_deg = seen(site, target)
        rho = round(slant_m / oracle.NM_M * 256)
        theta = round(azimuth_deg / 360 * 65_536) & 0xFFFF
        given = {
            "010": sac_sic,
            "140": round((tod_s + every_s * number) * 128) % (86_400 * 128),
            "020": (0b1010_0000 >> 1,),
            "040": rho << 16 | theta,
            "090": level * 4,
            "220": address,
        }
        record = oracle.record(48, "1.32", random.Random(0), density=0.0, given=given)
        blocks.append(oracle.block(48, "1.32", [record]))
    return b"".join(blocks)
