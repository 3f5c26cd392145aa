"""The report of a run as one page that needs nothing else: what was found, where, and how sure.

It opens from a disk, years later, without a network; the page is made as that of a check of plans
is (`detente.operations`): one script and one style, allowed by their hashes, and names, which come
from strangers, put in as text. A page shows `EVENTS_MAX` events, and tells how many there are.
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

from detente.boundaries import Boundary, BoundarySet
from detente.operations import asset, both, framed
from detente.words import Words

from .archive_tracks import TrackPoints, Window
from .events import Event, EventKind, Grade
from .outputs import put
from .own_volumes import OwnVolumes
from .report_events import Shown, event_data
from .report_limits import Limits, limit_data
from .report_sources import InputFile, notes, source_notes
from .stand_off_rules import Limit, StandOffRules

EVENTS_MAX: Final = 500
"""Events that a page shows: with their tracks, 10 MB."""
_TITLE: Final = Words("What the watch found", "Ce que la surveillance a trouvé")
_OWN: Final = (
    "watch_model.js",
    "watch_map.js",
    "watch_profile.js",
    "watch_figures.js",
    "watch_overview.js",
    "watch_page.js",
)
_HELD: Final = 1_000
_NEAR: Final = (EventKind.STAND_OFF, EventKind.APPROACH)
_ORDER: Final = {Grade.SHOWN: 0, Grade.CANNOT_BE_TOLD: 1, Grade.REFUTED: 2}


@dataclass(frozen=True, slots=True)
class Summary:
    """What was found, and the events that a page shows.

    Attributes:
        counts: events by kind, grade, and what they are about (boundary or rule).
        shown: those chosen, in the order of time; see `summary_of`.
    """

    counts: Mapping[tuple[str, str, str], int]
    shown: tuple[Event, ...]

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


def summary_of(events: Iterable[Event], most: int = EVENTS_MAX) -> Summary:
    """Count events, and choose those to be shown: the surest first, but a fifth of the room is for
    others if there are any; of a grade each kind in turn, and of a kind the largest first, or the
    nearest where it is about distances.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    chosen: defaultdict[tuple[EventKind, Grade], list[Event]] = defaultdict(list)
    for event in events:
        counts[str(event.kind), str(event.grade), event.rule or event.boundary] += 1
        alike = chosen[event.kind, event.grade]
        alike.append(event)
        if len(alike) >= 4 * most + _HELD:
            alike[:] = heapq.nsmallest(most, alike, key=_weight)
    turns = [
        (_ORDER[event.grade], turn, event)
        for _, some in sorted(chosen.items())
        for turn, event in enumerate(sorted(some, key=_weight))
    ]
    turns.sort(key=lambda each: each[:2])
    sure = [event for order, _, event in turns if order == 0]
    others = [event for order, _, event in turns if order != 0]
    room = most - min(len(others), most // 5)
    shown = sure[:room]
    shown += others[: most - len(shown)]
    return Summary(dict(sorted(counts.items())), tuple(sorted(shown, key=_when)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page tells.

    Attributes:
        summary: what was found.
        tracks: positions around the events that are shown, see `windows`.
        boundaries: that were watched.
        stand_off: distances from lines that were agreed upon; None: none were looked at.
        own_volumes: that aircraft declared.
        files: that were read.
        remarks: further sentences for the foot.
        events_file: name of the file that holds all events; "" if there is none.
        looked: whether there was any position to look at.
        title: its heading.
        made_at_us: when the report was made; None: not told.
    """

    summary: Summary
    tracks: Mapping[Window, TrackPoints] = field(default_factory=dict)
    boundaries: BoundarySet | None = None
    stand_off: StandOffRules | None = None
    own_volumes: Sequence[OwnVolumes] = ()
    files: Sequence[InputFile] = ()
    remarks: Sequence[Words] = ()
    events_file: str = ""
    looked: bool = True
    title: Words = _TITLE
    made_at_us: int | None = None


def report_page(report: Report) -> str:
    """The page as HTML."""
    return framed(
        report.title,
        _asset("watch.html"),
        _data(report),
        scripts=[asset("profile.js"), asset("listing.js"), *map(_asset, _OWN)],
        phrases=[_asset("watch_phrases.js")],
        styles=[_asset("watch.css")],
    )


def write_report(path: Path, report: Report) -> None:
    """Write the page; a reader never sees half of it.

    Raises:
        OutputUnusable: it cannot be written.
    """
    page = report_page(report)
    put(path, lambda beside: _written(beside, page))


def _written(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8")


def _weight(event: Event) -> tuple[int, float, int, str]:
    figures = (event.depth_nearest_m, event.duration_s)
    grave = next((abs(each.value) for each in figures if each is not None), 0.0)
    if event.distance_m is not None and event.kind in _NEAR:
        grave = -event.distance_m.value
    # Of those that are alike, as are all that were too deep to be told, not the earliest, but
    # those of some aircraft: so other claims of the same places are there, too.
    return _ORDER[event.grade], -grave, zlib.crc32(event.aircraft.encode()), event.id


def _when(event: Event) -> tuple[int, str]:
    return event.began_us, event.id


def _asset(name: str) -> str:
    folder = resources.files("detente.watch").joinpath("report_page")
    return folder.joinpath(name).read_text("utf-8")


def _data(report: Report) -> dict[str, Any]:
    summary = report.summary
    known = {} if report.boundaries is None else {
        each.id: each for each in report.boundaries.boundaries
    }  # fmt: skip
    used: dict[str, int] = {}
    for event in summary.shown:
        if event.boundary in known:
            used.setdefault(event.boundary, len(used))
    limits = Limits(report.stand_off)
    broken: dict[int, Limit] = {}
    for limit in map(limits.of, summary.shown):
        if limit is not None:
            broken[limits.number(limit)] = limit
    shown = Shown(summary.shown, report.tracks, report.boundaries, used, limits, report.own_volumes)
    lines = shown.overview()
    events = [event_data(shown, each) for each in summary.shown]
    for told, claims in zip(events, shown.claims(), strict=True):
        told["claims"] = claims
    return {
        "title": both(report.title),
        "counts": [[*key, count] for key, count in summary.counts.items()],
        "all": summary.events,
        "eventsFile": report.events_file,
        "looked": report.looked,
        "made": None if report.made_at_us is None else report.made_at_us / 1e6,
        "named": {
            each.id: {"id": each.id, "name": each.name, "claimant": each.claimant}
            for each in (known.get(against) for _, _, against in summary.counts)
            if each is not None
        },
        "boundaries": [_boundary(known[name], lines[number]) for name, number in used.items()],
        "limits": [limit_data(each) for each in broken.values()],
        "events": events,
        "notes": [
            both(each)
            for each in (
                *report.remarks,
                *notes(),
                *source_notes([known[each] for each in used] or list(known.values())),
            )
        ],
        "files": [
            {"name": each.name, "bytes": each.bytes, "sha256": each.sha256} for each in report.files
        ],
    }


def _boundary(boundary: Boundary, drawn: tuple[list[list[int]], float]) -> dict[str, Any]:
    lines, coarse_m = drawn
    return {
        "id": boundary.id,
        "name": boundary.name,
        "claimant": boundary.claimant,
        "kind": str(boundary.kind),
        "source": f"{boundary.source.title} {boundary.source.version}".strip(),
        "lines": lines,
        "coarse": coarse_m,
    }
