"""The life of one party's record: how it is begun, gone on with, written to, and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Self, TypeVar

from .entries import Clock, PlaceUnusable, Random, RecordPlace, RecordRefused
from .held import RecordHeld, RecordState
from .keyring import KeyRing
from .keys import Signer
from .log import LogDamaged, LogReadOnly
from .members import Terms
from .party_batch import Batch, Known
from .party_jobs import AppendJob, agreement_draft, replayed_keys
from .party_tables import ERASABLE
from .party_views import PartyViews
from .party_writer import Job, PartyWriter
from .payload import Blob
from .projections import Projection, check_table_sets
from .record_store import RecordStore
from .statements import Statement, TableSet

T = TypeVar("T")


class PartyLife(PartyViews):
    """The part of `PartyRecord` that is about its life, which is what to use."""

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


def _beside(projections: Sequence[Projection], tables: Sequence[TableSet]) -> tuple[TableSet, ...]:
    check_table_sets(projections, tables)
    return (*(each.tables for each in projections), *tables)
