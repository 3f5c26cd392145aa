"""What an export needs of a record, and nothing more.

The exporter is written against this seam: a `PartyRecord` is put behind it by `RecordSource`, tests
put a few lists behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from detente.record.envelope import Draft
    from detente.record.members import Terms


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """An entry as it is stored.

    Attributes:
        index: its place in the log, from 0.
        leaf: what is Merkle-hashed.
        envelope: the DSSE envelope as canonical JSON; None when it was erased.
        erased_by: index of the erasure that took the envelope.
    """

    index: int
    leaf: bytes
    envelope: bytes | None
    erased_by: int | None = None


class BundleSource(Protocol):
    """A party's record, as an exporter sees it."""

    @property
    def party(self) -> str:
        """Id of the party whose record it is."""

    @property
    def terms(self) -> Terms:
        """The agreement in force."""

    async def append(self, draft: Draft) -> int:
        """Append an entry signed by the node, durable; its index."""

    async def entries(self, first: int, count: int) -> Sequence[SourceEntry]:
        """Up to `count` entries from `first` on, in order; fewer only at the end of the log."""

    async def size(self) -> int:
        """Number of entries."""

    async def checkpoint(self) -> str:
        """The newest checkpoint: a signed note, with what cosignatures it has got so far."""

    async def checkpoints(self) -> Sequence[str]:
        """Every checkpoint that carries cosignatures, smallest first."""

    async def indices_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Where the entries with these ids are; those that are not known are left out."""

    def node(self, level: int, index: int) -> bytes:
        """Hash of the perfect subtree at (level, index); see `detente.record.NodeReader`."""

    def blob(self, sha256: str) -> BinaryIO | None:
        """A blob opened for reading, or None when it is not held."""
