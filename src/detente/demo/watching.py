"""Recorded flights held against borders: what `detente watch` does, for the demonstration."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from detente.boundaries import BoundarySet, BoundaryStore, load_boundaries
from detente.feeds import ArchiveOptions
from detente.watch import (
    ArchiveRun,
    Event,
    EventStore,
    Grade,
    Outcome,
    WorkFolder,
    archive_files,
    read_rules,
    run_key,
    summary_of,
    write_archive_report,
    write_events,
)
from detente.words import Words

COARSE: Final = "country-coder"
EXACT: Final = "maritime-10m"
INCONSISTENT: Final = "positions-inconsistent"
"""Ground of what rests on positions that cannot be true."""


@dataclass(frozen=True, slots=True)
class Archives:
    """Recorded positions that are watched.

    Attributes:
        day: a day of flights, whose crossings are counted with each source.
        incursions: flights along a border, from France into Spain; None: they are left out.
        spoofed: a flight whose receiver was deceived; None: it is left out.
    """

    day: Path
    incursions: Path | None = None
    spoofed: Path | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watch over one archive came to.

    Attributes:
        archive: name of its file.
        events: in the order of time.
        outcome: what was read, and what of it was not used.
        page: its report.
    """

    archive: str
    events: Sequence[Event]
    outcome: Outcome
    page: Path


def sources(store: BoundaryStore) -> tuple[str, ...]:
    """The sources of borders that are there, of the two that are compared."""
    return (COARSE, EXACT) if EXACT in store.names() else (COARSE,)


def borders(names: Sequence[str], claimants: Sequence[str], store: BoundaryStore) -> BoundarySet:
    """What these claim, by each source; everybody's if none are named. As `load_boundaries`."""
    tail = f":{','.join(claimants)}" if claimants else ""
    return load_boundaries([f"{each}{tail}" for each in names], store=store)


def watch(
    path: Path,
    boundaries: BoundarySet,
    page: Path,
    title: Words,
    made_at_us: int,
    tell: Callable[[float], None],
) -> Watched:
    """Watch an archive; write its report page, and all events beside it (`.parquet`).

    Args:
        path: of the archive.
        boundaries: that may be crossed.
        page: where the report is written.
        title: its heading.
        made_at_us: µs since 1970.
        tell: told the share that is done, from 0 to 1.

    Raises:
        DetenteError: the archive cannot be read, or something not be written.
    """
    files, options = archive_files([path]), ArchiveOptions()
    setup = read_rules(boundaries=boundaries)
    table = page.with_suffix(".parquet")
    with (
        TemporaryDirectory(prefix="watch-", dir=page.parent) as base,
        WorkFolder(Path(base), run_key(files, page.name.encode())) as work,
    ):
        outcome = ArchiveRun(
            files,
            options,
            setup,
            work,
            tell=lambda progress: tell(0.0 if progress.looking else progress.share),
        ).watch()
        with EventStore(work.events, None) as store:
            events = list(store)
        write_events(events, table, setup.sources)
        write_archive_report(
            page,
            files,
            options,
            setup,
            work,
            summary_of(events),
            outcome,
            made_at_us=made_at_us,
            events_file=table.name,
            title=title,
        )
    return Watched(path.name, events, outcome, page)


def entered(events: Iterable[Event], claimant: str) -> list[Event]:
    """The crossings into what somebody claims, whose beginning was seen."""
    return [each for each in events if each.claimant == claimant and each.entry is not None]


def doubted(events: Iterable[Event]) -> list[Event]:
    """Those that rest on positions that cannot be true."""
    return [each for each in events if any(ground.code == INCONSISTENT for ground in each.grounds)]


@dataclass(frozen=True, slots=True)
class Counts:
    """Crossings of a day by one source, by claimant and grade."""

    source: str
    by_claimant: Mapping[str, Mapping[Grade, int]]

    def of(self, grade: Grade) -> int:
        """All with this grade."""
        return sum(each.get(grade, 0) for each in self.by_claimant.values())


def counted(events: Iterable[Event], source: str) -> Counts:
    """The crossings by one source."""
    counts: defaultdict[str, Counter[Grade]] = defaultdict(Counter)
    for each in by_source(events, source):
        counts[each.claimant][each.grade] += 1
    return Counts(source, counts)


def by_source(events: Iterable[Event], source: str) -> list[Event]:
    """Those that one source of borders tells of."""
    return [each for each in events if each.boundary.partition("/")[0] == source]


@dataclass(frozen=True, slots=True)
class Compared:
    """Crossings of one source beside those of another.

    Attributes:
        both: the same crossing, as each tells it.
        only_one, only_other: what the other does not have.
    """

    both: Sequence[tuple[Event, Event]]
    only_one: Sequence[Event]
    only_other: Sequence[Event]

    def agreeing(self) -> int:
        """How many of both have depths whose intervals share something."""
        return sum(
            one.depth_nearest_m is not None
            and other.depth_nearest_m is not None
            and one.depth_nearest_m.low <= other.depth_nearest_m.high
            and other.depth_nearest_m.low <= one.depth_nearest_m.high
            for one, other in self.both
        )


def compared(one: Iterable[Event], other: Iterable[Event]) -> Compared:
    """Crossings are the same if aircraft and claimant are, and their times overlap."""
    theirs: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for each in other:
        theirs[each.aircraft, each.claimant].append(each)
    both: list[tuple[Event, Event]] = []
    alone: list[Event] = []
    for each in one:
        candidates = theirs[each.aircraft, each.claimant]
        met = next((its for its in candidates if _overlap(each, its)), None)
        if met is None:
            alone.append(each)
        else:
            candidates.remove(met)
            both.append((each, met))
    return Compared(both, alone, [each for rest in theirs.values() for each in rest])


def _overlap(one: Event, other: Event) -> bool:
    return one.began_us <= _end_us(other) and other.began_us <= _end_us(one)


def _end_us(event: Event) -> float:
    return float("inf") if event.ended_us is None else event.ended_us
