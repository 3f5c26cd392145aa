"""One party's record of what passed between it and the others under one agreement.

It is a log of signed envelopes: what the party wrote, and what it received, unchanged. The log's
entries are leaves that hold hashes and signatures only; envelopes stand beside them in the same
database, written in the same transaction, and can be erased without touching the tree.

One writer takes whatever is waiting, puts it in order, signs, and makes all of it durable in one
transaction (group commit). What one call hands over is recorded whole or not at all.

A sequence of envelopes runs per sender and channel, and a receiver takes no gaps. So whatever is
sent to different parties needs different channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from .blobs import BlobStore
from .entries import (
    Clock,
    CosignedCheckpoint,
    Entry,
    Fault,
    Grade,
    Page,
    Progress,
    Query,
    Random,
    Received,
    RecordPlace,
)
from .envelope import Draft
from .keyring import KeyRing
from .keys import Signer
from .log import Head
from .members import Terms


class PartyRecord:
    """The record of one party under one agreement. Made by `create` or `open`.

    For the tasks of one event loop in one process.
    """

    @classmethod
    async def create(
        cls,
        place: RecordPlace,
        terms: Terms,
        party: str,
        *,
        signers: Sequence[Signer],
        clock: Clock,
        random: Random,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Self:
        """Begin a record: its first entry states the agreement.

        Args:
            signers: the party's private keys, at least its log key and one of its node's.
            files: media type and bytes of the agreement's files, the signatures' among them.

        Raises:
            PlaceUnusable: there is a record already.
            RecordRefused: a key is missing, or not one of the agreement.
            LogInUse, LogUnavailable: see `SqliteLog.open`, `PostgresLog.open`.
        """
        raise NotImplementedError

    @classmethod
    async def open(
        cls,
        place: RecordPlace,
        terms: Terms | Sequence[Terms],
        party: str,
        *,
        signers: Sequence[Signer] = (),
        clock: Clock,
        random: Random,
        read_only: bool = False,
    ) -> Self:
        """Go on with a record.

        Args:
            terms: every version of the agreement that the record names.
            signers: the party's private keys; without them the record can be read only.
            read_only: takes no ownership, so another process may be writing.

        Raises:
            PlaceUnusable: there is none, or it is of another party or agreement.
            LogDamaged: it contradicts itself.
            LogInUse, LogUnavailable: see `SqliteLog.open`, `PostgresLog.open`.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Finish what is under way and give everything back."""
        raise NotImplementedError

    @property
    def party(self) -> str:
        """Whose record it is."""
        raise NotImplementedError

    @property
    def origin(self) -> str:
        """Name of its log."""
        raise NotImplementedError

    @property
    def head(self) -> Head:
        """Size, root and the log's own checkpoint, durable."""
        raise NotImplementedError

    @property
    def terms(self) -> Terms:
        """The version of the agreement that is in force."""
        raise NotImplementedError

    @property
    def keyring(self) -> KeyRing:
        """Who may sign, now and at every entry."""
        raise NotImplementedError

    @property
    def blobs(self) -> BlobStore:
        """Bytes that payloads name by hash. Put them here before the envelopes that name them."""
        raise NotImplementedError

    # --- writing -----------------------------------------------------------------------------

    async def append(self, drafts: Sequence[tuple[Draft, Signer | None]]) -> list[Entry]:
        """Sign and record what this party says; None signs with the node's key.

        All or nothing. A caller that is cancelled may find his entries recorded all the same, whole
        or not at all.

        Raises:
            RecordRefused: a rule forbids it; the subclass and `where` say which and of what.
            LogUnavailable: nothing was written.
            AppendUnknown: it may have been written; `by_id` will tell once the log answers again.
        """
        raise NotImplementedError

    async def receive(
        self, envelopes: Sequence[bytes], blobs: Mapping[str, bytes] | None = None
    ) -> list[Received]:
        """Check and record envelopes of others, unchanged, and a receipt for each.

        All or nothing, except blobs: those stay. What was received before is answered with the
        receipt that it got then.

        Args:
            envelopes: DSSE envelopes in JSON, in the order of their channels.
            blobs: hexadecimal SHA-256 to bytes, for those that the envelopes name and we lack.

        Raises:
            EnvelopeUnverified: not exactly one good signature by a key that its sender may use.
            ChainBroken: an envelope before it in its channel is missing; says which is expected.
            IdentityReused: an entry with the same id has other bytes.
            RecordRefused: not in form, not for us, of another agreement, or answers what never was.
            LogUnavailable, AppendUnknown: as `append`; asking again is safe.
        """
        raise NotImplementedError

    async def amend(self, terms: Terms, files: Sequence[tuple[str, bytes]]) -> Entry:
        """Record that a new version of the agreement is in force.

        Raises:
            RecordRefused: it is not the next version of this agreement.
            LogUnavailable, AppendUnknown: as `append`.
        """
        raise NotImplementedError

    async def erase(self, index: int, ground: str, signer: Signer | None = None) -> Entry:
        """Delete a payload, and the blobs that nothing else needs; the leaf stays.

        The entry that states it is recorded in the same transaction. Afterwards the database's
        files are cleaned of what was deleted; backups, replicas and archived write-ahead logs
        are beyond reach.

        Raises:
            NoSuchEntry: there is no such entry.
            ErasureRefused: it is gone already, or of a kind that others cannot be checked without.
            LogUnavailable, AppendUnknown: as `append`.
        """
        raise NotImplementedError

    def add_signer(self, signer: Signer) -> None:
        """Make a private key available, before the rotation that brings it in force."""
        raise NotImplementedError

    # --- reading -----------------------------------------------------------------------------

    async def entry(self, index: int) -> Entry:
        """The entry at a position.

        Raises:
            NoSuchEntry: there is none.
        """
        raise NotImplementedError

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from position `since`, at most `limit`."""
        raise NotImplementedError

    async def by_id(self, identity: str) -> Entry | None:
        """The entry with that id, if there is one."""
        raise NotImplementedError

    async def answers(self, index: int) -> list[Entry]:
        """Receipts and acknowledgements of an entry, oldest first."""
        raise NotImplementedError

    async def unanswered(self, party: str, after: int = -1, limit: int = 100) -> list[Entry]:
        """Our entries that a party should have and has given no receipt for, oldest first."""
        raise NotImplementedError

    async def search(self, query: Query, *, limit: int = 100, after: int | None = None) -> Page:
        """Entries that match, a page at a time."""
        raise NotImplementedError

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """Leaves from position `since`, at most `limit`: what entry tiles hold."""
        raise NotImplementedError

    # --- proofs ------------------------------------------------------------------------------

    def node(self, level: int, index: int) -> bytes:
        """A hash of the tree (`NodeReader`)."""
        raise NotImplementedError

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Audit path of an entry in the tree of the first `size` entries (RFC 9162 2.1.3.1).

        Raises:
            NoSuchEntry: the log is not that long.
        """
        raise NotImplementedError

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of `old` entries is a beginning of that of `new`.

        Raises:
            NoSuchEntry: the log is not that long.
        """
        raise NotImplementedError

    async def checkpoint(self) -> CosignedCheckpoint:
        """The newest one, with its cosignatures."""
        raise NotImplementedError

    async def checkpoint_at(self, size: int) -> CosignedCheckpoint:
        """The one of `size` entries.

        Raises:
            NoSuchEntry: there is none of that size.
        """
        raise NotImplementedError

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> list[CosignedCheckpoint]:
        """Those of at least `since` entries, smallest first."""
        raise NotImplementedError

    async def best_checkpoint(self, above: int = 0) -> CosignedCheckpoint | None:
        """Of those with more than `above` entries the newest of the highest grade, if any.

        It covers the entry at index `above`.
        """
        raise NotImplementedError

    async def grade(self, index: int) -> Grade:
        """How well an entry is witnessed.

        Raises:
            NoSuchEntry: there is none.
        """
        raise NotImplementedError

    async def add_cosignatures(self, size: int, lines: Sequence[str]) -> CosignedCheckpoint:
        """Keep signature lines of witnesses for our checkpoint of `size` entries.

        Lines of keys that are no witnesses of ours are left out.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
            NoteMalformed: a line is none.
            NoteUnverified: a signature by a witness of ours is wrong.
        """
        raise NotImplementedError

    async def add_timestamp(self, size: int, token: bytes) -> None:
        """Keep an RFC 3161 token that the caller has checked, for the checkpoint of `size`.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
        """
        raise NotImplementedError

    # --- checking ----------------------------------------------------------------------------

    async def verify(self, progress: Progress | None = None) -> list[Fault]:
        """Look at everything that is stored, and say what contradicts what, and where."""
        raise NotImplementedError
