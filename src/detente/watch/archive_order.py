"""An archive in the order of time, whatever order its files have.

All reports are ordered by time, those of the same time by file and place in it. Files that are
in that order already, one after another, are read as they stand, and nothing is written. Where one
is not, each file is looked through once: what is out of order is sorted in runs that fit into
memory, which wait in the work folder, and all is merged. What comes out is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from detente.feeds import Archive, ArchiveOptions, Counts, Reports, frame_of, joined

from .archive_files import ArchiveFile
from .archive_merge import OutOfOrder, Stream, merged
from .archive_work import Laid, Layout, Run, WorkFolder, WrittenOf

RUN_ROWS: Final = 4_000_000
"""Reports that are sorted at once: half a gigabyte."""
BATCH_ROWS: Final = 1 << 19
_RUN_BLOCK_ROWS: Final = 1 << 17
Read: TypeAlias = Callable[[float], None]
"""Told the share of the archive that is read, from 0 to 1."""


class _Shares:
    """Adds up how far several streams have been read."""

    def __init__(self, streams: int, tell: Read | None) -> None:
        self._shares = [0.0] * streams
        self._tell = tell

    def of(self, stream: int) -> Callable[[int, int], None]:
        return partial(self._set, stream)

    def _set(self, stream: int, done: int, whole: int) -> None:
        self._shares[stream] = done / max(1, whole)
        if self._tell is not None:
            self._tell(sum(self._shares) / len(self._shares))


class OrderedArchive:
    """Reads files in the order of time.

    Args:
        files: of the archive.
        options: how they are read.
        work: folder in which runs are.
        layout: how the files are read.
        batch_rows: reports in a batch, at most.
    """

    def __init__(
        self,
        files: Sequence[ArchiveFile],
        options: ArchiveOptions,
        work: Path,
        layout: Layout,
        *,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._files = files
        self._options = options
        self._work = work
        self._layout = layout
        self._batch_rows = batch_rows
        self._written = WrittenOf()

    @property
    def written(self) -> WrittenOf:
        """What is in the files, as far as they have been read; complete after `reports`."""
        return self._layout.written or self._written

    def reports(self, progress: Read | None = None) -> Iterator[Reports]:
        """All reports, from the beginning.

        Raises:
            OutOfOrder: the files are not in the order that the layout says.
            ArchiveError: a file cannot be read.
        """
        if not self._layout.files:
            return self._as_they_stand(progress)
        return merged(self._streams(progress))

    def _streams(self, progress: Read | None) -> list[Stream]:
        count = sum(max(1, len(each.runs)) for each in self._layout.files)
        shares = _Shares(count, progress)
        streams: list[Stream] = []
        for file, laid in zip(self._files, self._layout.files, strict=True):
            if not laid.runs:
                archive = partial(_opened, file, self._options)
                rows = self._batch_rows
                streams.append(
                    Stream(laid.first_us, partial(_blocks, archive, rows, shares.of(len(streams))))
                )
            for run in laid.runs:
                archive = partial(Archive, self._work / run.name, "parquet")
                rows = min(self._batch_rows, _RUN_BLOCK_ROWS)
                streams.append(
                    Stream(run.first_us, partial(_blocks, archive, rows, shares.of(len(streams))))
                )
        return streams

    def _as_they_stand(self, progress: Read | None) -> Iterator[Reports]:
        shares = _Shares(len(self._files), progress)
        self._written = WrittenOf()
        last_us: int | None = None
        for number, file in enumerate(self._files):
            archive = _opened(file, self._options)
            for block in archive.reports(batch_rows=self._batch_rows, progress=shares.of(number)):
                if not len(block):
                    continue
                if not _in_order(block, last_us):
                    raise OutOfOrder(number)
                last_us = int(block.time_us[-1])
                yield block
            self._written = self._written.and_of(archive)


def look_through(
    files: Sequence[ArchiveFile],
    options: ArchiveOptions,
    work: WorkFolder,
    progress: Read | None = None,
    run_rows: int = RUN_ROWS,
) -> Layout:
    """Read each file once, and sort what is not in order into runs of the work folder.

    Raises:
        ArchiveError: a file cannot be read.
        WorkUnusable: a run cannot be written.
    """
    shares = _Shares(len(files), progress)
    written = WrittenOf()
    laid = []
    for number, file in enumerate(files):
        archive = _opened(file, options)
        looked = _look(archive.reports(batch_rows=BATCH_ROWS, progress=shares.of(number)), run_rows)
        runs: tuple[Run, ...] = ()
        if not looked.in_order:
            blocks: Iterator[Reports] = iter(looked.held)
            if not looked.whole:
                archive = _opened(file, options)
                blocks = archive.reports(batch_rows=BATCH_ROWS, progress=shares.of(number))
            runs = tuple(_runs(blocks, work, number, run_rows))
        first_us = min((each.first_us for each in runs), default=looked.first_us)
        written = written.and_of(archive)
        laid.append(Laid(first_us=first_us, runs=runs))
    return Layout(files=tuple(laid), written=written)


@dataclass(slots=True)
class _Looked:
    """What a look through a file has shown.

    Attributes:
        first_us: first time in the file.
        in_order: whether all is in the order of time.
        whole: whether `held` is all that is in it.
    """

    first_us: int = 0
    in_order: bool = True
    whole: bool = True
    held: list[Reports] = field(default_factory=list)


def _look(blocks: Iterator[Reports], held_max: int) -> _Looked:
    """Look through a file; small ones are held, so that they need not be read again."""
    looked = _Looked()
    rows, last_us = 0, None
    for block in blocks:
        if not len(block):
            continue
        if last_us is None:
            looked.first_us = int(block.time_us[0])
        looked.in_order = looked.in_order and _in_order(block, last_us)
        last_us = int(block.time_us[-1])
        rows += len(block)
        if rows <= held_max:
            looked.held.append(block)
            continue
        looked.held, looked.whole = [], False
        if not looked.in_order:
            break
    return looked


def _opened(file: ArchiveFile, options: ArchiveOptions) -> Archive:
    return Archive(Path(file.path), file.format, options=options, counts=Counts())


def _blocks(
    archive: Callable[[], Archive], rows: int, progress: Callable[[int, int], None]
) -> Iterator[Reports]:
    return archive().reports(batch_rows=rows, progress=progress)


def _in_order(block: Reports, after_us: int | None) -> bool:
    times = block.time_us
    if after_us is not None and times[0] < after_us:
        return False
    return not bool(np.any(times[1:] < times[:-1]))


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
                yield _run(joined(held), work, f"run-{number}-{made}.parquet")
                held, rows, made = [], 0, made + 1
    if rows:
        yield _run(joined(held), work, f"run-{number}-{made}.parquet")


def _run(reports: Reports, work: WorkFolder, name: str) -> Run:
    in_order = reports.take(np.argsort(reports.time_us, kind="stable"))
    try:
        frame_of(in_order).write_parquet(
            work.path / name, compression="lz4", row_group_size=_RUN_BLOCK_ROWS
        )
    except pl.exceptions.PolarsError as error:  # it has errors of its own for full disks
        raise work.unusable(OSError(str(error))) from None
    except OSError as error:
        raise work.unusable(error) from None
    return Run(name=name, first_us=int(in_order.time_us[0]))
