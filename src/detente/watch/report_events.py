"""Events as the page takes them: figures, grounds in sentences, tracks, and the border near by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detente.boundaries import Boundary, BoundarySet
from detente.operations import both

from .archive_tracks import TrackPoints, Window
from .events import Event, Ground, Interval, Place
from .grading import GROUNDS
from .ground_figures import figure_words
from .outputs_table import INTERVALS
from .own_volumes import OwnVolumes
from .report_borders import GeoBox, Line, border_lines, box_of, rings_of
from .report_claims import claims_of, spot_of
from .report_limits import Limits, reach_m
from .report_volumes import volumes_data
from .stand_off_rules import Limit

DEPTH_LIMIT_M: Final = 100_000.0
"""Depths are drawn up to here."""
_MARGIN_LEAST_S: Final = 60.0
_MARGIN_MOST_S: Final = 900.0
_DETAIL_VERTICES: Final = 1_200
_OVERVIEW_VERTICES: Final = 20_000
_AROUND_M: Final = 3_000.0
_PER_DEGREE: Final = 1_000_000
"""1e-6 degree, 0.1 m: short incursions are looked at closely."""


def windows(event: Event) -> tuple[Window, ...]:
    """The stretches of tracks that show an event: half as long again before and after."""
    ended_us = _until_us(event)
    lasted_s = (ended_us - event.began_us) / 1e6
    margin_us = round(1e6 * min(_MARGIN_MOST_S, max(_MARGIN_LEAST_S, lasted_s / 2)))
    span = event.began_us - margin_us, ended_us + margin_us
    names = (event.aircraft, event.other) if event.other else (event.aircraft,)
    return tuple(Window(each, *span) for each in names)


def _until_us(event: Event) -> int:
    """When it ended; for one that lasts, until when it is known to have lasted."""
    if event.ended_us is not None:
        return event.ended_us
    lasted_s = 0.0 if event.duration_s is None else event.duration_s.value
    return event.began_us + (round(lasted_s * 1e6) if math.isfinite(lasted_s) else 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """The events of a page and what they are drawn with.

    Attributes:
        events: themselves.
        tracks: positions by window.
        boundaries: that were watched; None: none.
        numbers: of the boundaries that the page has, by id.
        limits: distances that were agreed upon.
        own_volumes: that aircraft declared.
    """

    events: Sequence[Event]
    tracks: Mapping[Window, TrackPoints]
    boundaries: BoundarySet | None
    numbers: Mapping[str, int]
    limits: Limits
    own_volumes: Sequence[OwnVolumes] = ()
    _areas: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.boundaries is not None:
            for area, each in enumerate(self.boundaries.boundaries):
                self._areas[each.id] = area

    def boundary(self, event: Event) -> Boundary | None:
        """That an event is about."""
        area = self._areas.get(event.boundary)
        if self.boundaries is None or area is None:
            return None
        return self.boundaries.boundaries[area]

    def depths(self, event: Event, points: TrackPoints) -> npt.NDArray[np.float64] | None:
        """How deep each position is inside the event's boundary, metres; negative outside."""
        area = self._areas.get(event.boundary)
        if self.boundaries is None or area is None or not len(points):
            return None
        areas = np.full(len(points), area, dtype=np.int32)
        found = self.boundaries.index.signed_depth(
            points.lat_deg, points.lng_deg, areas, DEPTH_LIMIT_M
        )
        return found.depth_m

    def overview(self) -> list[tuple[list[list[int]], float]]:
        """The lines of each boundary of the page, around all its events, and how coarse: metres."""
        events: dict[str, list[Event]] = {each: [] for each in self.numbers}
        for event in self.events:
            boundary = self.boundary(event)
            if boundary is not None:
                events[boundary.id].append(event)
        share = _OVERVIEW_VERTICES // max(1, len(events))
        lines: list[tuple[list[list[int]], float]] = []
        for some in events.values():
            boundary = self.boundary(some[0])
            places = [place for each in some for place in _places(each, self.tracks)]
            box = box_of(*zip(*places, strict=True)) if places else None
            if box is None or boundary is None:
                lines.append(([], 0.0))
                continue
            around = box.grown(max(30_000.0, box.size_m / 2))
            found, off_m = border_lines(rings_of(boundary), around, share)
            lines.append(([_packed(each) for each in found], round(off_m, 1)))
        return lines

    def claims(self) -> list[list[dict[str, Any]] | None]:
        """Who else claims the place of each event; see `claims_of`."""
        until_us = [_until_us(each) for each in self.events]
        spots = [
            spot_of(each, self.tracks.get(windows(each)[0]), until)
            for each, until in zip(self.events, until_us, strict=True)
        ]
        return claims_of(self.events, spots, until_us, self.boundaries)


