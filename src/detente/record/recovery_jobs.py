"""What is recorded while a restored record is recovered, as jobs for its writer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from .answers import answered
from .arrived import Arrived
from .entries import Clock, Entry
from .envelope import Draft
from .held import RecordState
from .kinds import ANSWERS
from .leaf import LeafMalformed, read_leaf
from .party_batch import Batch, Known
from .party_gaps import OWN_CHANNEL, ErasedElsewhere, Number, bridge, state_withheld
from .party_jobs import chains_of, places_of
from .party_tables import PartyRows, receipt_channel
from .statements import SqlRow, Statement

LOST_GROUND: Final = "lost: restored from a copy"


@dataclass(slots=True)
class TakeBackJob:
    """An envelope that others hold of us, or theirs to us."""

    rows: PartyRows
    party: str
    arrived: Arrived
    gone: Mapping[Number, ErasedElsewhere]
    absent: frozenset[str]
    entry: Entry | None = None

    @property
    def weight(self) -> int:
        """See `Job`."""
        return 2

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        payload = self.arrived.payload
        of = answered(payload) if payload.kind in ANSWERS else None
        await places_of(self.rows, known, [payload.id, *([of] if of is not None else [])])
        own = self.party, self.rows.own_channel(OWN_CHANNEL)
        await chains_of(self.rows, known, {(payload.sender, payload.channel), own})

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        self.entry = None
        each, payload = self.arrived, self.arrived.payload
        if batch.same(each.envelope, payload, each.chain, each.where) is not None:
            return
        lacking = [sha256 for sha256 in self.absent if batch.lacks(sha256)]
        if payload.sender == self.party:
            self.entry = batch.take_back(each.envelope, payload, each.where, lacking)
        else:
            bridge(batch, payload, self.gone)
            self.entry = batch.receive(each.envelope, payload, each.where, lacking)
        state_withheld(batch, payload, lacking)

    def result(self) -> Entry | None:
        """See `Job`."""
        return self.entry


@dataclass(slots=True)
class ReceiptsJob:
    """Receipts for what has none."""

    rows: PartyRows
    party: str
    positions: Sequence[int]
    clock: Clock
    entries: list[Entry] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """See `Job`."""
        return len(self.positions)

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        found = await self.rows.at(self.positions)
        self.entries = [found[position] for position in self.positions]
        payloads = [each.payload for each in self.entries if each.payload is not None]
        await places_of(self.rows, known, [each.id for each in payloads])
        own = self.rows.own_channel
        senders = {each.sender for each in payloads}
        await chains_of(
            self.rows, known, {(self.party, own(receipt_channel(each))) for each in senders}
        )

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        now = self.clock()
        for each in self.entries:
            batch.acknowledge_receipt(each, now)

    def result(self) -> int:
        """See `Job`."""
        return len(self.entries)


@dataclass(slots=True)
class LossJob:
    """Entries of which only the leaf is left."""

    rows: PartyRows
    party: str
    lost: Sequence[SqlRow]

    @property
    def weight(self) -> int:
        """See `Job`."""
        return len(self.lost)

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        await chains_of(self.rows, known, {(self.party, self.rows.own_channel(OWN_CHANNEL))})

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        for index, body in cast(list[tuple[int, bytes]], self.lost):
            try:
                digest = read_leaf(body).payload_sha256
            except LeafMalformed:
                digest = hashlib.sha256(body).digest()
            stated = batch.state(
                Draft(
                    "erasure",
                    OWN_CHANNEL,
                    (),
                    {
                        "origin": batch.keyring.origin,
                        "index": index,
                        "payload_sha256": digest.hex(),
                        "ground": LOST_GROUND,
                    },
                ),
                duty=True,
            )
            batch.beside(
                index,
                [
                    Statement(
                        "UPDATE party_entries SET erased_by = ? WHERE position = ?",
                        [(stated.index, index)],
                    )
                ],
            )

    def result(self) -> None:
        """See `Job`."""


@dataclass(slots=True)
class EndJob:
    """The statement that a record was recovered; from then on it is."""

    rows: PartyRows
    party: str
    draft: Draft
    state: RecordState
    entry: Entry | None = None

    @property
    def weight(self) -> int:
        """See `Job`."""
        return 1

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        channel = self.rows.own_channel(self.draft.channel)
        await chains_of(self.rows, known, {(self.party, channel)})

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        self.entry = batch.state(self.draft, duty=True)
        recovered = RecordState("recovered", self.state.suffix, self.state.since)
        batch.beside(self.entry.index, recovered.statements())

    def result(self) -> Entry:
        """See `Job`."""
        if self.entry is None:
            raise RuntimeError("nothing was built")
        return self.entry
