"""One run of `detente watch`: what is asked, done, written and shown."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detente.words import Language, Words

if TYPE_CHECKING:
    from detente.boundaries import Boundary
    from detente.feeds import ArchiveOptions
    from detente.watch import ArchiveFile, Outcome, Progress, Summary, WatchSetup, WorkFolder

_BYTES_EACH: Final = 32 << 20
"""What one process reads in less time than it takes to begin another."""
_LOOKING: Final = Words("looking through the files", "examen des fichiers")
_WATCHING: Final = Words("watching", "surveillance")
_COMPILING: Final = Words("compiling the boundaries", "compilation des limites")
_REPORTS: Final = Words(
    "{reports} reports, {events} events", "{reports} positions, {events} événements"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is about.

    Attributes:
        boundaries: names or files; none: the default; None: crossings are not looked for.
        volumes, rules: files.
    """

    boundaries: tuple[str, ...] | None
    volumes: tuple[Path, ...]
    rules: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A run that can begin.

    Attributes:
        files: that are read, with `options`.
        setup: what they are watched for.
        folder: where work in progress is kept.
        jobs: cores that work; `workers` is the address of a cluster instead.
    """

    files: tuple[ArchiveFile, ...]
    options: ArchiveOptions
    setup: WatchSetup
    folder: WorkFolder
    jobs: int
    workers: str | None

    def watch(self, tell: Callable[[Progress], None]) -> Outcome:
        """Run to the end. Raises as `ArchiveRun.watch` and `ClusterRun.watch`."""
        from detente.watch import ArchiveRun, ClusterRun

        if self.workers is not None:
            return ClusterRun(
                self.workers, self.files, self.options, self.setup, self.folder, tell=tell
            ).watch()
        return ArchiveRun(
            self.files, self.options, self.setup, self.folder, jobs=self.jobs, tell=tell
        ).watch()


def set_up(asked: Asked, language: Language) -> WatchSetup:
    """Load what is asked. Raises as `load_boundaries` and `read_rules`."""
    from detente.boundaries import load_boundaries
    from detente.watch import read_rules

    boundaries = None
    if asked.boundaries is not None:
        with _bar() as show:
            boundaries = load_boundaries(
                asked.boundaries, progress=lambda share: show(_COMPILING.to(language), share)
            )
    return read_rules(asked.rules, boundaries=boundaries, volumes=asked.volumes)


def question(asked: Asked, setup: WatchSetup, options: ArchiveOptions) -> bytes:
    """A hash of all that the answer depends on, besides the files: see `run_key`."""
    digest = hashlib.sha256(repr(sorted(options.columns.items())).encode())
    told = {each: getattr(options, each) for each in options.__slots__ if each != "columns"}
    digest.update(repr(told).encode())
    for each in () if setup.boundaries is None else setup.boundaries.boundaries:
        digest.update(boundary_digest(each))
    for path in (*asked.rules, *asked.volumes):
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if file.is_file():
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.digest()


def boundary_digest(boundary: Boundary) -> bytes:
    """SHA-256 over all of a boundary, however it was imported: its lines, whose, how sure."""
    lines = boundary.polygons, boundary.shared
    told = {
        each: getattr(boundary, each)
        for each in boundary.__slots__
        if each not in ("polygons", "shared")
    }
    digest = hashlib.sha256(repr(told).encode())
    for arrays in lines:
        digest.update(repr([[each.shape for each in part] for part in arrays]).encode())
        for array in (each for part in arrays for each in part):
            digest.update(array.tobytes())
    return digest.digest()


def cores_for(files: Sequence[ArchiveFile]) -> int:
    """How many processes are worth their start: all cores, but for small archives."""
    size = sum(each.bytes for each in files)
    return min(len(os.sched_getaffinity(0)), 1 + size // _BYTES_EACH)


def work_folder(given: Path | None) -> Path:
    """Where work in progress is kept: `given`, or the user's folder for what can be made again."""
    if given is not None:
        return given
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "detente" / "watch"


@contextmanager
def told(language: Language) -> Iterator[Callable[[Progress], None]]:
    """Shows progress on a terminal, and on nothing else."""
    with _bar() as show:

        def tell(progress: Progress) -> None:
            if progress.looking:
                show(_LOOKING.to(language), progress.share)
                return
            counts = _REPORTS.to(language).format(
                reports=f"{progress.reports:,}", events=f"{progress.events:,}"
            )
            show(f"{_WATCHING.to(language)}: {counts}", progress.share)

        yield tell


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
    if not sys.stderr.isatty():
        yield lambda text, share: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    ) as shown:
        task = shown.add_task("", total=1.0, start=False)

        def show(text: str, share: float) -> None:
            shown.start_task(task)
            shown.update(task, description=text, completed=share)

        yield show


def write_outputs(paths: Sequence[Path], job: Job) -> dict[Path, int]:
    """Write the events; how many each file leaves out. Raises as `write_events`."""
    from detente.watch import EventStore, write_events

    sources = job.setup.sources
    left_out = {}
    for path in paths:
        with EventStore(job.folder.events, None) as events:
            left_out[path] = write_events(events, path, sources)
    return left_out


def write_page(path: Path, job: Job, summary: Summary, outcome: Outcome, events_file: str) -> None:
    """Write the page. Raises as `write_archive_report`."""
    from detente.watch import write_archive_report

    write_archive_report(
        path,
        job.files,
        job.options,
        job.setup,
        job.folder,
        summary,
        outcome,
        made_at_us=time.time_ns() // 1000,
        events_file=events_file,
    )
