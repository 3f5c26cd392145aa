"""Planned flights: plans, trajectories, corridors, the conflicts between them, the report."""

from __future__ import annotations

from detente.operations.approach import Approach, Closeness, closest_approach
from detente.operations.area_page import Area, AreaPage, Finding, area_page, write_area_page
from detente.operations.check import CheckResult, FlightConflict, check
from detente.operations.corridor import (
    Corridor,
    CorridorError,
    StretchLimits,
    corridor_volumes,
    parse_corridor,
)
from detente.operations.discovery import (
    CommandTokens,
    Discovered,
    TokenCommandFailed,
    discover,
)
from detente.operations.flights import Flight, Track
from detente.operations.loading import Loaded, is_plan, load_flights
from detente.operations.plan_file import (
    Plan,
    parse_plan,
    plan_document,
    plan_schema,
    read_plan,
)
from detente.operations.plan_values import PlanError
from detente.operations.render import conflict_table, result_document, result_geojson
from detente.operations.report import ReportText, packed_volume, report_page, write_report
from detente.operations.report_after import Change
from detente.operations.report_frame import asset, both, framed
from detente.operations.table_files import TrajectoryError, read_json_table
from detente.operations.track_cleaning import ReadingReport
from detente.operations.trajectories import (
    AltitudeUnit,
    Trajectories,
    read_trajectories,
)
from detente.words import Words

__all__ = [
    "AltitudeUnit",
    "Approach",
    "Area",
    "AreaPage",
    "Change",
    "CheckResult",
    "Closeness",
    "CommandTokens",
    "Corridor",
    "CorridorError",
    "Discovered",
    "Finding",
    "Flight",
    "FlightConflict",
    "Loaded",
    "Plan",
    "PlanError",
    "ReadingReport",
    "ReportText",
    "StretchLimits",
    "TokenCommandFailed",
    "Track",
    "Trajectories",
    "TrajectoryError",
    "Words",
    "area_page",
    "asset",
    "both",
    "check",
    "closest_approach",
    "conflict_table",
    "corridor_volumes",
    "discover",
    "framed",
    "is_plan",
    "load_flights",
    "packed_volume",
    "parse_corridor",
    "parse_plan",
    "plan_document",
    "plan_schema",
    "read_json_table",
    "read_plan",
    "read_trajectories",
    "report_page",
    "result_document",
    "result_geojson",
    "write_area_page",
    "write_report",
]
