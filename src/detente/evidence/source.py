"""What an export needs of a record, and nothing more.

A `PartyRecord` fits this seam as it is; tests may put a few lists behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol

from detente.record import Draft
from detente.record.entries import CosignedCheckpoint, Entry
from detente.record.keys import Signer, Verifier
from detente.record.members import Terms


class BundleBlobs(Protocol):
    """Bytes by their hash."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of a blob, for reading in pieces, checked.

        Raises:
            BlobUnusable: it is missing or damaged.
        """

    def size(self, sha256: str) -> int | None:
        """Its length in bytes; None if it is not there."""


class BundleKeys(Protocol):
    """Keys as they change along a log."""

    def log_key(self, party: str, size: int) -> Verifier:
        """The key that signs a party's checkpoint of `size` entries."""


class BundleSource(Protocol):
    """A party's record, as an exporter sees it."""

    @property
    def party(self) -> str:
        """Id of the party whose record it is."""

    @property
    def origin(self) -> str:
        """Name of its log."""

    @property
    def terms(self) -> Terms:
        """The agreement in force."""

    @property
    def keyring(self) -> BundleKeys:
        """Which key was good where."""

    @property
    def blobs(self) -> BundleBlobs:
        """What payloads name by hash."""

    async def append(self, drafts: Sequence[tuple[Draft, Signer | None]]) -> list[Entry]:
        """Sign (None: with the node's key) and record; durable when it returns."""

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from position `since`, at most `limit`."""

    def node(self, level: int, index: int) -> bytes:
        """A hash of the tree (`NodeReader`)."""

    async def checkpoint(self) -> CosignedCheckpoint:
        """The newest one, with what cosignatures it has got so far."""

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> list[CosignedCheckpoint]:
        """Those of at least `since` entries, smallest first."""

    async def best_checkpoint(self, above: int = 0) -> CosignedCheckpoint | None:
        """Of those with more than `above` entries the newest of the highest grade, if any."""
