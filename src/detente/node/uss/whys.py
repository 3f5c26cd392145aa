"""Why an order was accepted or refused, from the record: `GET /api/v1/plans/{id}/why`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from detente.http import NotFound
from detente.planning import (
    Evidence,
    Neighbour,
    Source,
    Why,
    entries,
    evidence_of,
    why,
)
from detente.planning.entry_forms import at_text
from detente.record import Entry, PartyRecord

from .recorder import Recorder


async def why_of(record: PartyRecord, recorder: Recorder, identity: str, attempt: str = "") -> Why:
    """What exactly decided the newest attempt at an intent, or the attempt that is named.

    Args:
        record: ours.
        recorder: what waits there is written first.
        identity: of an intent (also of one that never was), or of an attempt's entry.
        attempt: of the attempt's entry, if it is not the newest.

    Raises:
        NotFound: there was no such attempt, or its entry was erased.
        LogUnavailable: what waits cannot be written, or nothing can be read.
    """
    await recorder.flush()
    entry = await _attempt_entry(record, identity, attempt)
    if entry is None or entry.payload is None:
        raise NotFound(f"There was no attempt at a plan {identity} here.", where="id")
    read = record.blobs.read
    told = await asyncio.to_thread(entries.attempt_told, entry.payload, read)
    sources = await _sources(record, told.outcome.neighbours)
    accepted = await _evidence(record, told.accepted)
    return await asyncio.to_thread(why, told, evidence_of(entry), sources, accepted)


async def _attempt_entry(record: PartyRecord, identity: str, attempt: str) -> Entry | None:
    rows = await record.query(
        "SELECT position FROM plans_attempts WHERE (intent = ? AND (id = ? OR ? = '')) OR id = ? "
        "ORDER BY position DESC LIMIT 1",
        (identity, attempt, attempt, identity),
    )
    return await record.entry(cast(int, rows[0][0])) if rows else None


async def _sources(record: PartyRecord, neighbours: tuple[Neighbour, ...]) -> Mapping[str, Source]:
    found = {}
    for each in neighbours:
        if each.source and each.source not in found:
            source = await _source(record, each)
            if source is not None:
                found[each.source] = source
    return found


async def _source(record: PartyRecord, neighbour: Neighbour) -> Source | None:
    entry = await record.by_id(neighbour.source)
    if entry is None or entry.payload is None or entry.payload.kind != entries.EXCHANGE:
        return None
    told, party = await asyncio.to_thread(entries.exchange_told, entry.payload, record.blobs.read)
    by = f"{told.method} {told.url}" if told.recorder_role == "Client" else f"{party} ({told.url})"
    return Source(
        evidence_of(entry), by, at_text(neighbour.at_us), entries.signature_told(entry.payload)
    )


async def _evidence(record: PartyRecord, identity: str) -> Evidence | None:
    entry = await record.by_id(identity) if identity else None
    return None if entry is None or entry.payload is None else evidence_of(entry)
