"""A record that was restored from a copy, until it is known what it has lost.

Nothing is signed here that could have been signed before: the leaves that others keep of our log
are put back as they were, under the checkpoint that we had signed then; envelopes that others hold
of us are taken back unchanged; and whatever is stated anew stands in channels that did not exist
before (`channels`). See docs/backup.md for why that is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast

from detente.errors import DetenteError

from .answers import answered
from .arrived import Arrived, read_all
from .checkpoint import (
    Checkpoint,
    NoteMalformed,
    NoteUnverified,
    open_checkpoint,
    signature_line,
    split_note,
)
from .cosignature import cosignatures_of
from .entries import Entry, PlaceUnusable, RecordRefused
from .envelope import Draft
from .ijson import JsonValue
from .keyring import KeyRing
from .keys import Verifier
from .kinds import ANSWERS, KEY_CHANGES
from .leaf import LeafMalformed, read_leaf
from .log import Head
from .merkle import leaf_hash
from .party_gaps import ErasedElsewhere, Number
from .party_record import PartyRecord
from .party_tables import LOST, Planned, lost_rows, rows_of
from .recovery_jobs import EndJob, LossJob, ReceiptsJob, TakeBackJob

RECOVERY_CHANNEL: Final = "recovery"
_PAGE: Final = 200


class RecoveryForked(DetenteError):
    """Two different trees of one size bear our log's signature."""

    code: ClassVar[str] = "recovery.forked"


