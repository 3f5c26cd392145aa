"""Which peers our witness has never signed for, because the record was begun here and now.

A witness that was opened signs for a log only when it is shown what it signed before; of a record
that has just begun it is known that there is nothing. The file says so until the first cosignature,
and is no part of a copy: what was restored from one must not believe it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .whole_files import write_whole

FILE: Final = "first-contact.json"


class FirstContact:
    """The file, in the node's directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE

    def begin(self, parties: Iterable[str]) -> None:
        """The record has just begun: nothing was signed for these.

        Raises:
            FileNotWritten: see there.
        """
        write_whole(self._path, json.dumps(sorted(parties)).encode())

    def parties(self) -> frozenset[str]:
        """Those for which nothing has been signed yet; none when in doubt."""
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return frozenset()
        return frozenset(map(str, found)) if isinstance(found, list) else frozenset()

    def over(self, party: str) -> None:
        """Our witness signs for this one now.

        Raises:
            FileNotWritten: see there.
        """
        left = self.parties() - {party}
        if left:
            self.begin(left)
        else:
            self._path.unlink(missing_ok=True)
