"""Compiling, or loading, what monitors compute with, before the first aircraft is there."""

from __future__ import annotations

import numpy as np

from detente import geo, kernels
from detente.agreement import AircraftClass
from detente.boundaries import Boundary, BoundarySet, BoundarySource, Kind
from detente.feeds import Source, of_columns
from detente.geo import Polygon, Volume4D
from detente.kernels import Area, BorderIndex
from detente.words import same

from .declarations import Declarations, Declared
from .engine_rules import WatchSetup
from .own_volumes import OwnVolumes
from .separation_rules import SeparationRules
from .stand_off_rules import Limit, StandOffRules

_BEGAN_US = 1_800_000_000_000_000


def warm_up(setup: WatchSetup | None = None) -> None:
    """Let an engine look at aircraft that fly over a border, and forget them.

    The first time on a machine this takes minutes: it compiles; later it loads in seconds.

    Args:
        setup: which monitors are used; by default all those that compute with kernels.
    """
    geo.warm_up()
    kernels.warm_up()
    kernels.warm_up_approaches()
    setup = _every_monitor() if setup is None else setup
    lat, lng = 0.0, 0.0
    if setup.boundaries is not None and setup.boundaries.boundaries:
        ring = setup.boundaries.boundaries[0].polygons[0][0]
        lng, lat = float(ring[0, 0]), float(ring[0, 1])
    count = 60  # a second each, half of them before the corner
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


def _every_monitor() -> WatchSetup:
    """A triangle that somebody claims, that one aircraft has to keep away from, and means to fly
    in: every monitor has something to tell."""
    ring = np.array([(0.0, 0.0), (0.1, -0.1), (0.1, 0.1), (0.0, 0.0)])
    source = BoundarySource("warm-up", "Nobody", "1", "CC0-1.0", "0" * 64, 1.0, "measured")
    claimed = Boundary("warm-up/A", "A", Kind.LAND, "A", source, ((ring,),))
    kind = AircraftClass.AIRLINER
    limit = Limit(
        rule="warm-up",
        sentence=same("warm-up"),
        classes=frozenset({kind}),
        parties=frozenset({"a"}),
        line=0,
        inside=0,
        border="warm-up",
        claimant="A",
        distance_dm=10_000,
        uncertainty_dm=10,
        exempt=frozenset(),
        notice_us=0,
        exempt_to_dm=0,
    )
    corners = tuple((lat, lng) for lng, lat in ring[:-1].tolist())
    volume = Volume4D(Polygon(corners), 0.0, 2000.0, _BEGAN_US, _BEGAN_US + 10_000_000)
    return WatchSetup(
        boundaries=BoundarySet.build([claimed]),
        own_volumes=[OwnVolumes("one", "warm-up", (volume,), "a")],
        declarations=Declarations(
            [
                Declared(aircraft="one", party="a", kind=kind),
                Declared(aircraft="other", party="b", kind=kind),
            ]
        ),
        separation=SeparationRules(),
        stand_off=StandOffRules((limit,), BorderIndex.build([Area((ring,))])),
    )
