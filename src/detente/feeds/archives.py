"""Files of positions, of any size, as reports: tables, recorded feeds, samples.

Memory: one batch, and one block of the file. Only JSON, which has no parts, is read as a whole, up
to a limit.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from detente.operations import TrajectoryError, read_json_table
from detente.words import Words

from .archive_options import ArchiveError, ArchiveOptions, FormatUnknown
from .archives_frames import heard_frames
from .decoding import Counts
from .guessing import BEGINNING_BYTES, guess_format
from .modes import ModeSReader
from .registry import FORMATS, DecoderSettings, decoder_for
from .reports import NEVER, Reports, Source
from .tables import TableReader
from .tables_csv import csv_frames, read_header
from .tables_native import NativeReader, native_columns
from .tables_parquet import ParquetTable

Progress: TypeAlias = Callable[[int, int], None]
"""Told bytes that are done, and all of them."""

BATCH_ROWS: Final = 1 << 18
_CHUNK_BYTES: Final = 1 << 20
_TABLES: Final = ("parquet", "csv", "json", "frames")
_GZIP: Final = b"\x1f\x8b"
_UNREADABLE: Final = (OSError, EOFError, zlib.error)

ARCHIVE_FORMATS: Final = (*_TABLES, *FORMATS)
"""What `read_reports` reads."""


class Archive:
    """One file of positions.

    Args:
        path: of the file; what is packed with gzip is unpacked on the way.
        format: one of `ARCHIVE_FORMATS`; guessed from its beginning if not given.
        options: what it does not say.
        counts: what became of the input is added to it.

    Attributes:
        format: see above.
        counts: see above.

    Raises:
        ArchiveError: it cannot be opened.
        FormatUnknown: nothing that is known begins so.
    """

    def __init__(
        self,
        path: Path,
        format: str | None = None,  # noqa: A002 - what everybody calls it
        *,
        options: ArchiveOptions | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._path = path
        self._options = options or ArchiveOptions()
        self._settings = _dated(self._options)
        self.counts = counts or Counts()
        self._reader: TableReader | None = None
        try:
            self.bytes = path.stat().st_size
            with path.open("rb") as raw:
                self._packed = raw.read(2) == _GZIP
            with self._opened() as (stream, _):
                beginning = stream.read(BEGINNING_BYTES)
        except _UNREADABLE as problem:
            raise self._unreadable(problem) from problem
        if format is not None and format not in ARCHIVE_FORMATS:
            raise FormatUnknown(
                f'"{format}" is no format of archives.',
                where=str(path),
                advice=f"Those are: {', '.join(ARCHIVE_FORMATS)}.",
            )
        self.format = format or guess_format(beginning, path.name)

    @property
    def assumptions(self) -> tuple[Words, ...]:
        """What a reader of the results must know; complete when all has been read."""
        return () if self._reader is None else self._reader.assumptions

    def reports(
        self, *, batch_rows: int = BATCH_ROWS, progress: Progress | None = None
    ) -> Iterator[Reports]:
        """Its reports in the order of the file, in batches of at most so many rows.

        The identities of a table's batches are one table that grows. Rows that say no time, place
        or aircraft are counted; none is left out for its order in time.

        Raises:
            ArchiveError: the file is damaged, or cannot be understood.
        """
        tell = progress or _ignored
        source = Source(
            self._options.source or self._path.name,
            self.format,
            self._options.assumed_horizontal_m,
            self._options.assumed_vertical_m,
        )
        readers = {
            "parquet": self._parquet,
            "csv": self._csv,
            "json": self._json,
            "frames": self._frames,
        }
        read = readers.get(self.format, self._recorded)
        try:
            for batch in read(source, batch_rows, tell):
                for first in range(0, len(batch), batch_rows):
                    whole = len(batch) <= batch_rows
                    yield batch if whole else batch.take(slice(first, first + batch_rows))
        except _UNREADABLE as problem:
            raise self._unreadable(problem) from problem
        tell(self.bytes, self.bytes)

    def _parquet(self, source: Source, batch_rows: int, tell: Progress) -> Iterator[Reports]:
        table = ParquetTable(self._path)
        reader: NativeReader | TableReader
        needed = native_columns(table.columns)
        if needed:
            reader = NativeReader(self.counts, str(self._path))
        else:
            reader = self._table(table.columns, source)
            needed = reader.layout.needed
        done = 0
        for frame in table.frames(needed, batch_rows):
            yield reader.reports(frame)
            done += frame.height
            tell(self.bytes * done // table.rows, self.bytes)
        self.counts.bytes += self.bytes

    def _csv(self, source: Source, _: int, tell: Progress) -> Iterator[Reports]:
        where = str(self._path)
        with self._opened() as (stream, raw):
            header = read_header(stream, self._options, where)
            reader = self._table(list(header.columns), source)
            layout = reader.layout
            texts = [each for each in (layout.aircraft, layout.callsign, layout.on_ground) if each]
            times = [each for each in (layout.time, layout.position_time) if each]
            for frame in csv_frames(stream, header, layout.needed, texts, where, times=times):
                yield reader.reports(frame)
                tell(raw.tell(), self.bytes)
        self.counts.bytes += self.bytes

    def _json(self, source: Source, _: int, tell: Progress) -> Iterator[Reports]:
        try:
            table = read_json_table(self._path)
        except TrajectoryError as problem:
            raise ArchiveError(
                problem.message, where=problem.where, advice=problem.advice
            ) from problem
        yield self._table(table.columns, source).reports(table)
        tell(self.bytes, self.bytes)
        self.counts.bytes += self.bytes

    def _frames(self, source: Source, _: int, tell: Progress) -> Iterator[Reports]:
        reader = ModeSReader(source, self._settings.mode_s, self.counts)
        with self._opened() as (stream, raw):
            for frames in heard_frames(stream, self.counts, str(self._path)):
                yield reader.take(frames)
                tell(raw.tell(), self.bytes)

    def _recorded(self, source: Source, _: int, tell: Progress) -> Iterator[Reports]:
        decoder = decoder_for(self.format, source, self._settings)
        try:
            with self._opened() as (stream, raw):
                while data := stream.read(_CHUNK_BYTES):
                    yield decoder.feed(data, NEVER)
                    tell(raw.tell(), self.bytes)
            yield decoder.close()
        finally:
            self.counts.add(decoder.counts)

    def _table(self, columns: list[str], source: Source) -> TableReader:
        reader = TableReader(columns, self._options, source, self.counts, str(self._path))
        self._reader = reader
        return reader

    def _opened(self) -> _Opened:
        return _Opened(self._path, packed=self._packed)

    def _unreadable(self, problem: Exception) -> ArchiveError:
        reason = getattr(problem, "strerror", None) or problem
        return ArchiveError(f"The file cannot be read: {reason}.", where=str(self._path))


class _Opened:
    """A file and the same unpacked; the first tells how far it has been read."""

    def __init__(self, path: Path, *, packed: bool) -> None:
        self._path = path
        self._packed = packed
        self._stack = ExitStack()

    def __enter__(self) -> tuple[BinaryIO, BinaryIO]:
        raw = self._stack.enter_context(self._path.open("rb"))
        if not self._packed:
            return raw, raw
        unpacked = self._stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb"))
        return cast(BinaryIO, unpacked), raw

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def read_reports(
    path: Path,
    format: str | None = None,  # noqa: A002 - what everybody calls it
    *,
    options: ArchiveOptions | None = None,
    batch_rows: int = BATCH_ROWS,
    counts: Counts | None = None,
    progress: Progress | None = None,
    skip: int = 0,
) -> Iterator[Reports]:
    """The reports of a file; see `Archive` and `Archive.reports`.

    Args:
        skip: so many reports at the beginning are left out, for a run that goes on.
    """
    archive = Archive(path, format, options=options, counts=counts)
    for batch in archive.reports(batch_rows=batch_rows, progress=progress):
        if skip >= len(batch):
            skip -= len(batch)
            continue
        yield batch.take(slice(skip, None)) if skip else batch
        skip = 0


def _dated(options: ArchiveOptions) -> DecoderSettings:
    """Of the decoders, for a capture that began when the options say."""
    settings, began_us = options.decoders, options.began_us
    if began_us is None:
        return settings
    mode_s, asterix = settings.mode_s, settings.asterix
    if mode_s.began_us is None:
        mode_s = replace(mode_s, began_us=began_us)
    if asterix.day_us is None:
        asterix = replace(asterix, day_us=began_us)
    return replace(settings, mode_s=mode_s, asterix=asterix)


def _ignored(_done: int, _all: int) -> None:
    """Nobody asks how far it is."""