def event_data(shown: Shown, event: Event) -> dict[str, Any]:
    """One event for the page."""
    stretches = [shown.tracks.get(each) for each in windows(event)]
    track = stretches[0] if stretches[0] is not None and len(stretches[0]) else None
    other = stretches[1] if len(stretches) > 1 else None
    boundary, limit = shown.boundary(event), shown.limits.of(event)
    near = _near(event, track)
    middle = near and [(near.south + near.north) / 2, (near.west + near.east) / 2]
    return {
        "kind": str(event.kind),
        "grade": str(event.grade),
        "who": event.callsign or event.aircraft,
        "aircraft": event.aircraft,
        "party": event.party,
        "other": event.other,
        "against": event.rule or event.boundary or event.other,
        "rule": event.rule,
        "boundary": None if boundary is None else shown.numbers[boundary.id],
        "limit": None if limit is None else shown.limits.number(limit),
        "unsure": _unsure_m(event, boundary, limit),
        "t0": event.began_us / 1e6,
        "t1": None if event.ended_us is None else event.ended_us / 1e6,
        "entry": _place(event.entry),
        "exit": _place(event.exit),
        "deepest": _place(event.deepest),
        "place": _mark(event) or middle or None,
        "figures": [
            [name, *_figure(getattr(event, name))]
            for name in INTERVALS
            if getattr(event, name) is not None
        ],
        "grounds": [_ground(each) for each in event.grounds],
        "volumes": volumes_data(event, _until_us(event), shown.own_volumes),
        "reports": event.reports,
        "basis": event.basis,
        "track": None if track is None else _track(shown, event, track),
        "otherTrack": None if other is None or not len(other) else _columns(other),
        "border": [] if near is None else [_packed(each) for each in _lines(shown, event, near)],
    }


def _lines(shown: Shown, event: Event, near: GeoBox) -> list[Line]:
    """What an event is measured from, around it."""
    boundary, limit = shown.boundary(event), shown.limits.of(event)
    around_m = max(_AROUND_M, near.size_m / 2)
    if limit is not None:
        lines, around_m = shown.limits.lines(limit), max(around_m, reach_m(event, limit))
    elif boundary is not None:
        lines = rings_of(boundary)
    else:
        return []
    return border_lines(lines, near.grown(around_m), _DETAIL_VERTICES)[0]


def _ground(ground: Ground) -> dict[str, Any]:
    told = [both(figure_words(name, value)) for name, value in ground.figures.items()]
    return {**both(GROUNDS[ground.code]), "figures": told}


def _track(shown: Shown, event: Event, track: TrackPoints) -> dict[str, Any]:
    """With how deep each position was inside, or how far from the line that was to be kept from."""
    columns, limit = _columns(track), shown.limits.of(event)
    if limit is not None:
        away_m = shown.limits.distance_m(limit, track)
        return columns if away_m is None else {**columns, "away": _rounded(away_m)}
    depth_m = shown.depths(event, track)
    return columns if depth_m is None else {**columns, "depth": _rounded(depth_m)}


def _unsure_m(event: Event, boundary: Boundary | None, limit: Limit | None) -> float:
    """How far the border may be off where the event was: it is not equally sure everywhere."""
    if limit is not None:
        return limit.uncertainty_dm / 10
    for ground in event.grounds:
        told = ground.figures.get("boundary_m")
        if isinstance(told, float):
            return round(told, 1)
    return 0.0 if boundary is None else round(boundary.uncertainty_m, 1)


def _near(event: Event, track: TrackPoints | None) -> GeoBox | None:
    """Where an event happened: its ends, and its track meanwhile."""
    places = [each for each in (event.entry, event.exit) if each is not None]
    lat, lng = [each.lat_deg for each in places], [each.lng_deg for each in places]
    if track is not None:
        until_us = _until_us(event)
        during = (track.time_us >= event.began_us) & (track.time_us <= until_us)
        lat += track.lat_deg[during].tolist()
        lng += track.lng_deg[during].tolist()
        if not lat:
            lat, lng = track.lat_deg.tolist(), track.lng_deg.tolist()
    return box_of(lat, lng)


def _places(event: Event, tracks: Mapping[Window, TrackPoints]) -> list[tuple[float, float]]:
    near = _near(event, tracks.get(windows(event)[0]))
    return [] if near is None else [(near.south, near.west), (near.north, near.east)]


def _mark(event: Event) -> list[float] | None:
    place = event.deepest or event.entry or event.exit
    return None if place is None else [place.lat_deg, place.lng_deg]


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "lat": place.lat_deg,
        "lng": place.lng_deg,
        "alt": place.altitude_m,
        "t": place.time_us / 1e6,
        "radius": _finite(place.radius_m),
        "spread": _finite(place.spread_s),
    }


def _figure(figure: Interval) -> tuple[float | None, float | None, float | None, str]:
    return _finite(figure.value), _finite(figure.low), _finite(figure.high), figure.unit


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def _columns(points: TrackPoints) -> dict[str, list[int] | list[float | None]]:
    return {
        "t": _differences(points.time_us // 1000),
        "lat": _differences(np.rint(points.lat_deg * _PER_DEGREE).astype(np.int64)),
        "lng": _differences(np.rint(points.lng_deg * _PER_DEGREE).astype(np.int64)),
        "alt": _rounded(points.altitude_m),
        "radius": _rounded(points.horizontal_m),
        "half": _rounded(points.vertical_m),
    }


def _differences(values: npt.NDArray[np.int64]) -> list[int]:
    whole: list[int] = np.diff(values, prepend=0).tolist()
    return whole


def _rounded(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [round(each, 1) if math.isfinite(each) else None for each in values.tolist()]


def _packed(line: Line) -> list[int]:
    """Integers of 1e-6 degree, latitude first, each pair but the first a difference."""
    whole = np.rint(line[:, ::-1] * _PER_DEGREE).astype(np.int64)
    flat: list[int] = np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel().tolist()
    return flat
