"""A log's tiles and newest checkpoint as files that any web server can serve (C2SP tlog-tiles).

A tile is written whole before a checkpoint needs it, the checkpoint is replaced last, and only then
go the partial tiles that full ones have replaced. So whatever a crash leaves behind serves the old
checkpoint or the new one, with every tile of it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Generator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from detente.errors import DetenteError

from .checkpoint import Checkpoint, NoteMalformed, read_checkpoint
from .keys import sync_directory
from .merkle import EMPTY_ROOT, NodeReader, leaf_hash, range_root
from .tiles import ENTRIES, HEIGHT, WIDTH, TileRef, encode_entries, parse_path, tiles_between

CHECKPOINT = "checkpoint"
_FRESH = ".fresh"
_Steps = Generator[TileRef, Sequence[bytes], None]


class TilesUnusable(DetenteError):
    """A directory of tiles cannot be written, or holds something else than this log."""

    code: ClassVar[str] = "record.tiles"


class EntrySource(Protocol):
    """What a log must give so that it can be published."""

    def read(self, level: int, index: int) -> bytes:
        """Hash of a perfect subtree; a `NodeReader`."""

    def entries(self, first: int, end: int) -> Sequence[bytes]:
        """The leaves from `first` up to `end`, not included."""


class AsyncEntrySource(Protocol):
    """As `EntrySource`, with entries that have to be waited for."""

    def read(self, level: int, index: int) -> bytes:
        """Hash of a perfect subtree; a `NodeReader`. Called from another thread."""

    def entries(self, first: int, end: int) -> Awaitable[Sequence[bytes]]:
        """The leaves from `first` up to `end`, not included."""


class TileDirectory:
    """A directory that holds `checkpoint` and `tile/`; one process at a time may publish to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._swept = False

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def checkpoint(self) -> str | None:
        """The note of the checkpoint that is served; None before the first.

        Raises:
            TilesUnusable: it cannot be read.
        """
        try:
            return (self._path / CHECKPOINT).read_bytes().decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(f"The checkpoint cannot be read: {error}.") from error

    def tile(self, path: str) -> bytes | None:
        """A tile by its path, such as `tile/0/000.p/7`; None if there is none.

        Any text may be asked for: what is not the path of a tile leads nowhere.

        Raises:
            TilesUnusable: it cannot be read.
        """
        if parse_path(path) is None:
            return None
        try:
            return (self._path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unusable(f"{path} cannot be read: {error}.") from error

    def publish(self, source: EntrySource, note: str) -> None:
        """Write the tiles that a checkpoint needs, then the checkpoint.

        The same checkpoint with more cosignatures replaces the one before.

        Raises:
            NoteMalformed: the note is not a checkpoint.
            TilesUnusable: the source has not the tree of the checkpoint, the directory holds
                another log or a larger checkpoint, or cannot be written.
        """
        steps = self._publishing(source.read, note)
        try:
            ref = next(steps)
            while True:
                ref = steps.send(source.entries(ref.first, ref.first + ref.width))
        except StopIteration:
            return

    async def publish_async(self, source: AsyncEntrySource, note: str) -> None:
        """As `publish`, for entries that have to be waited for; writes in another thread.

        Raises:
            NoteMalformed: as `publish`.
            TilesUnusable: as `publish`.
        """
        steps = self._publishing(source.read, note)
        ref = await asyncio.to_thread(_advance, steps, None)
        while ref is not None:
            bodies = await source.entries(ref.first, ref.first + ref.width)
            ref = await asyncio.to_thread(_advance, steps, bodies)

    def _publishing(self, read: NodeReader, note: str) -> _Steps:
        """Yields the entries tiles whose leaves it needs, and does all the rest."""
        new = read_checkpoint(note)
        old = self._published(new, read)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            if not self._swept:
                self._sweep(old)
                self._swept = True
            touched: set[Path] = set()
            full: list[TileRef] = []
            for ref in tiles_between(old, new.size):
                if ref.level == ENTRIES:
                    bodies = yield ref
                    self._put(ref, _checked(ref, bodies, read), touched)
                else:
                    self._put(ref, ref.hashes(read), touched)
                if ref.full:
                    full.append(ref)
            # Deepest first: a name is durable when all the directories above it are.
            for directory in sorted(touched, key=lambda each: -len(each.parts)):
                sync_directory(directory)
            _write(self._path / CHECKPOINT, note.encode())
            sync_directory(self._path)
            if not old:
                sync_directory(self._path.parent)
            for ref in full:
                self._remove_partials(self._path / ref.path)
        except OSError as error:
            raise self._unusable(f"It cannot be written: {error}.") from error

    def _published(self, new: Checkpoint, read: NodeReader) -> int:
        """Size of the checkpoint that is served, which the new one must continue."""
        if _root(new.size, read) != new.root:
            raise self._unusable("The checkpoint has another root than the tree.")
        note = self.checkpoint()
        if note is None:
            return 0
        try:
            old = read_checkpoint(note)
        except NoteMalformed as error:
            raise self._unusable(f"The checkpoint in it is none: {error}") from error
        if old.origin != new.origin:
            raise self._unusable(f"It holds the log {old.origin}, not {new.origin}.")
        if old.size > new.size:
            raise self._unusable(f"It holds {old.size} entries already, more than {new.size}.")
        if _root(old.size, read) != old.root:
            raise self._unusable("What it holds is not a beginning of this log.")
        return old.size

    def _put(self, ref: TileRef, data: bytes, touched: set[Path]) -> None:
        path = self._path / ref.path
        directory = path.parent
        directory.mkdir(parents=True, exist_ok=True)
        while directory not in touched:
            touched.add(directory)
            if directory == self._path:
                break
            directory = directory.parent
        # It may be there from a publication that did not come to its end; no checkpoint that was
        # ever served needs it, so it may be replaced.
        try:
            if path.read_bytes() == data:
                return
        except FileNotFoundError:
            pass
        _write(path, data)

    def _sweep(self, size: int) -> None:
        """Remove the partial tiles that a crash has left behind full ones."""
        root = self._path / "tile"
        for found in sorted(root.rglob("*.p")):
            ref = parse_path(found.relative_to(self._path).as_posix().removesuffix(".p"))
            if ref is None:
                continue
            count = size >> HEIGHT * max(ref.level, 0)
            # Until the checkpoint needs the full tile, it needs the partial one.
            if ref.index < count // WIDTH:
                self._remove_partials(self._path / ref.path)

    def _remove_partials(self, full: Path) -> None:
        directory = full.with_name(f"{full.name}.p")
        try:
            partials = list(directory.iterdir())
        except FileNotFoundError:
            return
        for partial in partials:
            partial.unlink()
        directory.rmdir()

    def _unusable(self, message: str) -> TilesUnusable:
        return TilesUnusable(message, where=str(self._path))


def _advance(steps: _Steps, bodies: Sequence[bytes] | None) -> TileRef | None:
    try:
        return next(steps) if bodies is None else steps.send(bodies)
    except StopIteration:
        return None


def _root(size: int, read: NodeReader) -> bytes:
    try:
        return range_root(0, size, read) if size else EMPTY_ROOT
    except (ValueError, LookupError) as error:
        raise TilesUnusable(f"The tree does not reach so far: {error}.") from error


def _checked(ref: TileRef, bodies: Sequence[bytes], read: NodeReader) -> bytes:
    if len(bodies) != ref.width:
        raise TilesUnusable("The log gives another number of entries.", where=ref.path)
    for offset, body in enumerate(bodies):
        if leaf_hash(body) != read(0, ref.first + offset):
            raise TilesUnusable(
                "An entry has another hash than the tree.", where=f"entry {ref.first + offset}"
            )
    try:
        return encode_entries(bodies)
    except ValueError as error:
        raise TilesUnusable(f"It cannot be written down: {error}.", where=ref.path) from error


def _write(path: Path, data: bytes) -> None:
    """Replace a file, whole or not at all; its name is durable when the directory is."""
    fresh = path.with_name(_FRESH)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(fresh, path)
