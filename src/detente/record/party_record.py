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

from .arrived import Arrived, read_all
from .entries import BlobMissing, Entry, Received
from .envelope import Draft
from .keys import Signer
from .members import Terms
from .party_gaps import ErasedElsewhere
from .party_jobs import AdoptJob, AppendJob, EraseJob, ReceiveJob, agreement_draft
from .party_life import PartyLife


class PartyRecord(PartyLife):
    """The record of one party under one agreement. Made by `create` or `open`.

    For the tasks of one event loop in one process.
    """

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

    def _keep_blobs(self, arrived: Sequence[Arrived], given: Mapping[str, bytes]) -> None:
        named = {blob.sha256.hex() for each in arrived for blob in each.payload.blobs}
        for sha256, data in given.items():
            if hashlib.sha256(data).hexdigest() != sha256:
                raise BlobMissing("Its bytes have another hash.", where=f"blob {sha256}")
            if sha256 in named:
                self.blobs.put(data)
