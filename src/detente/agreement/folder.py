"""The directory of an agreement: what may be read from it, and under which names.

Files are opened relative to the directory, never through a link, and never beyond a limit: the
directory came from the other side.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from detente.agreement.faults import AgreementNotWritten, Faults

DOCUMENT: Final = "agreement.toml"
SIGNATURES: Final = "agreement.dsse.json"
ENROLMENTS: Final = "enrolments"
PREVIOUS: Final = "previous.dsse.json"
STATEMENTS: Final = "statements"

FILE_BYTES_MAX: Final = 16 << 20
TOTAL_BYTES_MAX: Final = 64 << 20
STRAY_MAX: Final = 20
_NAMES_MAX: Final = 2_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+")
_ENDINGS = (".geojson", ".pdf", ".txt", ".md")


def name_fault(name: str) -> str | None:
    """Why a file of the agreement cannot have this name; None if it can."""
    if not _NAME.fullmatch(name):
        return (
            "A name has letters a-z and A-Z, digits, _ and -, and an ending after a dot; "
            "no slash, no space."
        )
    if not name.endswith(_ENDINGS):
        return f"Its ending is one of {', '.join(_ENDINGS)}."
    return None


class Folder:
    """An open directory. Reading notes faults instead of raising."""

    def __init__(self, handle: int, faults: Faults) -> None:
        self._handle = handle
        self._faults = faults
        self._total = 0

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path, faults: Faults) -> Iterator[Folder | None]:
        """The directory while the block runs; None, and a fault, where it cannot be opened."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            faults.add(
                DOCUMENT,
                0,
                "file.unusable",
                f"The directory {path} cannot be opened: {reason}.",
                "Name the directory that holds agreement.toml.",
            )
            yield None
            return
        try:
            yield cls(handle, faults)
        finally:
            os.close(handle)

    def names(self, below: str = "") -> list[str]:
        """Names of what lies in the directory or in one below it, sorted; empty if there is none.

        Links and special files are among them: `read` tells that they cannot be used.
        """
        try:
            handle = os.open(
                below or ".",
                os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                dir_fd=self._handle,
            )
        except FileNotFoundError:
            return []
        except OSError as error:
            self._fault(below, 0, "file.unusable", f"It is no directory: {error.strerror}.")
            return []
        try:
            with os.scandir(handle) as found:
                names = sorted(entry.name for _, entry in zip(range(_NAMES_MAX), found))  # noqa: B905
        finally:
            os.close(handle)
        return [f"{below}/{name}" if below else name for name in names]

    def read(self, name: str, named_in: tuple[str, int] | None, limit: int) -> bytes | None:
        """A file's bytes; None, and a fault, where they cannot be had.

        Args:
            name: relative, with one slash at most; its form was checked before.
            named_in: file and line that name it, where a fault of its absence is told. None if
                its absence is none.
            limit: bytes.
        """
        place = named_in or (name, 0)
        try:
            handle = os.open(
                name,
                os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                dir_fd=self._handle,
            )
        except FileNotFoundError:
            if named_in is not None:
                self._faults.add(
                    *place, "file.missing", f"{name} is not there.", "Add it, or correct the name."
                )
            return None
        except OSError as error:
            self._fault(name, 0, "file.unusable", f"{name} cannot be opened: {error.strerror}.")
            return None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                self._fault(name, 0, "file.unusable", f"{name} is not a regular file.")
                return None
            try:
                data = file.read(limit + 1)
            except OSError as error:
                self._fault(name, 0, "file.unusable", f"{name} cannot be read: {error.strerror}.")
                return None
        self._total += len(data)
        if len(data) > limit or self._total > TOTAL_BYTES_MAX:
            self._faults.add(
                name,
                0,
                "file.limit",
                f"{name} is larger than {limit >> 10:,} KiB, or all files together are larger "
                f"than {TOTAL_BYTES_MAX >> 20} MiB.",
                "Make it smaller.",
            )
            return None
        return data

    def _fault(self, name: str, line: int, code: str, message: str) -> None:
        self._faults.add(
            name, line, code, message, "Put a regular, readable file there; links are not followed."
        )


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory against other writers of ours.

    Raises:
        AgreementNotWritten: it cannot be locked.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise AgreementNotWritten(
            f"The directory cannot be opened: {error.strerror}.", where=str(directory)
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_file(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file whole or not at all, durably.

    Raises:
        AgreementNotWritten: it is there already and `replace` is off, or it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(path)
            else:
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    except FileExistsError:
        raise AgreementNotWritten(
            "There is a file already; nothing is overwritten.",
            where=str(path),
            advice="Move it away if it is not needed.",
        ) from None
    except OSError as error:
        raise AgreementNotWritten(
            f"It cannot be written: {error.strerror}.", where=str(path)
        ) from None
