"""Leaves of the others' logs, kept so that one who has lost his own can have them back.

    mirror/<SHA-256 of the origin>/
      checkpoint        the newest one whose leaves are all here
      seen              the newest one that was shown to us, whether we have its leaves or not
      tile/entries/…    the leaves (C2SP tlog-tiles)
      nodes             hashes of the tree; can be made again

Before our witness cosigns a checkpoint, its leaves are fetched here and compared with its root. So
whoever has a cosignature of ours has somebody who can give the leaves back. Leaves hold hashes and
signatures only, nothing of what was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, ParamSpec, Protocol, TypeVar

from detente.errors import DetenteError
from detente.record import (
    ENTRIES,
    Checkpoint,
    LeafMalformed,
    NodeFile,
    NodesUnusable,
    TileRef,
    TilesMalformed,
    Verifier,
    decode_entries,
    leaf_hash,
    open_checkpoint,
    read_checkpoint,
    read_leaf,
)

from .names import origin_digest
from .whole_files import FileNotWritten, write_whole

P = ParamSpec("P")
T = TypeVar("T")

_WIDTH: Final = 256
_GROWTH_MAX: Final = 1 << 22
"""Leaves that are fetched for one checkpoint: some 1.6 GB."""


class MirrorRefused(DetenteError):
    """A log's leaves do not go with the checkpoint that is to be cosigned: it must not be."""

    code: ClassVar[str] = "mirror.refused"


class MirrorUnusable(DetenteError):
    """The copy of another party's leaves cannot be read or written."""

    code: ClassVar[str] = "mirror.unusable"


class Tiles(Protocol):
    """Where a log's tiles are to be had."""

    async def tile(self, ref: TileRef) -> bytes:
        """Bytes of a tile; nothing of them is believed.

        Raises:
            DetenteError: it cannot be had.
        """


class Mirror:
    """Leaves of other logs in a directory. For the tasks of one event loop.

    Args:
        directory: such as `mirror/` beside our own record; made when it is needed.
        has_room: whether the disk has room for the leaves of others.
    """

    def __init__(self, directory: Path, has_room: Callable[[], bool] = lambda: True) -> None:
        self._directory = directory
        self._has_room = has_room
        self._turns: dict[str, asyncio.Lock] = {}

    async def take(
        self, origin: str, note: str, verifiers: Sequence[Verifier], tiles: Tiles
    ) -> Checkpoint:
        """Fetch the leaves that a checkpoint has and we have not; durable when it returns.

        Raises:
            NoteMalformed, NoteUnverified: the note is not a checkpoint by one of these keys.
            MirrorRefused: it is of another log, the leaves do not have its root, or it contradicts
                what we have.
            MirrorUnusable: our copy cannot be read or written.
            DetenteError: the tiles cannot be had.
        """
        checkpoint = open_checkpoint(note, verifiers)
        if checkpoint.origin != origin:
            raise MirrorRefused("It is of another log.", where=checkpoint.origin)
        async with self._turns.setdefault(origin, asyncio.Lock()):
            log = await self._call(_MirroredLog, self._path(origin))
            try:
                await self._call(log.see, checkpoint, note)
                if await self._call(log.knows, checkpoint):
                    return checkpoint
                if checkpoint.size - log.size > _GROWTH_MAX:
                    raise MirrorRefused(
                        f"It has {checkpoint.size - log.size} entries more than we have seen.",
                        where=origin,
                        advice="Have smaller checkpoints cosigned first.",
                    )
                for ref in _missing(log.size, checkpoint.size):
                    if not self._has_room():
                        raise MirrorUnusable("There is little room on the disk.", where=origin)
                    await self._call(log.add, ref, await tiles.tile(ref))
                await self._call(log.finish, checkpoint, note)
            finally:
                await self._call(log.close)
        return checkpoint

    async def checkpoints(self, origin: str) -> list[str]:
        """The newest checkpoint whose leaves we have, and the newest that was shown to us.

        Raises:
            MirrorUnusable: they cannot be read.
        """
        found = await self._call(_notes, self._path(origin))
        return list(dict.fromkeys(found))

    async def leaves(self, origin: str, since: int, limit: int) -> list[bytes]:
        """Leaves that we have of a log, from position `since`, at most `limit`.

        Raises:
            MirrorUnusable: they cannot be read.
        """
        return await self._call(_read_leaves, self._path(origin), since, limit)

    def _path(self, origin: str) -> Path:
        return self._directory / origin_digest(origin)

    async def _call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        except (OSError, NodesUnusable, FileNotWritten) as error:
            raise MirrorUnusable(
                f"It cannot be read or written: {error}.", where=str(self._directory)
            ) from error


