"""Entries of a record as they are sent: many at once, not parsed, for they were when they came."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, cast

from detente.errors import DetenteError
from detente.line.outcomes import Item
from detente.record import (
    Entry,
    Envelope,
    LogDamaged,
    PartyRecord,
    Signature,
    payload_type_of,
    read_leaf,
)

_ROWS_AT_ONCE: Final = 500
_FEW: Final = 8
"""So few are those that were just written: they are told from memory."""
_Row = tuple[int, str, int, str, str, bytes, bytes]


async def items_at(record: PartyRecord, positions: Sequence[int]) -> list[Item]:
    """What stands at positions, in the order given; what was erased is left out.

    Raises:
        LogUnavailable: the record could not be read.
        LogDamaged: a payload is not the one that its leaf has the hash of.
    """
    found = await (_few if len(positions) <= _FEW else _many)(record, positions)
    return [found[position] for position in positions if position in found]


def item_of(entry: Entry) -> Item | None:
    """An entry as it is sent; None if it was erased."""
    payload, envelope = entry.payload, entry.envelope
    if payload is None or envelope is None:
        return None
    blobs = tuple(blob.sha256.hex() for blob in payload.blobs)
    return Item(entry.index, payload.channel, payload.seq, envelope.to_json(), blobs)


async def _few(record: PartyRecord, positions: Sequence[int]) -> dict[int, Item]:
    found: dict[int, Item] = {}
    for position in positions:
        for entry in await record.newest(position, 1):
            item = item_of(entry)
            if item is not None:
                found[position] = item
    return found


async def _many(record: PartyRecord, positions: Sequence[int]) -> dict[int, Item]:
    found: dict[int, Item] = {}
    for begin in range(0, len(positions), _ROWS_AT_ONCE):
        some = positions[begin : begin + _ROWS_AT_ONCE]
        marks = ", ".join("?" * len(some))
        rows = await record.query(
            "SELECT e.position, e.channel, e.seq, e.kind, e.author, e.payload, l.body "  # noqa: S608
            "FROM party_entries AS e JOIN entries AS l ON l.position = e.position "
            f"WHERE e.position IN ({marks}) AND e.payload IS NOT NULL",
            tuple(some),
        )
        named = await record.query(
            f"SELECT position, sha256 FROM party_blobs WHERE position IN ({marks})",  # noqa: S608
            tuple(some),
        )
        blobs: defaultdict[int, list[str]] = defaultdict(list)
        for position, sha256 in cast(list[tuple[int, bytes]], named):
            blobs[position].append(sha256.hex())
        for row in cast(list[_Row], rows):
            found[row[0]] = _item(row, tuple(blobs[row[0]]))
    return found


def _item(row: _Row, blobs: tuple[str, ...]) -> Item:
    position, channel, seq, kind, author, payload, body = row
    where = f"entry {position}"
    try:
        leaf = read_leaf(body)
        kind_of_payload = payload_type_of(kind)
    except DetenteError as error:
        raise LogDamaged(f"It cannot be read: {error}", where=where) from error
    if hashlib.sha256(payload).digest() != leaf.payload_sha256:
        raise LogDamaged(
            "Its payload is not the one that its leaf has the hash of.",
            where=where,
            advice="Ask the other party for its copy, or restore a back-up.",
        )
    envelope = Envelope(payload, kind_of_payload, (Signature(author, leaf.signature),))
    return Item(position, channel, seq, envelope.to_json(), blobs)
