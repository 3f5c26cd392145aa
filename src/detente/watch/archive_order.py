"""An archive in the order of time, whatever order its files have.

All reports are ordered by time, those of the same time by file and place in it. Files that are
in that order already, one after another, are read as they stand, and nothing is written. Where one
is not, each file is looked through once: what is out of order is sorted in runs that fit into
memory, which wait in the work folder, and all is merged. What comes out is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from detente.feeds import ArchiveOptions, Counts, Reports, frame_of, joined, read_reports

from .archive_files import ArchiveFile
from .archive_merge import OutOfOrder, Stream, merged
from .archive_work import Laid, Layout, Run, WorkFolder

RUN_ROWS: Final = 4_000_000
"""Reports that are sorted at once: half a gigabyte."""
_ROW_GROUP: Final = 131_072
Progress = Callable[[int], None]
"""Called with the bytes of the archive that were read since the last call."""


class OrderedArchive:
    """Reads files in the order of time.

    Args:
        files: of the archive.
        options: how they are read.
        work: folder in which runs are.
        layout: how the files are read.
    """

    def __init__(
        self,
        files: Sequence[ArchiveFile],
        options: ArchiveOptions,
        work: Path,
        layout: Layout,
    ) -> None:
        self._files = files
        self._options = options
        self._work = work
        self._layout = layout
        self.counts = Counts()

    def __iter__(self) -> Iterator[Reports]:
        """All reports.

        Raises:
            OutOfOrder: the files are not in the order that the layout says.
            DetenteError: a file cannot be read.
        """
        return self.reports()

    def reports(self, progress: Progress | None = None) -> Iterator[Reports]:
        """All reports; raises as above."""
        self.counts = Counts()
        if not self._layout.files:
            return self._as_they_stand(progress)
        streams = []
        for file, laid in zip(self._files, self._layout.files, strict=True):
            if not laid.runs:
                streams.append(Stream(laid.first_us, partial(self._file, file, progress)))
            for run in laid.runs:
                path = self._work / run.name
                streams.append(Stream(run.first_us, partial(self._run, path, progress)))
        return merged(streams)

    def _as_they_stand(self, progress: Progress | None) -> Iterator[Reports]:
        last_us: int | None = None
        for number, file in enumerate(self._files):
            for block in self._file(file, progress):
                if not len(block):
                    continue
                times = block.time_us
                if (last_us is not None and times[0] < last_us) or bool(
                    np.any(times[1:] < times[:-1])
                ):
                    raise OutOfOrder(number)
                last_us = int(times[-1])
                yield block

    def _file(self, file: ArchiveFile, progress: Progress | None) -> Iterator[Reports]:
        return read_reports(
            Path(file.path),
            file.format,
            options=self._options,
            counts=self.counts,
            progress=progress,
        )

    def _run(self, path: Path, progress: Progress | None) -> Iterator[Reports]:
        return read_reports(path, "parquet", progress=progress)


def look_through(
    files: Sequence[ArchiveFile],
    options: ArchiveOptions,
    work: WorkFolder,
    progress: Progress | None = None,
    run_rows: int = RUN_ROWS,
) -> Layout:
    """Read each file once, and sort what is not in order into runs of the work folder.

    Raises:
        DetenteError: a file cannot be read, or a run not be written.
    """
    laid = []
    for number, file in enumerate(files):
        blocks = partial(
            read_reports, Path(file.path), file.format, options=options, progress=progress
        )
        first_us = _ordered_from(blocks())
        if first_us is None:
            runs = tuple(_runs(blocks(), work, number, run_rows))
            first_us = min((each.first_us for each in runs), default=0)
        else:
            runs = ()
        laid.append(Laid(first_us=first_us, runs=runs))
    return Layout(files=tuple(laid))


def _ordered_from(blocks: Iterator[Reports]) -> int | None:
    """The first time, if all are in order; else None, as soon as that is seen."""
    first: int | None = None
    last = 0
    for block in blocks:
        if not len(block):
            continue
        times = block.time_us
        if first is None:
            first = last = int(times[0])
        if times[0] < last or bool(np.any(times[1:] < times[:-1])):
            return None
        last = int(times[-1])
    return 0 if first is None else first


def _runs(blocks: Iterator[Reports], work: WorkFolder, number: int, run_rows: int) -> Iterator[Run]:
    """Sort what comes in pieces of `run_rows`, in the order of the file."""
    held: list[Reports] = []
    rows = made = 0
    for block in blocks:
        at = 0
        while at < len(block):
            part = block.take(slice(at, at + run_rows - rows))
            held.append(part)
            rows += len(part)
            at += len(part)
            if rows == run_rows:
                yield _run(joined(held), work, f"run-{number}-{made}")
                held, rows, made = [], 0, made + 1
    if rows:
        yield _run(joined(held), work, f"run-{number}-{made}")


def _run(reports: Reports, work: WorkFolder, name: str) -> Run:
    in_order = reports.take(np.argsort(reports.time_us, kind="stable"))
    path = work.path / f"{name}.parquet"
    try:
        frame_of(in_order).write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP)
    except OSError as error:
        raise work.unusable(error) from None
    return Run(name=path.name, first_us=int(in_order.time_us[0]))
