"""Distances that were agreed upon, as the page takes them: the rule, its line, how far one was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from detente.operations import both

from .archive_tracks import TrackPoints
from .events import Event, EventKind
from .report_borders import Line, lines_of
from .stand_off_rules import Limit, StandOffRules


class Limits:
    """The limits that events are about, numbered as the page has them.

    Args:
        rules: that were applied; None: none.
    """

    def __init__(self, rules: StandOffRules | None) -> None:
        self._rules = rules
        self._numbers: dict[tuple[str, str], int] = {}
        self._lines: dict[int, list[Line]] = {}

    def of(self, event: Event) -> Limit | None:
        """The limit that was not kept."""
        if self._rules is None or event.kind is not EventKind.STAND_OFF:
            return None
        return self._rules.limit(event.rule, event.boundary)

    def number(self, limit: Limit) -> int:
        """Its number in the page, by the order in which they are asked for."""
        return self._numbers.setdefault((limit.rule, limit.border), len(self._numbers))

    def lines(self, limit: Limit) -> list[Line]:
        """Those it is measured from."""
        if self._rules is None:
            return []
        if limit.line not in self._lines:
            self._lines[limit.line] = lines_of(self._rules.index, limit.line)
        return self._lines[limit.line]

    def distance_m(self, limit: Limit, points: TrackPoints) -> npt.NDArray[np.float64] | None:
        """How far away each position is; below zero inside; inf: farther than is looked for."""
        if self._rules is None or not len(points):
            return None
        return self._rules.distance_m(limit, points.lat_deg, points.lng_deg)


def reach_m(event: Event, limit: Limit) -> float:
    """How far around an event its line has to be looked for."""
    away_m = 0.0 if event.distance_m is None else abs(event.distance_m.value)
    return 1.3 * max(limit.distance_dm / 10, away_m if math.isfinite(away_m) else 0.0)


def limit_data(limit: Limit) -> dict[str, Any]:
    """A limit for the page; distances in metres."""
    return {
        "rule": limit.rule,
        "border": limit.border,
        "claimant": limit.claimant,
        "sentence": both(limit.sentence),
        "agreed": limit.distance_dm / 10,
        "closer": limit.exempt_to_dm / 10 if limit.exempt else None,
        "unsure": limit.uncertainty_dm / 10,
        "bounds": limit.inside >= 0,
    }
