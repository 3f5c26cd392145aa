"""The demonstration's records: what both parties said and received, signed, acknowledged, kept.

Envelopes are handed over within this process: the line that carries them between nodes does not
exist yet. Everything else is as it will be: each side signs with its own keys, checks what it gets,
makes receipts, and keeps its own record.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from detente.agreement import Agreement, record_files
from detente.demo.agreeing import Signatory
from detente.demo.party import FoundConflict, Party
from detente.f3548 import types as wire
from detente.record import (
    Blob,
    Draft,
    Entry,
    JsonValue,
    PartyRecord,
    RecordPlace,
    Reference,
    Signer,
    format_time,
)

BATCH: Final = 250
"""Statements that are signed and made durable in one transaction."""
PLAN: Final = "plan"
ACKNOWLEDGEMENTS: Final = "acknowledgements"
STATUS: Final = "exercise"
"""The day has been flown already: nobody shall take its messages for real ones."""

T = TypeVar("T")

COUNTED: Final = (
    "announcements stated",
    "announcements received",
    "conflicts stated",
    "conflicts received",
    "acknowledgements by our officer",
    "acknowledgements by theirs",
    "receipts given",
    "receipts got",
    "anchors: checkpoints of the other",
)
"""What goes into a record, in the order in which it is told."""

Advance = Callable[[int], None]


def clock() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Side:
    """A party with its open record.

    Attributes:
        who: its name and keys.
        record: what it keeps.
        officer: signs acknowledgements.
        stated: entry of each intent that it knows of, its own and the other's, by intent.
        conflicts: entries of the conflicts that the other has told it.
        counts: what its record holds, in words.
    """

    who: Signatory
    record: PartyRecord
    officer: Signer
    stated: dict[str, Entry] = field(default_factory=dict)
    conflicts: list[Entry] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int) -> None:
        """Note how much of something went into the record."""
        self.counts[what] = self.counts.get(what, 0) + number


@asynccontextmanager
async def records_of(
    parties: Sequence[Signatory], agreement: Agreement
) -> AsyncIterator[list[Side]]:
    """A new record for each party, open while the block runs."""
    terms, files = agreement.terms(), record_files(agreement)
    async with AsyncExitStack() as stack:
        sides = []
        for party in parties:
            record = await PartyRecord.create(
                RecordPlace(party.directory / "record"),
                terms,
                party.id,
                signers=party.node_signers(),
                clock=clock,
                random=secrets.token_bytes,
                files=files,
            )
            stack.push_async_callback(record.close)
            sides.append(Side(party, record, party.officer()))
        yield sides


async def announcements(side: Side, other: Side, party: Party, advance: Advance) -> None:
    """What a party announced to the exchange: stated to the other, who gives a receipt."""
    for intents in _batches(party.announced):
        drafts = [_announcement(intent, other.who.id) for intent in intents]
        stated = await side.record.append([(draft, None) for draft in drafts])
        side.count("announcements stated", len(stated))
        received = await _hand_over(side, other, stated)
        for intent, mine, theirs in zip(intents, stated, received, strict=True):
            side.stated[intent.reference.id] = mine
            other.stated[intent.reference.id] = theirs
        other.count("announcements received", len(received))
        advance(len(stated))


async def conflicts(side: Side, other: Side, party: Party, advance: Advance) -> None:
    """What a party found: stated to the other, with the very bytes that the other had sent it."""
    for batch in _batches(party.tally.conflicts):
        drafts = []
        blobs: dict[str, bytes] = {}
        for conflict in batch:
            sha256 = hashlib.sha256(conflict.told).hexdigest()
            blobs[sha256] = conflict.told
            drafts.append(_conflict(side, other.who.id, conflict, sha256))
        await asyncio.to_thread(_keep, side.record, blobs)
        stated = await side.record.append([(draft, None) for draft in drafts])
        side.count("conflicts stated", len(stated))
        received = await _hand_over(side, other, stated, blobs)
        other.conflicts += received
        other.count("conflicts received", len(received))
        advance(len(stated))


async def acknowledgements(side: Side, other: Side, advance: Advance) -> None:
    """The duty officer of `side` acknowledges every conflict that the other stated."""
    for batch in _batches(side.conflicts):
        drafts = [_acknowledgement(entry, other.who.id) for entry in batch]
        stated = await side.record.append([(draft, side.officer) for draft in drafts])
        side.count("acknowledgements by our officer", len(stated))
        received = await _hand_over(side, other, stated)
        other.count("acknowledgements by theirs", len(received))
        advance(len(stated))


async def _hand_over(
    side: Side,
    other: Side,
    entries: Sequence[Entry],
    blobs: Mapping[str, bytes] | None = None,
) -> list[Entry]:
    """The other side receives entries; its receipts come back. Its entries, in the same order."""
    received = await other.record.receive([_envelope(entry) for entry in entries], blobs)
    receipts = [found.receipt for found in received if found.receipt is not None]
    await side.record.receive([_envelope(receipt) for receipt in receipts])
    other.count("receipts given", len(receipts))
    side.count("receipts got", len(receipts))
    return [found.entry for found in received]


def _announcement(intent: wire.OperationalIntent, to: str) -> Draft:
    reference = intent.reference
    return Draft(
        kind="operational-intent",
        channel=PLAN,
        to=(to,),
        status=STATUS,
        body={
            "intent": reference.id,
            "manager": reference.manager,
            "state": reference.state,
            "version": reference.version,
            "time_start": format_time(reference.time_start.value),
            "time_end": format_time(reference.time_end.value),
            "volumes": len(intent.details.volumes or []),
        },
    )


def _conflict(side: Side, to: str, conflict: FoundConflict, sha256: str) -> Draft:
    encounters: list[JsonValue] = [
        {
            "mine": found.first,
            "other": found.second,
            "lat_deg": f"{found.lat_deg:.5f}",
            "lng_deg": f"{found.lng_deg:.5f}",
            "time_start_us": found.time_start_us,
            "time_end_us": found.time_end_us,
        }
        for found in conflict.encounters
    ]
    refs = [
        _reference(side.stated[intent], rel)
        for intent, rel in ((conflict.mine, "mine"), (conflict.other, "other"))
    ]
    return Draft(
        kind="conflict",
        channel=PLAN,
        to=(to,),
        status=STATUS,
        body={"mine": conflict.mine, "other": conflict.other, "encounters": encounters},
        refs=tuple(refs),
        blobs=(Blob(bytes.fromhex(sha256), len(conflict.told), "application/json"),),
    )


def _acknowledgement(entry: Entry, to: str) -> Draft:
    payload = entry.payload
    assert payload is not None  # noqa: S101 - nothing is erased in the demonstration
    return Draft(
        kind="acknowledgement",
        channel=ACKNOWLEDGEMENTS,
        to=(to,),
        status=STATUS,
        body={"of": str(payload.id), "payload_sha256": payload.sha256.hex()},
        refs=(_reference(entry, "acknowledgement"),),
    )


def _reference(entry: Entry, rel: str) -> Reference:
    payload = entry.payload
    assert payload is not None  # noqa: S101 - as above
    return Reference(payload.id, rel, payload.sha256)


def _envelope(entry: Entry) -> bytes:
    assert entry.envelope is not None  # noqa: S101 - as above
    return entry.envelope.to_json()


def _keep(record: PartyRecord, blobs: Mapping[str, bytes]) -> None:
    for data in blobs.values():
        record.blobs.put(data)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
