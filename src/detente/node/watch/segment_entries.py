"""Entries that raw tracks leave in the record. Pure. They are to nobody, in `own/watch`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from detente.record import Blob, Draft, JsonValue, Payload, Reference, format_time

from .alert_entries import CHANNEL
from .pieces import MEDIA_TYPE, Sealed
from .segment_tables import DELETED, HOLD, LOST, RELEASE, SEGMENT


def segment_draft(sealed: Sealed, *, identity: UUID, shed: int, recovered: bool) -> Draft:
    """`track-segment`: what was received in some minutes; the file belongs to the entry.

    Args:
        sealed: the file.
        identity: of the entry.
        shed: reports of that time that could not be kept.
        recovered: whether the node ended before it was sealed; then the reports of its last
            seconds are not in it.
    """
    body: dict[str, JsonValue] = {
        "sha256": sealed.sha256,
        "rows": sealed.rows,
        "aircraft": sealed.aircraft,
        "first": format_time(sealed.first),
        "last": format_time(sealed.last),
        "feeds": list(sealed.feeds),
        "shed": shed,
        "recovered": recovered,
        "unreadable": sealed.unreadable,
    }
    blob = Blob(bytes.fromhex(sealed.sha256), sealed.bytes, MEDIA_TYPE)
    return Draft(SEGMENT, CHANNEL, (), body, blobs=(blob,), identity=identity)


def lost_draft(since: datetime, *, identity: UUID, shed: int) -> Draft:
    """`track-loss`: a segment was begun, and nothing of it can be read.

    Args:
        since: when it was begun.
        identity: of the entry.
        shed: reports of that time that are known to be lost.
    """
    body: dict[str, JsonValue] = {"since": format_time(since), "shed": shed}
    return Draft(LOST, CHANNEL, (), body, identity=identity)


def deleted_draft(segment: Payload, ground: str) -> Draft:
    """`track-segment-deleted`: what was deleted, and why."""
    body: dict[str, JsonValue] = {"segment": str(segment.id), "ground": ground}
    body |= {name: segment.body[name] for name in ("sha256", "rows", "first", "last", "feeds")}
    about = Reference(segment.id, "about", segment.sha256)
    return Draft(DELETED, CHANNEL, (), body, (about,))


def hold_draft(
    since: datetime, until: datetime, aircraft: str, ground: str, *, officer: str, second: str
) -> Draft:
    """`track-hold`: segments of a time are kept until it is released.

    Args:
        since, until: when their reports were received.
        aircraft: only those in which this one is; "" for all.
        ground: why.
        officer, second: who said so.
    """
    body: dict[str, JsonValue] = {
        "since": format_time(since),
        "until": format_time(until),
        "aircraft": aircraft,
        "ground": ground,
        "officer": officer,
        "second": second,
    }
    return Draft(HOLD, CHANNEL, (), body)


def release_draft(hold: str, ground: str, *, officer: str, second: str) -> Draft:
    """`track-release`: a hold is over."""
    body: dict[str, JsonValue] = {
        "hold": hold,
        "ground": ground,
        "officer": officer,
        "second": second,
    }
    return Draft(RELEASE, CHANNEL, (), body)
