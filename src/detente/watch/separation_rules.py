"""What counts as too close, and what is assumed of those who fly: all in one place."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from detente.kernels import WELL_CLEAR

Seconds = Annotated[float, Meta(ge=0, le=3600)]


class SeparationRules(Struct, frozen=True, kw_only=True):
    """Seconds and metres.

    Attributes:
        horizontal_m, vertical_m: too close is nearer than both at one moment. The defaults are the
            usual radar separation of 5 NM and 1,000 ft.
        well_clear: name of a well-clear volume (`kernels.WELL_CLEAR`) to go by instead; "": none.
        look_ahead_s: how far ahead an approach is told; 0: not before it happens.
        step_s: how often that is looked at, in the time that the positions say. Nothing between two
            looks is lost: each covers what follows exactly.
        lateness_s: how late a position may come and still be looked at in its place.
        age_max_s: a position that is older is not carried on any more.
        hysteresis: an encounter lasts as long as the aircraft come nearer than so many times what
            is too close.
        clear_s: and is over when for so long they did not.
        company_m_s: aircraft that move towards each other more slowly are in company.
        company_s: and in formation when they have been for so long.
        time_s: how far the times of a source may be off, 95 %.
        velocity_m_s: how far stated velocities may be off, 95 %: NACv 1 is 10 m/s, 2 is 3 m/s.
        climb_m_s: likewise of the rate of climb.
        references_m: how far heights may differ that are told by different references, pressure and
            satellites: the air is seldom the standard one.
        unknown_party: whether aircraft of unknown party are compared with one another, too; with
            those of known party they always are.
        unknown_altitude: whether aircraft that tell no altitude count as being at any.
        pairs_max: encounters at a time; what is more is left out, and counted.

    Raises:
        ValueError: no well-clear volume has that name.
    """

    horizontal_m: Annotated[float, Meta(gt=0, le=500_000)] = 9260.0
    vertical_m: Annotated[float, Meta(gt=0, le=100_000)] = 304.8
    well_clear: str = ""
    look_ahead_s: Annotated[float, Meta(ge=0, le=600)] = 120.0
    step_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    lateness_s: Annotated[float, Meta(ge=0, le=600)] = 2.0
    age_max_s: Annotated[float, Meta(ge=1, le=60)] = 20.0
    hysteresis: Annotated[float, Meta(ge=1, le=10)] = 1.2
    clear_s: Seconds = 30.0
    company_m_s: Annotated[float, Meta(ge=0, le=100)] = 15.0
    company_s: Seconds = 60.0
    time_s: Annotated[float, Meta(ge=0, le=60)] = 0.5
    velocity_m_s: Annotated[float, Meta(ge=0, le=100)] = 10.0
    climb_m_s: Annotated[float, Meta(ge=0, le=100)] = 3.0
    references_m: Annotated[float, Meta(ge=0, le=2000)] = 300.0
    unknown_party: bool = False
    unknown_altitude: bool = True
    pairs_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000

    def __post_init__(self) -> None:
        if self.well_clear and self.well_clear not in WELL_CLEAR:
            raise ValueError(
                f"no well-clear volume is called {self.well_clear!r}; there are: "
                + ", ".join(WELL_CLEAR)
            )
