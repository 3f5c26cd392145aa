"""What can be asked of a party's record: entries, proofs, checkpoints, and whether it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from .blobs import BlobStore
from .cosigned import CosignedCheckpoints
from .entries import CosignedCheckpoint, Entry, Fault, Grade, NoSuchEntry, Page, Progress, Query
from .held import RecordState
from .keyring import KeyRing
from .ledger import Ledger
from .log import Head
from .members import Terms
from .party_check import RecordCheck
from .record_store import RecordStore
from .search import search


class PartyReading:
    """The reading side of `PartyRecord`, which is what to use."""

    def __init__(self, store: RecordStore, party: str) -> None:
        self._store = store
        self._party = party
        self._keyring: KeyRing | None = None
        self._checkpoints = CosignedCheckpoints(store.log)
        self._state = RecordState()

    @property
    def party(self) -> str:
        """Whose record it is."""
        return self._party

    @property
    def origin(self) -> str:
        """Name of its log."""
        return self.keyring.origin

    @property
    def state(self) -> RecordState:
        """Whether it was restored from a copy, and may sign."""
        return self._state

    def channel(self, name: str) -> str:
        """The channel of ours that stands for a name; see `channels`. `append` sees to it."""
        return self._store.rows.own_channel(name)

    @property
    def head(self) -> Head:
        """Size, root and the log's own checkpoint, durable."""
        return self._ledger().head

    @property
    def terms(self) -> Terms:
        """The version of the agreement that is in force."""
        return self.keyring.terms

    @property
    def keyring(self) -> KeyRing:
        """Who may sign, now and at every entry."""
        if self._keyring is None:
            raise RuntimeError("the record is not open yet")
        return self._keyring

    @property
    def blobs(self) -> BlobStore:
        """Bytes that payloads name by hash. Put them here before the envelopes that name them."""
        return self._store.blobs

    # --- reading -----------------------------------------------------------------------------

    async def entry(self, index: int) -> Entry:
        """The entry at a position.

        Raises:
            NoSuchEntry: there is none.
        """
        # Neither database takes a number of any size.
        found = await self._store.rows.entries(index, 1) if 0 <= index < 1 << 62 else []
        if not found:
            raise NoSuchEntry("There is no such entry.", where=f"entry {index}")
        return found[0]

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from position `since`, at most `limit`."""
        return await self._store.rows.entries(max(0, since), limit)

    async def newest(self, since: int, limit: int) -> list[Entry]:
        """As `entries`; what this process has just written comes from memory, unread and at once.

        There may be more entries than it gives, even if those are fewer than `limit`.
        """
        found = self._store.rows.recent.since(since, limit)
        return found or await self.entries(since, limit)

    async def by_id(self, identity: str) -> Entry | None:
        """The entry with that id, if there is one."""
        try:
            wanted = UUID(identity)
        except ValueError:
            return None
        place = (await self._store.rows.places([wanted])).get(wanted)
        return None if place is None else await self.entry(place.index)

    async def answers(self, index: int) -> list[Entry]:
        """Receipts and acknowledgements of an entry, oldest first."""
        positions = await self._store.rows.answers(index)
        found = await self._store.rows.at(positions)
        return [found[position] for position in positions]

    async def unanswered(
        self, party: str, after: int = -1, limit: int = 100, *, named_only: bool = False
    ) -> list[Entry]:
        """Our entries that a party should have and has given no receipt for, oldest first.

        Args:
            party: the other party.
            after: only those at a higher index.
            limit: at most so many.
            named_only: leave out what names no recipient, which is meant for all.
        """
        positions = await self._store.rows.unanswered(
            self._party, party, after, limit, named_only=named_only
        )
        found = await self._store.rows.at(positions)
        return [found[position] for position in positions]

    async def receipts_made(self, party: str) -> int:
        """How many receipts we have made for a party."""
        return await self._store.rows.receipts_end(self._party, party)

    async def receipts_held(self, party: str) -> int:
        """How many receipts of a party for us we have."""
        return await self._store.rows.receipts_end(party, self._party)

    async def receipts_for(self, party: str, after: int, limit: int) -> list[tuple[int, Entry]]:
        """Our receipts for a party above number `after`, each with its number, at most `limit`."""
        return await self._store.rows.receipts_of(self._party, party, after, limit)

    async def search(self, query: Query, *, limit: int = 100, after: int | None = None) -> Page:
        """Entries that match, a page at a time."""
        return await search(self._store.log, query, limit, after)

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """Leaves from position `since`, at most `limit`: what entry tiles hold."""
        return await self._store.log.read(since, limit)

    # --- proofs ------------------------------------------------------------------------------

    def node(self, level: int, index: int) -> bytes:
        """A hash of the tree (`NodeReader`)."""
        return self._store.nodes.read(level, index)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Audit path of an entry in the tree of the first `size` entries (RFC 9162 2.1.3.1).

        Raises:
            NoSuchEntry: the log is not that long.
        """
        try:
            return self._store.nodes.inclusion(index, size)
        except ValueError as error:
            raise NoSuchEntry(f"There is no such proof: {error}.", where=f"entry {index}") from None

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of `old` entries is a beginning of that of `new`.

        Raises:
            NoSuchEntry: the log is not that long.
        """
        try:
            return self._store.nodes.consistency(old, new)
        except ValueError as error:
            raise NoSuchEntry(
                f"There is no such proof: {error}.", where=f"checkpoint {new}"
            ) from None

    async def checkpoint(self) -> CosignedCheckpoint:
        """The newest one, with its cosignatures."""
        return await self._checkpoints.newest(self.keyring)

    async def checkpoint_at(self, size: int) -> CosignedCheckpoint:
        """The one of `size` entries.

        Raises:
            NoSuchEntry: there is none of that size.
        """
        return await self._checkpoints.at(size, self.keyring)

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> list[CosignedCheckpoint]:
        """Those of at least `since` entries, smallest first."""
        return await self._checkpoints.since(
            since, limit, self.keyring, cosigned_only=cosigned_only
        )

    async def best_checkpoint(self, above: int = 0) -> CosignedCheckpoint | None:
        """Of those with more than `above` entries the newest of the highest grade, if any.

        It covers the entry at index `above`.
        """
        return await self._checkpoints.best(above, self.keyring)

    async def grade(self, index: int) -> Grade:
        """How well an entry is witnessed.

        Raises:
            NoSuchEntry: there is none.
        """
        if not 0 <= index < self.head.size:
            raise NoSuchEntry("There is no such entry.", where=f"entry {index}")
        return await self._checkpoints.grade(index, self.keyring)

    async def add_cosignatures(self, size: int, lines: Sequence[str]) -> CosignedCheckpoint:
        """Keep signature lines of witnesses for our checkpoint of `size` entries.

        Lines of keys that are no witnesses of ours are left out.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
            NoteMalformed: a line is none.
            NoteUnverified: a signature by a witness of ours is wrong.
        """
        return await self._checkpoints.add(size, lines, self.keyring)

    async def add_timestamp(self, size: int, token: bytes) -> None:
        """Keep an RFC 3161 token that the caller has checked, for the checkpoint of `size`.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
        """
        await self._checkpoints.add_timestamp(size, token, self.keyring)

    # --- checking ----------------------------------------------------------------------------

    async def verify(self, progress: Progress | None = None) -> list[Fault]:
        """Look at everything that is stored, and say what contradicts what, and where."""
        check = RecordCheck(
            self._store.log, self._store.nodes, self.blobs, self.keyring, self._party
        )
        return await check.run(progress, self.head if self._store.read_only else None)

    def _ledger(self) -> Ledger:
        if self._store.ledger is None:
            raise RuntimeError("the record is not open yet")
        return self._store.ledger
