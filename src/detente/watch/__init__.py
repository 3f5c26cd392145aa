"""Watching: position reports against boundaries, declared volumes and each other. Pure."""

from __future__ import annotations

from .alerts import About, Alert, AlertRules, Alerts, Closing, Stage
from .archive import ArchiveRun
from .archive_events import EventStore
from .archive_files import ArchiveFile, ArchiveUnreadable, archive_files
from .archive_order import OrderedArchive
from .archive_outcome import Outcome, Progress
from .archive_processes import LaneLost
from .archive_report import write_archive_report
from .archive_rules import RulesUnusable, read_rules
from .archive_tracks import TrackPoints, Window, track_points
from .archive_work import Layout, WorkFolder, WorkUnusable, run_key
from .claims import Claim, Verdict, judge_claim, over_sources
from .conformance_rules import ConformanceRules
from .crossing_rules import CrossingRules
from .declarations import (
    UNDECLARED,
    Declarations,
    DeclarationsUnusable,
    Declared,
    Notice,
    read_declarations,
)
from .engine import Engine
from .engine_rules import Part, WatchSetup
from .event_ids import event_id
from .events import Event, EventKind, Grade, Ground, Interval, Place
from .grading import GROUNDS, sentence
from .interference import InterferenceRules, Jump, Jumps, annotated
from .monitors._conforming import Margins
from .monitors.base import Monitor
from .monitors.conformance import ConformanceMonitor
from .monitors.crossing import CrossingMonitor
from .monitors.separation import SeparationMonitor
from .monitors.stand_off import StandOffMonitor
from .outputs import SUFFIXES, OutputUnusable, check_output, check_place, write_events
from .outputs_table import SCHEMA, event_frame
from .own_volumes import OwnVolumes
from .proposals import ConformanceTimes, Proposal, Proposed, Standing
from .report import EVENTS_MAX, Report, Summary, report_page, summary_of, write_report
from .report_events import windows
from .report_sources import InputFile
from .separation_rules import SeparationRules
from .stand_off_lines import BorderUnusable
from .stand_off_rules import Breach, Exemption, Limit, StandOffRules, stand_off_rules
from .tracks import TrackCounts, Tracked, Tracks
from .tracks_flags import BREAKS, Fate, Flag
from .tracks_rules import TrackRules, TrackRulesUnusable
from .tracks_snapshot import SnapshotUnusable
from .warming import warm_up
from .workers import ClusterRun, WorkersUnusable

__all__ = [
    "BREAKS",
    "EVENTS_MAX",
    "GROUNDS",
    "SCHEMA",
    "SUFFIXES",
    "UNDECLARED",
    "About",
    "Alert",
    "AlertRules",
    "Alerts",
    "ArchiveFile",
    "ArchiveRun",
    "ArchiveUnreadable",
    "BorderUnusable",
    "Breach",
    "Claim",
    "Closing",
    "ClusterRun",
    "ConformanceMonitor",
    "ConformanceRules",
    "ConformanceTimes",
    "CrossingMonitor",
    "CrossingRules",
    "Declarations",
    "DeclarationsUnusable",
    "Declared",
    "Engine",
    "Event",
    "EventKind",
    "EventStore",
    "Exemption",
    "Fate",
    "Flag",
    "Grade",
    "Ground",
    "InputFile",
    "InterferenceRules",
    "Interval",
    "Jump",
    "Jumps",
    "LaneLost",
    "Layout",
    "Limit",
    "Margins",
    "Monitor",
    "Notice",
    "OrderedArchive",
    "Outcome",
    "OutputUnusable",
    "OwnVolumes",
    "Part",
    "Place",
    "Progress",
    "Proposal",
    "Proposed",
    "Report",
    "RulesUnusable",
    "SeparationMonitor",
    "SeparationRules",
    "SnapshotUnusable",
    "Stage",
    "StandOffMonitor",
    "StandOffRules",
    "Standing",
    "Summary",
    "TrackCounts",
    "TrackPoints",
    "TrackRules",
    "TrackRulesUnusable",
    "Tracked",
    "Tracks",
    "Verdict",
    "WatchSetup",
    "Window",
    "WorkFolder",
    "WorkUnusable",
    "WorkersUnusable",
    "annotated",
    "archive_files",
    "check_output",
    "check_place",
    "event_frame",
    "event_id",
    "judge_claim",
    "over_sources",
    "read_declarations",
    "read_rules",
    "report_page",
    "run_key",
    "sentence",
    "stand_off_rules",
    "summary_of",
    "track_points",
    "warm_up",
    "windows",
    "write_archive_report",
    "write_events",
    "write_report",
]
