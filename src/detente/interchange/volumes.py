"""From what was understood to 4-D volumes: altitudes converted, times filled in and cut, checked.

Nothing is filled in that was not given: a piece without times takes those of the window, a piece
without limits those of the defaults, and if there are none it is named as a problem. A volume is
never smaller than what the file says: lower limits take the low end of what they may mean, upper
ones the high end, and lines become corridors that are never narrower than asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from detente.geo import Volume4D, VolumeError, VolumeLimits, validate_volume
from detente.operations import Corridor, CorridorError, Track, corridor_volumes
from detente.words import Words

from .altimetry import Altimetry, Interval
from .strips import strip
from .understood import (
    Level,
    Piece,
    Problem,
    Route,
    Span,
    Understood,
    Unread,
    refused,
    unread,
)

Position = tuple[int, float, float, float]
"""Time µs, latitude, longitude, altitude m W84: as `Intent.track` has them."""

VOLUMES_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a line is given.

    Attributes:
        half_width_m: to each side; a width that the file states goes before it.
        vertical_m: above and below.
        time_s: before and after.
    """

    half_width_m: float
    vertical_m: float
    time_s: float


Drawer = Callable[[Sequence[Position], Room], tuple[Volume4D, ...]]
"""Draws the corridor of a track."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where a volume comes from.

    Attributes:
        name, line: of the piece or route.
        lower, upper: what its limits may be, metres W84; the volume holds all of it.
        error_m: by how much the outline may reach beyond what is written.
    """

    name: str
    line: int
    lower: Interval
    upper: Interval
    error_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a file.

    Attributes:
        volumes: with all their bounds, each valid by itself.
        parts: where each volume comes from, in the same order.
        track: positions of the file's only timed route, if it has exactly one.
        problems: what could not be converted; none of it is in `volumes`.
        assumptions: what the conversion rests on.
    """

    volumes: tuple[Volume4D, ...]
    parts: tuple[Part, ...]
    track: tuple[Position, ...]
    problems: tuple[Problem, ...]
    assumptions: tuple[Words, ...]


def to_volumes(
    understood: Understood,
    altimetry: Altimetry,
    window: Span | None = None,
    *,
    room: Room | None = None,
    draw: Drawer | None = None,
    lower: Level | None = None,
    upper: Level | None = None,
    limits: VolumeLimits | None = None,
) -> Converted:
    """The volumes that a file means.

    Args:
        window: times of what has none; what has some is cut to it, and left out beyond it.
        room: for routes.
        draw: draws corridors around timed routes; `operations.corridor_volumes` if not given.
        lower, upper: limits of what has none.
        limits: of area and vertices; those of operational intents if not given.
    """
    limits = limits or VolumeLimits()
    volumes: list[Volume4D] = []
    parts: list[Part] = []
    problems: list[Problem] = []
    tracks: list[tuple[Position, ...]] = []
    for written in understood.pieces:
        piece = replace(written, lower=written.lower or lower, upper=written.upper or upper)
        try:
            _take(_of_piece(piece, altimetry, window), limits, volumes, parts)
        except Unread as found:
            problems.append(_problem(found, piece))
    for route in understood.routes:
        try:
            if route.timed and len(route.points) > 1:
                made, track = _of_timed(route, altimetry, room, draw)
                tracks.append(track)
            else:
                made = _of_line(route, altimetry, window, room)
            _take(made, limits, volumes, parts)
        except Unread as found:
            problems.append(_problem(found, route))
    return Converted(
        tuple(volumes),
        tuple(parts),
        tracks[0] if len(tracks) == 1 and not understood.pieces else (),
        tuple(problems),
        altimetry.says,
    )


Made = Iterator[tuple[Volume4D, Part]]


def _take(made: Made, limits: VolumeLimits, volumes: list[Volume4D], parts: list[Part]) -> None:
    """Add the volumes of one part: all, or none.

    Raises:
        Unread: one of them is not valid.
    """
    taken = []
    for volume, part in made:
        try:
            validate_volume(volume, limits)
        except VolumeError as problem:
            unread(
                problem.message,
                f"Le volume n’est pas valable ({problem.code})\u202f: {problem.message}",
                do_en=problem.advice or "",
                do_fr=problem.advice or "",
                line=part.line,
            )
        taken.append((volume, part))
        if len(volumes) + len(taken) > VOLUMES_MAX:
            unread(
                f"There would be more than {VOLUMES_MAX:,} volumes.",
                f"Il y aurait plus de {VOLUMES_MAX:,} volumes.",
                do_en="Choose a shorter time window, or divide the file.",
                do_fr="Choisissez une fenêtre plus courte, ou divisez le fichier.",
                line=part.line,
            )
    volumes += [volume for volume, _ in taken]
    parts += [part for _, part in taken]


def _problem(found: Unread, part: Piece | Route) -> Problem:
    return Problem(found.line or part.line, found.words, found.remedy, part.name)


def _of_piece(piece: Piece, altimetry: Altimetry, window: Span | None) -> Made:
    low = _interval(piece.lower, piece, altimetry, lower=True)
    high = _interval(piece.upper, piece, altimetry, lower=False)
    if low.low_m > high.high_m:
        unread(
            f"The lower limit, {piece.lower} ({low.low_m:,.1f} m W84), lies above the upper one, "
            f"{piece.upper} ({high.high_m:,.1f} m W84).",
            f"La limite inférieure, {piece.lower} ({low.low_m:,.1f} m W84), est au-dessus de la "
            f"supérieure, {piece.upper} ({high.high_m:,.1f} m W84).",
            do_en="Correct the limits.",
            do_fr="Corrigez les limites.",
            line=piece.line,
        )
    part = Part(piece.name, piece.line, low, high, piece.error_m)
    for start_us, end_us in _times(piece.spans, window, piece.line):
        yield Volume4D(piece.outline, low.low_m, high.high_m, start_us, end_us), part


def _interval(level: Level | None, piece: Piece, altimetry: Altimetry, *, lower: bool) -> Interval:
    if level is None:
        which, french = ("lower", "inférieure") if lower else ("upper", "supérieure")
        unread(
            f"No {which} limit is given.",
            f"Aucune limite {french} n’est donnée.",
            do_en=f"Give a {which} limit in the file, or for all that have none (--{which}).",
            do_fr=f"Donnez une limite {french} dans le fichier, ou pour tout ce qui n’en a pas "
            f"(--{which}).",
            line=piece.line,
        )
    return altimetry.interval(level, piece.outline, lower=lower)


def _times(spans: Sequence[Span], window: Span | None, line: int) -> list[tuple[int, int]]:
    """Spans with both ends, cut to the window.

    Raises:
        Unread: an end is open and there is no window, or all lie outside of it.
    """
    found: list[tuple[int, int]] = []
    for span in spans or (Span(None, None, line),):
        start, end = span.start_us, span.end_us
        if window is not None and window.start_us is not None:
            start = window.start_us if start is None else max(start, window.start_us)
        if window is not None and window.end_us is not None:
            end = window.end_us if end is None else min(end, window.end_us)
        if start is None or end is None:
            which, french = ("begins", "commence") if start is None else ("ends", "finit")
            unread(
                f"It is not said when it {which}.",
                f"On ne dit pas quand cela {french}.",
                do_en="Give the times in the file, or a time window for the import "
                "(--from, --until).",
                do_fr="Donnez les heures dans le fichier, ou une fenêtre de temps à l’import "
                "(--from, --until).",
                line=span.line or line,
            )
        if start < end:
            found.append((start, end))
    if not found:
        unread(
            "All its times lie outside of the time window, or end before they begin.",
            "Toutes ses heures sont hors de la fenêtre, ou finissent avant de commencer.",
            do_en="Choose another time window, or leave this out.",
            do_fr="Choisissez une autre fenêtre, ou laissez ceci de côté.",
            line=line,
        )
    return found


def _room(route: Route, room: Room | None) -> Room:
    if room is None:
        unread(
            "How much room the line needs is not stated.",
            "On n’a pas dit de combien de place la ligne a besoin.",
            do_en="State a corridor: half-width, height above and below, time before and after "
            "(--corridor 200m,60m,60s).",
            do_fr="Indiquez un couloir\u202f: demi-largeur, hauteur au-dessus et au-dessous, temps "
            "avant et après (--corridor 200m,60m,60s).",
            line=route.line,
        )
    return room if route.half_width_m is None else replace(room, half_width_m=route.half_width_m)


def _of_line(route: Route, altimetry: Altimetry, window: Span | None, room: Room | None) -> Made:
    """One volume a leg, each for the whole span: when it will be where is not known."""
    room = _room(route, room)
    slack_us = round(room.time_s * 1e6)
    times = [
        (start - slack_us, end + slack_us)
        for start, end in _times([route.span] if route.span else [], window, route.line)
    ]
    for one, other in pairwise(route.points):
        if (one.lat_deg, one.lng_deg) == (other.lat_deg, other.lng_deg):
            continue
        places = [(one.lat_deg, one.lng_deg), (other.lat_deg, other.lng_deg)]
        outline, error_m = strip(places, room.half_width_m, one.line)
        ends = [altimetry.interval(point.level, outline) for point in (one, other)]
        low = min(end.low_m for end in ends) - room.vertical_m
        high = max(end.high_m for end in ends) + room.vertical_m
        part = Part(route.name, one.line, Interval(low, low), Interval(high, high), error_m)
        for start_us, end_us in times:
            yield Volume4D(outline, low, high, start_us, end_us), part


def _of_timed(
    route: Route, altimetry: Altimetry, room: Room | None, draw: Drawer | None
) -> tuple[Made, tuple[Position, ...]]:
    room = _room(route, room)
    track: list[Position] = []
    spread_m = 0.0
    for point in route.points:
        if point.time_us is None:
            continue
        place = (point.lat_deg, point.lng_deg)
        found = altimetry.interval(point.level, place)
        spread_m = max(spread_m, (found.high_m - found.low_m) / 2)
        track.append((point.time_us, *place, (found.high_m + found.low_m) / 2))
    drawn = (draw or _corridor)(track, replace(room, vertical_m=room.vertical_m + spread_m))
    return (
        (
            (
                volume,
                Part(
                    route.name,
                    route.line,
                    Interval(volume.altitude_lower_m or 0.0, volume.altitude_lower_m or 0.0),
                    Interval(volume.altitude_upper_m or 0.0, volume.altitude_upper_m or 0.0),
                    0.035 * room.half_width_m,
                ),
            )
            for volume in drawn
        ),
        tuple(track),
    )


def _corridor(track: Sequence[Position], room: Room) -> tuple[Volume4D, ...]:
    times, lats, lngs, altitudes = zip(*track, strict=True)
    try:
        return corridor_volumes(
            Track(
                np.array(times, np.int64),
                np.array(lats, np.float64),
                np.array(lngs, np.float64),
                np.array(altitudes, np.float64),
            ),
            Corridor(room.half_width_m, room.vertical_m, room.time_s),
        )
    except CorridorError as problem:
        raise refused(
            problem.message,
            f"Le couloir n’est pas possible\u202f: {problem.message}",
            do_en=problem.advice or "",
            do_fr=problem.advice or "",
        ) from problem
