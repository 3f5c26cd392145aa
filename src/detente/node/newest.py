"""Finding the newest checkpoint of our record that a witness has cosigned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from detente.record import CosignatureVerifier, cosignatures_of

_PAGE = 500
_GROWTH = 16


class Held(Protocol):
    """A checkpoint of our record, with its cosignatures."""

    @property
    def size(self) -> int:
        """Number of entries."""

    @property
    def note(self) -> str:
        """The note, with every cosignature that is kept."""


class HoldsCheckpoints(Protocol):
    """What of a record is needed."""

    async def checkpoint(self) -> Held:
        """The newest."""

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> Sequence[Held]:
        """Those of at least `since` entries, smallest first."""


async def newest_cosigned(record: HoldsCheckpoints, witness: CosignatureVerifier) -> str | None:
    """The newest checkpoint that bears the witness's good cosignature, or None.

    Looks back from the end in steps that grow, since it is usually among the last.

    Raises:
        NoteUnverified: a cosignature by this key is kept and is wrong.
    """
    end = (await record.checkpoint()).size + 1
    reach = 1
    while end > 1:
        begin = max(1, end - reach)
        found = await _last_between(record, witness, begin, end)
        if found is not None:
            return found
        end, reach = begin, reach * _GROWTH
    return None


async def _last_between(
    record: HoldsCheckpoints, witness: CosignatureVerifier, begin: int, end: int
) -> str | None:
    last: str | None = None
    while begin < end:
        page = await record.checkpoints(begin, _PAGE, cosigned_only=True)
        for held in page:
            if held.size >= end:
                return last
            if cosignatures_of(held.note, [witness]):
                last = held.note
        if len(page) < _PAGE:
            return last
        begin = page[-1].size + 1
    return last
