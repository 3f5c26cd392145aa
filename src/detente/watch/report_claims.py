"""Who else claims the place of an event, and which event of the page tells of that claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from detente.boundaries import BoundarySet

from .archive_tracks import TrackPoints
from .events import Event, EventKind

Spot = tuple[float, float, int]
"""Latitude, longitude, and when: µs since 1970."""


def spot_of(event: Event, track: TrackPoints | None, until_us: int) -> Spot | None:
    """Where and when an aircraft was inside for sure, as far as is known: at its deepest; or, where
    it was too deep for that to be looked for, half way through. None: not known.
    """
    if event.kind is not EventKind.CROSSING:
        return None
    if event.deepest is not None:
        return event.deepest.lat_deg, event.deepest.lng_deg, event.deepest.time_us
    if track is None:
        return None
    during = np.flatnonzero((track.time_us >= event.began_us) & (track.time_us <= until_us))
    if not len(during):
        return None
    row = during[len(during) // 2]
    return float(track.lat_deg[row]), float(track.lng_deg[row]), int(track.time_us[row])


def claims_of(
    events: Sequence[Event],
    spots: Sequence[Spot | None],
    until_us: Sequence[int],
    boundaries: BoundarySet | None,
) -> list[list[dict[str, Any]] | None]:
    """For each event the boundaries besides its own that claim its spot too.

    Args:
        events: of the page.
        spots, until_us: of each, its spot, and until when it is known to have lasted.
        boundaries: that were watched.

    Returns:
        Of each claim the boundary, and the number of the event that tells of it: one of the same
        aircraft, at the time of the spot; None if the page has none. For an event without a spot
        None.
    """
    known = {number: spot for number, spot in enumerate(spots) if spot is not None}
    found: list[list[dict[str, Any]] | None] = [None] * len(events)
    if boundaries is None or not known:
        return found
    told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, event in enumerate(events):
        if event.kind is EventKind.CROSSING:
            told[event.aircraft, event.boundary].append(number)
    lat_deg, lng_deg, _ = np.array(list(known.values()), dtype=np.float64).T
    sets = boundaries.index.claimants(lat_deg, lng_deg).tolist()
    for (number, (_, _, at_us)), claimed in zip(known.items(), sets, strict=True):
        event, claims = events[number], []
        for area in sorted(boundaries.index.sets[claimed]):
            each = boundaries.boundaries[area]
            if each.id == event.boundary:
                continue
            same = (
                other
                for other in told[event.aircraft, each.id]
                if events[other].began_us <= at_us <= until_us[other]
            )
            claims.append(
                {
                    "id": each.id,
                    "name": each.name,
                    "claimant": each.claimant,
                    "source": each.source.title,
                    "event": next(same, None),
                }
            )
        found[number] = claims
    return found
