"""Where passages enter and leave, and how sure that is: in time, and along the track. Pure.

While an aircraft comes near a border it gives many positions, and the first of them that is told
inside is picked out: it enters too early in the telling, and likewise leaves too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from detente.watch.crossing_rules import CrossingRules
from detente.watch.events import Place
from detente.watch.intervals import CIRCLE, ONE_WAY, worst

from ._passage import Border
from ._scan import Floats

LEAST_STEEP: Final = 0.02
"""Along a border there is no telling where it was crossed: no spread is made of less than this."""
LONGEST_S: Final = 3600.0
"""A spread in time that is longer is told as this."""
LOOKS_MAX: Final = 1e6
"""So many positions near a border at most: more do not make it less sure by any more."""


class Deep(Protocol):
    """Deepest points of passages: depth, whether there is a place, and how far along it lies."""

    value: Floats
    placed: npt.NDArray[np.bool_]
    odometer: Floats


def least_m(way_m: Floats, legs: Floats, radius_m: Floats) -> Floats:
    """How long a way was, without what errors of positions add by going to and fro.

    The square of a leg is greater, on average, by four times the variance of one coordinate.
    """
    sigma_m = radius_m / CIRCLE
    leg_m = way_m / legs
    least: Floats = legs * np.sqrt(np.maximum(leg_m**2 - 4 * sigma_m**2, 0.0))
    return least


class _Spread(NamedTuple):
    """How far something at a border may be off: metres along the track, or seconds.

    Attributes:
        middle, rest: by errors of positions, as the first or last of many; see `intervals.extreme`.
        one: by that of one position.
        line: by that of the border.
    """

    middle: Floats
    rest: Floats
    one: Floats
    line: Floats

    @property
    def whole(self) -> Floats:
        """Of one place or time."""
        return self.middle + np.hypot(self.rest, self.line)


def over_both(one: _Spread, other: _Spread) -> tuple[Floats, Floats]:
    """How much what lies between two borders may be less, and more, than it is told.

    Errors take an aircraft inside too early and out too late, so it may be less by more.
    """
    line = one.line + other.line
    less = one.middle + other.middle + np.hypot(np.hypot(one.rest, other.rest), line)
    return less, np.hypot(np.hypot(one.one, other.one), line)


_NOWHERE: Final = (0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0)


class Crossed:
    """Entries, or exits: spreads in time and way, of noise and of the line; 0 where none is.

    Args:
        borders: of passages; None: it has none.
        deep: how deep they were.
        over_m: how long.
        rules: what is assumed.
    """

    def __init__(
        self,
        borders: Sequence[Border | None],
        deep: Deep,
        over_m: Floats,
        rules: CrossingRules,
    ) -> None:
        self._borders = borders
        columns = np.array(
            [
                _NOWHERE
                if each is None
                else (
                    1, each.lat, each.lng, each.odometer_m, each.radius_m, each.aside_m,
                    each.speed_m_s, each.steepness, each.steepness_off, each.apart_m, each.line_m,
                )
                for each in borders
            ],
            dtype=np.float64,
        ).T  # fmt: skip
        known, self.lat, self.lng, self.odometer, radius, aside, speed, steep, off, apart, line = (
            columns
        )
        self.known = known > 0
        over_m = np.where(deep.placed, np.abs(deep.odometer - self.odometer), over_m)
        steep = _steep(steep, off, deep.value, over_m)
        noise = ONE_WAY * radius
        # so many positions are given while it comes nearer by as much as one may be off
        looks = np.clip(noise / np.maximum(steep * apart, 1e-9), 0.0, LOOKS_MAX)
        middle, rest = np.array([worst(1 + round(each)) for each in looks.tolist()]).T
        self.way_m = _Spread(
            middle * noise / steep,
            np.hypot(rest * noise, aside) / steep,
            np.hypot(noise, aside) / steep,
            line / steep,
        )
        self.time_s = _Spread(*(_seconds(each, speed) for each in self.way_m))
        self.circle = radius
        self.radius = np.hypot(np.hypot(radius, aside), self.way_m.line)
        self._place_m = np.maximum(self.radius, self.way_m.whole)
        spread = np.hypot(_seconds(self.way_m.whole, speed), rules.time_s)
        self._spread_s = np.minimum(spread, LONGEST_S)

    def places(self) -> list[Place | None]:
        """Where and when, with the spreads of one place."""
        return [
            None
            if each is None
            else Place(each.lat, each.lng, each.altitude_m, each.time_us, radius, spread)
            for each, radius, spread in zip(
                self._borders, self._place_m.tolist(), self._spread_s.tolist(), strict=True
            )
        ]


def _steep(steep: Floats, off: Floats, depth_m: Floats, way_m: Floats) -> Floats:
    """How steeply borders were met, no more than that.

    Where no course is told, the line between two positions has the errors of both. Then it is also
    looked how deep the aircraft came on what way.
    """
    mean = np.minimum(steep, np.maximum(depth_m, 0.0) / np.maximum(way_m, 1.0))
    least = np.where(off > 0, np.maximum(steep - off, mean), steep)
    return np.maximum(least, LEAST_STEEP)


def _seconds(way_m: Floats, speed_m_s: Floats) -> Floats:
    """A way in time: no more than `LONGEST_S`; nothing takes no time."""
    with np.errstate(divide="ignore", invalid="ignore"):
        took = np.where(way_m > 0, way_m / speed_m_s, 0.0)
    shown: Floats = np.minimum(np.nan_to_num(took, nan=0.0, posinf=LONGEST_S), LONGEST_S)
    return shown
