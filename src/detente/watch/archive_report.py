"""The report page of a run over an archive: its tracks are read once more, around what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detente.feeds import ArchiveOptions
from detente.words import Words, number

from .archive_files import ArchiveFile
from .archive_order import OrderedArchive
from .archive_outcome import Outcome
from .archive_tracks import track_points
from .archive_work import Layout, WorkFolder
from .engine_rules import WatchSetup
from .report import Report, Summary, write_report
from .report_events import windows
from .report_sources import InputFile

_TITLE: Final = Words("What the watch found", "Ce que la surveillance a trouvé")
_READ: Final = Words("Positions that were read: {}.", "Positions lues\u202f: {}.")
_UNUSED: Final = Words("Not used: {}.", "Non utilisés\u202f: {}.")


def write_archive_report(
    path: Path,
    files: Sequence[ArchiveFile],
    options: ArchiveOptions,
    setup: WatchSetup,
    work: WorkFolder,
    summary: Summary,
    outcome: Outcome,
    *,
    made_at_us: int,
    events_file: str = "",
    title: Words = _TITLE,
) -> None:
    """Read the tracks around the events that are shown, and write the page.

    Args:
        path: of the page.
        files, options, setup, work: of the run, as for `ArchiveRun`.
        summary, outcome: what it came to.
        made_at_us: µs since 1970.
        events_file: name of the file that holds all events; "" if there is none.
        title: heading of the page.

    Raises:
        OutputUnusable: it cannot be written.
        ArchiveError: a file cannot be read any more.
    """
    archive = OrderedArchive(files, options, work.path, work.layout() or Layout())
    wanted = [window for each in summary.shown for window in windows(each)]
    write_report(
        path,
        Report(
            summary=summary,
            tracks=track_points(archive.reports(), wanted) if wanted else {},
            boundaries=setup.boundaries,
            stand_off=setup.stand_off,
            own_volumes=setup.own_volumes,
            files=[
                InputFile(file.name, file.bytes, digest)
                for file, digest in zip(files, outcome.digests, strict=True)
            ],
            remarks=[*_what_was_read(outcome), *outcome.assumptions],
            looked=outcome.reports > sum(outcome.taken_out.values()),
            events_file=events_file,
            title=title,
            made_at_us=made_at_us,
        ),
    )


def _what_was_read(outcome: Outcome) -> list[Words]:
    """How many positions the findings rest upon, and what was left out of them, by reason."""
    told = [_filled(_READ, number(outcome.reports))]
    unused = sorted({**outcome.dropped, **outcome.taken_out}.items())
    if unused:
        counts = [(name, number(count)) for name, count in unused]
        listed = Words(
            ", ".join(f"{name} {count.en}" for name, count in counts),
            ", ".join(f"{name} {count.fr}" for name, count in counts),
        )
        told.append(_filled(_UNUSED, listed))
    return told


def _filled(sentence: Words, what: Words) -> Words:
    return Words(sentence.en.format(what.en), sentence.fr.format(what.fr))
