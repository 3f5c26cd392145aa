"""Being outside of one's own volumes: what is remembered of it, and what follows from that."""

from __future__ import annotations

import math

from msgspec import Struct

from detente.feeds import Basis
from detente.watch.events import Grade, Ground, Interval, Place
from detente.watch.intervals import between, one_way, picked_out
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag


class Excursion(Struct):
    """Being outside, as it is followed: metres, positive outside.

    Attributes:
        began_us, before_us, last_us: first position outside, the one before it, the last one.
        first: where that was.
        occasion: which excursion of its flight it is.
        horizontal_m, vertical_m: greatest distances; `_off_m`: what those positions may be off;
            `_low_m`: what they are at least, picked out of many as they are.
        surest_m: the greatest of all low ends: it was outside by more than this for certain.
        sure_from_us, sure_until_us: first and last position that was outside for certain.
    """

    began_us: int
    before_us: int
    last_us: int
    first: Place
    occasion: int = 1
    horizontal_m: float = 0.0
    horizontal_off_m: float = 0.0
    horizontal_low_m: float = 0.0
    vertical_m: float = 0.0
    vertical_off_m: float = 0.0
    vertical_low_m: float = 0.0
    surest_m: float = -1.0e9
    sure_from_us: int = 0
    sure_until_us: int = 0
    reports: int = 0
    doubtful: int = 0
    untimely: int = 0
    unknown_altitude: int = 0
    assumed: int = 0
    derived: int = 0
    sources: tuple[str, ...] = ()
    callsign: str = ""


def lasted(seconds: float, excursion: Excursion, ended_us: int | None, time_s: float) -> Interval:
    """How long: it left at some time since the position before, and came back at some before the
    last; no less than between positions that were outside for certain."""
    early_s = (excursion.began_us - excursion.before_us) / 1e6
    sure_s = (excursion.sure_until_us - excursion.sure_from_us) / 1e6
    high = math.inf if ended_us is None else seconds + early_s + time_s
    return between(max(0.0, sure_s - time_s), seconds, high, "s")


def distances(excursion: Excursion) -> tuple[Interval, Interval]:
    """How far outside it was at most, to the side, and up or down."""
    sides = (
        (excursion.horizontal_m, excursion.horizontal_low_m, excursion.horizontal_off_m),
        (excursion.vertical_m, excursion.vertical_low_m, excursion.vertical_off_m),
    )
    across, up = (between(max(0.0, low), far, far + off, "m") for far, low, off in sides)
    return across, up


def surely(excursion: Excursion) -> Grade:
    """Whether it was outside, as far as positions can tell."""
    doubtful = 2 * excursion.doubtful > excursion.reports
    shown = excursion.surest_m > 0 and not doubtful
    return Grade.SHOWN if shown else Grade.CANNOT_BE_TOLD


def ground_of(excursion: Excursion) -> Ground:
    """What decides that."""
    if 2 * excursion.doubtful > excursion.reports:
        return Ground(
            "positions-doubtful",
            {"doubtful": float(excursion.doubtful), "reports": float(excursion.reports)},
        )
    if excursion.untimely:
        return Ground("not-its-time", {"reports": float(excursion.untimely)})
    code = "outside-own-volumes" if excursion.surest_m > 0 else "within-uncertainty"
    return Ground(
        code,
        {
            "distance_m": excursion.horizontal_m,
            "position_m": excursion.horizontal_off_m,
            "vertical_m": excursion.vertical_m,
        },
    )


def further(
    excursion: Excursion,
    tracked: Tracked,
    row: int,
    margin_m: tuple[float, float],
    *,
    timely: bool,
) -> None:
    """One more position outside.

    Args:
        excursion: changed by it.
        tracked: positions.
        row: of it.
        margin_m: to the nearest own volume, horizontally and vertically: below zero outside, NaN
            if that is not known.
        timely: whether any own volume is meant for its time.
    """
    reports = tracked.reports
    across_m, up_m = one_way(float(reports.horizontal_m[row])), float(reports.vertical_m[row])
    horizontal_m, vertical_m = margin_m
    out_m = max(0.0, -horizontal_m) if timely else 0.0
    high_m = max(0.0, -_number(vertical_m)) if timely else 0.0
    # each position is two looks: one to the side, one up and down
    look = 2 * excursion.reports + 1
    out_low_m = out_m - picked_out(across_m, 0.0, look, excursion.occasion)
    high_low_m = high_m - picked_out(up_m, 0.0, look + 1, excursion.occasion)
    if out_m > excursion.horizontal_m:
        excursion.horizontal_m, excursion.horizontal_off_m = out_m, across_m
        excursion.horizontal_low_m = out_low_m
    if high_m > excursion.vertical_m:
        excursion.vertical_m, excursion.vertical_off_m = high_m, up_m
        excursion.vertical_low_m = high_low_m
    surest_m = max(out_low_m, high_low_m) if timely else 1.0e9
    excursion.surest_m = max(excursion.surest_m, surest_m)
    excursion.last_us = int(reports.time_us[row])
    if surest_m > 0:
        excursion.sure_from_us = excursion.sure_from_us or excursion.last_us
        excursion.sure_until_us = excursion.last_us
    excursion.reports += 1
    excursion.doubtful += bool(tracked.flags[row] & Flag.INCONSISTENT)
    excursion.untimely += not timely
    excursion.unknown_altitude += math.isnan(float(reports.altitude_m[row]))
    excursion.assumed += int(reports.basis[row]) == Basis.ASSUMED
    excursion.derived += int(reports.basis[row]) == Basis.DERIVED
    source = reports.sources[int(reports.source[row])].name
    if source not in excursion.sources:
        excursion.sources = tuple(sorted((*excursion.sources, source)))


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value
