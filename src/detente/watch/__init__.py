"""Watching: position reports against boundaries, declared volumes and each other. Pure."""

from __future__ import annotations

from .claims import Claim, Verdict, judge_claim, over_sources
from .crossing_rules import CrossingRules
from .declarations import (
    UNDECLARED,
    Declarations,
    DeclarationsUnusable,
    Declared,
    Notice,
    read_declarations,
)
from .event_ids import event_id
from .events import Event, EventKind, Grade, Ground, Interval, Place
from .grading import GROUNDS, sentence
from .interference import InterferenceRules, Jump, Jumps, annotated
from .monitors.base import Monitor
from .monitors.conformance import ConformanceMonitor, ConformanceRules, Margins
from .monitors.crossing import CrossingMonitor
from .monitors.separation import SeparationMonitor
from .monitors.stand_off import StandOffMonitor
from .own_volumes import OwnVolumes
from .proposals import ConformanceTimes, Proposal, Proposed
from .separation_rules import SeparationRules
from .stand_off_lines import BorderUnusable
from .stand_off_rules import Breach, Exemption, Limit, StandOffRules, stand_off_rules
from .tracks import TrackCounts, Tracked, Tracks
from .tracks_flags import BREAKS, Fate, Flag
from .tracks_rules import TrackRules, TrackRulesUnusable
from .tracks_snapshot import SnapshotUnusable

__all__ = [
    "BREAKS",
    "GROUNDS",
    "UNDECLARED",
    "BorderUnusable",
    "Breach",
    "Claim",
    "ConformanceMonitor",
    "ConformanceRules",
    "ConformanceTimes",
    "CrossingMonitor",
    "CrossingRules",
    "Declarations",
    "DeclarationsUnusable",
    "Declared",
    "Event",
    "EventKind",
    "Exemption",
    "Fate",
    "Flag",
    "Grade",
    "Ground",
    "InterferenceRules",
    "Interval",
    "Jump",
    "Jumps",
    "Limit",
    "Margins",
    "Monitor",
    "Notice",
    "OwnVolumes",
    "Place",
    "Proposal",
    "Proposed",
    "SeparationMonitor",
    "SeparationRules",
    "SnapshotUnusable",
    "StandOffMonitor",
    "StandOffRules",
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
    "read_declarations",
    "sentence",
    "stand_off_rules",
]
