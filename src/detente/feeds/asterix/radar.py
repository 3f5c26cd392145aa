"""Where a radar stands, and how well it measures: category 048 says neither."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError

from ._cat048 import (
    SITE_AZIMUTH,
    SITE_AZIMUTH_BIAS,
    SITE_AZIMUTH_PRIMARY,
    SITE_HEIGHT,
    SITE_KEY,
    SITE_LAT,
    SITE_LEVEL,
    SITE_LNG,
    SITE_RANGE,
    SITE_RANGE_BIAS,
    SITE_RANGE_PRIMARY,
    SITE_WIDTH,
)


class BadSite(DetenteError):
    """A radar's site that cannot be."""

    code: ClassVar[str] = "feeds.radar_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class RadarSite:
    """A radar.

    The figures of accuracy are in the order of what the EUROCONTROL standard for radar surveillance
    (SUR.ET1.ST01.1000-STD-01-01, 1997) asks of monopulse secondary and of primary radars. Whoever
    knows those of the radar gives them.

    Attributes:
        lat_deg, lng_deg, height_m: of the antenna; WGS-84, metres above the ellipsoid.
        sac, sic: whose records it is for; without them, for those of any radar that has none.
        range_sigma_m, azimuth_sigma_deg: random errors of the secondary radar (one sigma).
        primary_range_sigma_m, primary_azimuth_sigma_deg: of the primary one.
        range_bias_m, azimuth_bias_deg: what is not corrected of systematic errors, at most.
        level_95_m: what pressure altitude may differ by from the height above the ellipsoid
            (95 %): weather, temperature and geoid. It turns slant range into way along the ground.

    Raises:
        BadSite: a figure is out of its range.
    """

    lat_deg: float
    lng_deg: float
    height_m: float
    sac: int | None = None
    sic: int | None = None
    range_sigma_m: float = 70.0
    azimuth_sigma_deg: float = 0.08
    primary_range_sigma_m: float = 120.0
    primary_azimuth_sigma_deg: float = 0.15
    range_bias_m: float = 100.0
    azimuth_bias_deg: float = 0.1
    level_95_m: float = 600.0

    def __post_init__(self) -> None:
        where = f"radar at {self.lat_deg}, {self.lng_deg}"
        if not (abs(self.lat_deg) <= 90 and abs(self.lng_deg) <= 180):
            raise BadSite("A radar's site is not on Earth.", where=where)
        if not -500 <= self.height_m <= 9_000:
            raise BadSite(
                f"A radar's height of {self.height_m} m cannot be.",
                where=where,
                advice="Give the antenna's height above the WGS-84 ellipsoid in metres.",
            )
        if (self.sac is None) != (self.sic is None):
            raise BadSite("SAC and SIC name a radar together.", where=where)
        if not all(0 <= each <= 255 for each in (self.sac or 0, self.sic or 0)):
            raise BadSite("SAC and SIC are numbers from 0 to 255.", where=where)
        errors = (
            self.range_sigma_m,
            self.azimuth_sigma_deg,
            self.primary_range_sigma_m,
            self.primary_azimuth_sigma_deg,
            self.range_bias_m,
            self.azimuth_bias_deg,
            self.level_95_m,
        )
        if not all(math.isfinite(each) and each >= 0 for each in errors):
            raise BadSite("A radar's errors are numbers that are not negative.", where=where)


def table(sites: Sequence[RadarSite]) -> npt.NDArray[np.float64]:
    """Sites as the kernel reads them: float64[sites, SITE_WIDTH]."""
    rows = np.zeros((len(sites), SITE_WIDTH))
    for row, site in zip(rows, sites, strict=True):
        row[SITE_KEY] = -1 if site.sac is None or site.sic is None else site.sac * 256 + site.sic
        row[SITE_LAT] = math.radians(site.lat_deg)
        row[SITE_LNG] = math.radians(site.lng_deg)
        row[SITE_HEIGHT] = site.height_m
        row[SITE_RANGE] = site.range_sigma_m
        row[SITE_RANGE_PRIMARY] = site.primary_range_sigma_m
        row[SITE_RANGE_BIAS] = site.range_bias_m
        row[SITE_AZIMUTH] = math.radians(site.azimuth_sigma_deg)
        row[SITE_AZIMUTH_PRIMARY] = math.radians(site.primary_azimuth_sigma_deg)
        row[SITE_AZIMUTH_BIAS] = math.radians(site.azimuth_bias_deg)
        row[SITE_LEVEL] = site.level_95_m
    return rows
