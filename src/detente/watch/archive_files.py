"""The files of an archive: what they are, and how a later run knows them again."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from detente.errors import DetenteError

_SAMPLE_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 4 << 20
_SUFFIXES_IGNORED: Final = (".sha256", ".md", ".txt")


class ArchiveUnreadable(DetenteError):
    """A file of the archive is not there, cannot be read, or is not the one it was."""

    code: ClassVar[str] = "watch.archive"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file as it was when the run began.

    Attributes:
        path: absolute.
        format: of `detente.feeds`, or None: to be told from its name and content.
        bytes: its size.
        modified_ns: when it was changed last, ns since 1970.
        sample: SHA-256 (hex) over its first and last MiB.
    """

    path: str
    format: str | None
    bytes: int
    modified_ns: int
    sample: str

    @property
    def name(self) -> str:
        """As people call it."""
        return Path(self.path).name

    def same(self) -> None:
        """See that it is still the file that it was.

        Raises:
            ArchiveUnreadable: it is not.
        """
        if _described(Path(self.path), self.format) != self:
            raise ArchiveUnreadable(
                "The file is not the one that it was when the run began.",
                where=self.path,
                advice="Let all machines see the same files, and run again when nothing writes.",
            )

    def digest(self, stop: Callable[[], bool] = lambda: False) -> str:
        """SHA-256 (hex) of all of it; of what was read until then if it is to stop.

        Raises:
            ArchiveUnreadable: it cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with Path(self.path).open("rb", buffering=0) as stream:
                while (piece := stream.read(_PIECE_BYTES)) and not stop():
                    digest.update(piece)
        except OSError as error:
            raise _unreadable(error, self.path) from None
        return digest.hexdigest()


def archive_files(paths: Iterable[Path], format: str | None = None) -> tuple[ArchiveFile, ...]:  # noqa: A002 - what users call it
    """Files, and those in folders, each once.

    Args:
        paths: files, or folders of which every visible file is taken, in the order of names.
        format: of all of them, if it is known.

    Raises:
        ArchiveUnreadable: one cannot be read, or there is none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                inside = [each for each in sorted(path.rglob("*")) if _visible(each, path)]
                if not inside:
                    raise ArchiveUnreadable("There is no file in this folder.", where=str(path))
                found.update(dict.fromkeys(each.resolve() for each in inside))
            else:
                found[path.resolve(strict=True)] = None
        except OSError as error:
            raise _unreadable(error, str(path)) from None
    return tuple(_described(path, format) for path in found)


def _visible(path: Path, below: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(below).parts)
    return path.is_file() and not hidden and not path.name.endswith(_SUFFIXES_IGNORED)


def _described(path: Path, format: str | None) -> ArchiveFile:  # noqa: A002
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ArchiveUnreadable(
                "This is not a file: it cannot be read twice.",
                where=str(path),
                advice="Write what comes through it into a file.",
            )
        with path.open("rb") as stream:
            sample = hashlib.sha256(stream.read(_SAMPLE_BYTES))
            if status.st_size > _SAMPLE_BYTES:
                stream.seek(max(_SAMPLE_BYTES, status.st_size - _SAMPLE_BYTES))
                sample.update(stream.read(_SAMPLE_BYTES))
    except OSError as error:
        raise _unreadable(error, str(path)) from None
    return ArchiveFile(str(path), format, status.st_size, status.st_mtime_ns, sample.hexdigest())


def _unreadable(error: OSError, where: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(f"It cannot be read: {error.strerror or error}.", where=where)
