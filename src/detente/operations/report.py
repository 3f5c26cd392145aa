"""The report of a check as one page that needs nothing else: a map, a list, a profile, the reasons.

If flights were planned otherwise afterwards, it shows both: before, and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from detente.geo import (
    Circle,
    Encounter,
    Outline,
    Volume4D,
    circle_polygon,
    intersection_outline,
)
from detente.operations.approach import Approach, Closeness
from detente.operations.check import CheckResult, FlightConflict
from detente.operations.flights import Flight, Track
from detente.operations.instants import format_clock
from detente.operations.report_after import Change, NowPlanned, afterwards
from detente.operations.report_frame import asset, both, framed, write_whole
from detente.words import Words, bilingual

_TITLE: Final = Words("Conflicts of planned flights", "Conflits entre vols prévus")
_SCRIPTS: Final = ("profile.js", "listing.js", "page.js")
# 1e-5 degree, 1.1 m: below what the page can show.
_PER_DEGREE: Final = 100_000
_TRACK_POINTS_MAX: Final = 400_000


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the page says beside the result; a plain string says the same in both languages.

    Attributes:
        title, subtitle: its heading.
        own_label, other_label: what the two sides are called; by default the parties' names.
        figures: further numbers for the top, as (name, value).
        notes: further sentences for the foot.
        made_at_us: when the report was made; left out if None.
    """

    title: str | Words = _TITLE
    subtitle: str | Words = ""
    own_label: str | Words = ""
    other_label: str | Words = ""
    figures: tuple[tuple[str | Words, str | Words], ...] = ()
    notes: tuple[str | Words, ...] = ()
    made_at_us: int | None = None


def report_page(
    result: CheckResult,
    own: Sequence[Flight],
    others: Sequence[Flight],
    text: ReportText | None = None,
    changes: Sequence[Change] | None = None,
) -> str:
    """The page as HTML.

    Args:
        result: what `check` found.
        own, others: the flights that it compared.
        text: what else is said.
        changes: the flights that are planned otherwise now: then the page shows before and after;
            None if it has no after.
    """
    text = text or ReportText()
    return framed(
        bilingual(text.title),
        asset("page.html"),
        _data(result, own, others, text, changes),
        scripts=[asset(each) for each in _SCRIPTS],
        styles=[asset("page.css")],
        switches=asset("moments.html"),
    )


def write_report(
    path: Path,
    result: CheckResult,
    own: Sequence[Flight],
    others: Sequence[Flight],
    text: ReportText | None = None,
    changes: Sequence[Change] | None = None,
) -> None:
    """Write the page; a reader never sees half of it. Arguments as of `report_page`.

    Raises:
        OSError: when it cannot be written.
    """
    write_whole(path, report_page(result, own, others, text, changes))


