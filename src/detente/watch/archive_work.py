"""The folder in which a run keeps what it has done, so that one that is killed goes on.

The folder's name is a hash of what is watched and by which rules: the same question finds its
work again, another question never does. A checkpoint is written beside the last one and put in
its place in one step; what it says of the events' file is true of its beginning only, so a run that
was killed while it wrote goes on from the checkpoint before.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar

import msgspec

import detente
from detente.errors import DetenteError
from detente.feeds import Archive
from detente.words import Words

from .archive_files import ArchiveFile
from .archive_outcome import Outcome

Kept = TypeVar("Kept", bound=msgspec.Struct)

_FORMAT: Final = 2
"""Of what stands in the folder."""


class WorkUnusable(DetenteError):
    """The folder for work in progress cannot be used."""

    code: ClassVar[str] = "watch.work"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file, sorted by time, in a file of the folder's."""

    name: str
    first_us: int


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """How one file is read: as it stands, or as runs of it that are in the order of time."""

    first_us: int
    runs: tuple[Run, ...] = ()


class WrittenOf(msgspec.Struct, frozen=True, kw_only=True):
    """What is in files, whether it gave a report or not.

    Attributes:
        messages: well formed, whatever they say.
        dropped: what gave no report, by reason.
        assumptions: what was taken for granted in reading.
    """

    messages: int = 0
    dropped: dict[str, int] = {}
    assumptions: tuple[Words, ...] = ()

    def and_of(self, archive: Archive) -> WrittenOf:
        """With what is in one more file, which has been read."""
        return WrittenOf(
            messages=self.messages + archive.counts.messages,
            dropped=dict(Counter(self.dropped) + archive.counts.dropped),
            assumptions=tuple(dict.fromkeys((*self.assumptions, *archive.assumptions))),
        )


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How the archive is read in the order of time.

    Attributes:
        files: of each file, or none: one after another, as they stand.
        written: what is in the files, if they have been looked through.
    """

    files: tuple[Laid, ...] = ()
    written: WrittenOf | None = None


class LaneOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane came to, beside its events.

    Attributes:
        reports: that it has read.
        written: what is in the files.
        taken_out: reports of its aircraft that no monitor saw, by reason.
        jumps: of its aircraft, see `Jumps.snapshot`; empty if it only compares.
        resumed_at: reports that an earlier run had done; None if there was none.
        took_s: working time, over all runs.
    """

    reports: int
    written: WrittenOf
    taken_out: dict[str, int]
    jumps: bytes
    resumed_at: int | None
    took_s: float


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a lane has come.

    Attributes:
        rows: reports that it has read.
        engine: its state.
        events_bytes: length of its file of events that belongs to it.
        took_s: working time until then, over all runs.
        outcome: if it has come to the end.
    """

    rows: int
    engine: bytes
    events_bytes: int
    took_s: float
    outcome: LaneOutcome | None = None


def load_checkpoint(path: Path) -> Checkpoint | None:
    """A lane's last checkpoint, or None: it begins, or the file is damaged."""
    return _read(path, Checkpoint)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in the place of the last one.

    Raises:
        WorkUnusable: it cannot be written.
    """
    _replace(path, msgspec.msgpack.encode(checkpoint))


class _Cut(msgspec.Struct, frozen=True):
    pieces: int


def run_key(files: Iterable[ArchiveFile], question: bytes) -> str:
    """Name of the folder for a question about files: SHA-256 (hex), shortened to 32 digits."""
    told = [_FORMAT, detente.__version__, question]
    told += [[each.name, each.format, each.bytes, each.modified_ns, each.sample] for each in files]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


class WorkFolder:
    """Work in progress. Use it in a `with` block: nobody else can use it meanwhile.

    Args:
        base: folder in which folders of runs are.
        key: see `run_key`.
        fresh: forget what an earlier run has done.

    Raises:
        WorkUnusable: it cannot be written, or another run is at it.
    """

    def __init__(self, base: Path, key: str, *, fresh: bool = False) -> None:
        self.path = base / key
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / "lock").open("w")
        except OSError as error:
            raise work_unusable(error, self.path) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise WorkUnusable(
                "Another run is working on the same question.",
                where=str(self.path),
                advice="Wait for it, or give another --work folder.",
            ) from None
        if fresh:
            self._empty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.close()

    @property
    def events(self) -> Path:
        """The events' file."""
        return self.path / "events.bin"

    def outcome(self) -> Outcome | None:
        """What the run came to, if it is finished but for what is made of the events."""
        return _read(self.path / "outcome", Outcome)

    def finish(self, outcome: Outcome) -> None:
        """Note that all is read and watched."""
        self._write("outcome", outcome)

    def layout(self) -> Layout | None:
        """How the archive is read, if that is known."""
        return _read(self.path / "layout", Layout)

    def lay_out(self, layout: Layout) -> None:
        """Note how the archive is read; what was done in another order is void."""
        for each in self.path.glob("lane-*"):
            each.unlink()
        self._write("layout", layout)

    def piece(self, name: str) -> bytes | None:
        """What a piece of work gave, if it is finished."""
        path = self.path / f"piece-{name}"
        return path.read_bytes() if path.exists() else None

    def keep_piece(self, name: str, result: bytes) -> None:
        """Keep what a piece of work gave."""
        self._replace(f"piece-{name}", result)

    def unusable(self, error: OSError) -> WorkUnusable:
        """What is raised when something else cannot be written there."""
        return work_unusable(error, self.path)

    def pieces(self) -> int | None:
        """Into how many pieces the work was cut, if it was."""
        cut = _read(self.path / "pieces", _Cut)
        return None if cut is None else cut.pieces

    def cut(self, pieces: int) -> None:
        """Note into how many pieces the work is cut."""
        self._write("pieces", _Cut(pieces))

    def remove(self) -> None:
        """The run is finished: nothing of it is kept."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _empty(self) -> None:
        for each in self.path.iterdir():
            if each.name == "lock":
                continue
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()

    def _write(self, name: str, what: msgspec.Struct) -> None:
        self._replace(name, msgspec.msgpack.encode(what))

    def _replace(self, name: str, data: bytes) -> None:
        _replace(self.path / name, data)


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise work_unusable(error, beside) from None


def _read(path: Path, kind: type[Kept]) -> Kept | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def work_unusable(error: OSError, path: Path) -> WorkUnusable:
    """What is raised when something in the folder cannot be written, or read again."""
    return WorkUnusable(
        f"It cannot be written: {error.strerror or error}.",
        where=str(path),
        advice="Give a folder with room by --work.",
    )
