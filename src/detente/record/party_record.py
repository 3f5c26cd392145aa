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
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Self, TypeVar

from .dsse import DsseMalformed, Envelope
from .entries import (
    BlobMissing,
    Clock,
    Entry,
    PlaceUnusable,
    Random,
    Received,
    RecordPlace,
    RecordRefused,
)
from .envelope import Blob, Draft, EnvelopeMalformed, read_payload
from .held import RecordHeld, RecordState
from .keyring import KeyRing
from .keys import Signer
from .log import LogDamaged, LogReadOnly
from .members import Terms
from .party_batch import Batch, Known
from .party_gaps import ErasedElsewhere
from .party_jobs import (
    AdoptJob,
    AppendJob,
    Arrived,
    EraseJob,
    ReceiveJob,
    agreement_draft,
    replayed_keys,
)
from .party_tables import ERASABLE
from .party_views import PartyViews
from .party_writer import Job, PartyWriter
from .projections import Projection, check_table_sets
from .record_store import RecordStore
from .statements import Statement, TableSet

T = TypeVar("T")

ENVELOPES_MAX: Final = 500
"""At a time."""


class PartyRecord(PartyViews):
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
        projections: Sequence[Projection] = (),
        tables: Sequence[TableSet] = (),
    ) -> None:
        super().__init__(store, party, projections, tables)
        self._signers = {signer.public_key: signer for signer in signers}
        self._clock = clock
        self._random = random
        self._versions: tuple[Terms, ...] = ()
        self._writer: PartyWriter | None = None
        self._said: dict[str, int] = {}
        self._said_at_least = -1

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
        projections: Sequence[Projection] = (),
        tables: Sequence[TableSet] = (),
    ) -> Self:
        """Begin a record: its first entry states the agreement.

        Args:
            signers: the party's private keys, at least its log key and one of its node's.
            files: media type and bytes of the agreement's files, the signatures' among them.
            projections: kept in step with the entries.
            tables: further tables beside the log, for `execute`.

        Raises:
            PlaceUnusable: there is a record already.
            RecordRefused: a key is missing, or not one of the agreement.
            LogInUse, LogUnavailable: see `SqliteLog.open`, `PostgresLog.open`.
        """
        place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = _beside(projections, tables)
        store = await RecordStore.open(place, read_only=False, tables=beside)
        record = cls(store, party, signers, clock, random, projections, tables)
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
        projections: Sequence[Projection] = (),
        tables: Sequence[TableSet] = (),
    ) -> Self:
        """Go on with a record.

        Args:
            terms: every version of the agreement that the record names.
            signers: the party's private keys; without them the record can be read only.
            read_only: takes no ownership, so another process may be writing.
            projections: kept in step with the entries, after making up for what they have missed.
            tables: further tables beside the log, for `execute`.

        Raises:
            ProjectionFailed: a projection cannot be applied to an entry.
            PlaceUnusable: there is none, or it is of another party or agreement.
            RecordHeld: it was restored from a copy, and not recovered yet.
            LogDamaged: it contradicts itself.
            LogInUse, LogUnavailable: see `SqliteLog.open`, `PostgresLog.open`.
        """
        versions = (terms,) if isinstance(terms, Terms) else tuple(terms)
        reading = read_only or not signers
        store = await RecordStore.open(
            place, read_only=reading, tables=_beside(projections, tables)
        )
        record = cls(store, party, signers, clock, random, projections, tables)
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
            self._ended = True
            self._grown()
            await self._store.close()

    def said_to(self, party: str) -> int:
        """No entry of ours that names a party, receipts apart, stands above this index.

        Costs nothing: tells whoever waits for the log to grow whether that concerns the party. It
        may be too high, after another process has written and at the beginning.
        """
        return max(self._said_at_least, self._said.get(party, -1))

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
        self,
        envelopes: Sequence[bytes],
        blobs: Mapping[str, bytes] | None = None,
        *,
        erasures: Sequence[bytes] = (),
        withheld: Collection[str] = (),
    ) -> list[Received]:
        """Check and record envelopes of others, unchanged, and a receipt for each.

        All or nothing, except blobs: those stay. What was received before is answered with the
        receipt that it got then.

        Args:
            envelopes: DSSE envelopes in JSON, in the order of their channels.
            blobs: hexadecimal SHA-256 to bytes, for those that the envelopes name and we lack.
            erasures: envelopes by which their senders say what they have erased of their own: gaps
                that these explain are stated (`gap`) and passed over.
            withheld: blobs that the sender keeps back; it is stated (`withheld`) that they lack.

        Raises:
            EnvelopeUnverified: not exactly one good signature by a key that its sender may use.
            ChainBroken: an envelope before it in its channel is missing; says which is expected.
            IdentityReused: an entry with the same id has other bytes.
            RecordRefused: not in form, not for us, of another agreement, or answers what never was.
            LogUnavailable, AppendUnknown: as `append`; asking again is safe.
        """
        if not envelopes:
            return []
        arrived = await asyncio.to_thread(read_all, envelopes)
        if blobs:
            # What is known may have been erased, its blobs with it: they do not come back.
            known = await self._store.rows.places([each.payload.id for each in arrived])
            fresh = [each for each in arrived if each.payload.id not in known]
            await asyncio.to_thread(self._keep_blobs, fresh, blobs)
        gone = [
            ErasedElsewhere.read(data, f"erasure {number}")
            for number, data in enumerate(erasures, start=1)
        ]
        job = ReceiveJob(
            self._store.rows,
            self._party,
            arrived,
            self._clock,
            {each.number: each for each in gone},
            frozenset(withheld),
        )
        return await (await self._submit(job)).received()

    async def adopt(self, envelopes: Sequence[bytes]) -> list[Entry]:
        """Record, unchanged, what this party has sealed elsewhere; all or nothing.

        What is recorded already stays as it is. Arguments and errors are those of `receive`.
        """
        arrived = await asyncio.to_thread(read_all, envelopes)
        indices = await self._submit(AdoptJob(self._store.rows, self._party, arrived))
        found = await self._store.rows.at(indices)
        return [found[index] for index in indices]

    async def amend(self, terms: Terms, files: Sequence[tuple[str, bytes]]) -> Entry:
        """Record that a new version of the agreement is in force.

        Raises:
            RecordRefused: it is not the next version of this agreement.
            LogUnavailable, AppendUnknown: as `append`.
        """
        blobs = await asyncio.to_thread(self._keep_files, files)
        draft = agreement_draft(terms, blobs)
        job = AppendJob(self._store.rows, self._party, [(draft, None)], duty=True, terms=terms)
        self._versions = (*self._versions, terms)
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

    # --- inside ------------------------------------------------------------------------------

    async def _begin(self, terms: Terms, files: Sequence[tuple[str, bytes]]) -> None:
        origin = self._origin_in(terms)
        if (await self._store.log.head()).size:
            raise PlaceUnusable(
                "There is a record already.", where=str(self._store.place.directory)
            )
        await self._claim(terms, origin)
        self._versions = (terms,)
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
        elif {name: found.get(name) for name in ours} != ours:
            raise PlaceUnusable(
                f"It is the record of {found.get('party')!r} under {found.get('agreement')!r}.",
                where=str(self._store.place.directory),
            )
        try:
            self._state = RecordState.read(found)
        except (KeyError, ValueError) as error:
            raise LogDamaged(
                f"What it says of its own state cannot be read: {error}.", where="party_about"
            ) from None
        self._store.rows.suffix = self._state.suffix
        self._check_state()

    def _check_state(self) -> None:
        if self._state.name == "held" and not self._store.read_only:
            raise RecordHeld(
                "It was restored from a copy, and does not know what it signed since.",
                where=str(self._store.place.directory),
                advice="`detente node run` asks the others; until then it can be read.",
            )

    async def _start(self) -> None:
        keyring = self.keyring
        size = (await self._store.log.head()).size
        self._said_at_least = size - 1
        signer = None if self._store.read_only else self._log_signer(keyring, size + 1)
        await self._store.follow(keyring.origin, signer, keyring.log_keys(self._party))
        if signer is not None:
            await self._projections.look()
            await self._projections.catch_up(self.head.size)
            self._writer = PartyWriter(
                self._ledger(),
                self._store.nodes,
                self._batch,
                self._sign_with,
                self._committed,
                self._overtaken,
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
            self._projections,
            self._store.rows.suffix,
        )

    def _sign_with(self, keyring: KeyRing, size: int) -> None:
        """Have the checkpoint of that size signed by the key that is in force then."""
        signer = self._log_signer(keyring, size)
        self._ledger().rekey(signer, keyring.log_keys(self._party))

    def _committed(self, batch: Batch) -> None:
        self._keyring = batch.keyring
        if batch.erases:
            self._store.rows.recent.clear()
        else:
            self._store.rows.recent.add([planned.entry for planned in batch.planned])
        for planned in batch.planned:
            payload = planned.entry.payload
            if payload is not None and payload.sender == self._party and payload.kind != "receipt":
                self._said.update(dict.fromkeys(payload.to, planned.entry.index))
        self._grown()

    async def _overtaken(self) -> None:
        self._keyring = await replayed_keys(self._store.rows, self._versions, self.origin)
        await self._projections.catch_up(self.head.size)
        self._said_at_least = self.head.size - 1
        self._store.rows.recent.clear()
        self._grown()

    def _paused(self) -> AbstractAsyncContextManager[object]:
        if self._writer is None:
            raise LogReadOnly("The record was opened for reading.")
        return self._writer.paused

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
        await self._store.log.scrub((*ERASABLE, *self._projections.erasable))
        await self._store.log.execute(
            [Statement("DELETE FROM party_doomed WHERE sha256 = ?", [(each,) for each in doomed])]
        )

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


def _beside(projections: Sequence[Projection], tables: Sequence[TableSet]) -> tuple[TableSet, ...]:
    check_table_sets(projections, tables)
    return (*(each.tables for each in projections), *tables)


def read_all(envelopes: Sequence[bytes]) -> list[Arrived]:
    """Envelopes in the right form.

    Raises:
        RecordRefused: one is not, and `where` says which; or there are too many.
    """
    if len(envelopes) > ENVELOPES_MAX:
        raise RecordRefused(f"At most {ENVELOPES_MAX} envelopes at a time.")
    arrived = []
    for number, data in enumerate(envelopes, start=1):
        where = f"envelope {number}"
        try:
            envelope = Envelope.from_json(data)
            arrived.append(Arrived.of(envelope, read_payload(envelope), where))
        except (DsseMalformed, EnvelopeMalformed) as error:
            raise RecordRefused(f"It is not in the right form: {error}", where=where) from error
    return arrived
