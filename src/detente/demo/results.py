"""The directory that the demonstration writes its results to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from detente.errors import DetenteError

_MARK: Final = ".detente-demo"
"""A file that tells what may be deleted."""


class DirectoryUnusable(DetenteError):
    """The directory for the results cannot be used, or is not ours to replace."""

    code = "demo.directory"


def make_room(directory: Path) -> None:
    """An empty directory, in place of what an earlier run left there; of nothing else.

    Raises:
        DirectoryUnusable: there is something else in it, or it cannot be written.
    """
    try:
        if directory.exists() and any(directory.iterdir()):
            if not (directory / _MARK).exists():
                raise DirectoryUnusable(
                    "there is something in it that no demonstration has written",
                    where=str(directory),
                    advice="Choose another --out, or empty it yourself.",
                )
            shutil.rmtree(directory)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _MARK).touch()
    except OSError as error:
        raise DirectoryUnusable(
            f"the directory cannot be used: {error.strerror}", where=str(directory)
        ) from None
