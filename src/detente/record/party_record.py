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

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Self, TypeVar
from uuid import UUID

from .blobs import BlobStore
from .cosigned import CosignedCheckpoints
from .dsse import DsseMalformed, Envelope
from .entries import (
    BlobMissing,
    Clock,
    CosignedCheckpoint,
    Entry,
    Fault,
    Grade,
    NoSuchEntry,
    Page,
    PlaceUnusable,
    Progress,
    Query,
    Random,
    Received,
    RecordPlace,
    RecordRefused,
)
from .envelope import Blob, Draft, EnvelopeMalformed, read_payload
from .keyring import KeyRing
from .keys import Signer
from .ledger import Ledger
from .log import Head, LogReadOnly
from .members import Terms
from .party_batch import Batch, Known
from .party_check import RecordCheck
from .party_jobs import (
    AppendJob,
    Arrived,
    EraseJob,
    ReceiveJob,
    agreement_draft,
    replayed_keys,
)
from .party_tables import ERASABLE
from .party_writer import Job, PartyWriter
from .record_store import RecordStore
from .search import search
from .statements import Statement

T = TypeVar("T")

ENVELOPES_MAX: Final = 500
"""At a time."""


class PartyRecord:
    """The record of one party under one agreement. Made by `create` or `open`.

    For the tasks of one event loop in one process.
    """

    def __init__(
        self,
        store: RecordStore,
        party: str,
        signers: Sequence[Signer],
        clock: Clock,
        random: Random,
    ) -> None:
        self._store = store
        self._party = party
        self._signers = {signer.public_key: signer for signer in signers}
        self._clock = clock
        self._random = random
        self._versions: tuple[Terms, ...] = ()
        self._keyring: KeyRing | None = None
        self._writer: PartyWriter | None = None
        self._checkpoints = CosignedCheckpoints(store.log)

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
        place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = cls(await RecordStore.open(place, read_only=False), party, signers, clock, random)
        try:
            await record._begin(terms, files)
        except BaseException:
            await record.close()
            raise
        return record

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
        versions = (terms,) if isinstance(terms, Terms) else tuple(terms)
        store = await RecordStore.open(place, read_only=read_only or not signers)
        record = cls(store, party, signers, clock, random)
        try:
            await record._resume(versions)
        except BaseException:
            await record.close()
            raise
        return record

    async def close(self) -> None:
        """Finish what is under way and give everything back."""
        try:
            if self._writer is not None:
                await self._writer.close()
        finally:
            await self._store.close()

    @property
    def party(self) -> str:
        """Whose record it is."""
        return self._party

    @property
    def origin(self) -> str:
        """Name of its log."""
        return self.keyring.origin

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
        if not drafts:
            return []
        return await self._submit(AppendJob(self._store.rows, self._party, list(drafts)))

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
        if not envelopes:
            return []
        if len(envelopes) > ENVELOPES_MAX:
            raise RecordRefused(f"At most {ENVELOPES_MAX} envelopes at a time.")
        arrived = await asyncio.to_thread(read_all, envelopes)
        await asyncio.to_thread(self._keep_blobs, arrived, blobs or {})
        job = ReceiveJob(self._store.rows, self._party, arrived, self._clock)
        return await (await self._submit(job)).received()

    async def amend(self, terms: Terms, files: Sequence[tuple[str, bytes]]) -> Entry:
        """Record that a new version of the agreement is in force.

        Raises:
            RecordRefused: it is not the next version of this agreement.
            LogUnavailable, AppendUnknown: as `append`.
        """
        blobs = await asyncio.to_thread(self._keep_files, files)
        draft = agreement_draft(terms, blobs)
        job = AppendJob(self._store.rows, self._party, [(draft, None)], duty=True, terms=terms)
        (entry,) = await self._submit(job)
        return entry

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
        job = EraseJob(self._store.rows, self._party, index, ground, signer)
        entry = await self._submit(job)
        await self._clean()
        return entry

    def add_signer(self, signer: Signer) -> None:
        """Make a private key available, before the rotation that brings it in force."""
        self._signers[signer.public_key] = signer

    # --- reading -----------------------------------------------------------------------------

    async def entry(self, index: int) -> Entry:
        """The entry at a position.

        Raises:
            NoSuchEntry: there is none.
        """
        found = await self._store.rows.entries(index, 1) if index >= 0 else []
        if not found:
            raise NoSuchEntry("There is no such entry.", where=f"entry {index}")
        return found[0]

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from position `since`, at most `limit`."""
        return await self._store.rows.entries(max(0, since), limit)

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

    async def unanswered(self, party: str, after: int = -1, limit: int = 100) -> list[Entry]:
        """Our entries that a party should have and has given no receipt for, oldest first."""
        positions = await self._store.rows.unanswered(self._party, party, after, limit)
        found = await self._store.rows.at(positions)
        return [found[position] for position in positions]

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
        return await check.run(progress)

    # --- inside ------------------------------------------------------------------------------

    async def _begin(self, terms: Terms, files: Sequence[tuple[str, bytes]]) -> None:
        origin = self._origin_in(terms)
        if (await self._store.log.head()).size:
            raise PlaceUnusable(
                "There is a record already.", where=str(self._store.place.directory)
            )
        await self._claim(terms, origin)
        self._keyring = KeyRing(terms, origin)
        await self._start()
        blobs = await asyncio.to_thread(self._keep_files, files)
        draft = agreement_draft(terms, blobs)
        job = AppendJob(self._store.rows, self._party, [(draft, None)], duty=True)
        await self._submit(job)

    async def _resume(self, versions: Sequence[Terms]) -> None:
        directory = str(self._store.place.directory)
        if not versions:
            raise PlaceUnusable("No agreement was given.", where=directory)
        origin = self._origin_in(versions[0])
        if (await self._store.log.head()).size == 0:
            raise PlaceUnusable("There is no record yet.", where=directory)
        await self._claim(versions[0], origin)
        self._versions = tuple(versions)
        self._keyring = await replayed_keys(self._store.rows, self._versions, origin)
        await self._start()
        if self._writer is not None:
            await self._clean()

    async def _claim(self, terms: Terms, origin: str) -> None:
        """Say whose record it is; refuse somebody else's."""
        ours = {"party": self._party, "agreement": terms.agreement, "origin": origin}
        found = await self._store.rows.about()
        if not found and not self._store.read_only:
            await self._store.log.execute(
                [
                    Statement(
                        "INSERT INTO party_about (name, value) VALUES (?, ?)", list(ours.items())
                    )
                ]
            )
        elif found != ours:
            raise PlaceUnusable(
                f"It is the record of {found.get('party')!r} under {found.get('agreement')!r}.",
                where=str(self._store.place.directory),
            )

    async def _start(self) -> None:
        keyring = self.keyring
        self._verifiers = keyring.log_keys(self._party)
        signer = None if self._store.read_only else self._log_signer(keyring, 0)
        await self._store.follow(keyring.origin, signer, self._verifiers)
        if signer is not None:
            self._rekey(keyring)
            self._writer = PartyWriter(
                self._ledger(), self._store.nodes, self._batch, self._rekey, self._overtaken
            )

    def _batch(self, size: int, known: Known) -> Batch:
        return Batch(
            self._party,
            self.keyring,
            self._signers,
            size,
            known,
            self.blobs,
            self._clock,
            self._random,
        )

    def _rekey(self, keyring: KeyRing) -> None:
        """Take in what a batch has changed; the log key in force signs the next checkpoint."""
        self._keyring = keyring
        signer = self._log_signer(keyring, self._ledger().size + 1)
        self._ledger().rekey(signer, keyring.log_keys(self._party))

    async def _overtaken(self) -> None:
        self._rekey(await replayed_keys(self._store.rows, self._versions, self.origin))

    def _log_signer(self, keyring: KeyRing, size: int) -> Signer:
        key = keyring.log_key(self._party, size)
        signer = self._signers.get(key.public_key)
        if signer is None:
            raise RecordRefused(
                "The private key of the log is not at hand.",
                where=key.name,
                advice="Give it, or open the record for reading only.",
            )
        return signer

    def _origin_in(self, terms: Terms) -> str:
        try:
            return terms.member(self._party).origin
        except KeyError:
            raise RecordRefused(f"The agreement has no party {self._party!r}.") from None

    async def _submit(self, job: Job[T]) -> T:
        if self._writer is None:
            raise LogReadOnly("The record was opened for reading.")
        return await self._writer.submit(job)

    async def _clean(self) -> None:
        """Finish outside of the database what erasures have begun within; also after a crash."""
        doomed = await self._store.rows.doomed()
        if not doomed:
            return
        for sha256 in filter(None, doomed):
            if not await self._store.rows.needed(sha256):
                await asyncio.to_thread(self.blobs.delete, sha256)
        await self._store.log.scrub(ERASABLE)
        await self._store.log.execute(
            [Statement("DELETE FROM party_doomed WHERE sha256 = ?", [(each,) for each in doomed])]
        )

    def _ledger(self) -> Ledger:
        if self._store.ledger is None:
            raise RuntimeError("the record is not open yet")
        return self._store.ledger

    def _keep_files(self, files: Sequence[tuple[str, bytes]]) -> list[Blob]:
        return [
            Blob(bytes.fromhex(self.blobs.put(data)), len(data), media_type)
            for media_type, data in files
        ]

    def _keep_blobs(self, arrived: Sequence[Arrived], given: Mapping[str, bytes]) -> None:
        named = {blob.sha256.hex() for each in arrived for blob in each.payload.blobs}
        for sha256, data in given.items():
            if hashlib.sha256(data).hexdigest() != sha256:
                raise BlobMissing("Its bytes have another hash.", where=f"blob {sha256}")
            if sha256 in named:
                self.blobs.put(data)


def read_all(envelopes: Sequence[bytes]) -> list[Arrived]:
    """Envelopes in the right form.

    Raises:
        RecordRefused: one is not; `where` says which.
    """
    arrived = []
    for number, data in enumerate(envelopes, start=1):
        where = f"envelope {number}"
        try:
            envelope = Envelope.from_json(data)
            arrived.append(Arrived.of(envelope, read_payload(envelope), where))
        except (DsseMalformed, EnvelopeMalformed) as error:
            raise RecordRefused(f"It is not in the right form: {error}", where=where) from error
    return arrived
