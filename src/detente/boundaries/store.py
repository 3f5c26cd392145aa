"""The boundaries that are installed on this machine, and what was compiled of them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from .assembling import Assembled
from .errors import BoundaryStoreUnusable, BoundaryUnknown, BoundaryUnstated
from .packing import STATEMENT, Statement, packed, read_statement, unpacked

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_COMPILED: Final = ".compiled"
COMPILED_MAX: Final = 16
"""Indices that are kept: of the sets of boundaries that were used last."""


class BoundaryStore:
    """A directory with one directory for each installed source.

    Args:
        root: of it; made when something is installed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls) -> BoundaryStore:
        """`$DETENTE_BOUNDARIES`, or `detente/boundaries` below the user's directory of data."""
        given = os.environ.get("DETENTE_BOUNDARIES")
        if given:
            return cls(Path(given))
        base = os.environ.get("XDG_DATA_HOME")
        return cls((Path(base) if base else Path.home() / ".local/share") / "detente/boundaries")

    def names(self) -> tuple[str, ...]:
        """Of the installed sources, sorted."""
        if not self.root.is_dir():
            return ()
        return tuple(
            sorted(
                path.name
                for path in self.root.iterdir()
                if NAME_PATTERN.fullmatch(path.name) and (path / STATEMENT).is_file()
            )
        )

    def statement(self, name: str) -> Statement:
        """What an installed source says of itself. Raises as `read`."""
        return read_statement(self._place(name))

    def read(self, name: str) -> Assembled:
        """The boundaries of an installed source.

        Raises:
            BoundaryUnknown: it is not installed.
            BoundaryStoreUnusable: it is damaged.
        """
        return unpacked(self._place(name))

    def licence(self, name: str) -> Path | None:
        """The licence that came with a source, if one did."""
        path = self.root / name / "LICENCE"
        return path if path.is_file() else None

    def write(
        self, name: str, assembled: Assembled, more: Mapping[str, bytes] | None = None
    ) -> Path:
        """Install a source, in place of an older one of its name; all of it or nothing.

        Args:
            name: of the source.
            assembled: its boundaries; at least one.
            more: further files, by name.

        Raises:
            BoundaryUnstated: the name cannot be one.
            BoundaryStoreUnusable: it cannot be written.
        """
        if not NAME_PATTERN.fullmatch(name):
            raise BoundaryUnstated(
                f"{name!r} cannot be the name of a source.",
                advice="Small letters, digits, dots, dashes and underscores; at most 64.",
            )
        files = packed(assembled.boundaries[0].source, assembled) | dict(more or {})
        target = self.root / name
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=".new-") as made:
                fresh = Path(made) / name
                fresh.mkdir()
                for file, content in files.items():
                    (fresh / file).write_bytes(content)
                old = Path(made) / "old"
                with suppress(FileNotFoundError):
                    target.rename(old)
                fresh.rename(target)
        except OSError as error:
            raise BoundaryStoreUnusable(
                f"It cannot be written: {error.strerror}.",
                where=str(target),
                advice="Name another directory with DETENTE_BOUNDARIES.",
            ) from None
        return target

    def remove(self, name: str) -> None:
        """Take a source away. Raises as `read`, and `BoundaryStoreUnusable` if it cannot be."""
        try:
            shutil.rmtree(self._place(name))
        except OSError as error:
            raise BoundaryStoreUnusable(
                f"It cannot be removed: {error.strerror}.", where=str(self.root / name)
            ) from None

    def compiled(self, key: str) -> Path:
        """Where an index with this key (lower-case hex) is kept, or would be."""
        return self.root / _COMPILED / f"{key}.npz"

    def forget_compiled(self, keep: int = COMPILED_MAX) -> None:
        """Delete indices but the `keep` that were used last; what cannot be deleted stays."""
        with suppress(OSError):
            files = [(path.stat().st_mtime, path) for path in (self.root / _COMPILED).glob("*.npz")]
            for _, path in sorted(files, reverse=True)[keep:]:
                path.unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        place = self.root / name
        if not NAME_PATTERN.fullmatch(name) or not (place / STATEMENT).is_file():
            raise BoundaryUnknown(
                f"{name!r} is not installed.",
                where=str(self.root),
                advice="detente boundary list shows what is and what can be; "
                "detente boundary install or import adds to it.",
            )
        return place
