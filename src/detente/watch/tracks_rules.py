"""What is held for possible of aircraft, clocks and receivers."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from detente.errors import DetenteError


class TrackRulesUnusable(DetenteError):
    """A limit on tracks that cannot be used."""

    code: ClassVar[str] = "watch.track_rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRules:
    """Limits. None of them is fitted to a kind of aircraft: what they refuse, nothing can do.

    Attributes:
        speed_max_m_s: faster than anything that flies in the air.
        climb_max_m_s: likewise, up or down.
        acceleration_m_s2: by which a motion may differ from the stated one between two reports
            (turns above all: a rate-one turn at 250 m/s needs 13).
        time_spread_s: by which the time of a position may be wrong though nothing says so
            (receivers stamp what they hear, archives keep whole seconds).
        compare_max_s: a longer step says nothing of the velocities at its ends.
        doubt_s: a break is half forgotten after so long.
        gap_s: after a longer silence a track begins anew.
        frozen_m: a report that is said to have moved farther cannot have the same place.
        repeat_s: the same place sooner than that is the same report heard twice.
        stale_s: a report that is older when it is received is of no use.
        ahead_s: a clock may be ahead of ours by so much; more is flagged.
        ahead_max_s: more is taken out.
        set_back_s: reports older than the last by more than that, `set_back_reports` in a row and
            in their own order, mean that the clock was set back, or had been wrong.
        set_back_reports: see there.
        aircraft_max: remembered at a time; 250 bytes each. One that is silent longer than `gap_s`
            makes room for others.
    """

    speed_max_m_s: float = 1_500.0
    climb_max_m_s: float = 300.0
    acceleration_m_s2: float = 15.0
    time_spread_s: float = 1.0
    compare_max_s: float = 60.0
    doubt_s: float = 60.0
    gap_s: float = 600.0
    frozen_m: float = 10.0
    repeat_s: float = 0.5
    stale_s: float = 30.0
    ahead_s: float = 1.0
    ahead_max_s: float = 60.0
    set_back_s: float = 300.0
    set_back_reports: int = 5
    aircraft_max: int = 200_000

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not (math.isfinite(value) and value > 0):
                raise TrackRulesUnusable(
                    f"{value} is no limit.",
                    where=each.name.replace("_", "-"),
                    advice="Give a number above zero.",
                )
