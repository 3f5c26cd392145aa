"""Watching: position reports against boundaries, declared volumes and each other. Pure."""

from __future__ import annotations

from .claims import Claim, Verdict, judge_claim, over_sources
from .crossing_rules import CrossingRules
from .event_ids import event_id
from .events import Event, EventKind, Grade, Ground, Interval, Place
from .grading import GROUNDS, sentence
from .interference import InterferenceRules, Jump, Jumps, annotated
from .monitors.base import Monitor
from .monitors.conformance import ConformanceMonitor, ConformanceRules, Margins
from .monitors.crossing import CrossingMonitor
from .own_volumes import OwnVolumes
from .proposals import ConformanceTimes, Proposal, Proposed
from .tracks import TrackCounts, Tracked, Tracks
from .tracks_flags import BREAKS, Fate, Flag
from .tracks_rules import TrackRules, TrackRulesUnusable
from .tracks_snapshot import SnapshotUnusable

__all__ = [
    "BREAKS",
    "GROUNDS",
    "Claim",
    "ConformanceMonitor",
    "ConformanceRules",
    "ConformanceTimes",
    "CrossingMonitor",
    "CrossingRules",
    "Event",
    "EventKind",
    "Fate",
    "Flag",
    "Grade",
    "Ground",
    "InterferenceRules",
    "Interval",
    "Jump",
    "Jumps",
    "Margins",
    "Monitor",
    "OwnVolumes",
    "Place",
    "Proposal",
    "Proposed",
    "SnapshotUnusable",
    "TrackCounts",
    "TrackRules",
    "TrackRulesUnusable",
    "Tracked",
    "Tracks",
    "Verdict",
    "annotated",
    "event_id",
    "judge_claim",
    "over_sources",
    "sentence",
]