def _data(
    result: CheckResult,
    own: Sequence[Flight],
    others: Sequence[Flight],
    text: ReportText,
    changes: Sequence[Change] | None,
) -> dict[str, Any]:
    sides = [*((flight, 0) for flight in own), *((flight, 1) for flight in others)]
    position = {id(flight): number for number, (flight, _) in enumerate(sides)}
    met = {id(f) for conflict in result.conflicts for f in (conflict.own, conflict.other)}
    planned = None if changes is None else NowPlanned(changes)
    points = sum(len(flight.track) for flight, _ in sides if flight.track is not None)
    every = -(-points // _TRACK_POINTS_MAX) or 1
    notes = [*result.assumptions, *text.notes]
    if every > 1:
        notes.append(
            Words(
                f"Tracks of flights without conflicts are drawn with one point in {every}.",
                f"Les trajectoires des vols sans conflit sont tracées avec un point sur {every}.",
            )
        )
    if text.made_at_us is not None:
        made = format_clock(text.made_at_us, date=True)
        notes.append(Words(f"Made {made} UTC.", f"Établi le {made} UTC."))
    return {
        "title": both(text.title),
        "subtitle": both(text.subtitle),
        "sides": [
            both(text.own_label or _parties(own) or Words("own flights", "nos vols")),
            both(
                bilingual(
                    text.other_label or _parties(others) or Words("other flights", "autres vols")
                )
            ),
        ],
        "counts": _counts(result),
        "figures": [[both(name), both(value)] for name, value in text.figures],
        "notes": [both(note) for note in notes],
        "close": {"h": result.closeness.horizontal_m, "v": result.closeness.vertical_m},
        "flights": [
            _flight(flight, side, planned, in_conflict=id(flight) in met, every=every)
            for flight, side in sides
        ],
        "conflicts": [
            _conflict(conflict, position, planned, result.closeness)
            for conflict in result.conflicts
        ],
        "after": planned is not None,
    }


def _parties(flights: Sequence[Flight]) -> str:
    names = list(dict.fromkeys(flight.party for flight in flights if flight.party))
    return ", ".join(names[:3]) + ("…" if len(names) > 3 else "")


def _counts(result: CheckResult) -> list[tuple[str, int]]:
    # Keys of the page's phrasebook.
    counts = [
        ("flights", result.own_flights + result.other_flights),
        ("volumes", result.own_volumes + result.other_volumes),
        ("conflicts", len(result.conflicts)),
        ("closeness", result.count("closeness")),
        ("width", result.count("width")),
    ]
    if unknown := result.count("unknown"):
        counts.append(("unknown", unknown))
    return counts


def _flight(
    flight: Flight, side: int, planned: NowPlanned | None, *, in_conflict: bool, every: int
) -> dict[str, Any]:
    change = None if planned is None else planned.change(flight)
    after: dict[str, Any] | None = None
    if change is not None:
        after = {"words": both(change.words), "track": None, "volumes": []}
        if change.after is not None:
            after |= _shape(change.after, in_conflict=True, every=every)
    return {
        "id": flight.flight_id,
        "name": flight.name,
        "party": flight.party,
        "side": side,
        **_shape(flight, in_conflict=in_conflict or change is not None, every=every),
        "after": after,
    }


def _shape(flight: Flight, *, in_conflict: bool, every: int) -> dict[str, Any]:
    # Volumes are drawn for conflicts, and where there is no track to draw.
    drawn = flight.volumes if in_conflict or flight.track is None else ()
    return {
        "track": None
        if flight.track is None
        else _track(flight.track, 1 if in_conflict else every),
        "volumes": [packed_volume(each) for each in drawn],
    }


def packed_volume(volume: Volume4D) -> list[Any]:
    """A volume for a page: from and until when, s; lower and upper altitude, m; its outline."""
    return [
        seconds(volume.time_start_us),
        seconds(volume.time_end_us),
        rounded(volume.altitude_lower_m),
        rounded(volume.altitude_upper_m),
        ring(outline_vertices(volume.outline)),
    ]


def _track(track: Track, every: int) -> list[list[int]]:
    keep = np.arange(0, len(track), every)
    if keep[-1] != len(track) - 1:
        keep = np.append(keep, len(track) - 1)
    columns = (
        track.time_us[keep] / 1e6,
        track.lat_deg[keep] * _PER_DEGREE,
        np.degrees(np.unwrap(np.radians(track.lng_deg[keep]))) * _PER_DEGREE,
        track.altitude_m[keep],
    )
    return [np.diff(np.rint(column).astype(np.int64), prepend=0).tolist() for column in columns]


def outline_vertices(outline: Outline) -> Sequence[tuple[float, float]]:
    """Corners to be drawn, (latitude, longitude); of a circle, those of a polygon around it."""
    polygon = circle_polygon(outline, 48) if isinstance(outline, Circle) else outline
    return polygon.vertices


def ring(vertices: Sequence[tuple[float, float]]) -> list[int]:
    """Positions as the page's script reads them: 1e-5 degree, each a difference to the last."""
    whole = [(round(lat * _PER_DEGREE), round(lng * _PER_DEGREE)) for lat, lng in vertices]
    flat = list(whole[0])
    for (lat_1, lng_1), (lat_2, lng_2) in pairwise(whole):
        flat += (lat_2 - lat_1, lng_2 - lng_1)
    return flat


def _conflict(
    conflict: FlightConflict,
    position: dict[int, int],
    planned: NowPlanned | None,
    closeness: Closeness,
) -> dict[str, Any]:
    return {
        "a": position[id(conflict.own)],
        "b": position[id(conflict.other)],
        "cause": conflict.cause,
        "t0": seconds(conflict.time_start_us),
        "t1": seconds(conflict.time_end_us),
        "low": rounded(conflict.altitude_lower_m),
        "high": rounded(conflict.altitude_upper_m),
        "lat": round(conflict.lat_deg, 6),
        "lng": round(conflict.lng_deg, 6),
        **_apart(conflict.approach),
        "en": conflict.reason_en,
        "fr": conflict.reason_fr,
        "encounters": [
            _encounter(conflict.own, conflict.other, each) for each in conflict.encounters
        ],
        "after": None if planned is None else _after(conflict, planned, closeness),
    }


def _after(conflict: FlightConflict, planned: NowPlanned, closeness: Closeness) -> dict[str, Any]:
    own, other = planned.now(conflict.own), planned.now(conflict.other)
    left = afterwards(conflict, own, other, closeness)
    encounters = []
    if own is not None and other is not None:
        encounters = [_encounter(own, other, each) for each in left.encounters]
    return {**_apart(left.approach), "encounters": encounters}


def _apart(approach: Approach | None) -> dict[str, Any]:
    return {
        "ct": None if approach is None else round(approach.time_us / 1e6, 3),
        "h": 0.0 if approach is None else round(approach.horizontal_m, 1),
        "v": 0.0 if approach is None else round(approach.vertical_m, 1),
    }


def _encounter(own: Flight, other: Flight, encounter: Encounter) -> list[Any]:
    shared = intersection_outline(own.volumes[encounter.first], other.volumes[encounter.second])
    return [
        encounter.first,
        encounter.second,
        seconds(encounter.time_start_us),
        seconds(encounter.time_end_us),
        rounded(encounter.altitude_lower_m),
        rounded(encounter.altitude_upper_m),
        [] if shared is None else ring(shared.vertices),
    ]


def seconds(time_us: int | None) -> float | None:
    """A time for the page: seconds since 1970, to the millisecond."""
    return None if time_us is None else round(time_us / 1e6, 3)


def rounded(value: float | None) -> float | None:
    """Metres for the page, to 10 cm."""
    return None if value is None else round(value, 1)
