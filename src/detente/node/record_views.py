"""Entries and checkpoints of the record as the node's interface tells them."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.record import CosignedCheckpoint, Entry
from detente.record.ijson import format_time


class ReferenceView(msgspec.Struct, frozen=True):
    """Another entry that one is about."""

    id: str
    rel: str
    sha256: str


class BlobView(msgspec.Struct, frozen=True):
    """A file that an entry names."""

    sha256: str
    size: int
    media_type: str


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the record; what stands behind `grade` is not there once it is erased.

    Attributes:
        index: its position in our log.
        grade: how well it is witnessed.
        erased_by: index of the entry that states its erasure.
        id, kind, sender, to, channel, seq, created, author, status: as in its payload.
        payload_sha256: hexadecimal.
        refs, blobs, body: as in its payload.
        answers: receipts and acknowledgements of it; only when one entry is asked for.
    """

    index: int
    grade: str
    erased_by: int | None = None
    id: str | None = None
    kind: str | None = None
    sender: str | None = None
    to: list[str] = []
    channel: str | None = None
    seq: int | None = None
    created: str | None = None
    author: str | None = None
    status: str | None = None
    payload_sha256: str | None = None
    refs: list[ReferenceView] = []
    blobs: list[BlobView] = []
    body: dict[str, Any] | None = None
    answers: list[EntryView] | None = None


class EntryPage(msgspec.Struct, frozen=True):
    """Entries that match, and where to go on: `after` of the next page; none if this was the last.

    A page may hold fewer entries than asked for, even none, and have a next one.
    """

    entries: list[EntryView]
    next: int | None


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint of our log (C2SP tlog-checkpoint), with what was gathered for it."""

    size: int
    root: str
    note: str
    cosigners: list[str]
    grade: str
    timestamped: bool


def entry_view(entry: Entry, grade: str, answers: list[EntryView] | None = None) -> EntryView:
    """What is told of an entry."""
    payload = entry.payload
    if payload is None:
        return EntryView(index=entry.index, grade=grade, erased_by=entry.erased_by, answers=answers)
    return EntryView(
        index=entry.index,
        grade=grade,
        erased_by=entry.erased_by,
        id=str(payload.id),
        kind=payload.kind,
        sender=payload.sender,
        to=list(payload.to),
        channel=payload.channel,
        seq=payload.seq,
        created=format_time(payload.created),
        author=payload.author,
        status=payload.status,
        payload_sha256=payload.sha256.hex(),
        refs=[ReferenceView(str(ref.id), ref.rel, ref.sha256.hex()) for ref in payload.refs],
        blobs=[BlobView(blob.sha256.hex(), blob.size, blob.media_type) for blob in payload.blobs],
        body=payload.body,
        answers=answers,
    )


def checkpoint_view(checkpoint: CosignedCheckpoint) -> CheckpointView:
    """What is told of a checkpoint."""
    return CheckpointView(
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        note=checkpoint.note,
        cosigners=list(checkpoint.cosigners),
        grade=checkpoint.grade,
        timestamped=checkpoint.timestamp is not None,
    )