class _MirroredLog:
    """What is here of one log, while leaves are added to it. Blocking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = _text(path / "checkpoint")
        self.size = 0 if note is None else read_checkpoint(note).size
        self._nodes = NodeFile(path / "nodes")
        try:
            self._mend(note)
        except BaseException:
            self._nodes.close()
            raise

    def see(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember that a checkpoint was shown, before anything else is done about it."""
        seen = _text(self._path / "seen")
        if seen is None or read_checkpoint(seen).size < checkpoint.size:
            write_whole(self._path / "seen", note.encode())

    def knows(self, checkpoint: Checkpoint) -> bool:
        """Whether all its leaves are here.

        Raises:
            MirrorRefused: they have another root.
        """
        if checkpoint.size > self.size:
            return False
        if self._nodes.root(checkpoint.size) != checkpoint.root:
            raise MirrorRefused(
                f"It has another root than the {checkpoint.size} leaves that we have.",
                where=checkpoint.origin,
                advice="The log was rewritten. Keep the checkpoint, and what mirror/ has.",
            )
        return True

    def add(self, ref: TileRef, data: bytes) -> None:
        """Keep a tile of leaves, which follows those that are here. Believed after `finish`."""
        try:
            bodies = decode_entries(data)
            for body in bodies:
                read_leaf(body)
        except (TilesMalformed, LeafMalformed) as error:
            raise MirrorRefused(f"It is no tile of leaves: {error}", where=ref.path) from None
        if len(bodies) != ref.width:
            raise MirrorRefused(f"It has {len(bodies)} leaves.", where=ref.path)
        have = self._nodes.size - ref.first
        hashes = [leaf_hash(body) for body in bodies]
        if hashes[:have] != [self._nodes.read(0, ref.first + at) for at in range(have)]:
            raise MirrorRefused("It has other leaves than those that we have.", where=ref.path)
        path = self._path / ref.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
        self._nodes.extend(hashes[have:])

    def finish(self, checkpoint: Checkpoint, note: str) -> None:
        """All leaves of a checkpoint were added: believe them if they have its root.

        Raises:
            MirrorRefused: they have not.
        """
        if self._nodes.size != checkpoint.size or self._nodes.root() != checkpoint.root:
            self._nodes.truncate(self.size)
            raise MirrorRefused(
                f"The {checkpoint.size} leaves that the log serves do not have the checkpoint's "
                "root.",
                where=checkpoint.origin,
                advice="Do not cosign it. Keep the checkpoint.",
            )
        before, self.size = self.size, checkpoint.size
        self._nodes.sync()
        write_whole(self._path / "checkpoint", note.encode())
        partial = before % _WIDTH
        if partial and before < self.size:
            # A wider tile has the leaves of the partial one.
            old = self._path / TileRef(ENTRIES, before // _WIDTH, partial).path
            old.unlink(missing_ok=True)
            with suppress(OSError):
                old.parent.rmdir()

    def close(self) -> None:
        """Let go of the files."""
        self._nodes.close()

    def _mend(self, note: str | None) -> None:
        """After a crash the hashes are more or fewer than the checkpoint has leaves."""
        if self._nodes.size > self.size:
            self._nodes.truncate(self.size)
        while self._nodes.size < self.size:
            bodies = _read_leaves(self._path, self._nodes.size, _WIDTH)
            if not bodies:
                raise MirrorUnusable("A tile is missing.", where=str(self._path))
            self._nodes.extend([leaf_hash(body) for body in bodies])
        if note is not None and self._nodes.root() != read_checkpoint(note).root:
            raise MirrorUnusable(
                "The leaves do not have the root of their checkpoint.",
                where=str(self._path),
                advice="Keep a copy, and delete it: it is fetched again.",
            )


def _missing(have: int, wanted: int) -> Iterable[TileRef]:
    """Tiles of leaves from `have` on; the first may hold some that are here."""
    for index in range(have // _WIDTH, (wanted + _WIDTH - 1) // _WIDTH):
        yield TileRef(ENTRIES, index, min(_WIDTH, wanted - index * _WIDTH))


def _notes(path: Path) -> list[str]:
    return [note for name in ("checkpoint", "seen") if (note := _text(path / name)) is not None]


def _read_leaves(path: Path, since: int, limit: int) -> list[bytes]:
    note = _text(path / "checkpoint")
    size = 0 if note is None else read_checkpoint(note).size
    found: list[bytes] = []
    end = min(size, since + limit)
    while since + len(found) < end:
        index, offset = divmod(since + len(found), _WIDTH)
        ref = TileRef(ENTRIES, index, min(_WIDTH, size - index * _WIDTH))
        try:
            bodies = decode_entries((path / ref.path).read_bytes())
        except (OSError, TilesMalformed) as error:
            raise MirrorUnusable(f"It cannot be read: {error}.", where=ref.path) from error
        if len(bodies) != ref.width:
            raise MirrorUnusable("It is not whole.", where=ref.path)
        found += bodies[offset:]
    return found[: max(0, end - since)]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise MirrorUnusable(f"It cannot be read: {error}.", where=str(path)) from error
