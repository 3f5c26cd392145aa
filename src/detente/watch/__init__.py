"""Watching: position reports against boundaries, declared volumes and each other. Pure."""

from __future__ import annotations

from .tracks import TrackCounts, Tracked, Tracks
from .tracks_flags import BREAKS, Fate, Flag
from .tracks_rules import TrackRules, TrackRulesUnusable
from .tracks_snapshot import SnapshotUnusable

__all__ = [
    "BREAKS",
    "Fate",
    "Flag",
    "SnapshotUnusable",
    "TrackCounts",
    "TrackRules",
    "TrackRulesUnusable",
    "Tracked",
    "Tracks",
]