class LeavesRefused(DetenteError):
    """Leaves that were offered do not lead to the checkpoint that was signed."""

    code: ClassVar[str] = "recovery.leaves"


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint of our log that somebody else has shown us, with our own good signature.

    Attributes:
        by: who showed it.
        checkpoint: what it says.
        note: as it was shown, with its cosignatures.
        own: the note with our log's signature lines only.
    """

    by: str
    checkpoint: Checkpoint
    note: str
    own: str


class HeldRecord(PartyRecord):
    """A restored record, opened to be recovered. `open` refuses any other.

    `append`, `receive` and the rest of a record's own life are not to be used here.
    """

    def _check_state(self) -> None:
        if self._state.name != "held":
            raise PlaceUnusable(
                "This record was not restored from a copy, or is recovered already.",
                where=str(self._store.place.directory),
            )

    async def ends(self) -> dict[tuple[str, str], int]:
        """Number of the newest envelope of each channel (sender, name)."""
        rows = await self.query(
            "SELECT sender, channel, MAX(seq) FROM party_entries WHERE kind <> ? "
            "GROUP BY sender, channel",
            (LOST,),
        )
        return {(s, c): n for s, c, n in cast(list[tuple[str, str, int]], rows)}

    def shown(self, notes: Sequence[tuple[str, str]], offered: Sequence[bytes] = ()) -> list[Shown]:
        """The checkpoints that others have shown, after checking them.

        Args:
            notes: who showed it, and the note.
            offered: envelopes that others hold: changes of our log's key may be among them.

        Raises:
            RecoveryForked: one contradicts what this copy has.
            RecordRefused: one is not by a key that our log ever had.
        """
        keys = self._keys_with(read_each(offered))
        found = []
        for by, note in notes:
            try:
                checkpoint = open_checkpoint(note, keys)
            except (NoteMalformed, NoteUnverified) as error:
                raise RecordRefused(
                    f"What {by} shows as our checkpoint cannot be believed: {error}",
                    where=f"checkpoint from {by}",
                    advice="If the key of our log was replaced after the copy was made, put the "
                    "newer version of the agreement into the directory first.",
                ) from None
            if checkpoint.origin != self.origin:
                raise RecordRefused(
                    f"{by} shows a checkpoint of another log, {checkpoint.origin}.",
                    where=f"checkpoint from {by}",
                )
            size = checkpoint.size
            if size <= self.head.size and self._store.nodes.root(size) != checkpoint.root:
                raise forked(by, size)
            found.append(Shown(by, checkpoint, note, _only_by(note, keys)))
        return found

    def is_cosigned(self, shown: Shown) -> bool:
        """Whether a witness that the agreement names has cosigned it."""
        return bool(cosignatures_of(shown.note, self.keyring.witnesses(self.head.size)))

    async def take_leaves(
        self, leaves: Sequence[bytes], shown: Sequence[Shown], offered: Sequence[bytes]
    ) -> int:
        """Put back the entries between the end of this copy and the largest checkpoint shown.

        Nothing is signed: the log gets the checkpoint that it had. Afterwards the record must be
        closed, and opened again.

        Args:
            leaves: all of them, in order.
            shown: what `shown` gave.
            offered: envelopes that others hold; those that the leaves are of are put back.

        Returns:
            How many of them nobody has the envelope of.

        Raises:
            LeavesRefused: the leaves do not lead to that checkpoint.
            RecoveryForked: they do, but not to a smaller one that was shown.
        """
        target = max(shown, key=lambda each: each.checkpoint.size)
        begin = self.head.size
        hashes = [leaf_hash(leaf) for leaf in leaves]
        await asyncio.to_thread(self._check_tree, begin, hashes, shown, target)
        arrived = await asyncio.to_thread(read_each, offered)
        planned, lost = await self._match(begin, leaves, arrived)
        numbered = await self.query("SELECT COUNT(*) FROM party_entries WHERE kind = ?", (LOST,))
        rows = [*rows_of(planned), *lost_rows(lost, cast(int, numbered[0][0]))]
        head = Head(target.checkpoint.size, target.checkpoint.root, target.own)
        async with self._paused(), self._store.log.writing(begin) as held:
            await held.append(begin, leaves, hashes, head, rows)
        return len(lost)

    async def take_back(
        self,
        envelopes: Sequence[bytes],
        erasures: Sequence[bytes] = (),
        absent: Collection[str] = frozenset(),
    ) -> list[Entry | DetenteError | None]:
        """Record, unchanged, what others hold of us, and what they have said to us.

        Each for itself, in order. No receipts are made: those that we made before may still come.

        Args:
            envelopes: in the order in which they were recorded where they come from.
            erasures: see `PartyRecord.receive`.
            absent: blobs that nobody has any more; that is stated (`withheld`).

        Returns:
            For each the entry; None if it was there already; or why it cannot be recorded.
        """
        gone = {}
        for each in erasures:
            try:
                read = ErasedElsewhere.read(each, "erasure")
            except RecordRefused:
                continue
            gone[read.number] = read
        results: list[Entry | DetenteError | None] = []
        for at in range(0, len(envelopes), _PAGE):
            jobs = [
                self._take_one(data, gone, frozenset(absent)) for data in envelopes[at : at + _PAGE]
            ]
            results += await asyncio.gather(*jobs)
        return results

    async def settle(self, facts: Mapping[str, JsonValue]) -> Settled:
        """State what was lost, make the receipts that are missing, and end the state `held`.

        Args:
            facts: what the `recovery` entry says beside what is known here.
        """
        receipts = await self._make_receipts()
        erasures = await self._state_losses()
        others = tuple(each.id for each in self.terms.members if each.id != self.party)
        body: dict[str, JsonValue] = {
            **facts,
            "origin": self.origin,
            "copy_size": self.state.since,
            "suffix": self.state.suffix,
            "lost": erasures,
        }
        draft = Draft(RECOVERY_CHANNEL, RECOVERY_CHANNEL, others, body)
        stated = await self._submit(EndJob(self._store.rows, self.party, draft, self.state))
        return Settled(stated, receipts, erasures)

    # --- inside ------------------------------------------------------------------------------

    def _keys_with(self, arrived: Sequence[Arrived]) -> list[Verifier]:
        ring: KeyRing = self.keyring.copy()
        index = self.head.size
        for each in arrived:
            payload = each.payload
            if payload.sender != self.party or payload.kind not in KEY_CHANGES:
                continue
            author = ring.author(self.party, payload.author, index)
            if author is None or not author.key.verify(
                each.envelope.pae(), each.envelope.signatures[0].sig
            ):
                continue
            try:
                ring.apply(payload, author, index)
            except RecordRefused:
                continue
            index += 1
        return ring.log_keys(self.party)

    def _check_tree(
        self, begin: int, hashes: Sequence[bytes], shown: Sequence[Shown], target: Shown
    ) -> None:
        size = target.checkpoint.size
        if begin + len(hashes) != size:
            raise LeavesRefused(
                f"There are {len(hashes)} leaves, and {size - begin} are missing.",
                where=f"entries {begin} to {size - 1}",
            )
        tree = self._store.nodes.frontier()
        roots = {}
        for number in sorted({each.checkpoint.size for each in shown}):
            if number > begin:
                tree.extend(hashes[tree.size - begin : number - begin])
                roots[number] = tree.root()
        if roots[size] != target.checkpoint.root:
            raise LeavesRefused(
                "The leaves do not have the root that was signed.",
                where=f"entries {begin} to {size - 1}",
            )
        for each in shown:
            number = each.checkpoint.size
            if number > begin and roots[number] != each.checkpoint.root:
                raise forked(each.by, number)

    async def _match(
        self, begin: int, leaves: Sequence[bytes], arrived: Sequence[Arrived]
    ) -> tuple[list[Planned], list[int]]:
        """The entries that the leaves are of, and the indices of those of which nobody has any."""
        sealed = {(each.payload.sha256, each.envelope.signatures[0].sig): each for each in arrived}
        ids = [each.payload.id for each in arrived]
        meant = [of for each in arrived if (of := answered(each.payload)) is not None]
        places = {
            identity: place.index
            for identity, place in (await self._store.rows.places({*ids, *meant})).items()
        }
        planned: list[Planned] = []
        lost: list[int] = []
        for index, body in enumerate(leaves, start=begin):
            each = None
            try:
                leaf = read_leaf(body)
                each = sealed.get((leaf.payload_sha256, leaf.signature))
            except LeafMalformed:
                pass  # it is in our tree: it stays as it is
            else:
                if each is not None and (
                    each.payload.id in places
                    or not Verifier(each.payload.author, leaf.public_key).verify(
                        each.envelope.pae(), leaf.signature
                    )
                ):
                    each = None
            if each is None:
                lost.append(index)
                continue
            payload = each.payload
            of = answered(payload) if payload.kind in ANSWERS else None
            subject = None if of is None else places.get(of)
            planned.append(Planned(Entry(index, body, each.envelope, payload), each.chain, subject))
            places[payload.id] = index
        return planned, lost

    async def _take_one(
        self, data: bytes, gone: Mapping[Number, ErasedElsewhere], absent: frozenset[str]
    ) -> Entry | DetenteError | None:
        try:
            (arrived,) = read_all([data])
            return await self._submit(
                TakeBackJob(self._store.rows, self.party, arrived, gone, absent)
            )
        except RecordRefused as error:
            return error

    async def _make_receipts(self) -> int:
        made = 0
        while True:
            rows = await self.query(
                "SELECT e.position FROM party_entries AS e WHERE e.sender <> ? AND e.kind <> ? "
                "AND e.kind <> 'receipt' AND e.payload IS NOT NULL AND NOT EXISTS ("
                "SELECT 1 FROM party_answers AS a WHERE a.subject = e.position AND a.party = ? "
                "AND a.kind = 'receipt') ORDER BY e.position LIMIT ?",
                (self.party, LOST, self.party, _PAGE),
            )
            if not rows:
                return made
            positions = [cast(int, row[0]) for row in rows]
            job = ReceiptsJob(self._store.rows, self.party, positions, self._clock)
            made += await self._submit(job)

    async def _state_losses(self) -> int:
        stated = 0
        while True:
            rows = await self.query(
                "SELECT e.position, l.body FROM party_entries AS e JOIN entries AS l "
                "ON l.position = e.position WHERE e.kind = ? AND e.erased_by IS NULL "
                "ORDER BY e.position LIMIT ?",
                (LOST, _PAGE),
            )
            if not rows:
                break
            await self._submit(LossJob(self._store.rows, self.party, rows))
            stated += len(rows)
        counted = await self.query("SELECT COUNT(*) FROM party_entries WHERE kind = ?", (LOST,))
        return max(stated, cast(int, counted[0][0]))


@dataclass(frozen=True, slots=True)
class Settled:
    """What was stated at the end of a recovery.

    Attributes:
        entry: the `recovery` entry.
        receipts: how many were missing and have been made.
        lost: entries of which only the leaf is left.
    """

    entry: Entry
    receipts: int
    lost: int


def forked(by: str, size: int) -> RecoveryForked:
    """The error for a checkpoint with our signature that contradicts our own tree."""
    return RecoveryForked(
        f"{by} shows a checkpoint of {size} entries with our log's signature and another root.",
        where=f"checkpoint {size}",
        advice="Two copies of this record were written to, or the log's key is in other hands. "
        "Keep both, sign nothing, and agree with the others on a new log and new keys.",
    )


def read_each(envelopes: Sequence[bytes]) -> list[Arrived]:
    """Those of them that are envelopes at all: nothing that others offer may stop a recovery."""
    arrived = []
    for data in envelopes:
        try:
            arrived += read_all([data])
        except RecordRefused:
            continue
    return arrived


def _only_by(note: str, keys: Collection[Verifier]) -> str:
    """A note with the signature lines of these keys only."""
    text, lines = split_note(note)
    known = {(key.name, key.key_id) for key in keys}
    own = [signature_line(*each) for each in lines if (each[0], each[1]) in known]
    return f"{text}\n{''.join(own)}"
