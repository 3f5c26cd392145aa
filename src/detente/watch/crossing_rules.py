"""What counts as a crossing, and what is assumed about how aircraft fly: all in one place."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class CrossingRules(Struct, frozen=True, kw_only=True):
    """Seconds and metres. The defaults are civil; who watches combat aircraft sets others.

    Attributes:
        gap_s: positions that are further apart belong to two tracks: nothing is drawn between.
        merge_s: an aircraft that comes back within this time, and before it could have been outside
            by more than its positions are uncertain, has not left.
        acceleration_m_s2: an aircraft may turn with; bounds what it did between two positions.
        speed_max_m_s: it may fly at, likewise; what takes more to come to was jumped to.
        time_s: how far the times of a source may be off, 95 %. DO-260B lets 0.6 s of latency go
            without compensation.
        depth_max_m: depths are told up to here; beyond it is "more than". Bounds the search.
        distrust_s: for so long before and after a position that cannot be true no position of that
            track proves anything: a captured receiver is led away smoothly first, and does not
            recover at once.
        doubtful_share: a passage of whose positions more than this share contradict the motion
            that the aircraft itself reports proves nothing either.
        doubt_max: a position counts as such if it contradicts that motion itself, or its aircraft
            had more than so many breaks lately (`Tracked.doubt`).
        containment_max_m: a report whose own integrity bound is wider counts as such.
        look_ahead_s: of predictions; 0 makes none. Costs about 1 µs a position.
        look_every_s: how often a prediction is made for one aircraft.
        look_acceleration_m_s2: how much motion may change without being announced; the present
            turn counts if it is more. Makes the spread of a prediction.
        speed_least_m_s: what is slower has no direction to predict by.
        clear_s: a prediction is over when for so long motion has led elsewhere.
        stays: whether an aircraft that was inside all the time is an event.
        provisional: whether an event is also given when it opens and when its grade changes, as
            live watching needs; archives only want what came of it.
    """

    gap_s: Annotated[float, Meta(gt=0, le=86_400)] = 300.0
    merge_s: Seconds = 60.0
    acceleration_m_s2: Annotated[float, Meta(ge=0, le=1000)] = 6.0
    speed_max_m_s: Annotated[float, Meta(gt=0, le=100_000)] = 1000.0
    time_s: Annotated[float, Meta(ge=0, le=3600)] = 0.5
    depth_max_m: Annotated[float, Meta(gt=0, le=1_000_000)] = 20_000.0
    distrust_s: Seconds = 3600.0
    doubtful_share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    doubt_max: Annotated[float, Meta(ge=0)] = 1.0
    containment_max_m: Annotated[float, Meta(ge=0)] = 37_040.0
    look_ahead_s: Annotated[float, Meta(ge=0, le=3600)] = 120.0
    look_every_s: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    look_acceleration_m_s2: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    speed_least_m_s: Annotated[float, Meta(ge=0, le=10_000)] = 5.0
    clear_s: Seconds = 30.0
    stays: bool = False
    provisional: bool = True
