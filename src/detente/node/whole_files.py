"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import ClassVar

from detente.errors import DetenteError
from detente.record.keys import sync_directory


class FileNotWritten(DetenteError):
    """A file that a command makes cannot be written; what was there is as it was."""

    code: ClassVar[str] = "cli.not_written"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, durably; what was there is replaced.

    Raises:
        FileNotWritten: the directory is missing, full, or not ours to write to.
    """
    temporary = path.parent / f".{path.name[:100]}.{secrets.token_hex(4)}"
    try:
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_directory(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FileNotWritten(f"It cannot be written: {error.strerror}.", where=str(path)) from None
