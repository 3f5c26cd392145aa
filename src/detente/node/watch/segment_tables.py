"""The read model of raw tracks: what each entry of the record adds to the tables `tracks_…`."""

from __future__ import annotations

from typing import Final

from .kind_tables import KindProjection, Table

SEGMENT: Final = "track-segment"
"""Reports of some minutes, as a file that belongs to the entry."""
LOST: Final = "track-loss"
"""A segment was begun, and nothing of it is there."""
DELETED: Final = "track-segment-deleted"
"""A segment was deleted when its time was over."""
HOLD: Final = "track-hold"
"""Segments are kept beyond their time."""
RELEASE: Final = "track-release"
"""They are not, any more."""

SEGMENT_PROJECTION: Final = KindProjection(
    "tracks",
    {
        SEGMENT: Table("tracks_segments", ("sha256", "first", "last")),
        DELETED: Table("tracks_deletions", ("segment",)),
        HOLD: Table("tracks_holds", ("since", "until", "aircraft", "ground", "officer")),
        RELEASE: Table("tracks_releases", ("hold", "ground", "officer")),
    },
)
