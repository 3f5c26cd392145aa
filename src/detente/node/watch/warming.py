"""Loads what watching computes with, so that the first aircraft does not wait for it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from detente import feeds, kernels
from detente.feeds import Source, of_columns
from detente.watch import WatchSetup

_BEGAN_US = 1_800_000_000_000_000


def warm_up(setup: WatchSetup, formats: Collection[str]) -> None:
    """Let an engine of this kind look at aircraft that fly over a border, and forget them."""
    kernels.warm_up()
    kernels.warm_up_approaches()
    feeds.warm_up(sorted(formats))
    lat, lng = 0.0, 0.0
    if setup.boundaries is not None and setup.boundaries.boundaries:
        ring = setup.boundaries.boundaries[0].polygons[0][0]
        lng, lat = float(ring[0, 0]), float(ring[0, 1])
    count = 60
    steps = np.arange(count) - count // 2
    engine = setup.engine()
    for aircraft, side in (("one", 0.0), ("other", 0.001)):
        reports = of_columns(
            count,
            (aircraft,),
            ("",),
            (Source("warm-up", "sbs"),),
            time_us=_BEGAN_US + steps * 1_000_000,
            received_us=_BEGAN_US + steps * 1_000_000,
            lat_deg=np.full(count, max(-89.0, min(89.0, lat + side))),
            lng_deg=(lng + steps * 0.002 + 180.0) % 360.0 - 180.0,
            altitude_m=np.full(count, 1000.0),
            speed_m_s=np.full(count, 220.0),
            track_deg=np.full(count, 90.0),
        )
        engine.take(reports)
    engine.close()
