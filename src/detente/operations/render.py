"""A result of `check` as a table for people, as JSON and as GeoJSON for programs."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from detente.errors import printable
from detente.geo import intersection_outline
from detente.operations.check import CheckResult, FlightConflict
from detente.operations.flights import Flight
from detente.operations.instants import format_clock, format_instant
from detente.operations.plan_outlines import outline_geometry

_CAUSE = {
    "closeness": ("real closeness", "bold red"),
    "width": ("corridor width", "dim"),
    "unknown": ("volumes overlap", "yellow"),
}


def conflict_table(result: CheckResult, *, limit: int | None = None) -> Table:
    """The conflicts as a table for a terminal of 80 columns or more, the closest first."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading, right in (
        ("flight, with", False),
        ("where, when (UTC)", False),
        ("altitude m", True),
        ("apart m", True),
        ("why", False),
    ):
        table.add_column(
            heading,
            justify="right" if right else "left",
            # A name may be broken; a number may not.
            no_wrap=not heading.startswith("flight"),
            overflow="fold",
        )
    for conflict in result.conflicts[:limit]:
        why, style = _CAUSE[conflict.cause]
        table.add_row(
            # Names come from strangers: nothing in them is obeyed, neither markup nor escapes.
            Text(
                f"{printable(conflict.own.name)}\n"
                f"{printable(conflict.other.name)} ({printable(conflict.other.party)})"
            ),
            f"{conflict.lat_deg:.4f} {conflict.lng_deg:.4f}\n{_span(conflict)}",
            f"{_metres(conflict.altitude_lower_m)}–{_metres(conflict.altitude_upper_m)}",
            "?"
            if conflict.approach is None
            else f"↔ {conflict.horizontal_m:,.0f}\n↕ {conflict.vertical_m:,.0f}",
            Text(why.replace(" ", "\n", 1), style=style),
        )
    return table


def _span(conflict: FlightConflict) -> str:
    start = _clock(conflict.time_start_us, date=True)
    return f"{start}–{_clock(conflict.time_end_us, date=False)}"


def _clock(time_us: int | None, *, date: bool) -> str:
    return "open" if time_us is None else format_clock(time_us, date=date)


def _metres(value: float | None) -> str:
    return "open" if value is None else f"{value:,.0f}"


def result_document(result: CheckResult) -> dict[str, Any]:
    """The result as plain values for JSON; units at the ends of names, times RFC 3339 UTC."""
    return {
        "own_flights": result.own_flights,
        "own_volumes": result.own_volumes,
        "other_flights": result.other_flights,
        "other_volumes": result.other_volumes,
        "close_if_within": {
            "horizontal_m": result.closeness.horizontal_m,
            "vertical_m": result.closeness.vertical_m,
        },
        "summary": {
            "conflicts": len(result.conflicts),
            "closeness": result.count("closeness"),
            "width": result.count("width"),
            "unknown": result.count("unknown"),
        },
        "assumptions": [assumption.en for assumption in result.assumptions],
        "conflicts": [_conflict_document(conflict) for conflict in result.conflicts],
    }


def _conflict_document(conflict: FlightConflict) -> dict[str, Any]:
    return {
        **_facts(conflict),
        "volumes": [
            {
                "own": e.first,
                "other": e.second,
                "time_start": _instant(e.time_start_us),
                "time_end": _instant(e.time_end_us),
                "altitude_lower_m": e.altitude_lower_m,
                "altitude_upper_m": e.altitude_upper_m,
                "latitude_deg": round(e.lat_deg, 7),
                "longitude_deg": round(e.lng_deg, 7),
            }
            for e in conflict.encounters
        ],
    }


def _facts(conflict: FlightConflict) -> dict[str, Any]:
    approach = conflict.approach
    return {
        "own": _party(conflict.own),
        "other": _party(conflict.other),
        "latitude_deg": round(conflict.lat_deg, 7),
        "longitude_deg": round(conflict.lng_deg, 7),
        "time_start": _instant(conflict.time_start_us),
        "time_end": _instant(conflict.time_end_us),
        "altitude_lower_m": conflict.altitude_lower_m,
        "altitude_upper_m": conflict.altitude_upper_m,
        "closest": None
        if approach is None
        else {
            "time": format_instant(approach.time_us),
            "horizontal_m": round(approach.horizontal_m, 1),
            "vertical_m": round(approach.vertical_m, 1),
            "latitude_deg": round(approach.lat_deg, 7),
            "longitude_deg": round(approach.lng_deg, 7),
        },
        "cause": conflict.cause,
        "reason": {"en": conflict.reason_en, "fr": conflict.reason_fr},
    }


def _party(flight: Flight) -> dict[str, Any]:
    return {
        "flight_id": flight.flight_id,
        "name": flight.name,
        "party": flight.party,
        "priority": flight.priority,
    }


def _instant(time_us: int | None) -> str | None:
    return None if time_us is None else format_instant(time_us)


def result_geojson(result: CheckResult) -> dict[str, Any]:
    """A FeatureCollection: for each conflict its place as a Point, and what the volumes share."""
    features: list[dict[str, Any]] = []
    for number, conflict in enumerate(result.conflicts):
        features.append(
            {
                "type": "Feature",
                "id": f"conflict-{number}",
                "geometry": {"type": "Point", "coordinates": [conflict.lng_deg, conflict.lat_deg]},
                "properties": {"kind": "conflict", **_facts(conflict)},
            }
        )
        for e in conflict.encounters:
            shared = intersection_outline(
                conflict.own.volumes[e.first], conflict.other.volumes[e.second]
            )
            if shared is None:
                continue
            features.append(
                {
                    "type": "Feature",
                    "id": f"conflict-{number}-{e.first}-{e.second}",
                    "geometry": outline_geometry(shared),
                    "properties": {
                        "kind": "shared",
                        "conflict": f"conflict-{number}",
                        "own_volume": e.first,
                        "other_volume": e.second,
                        "time_start": _instant(e.time_start_us),
                        "time_end": _instant(e.time_end_us),
                        "altitude_lower_m": e.altitude_lower_m,
                        "altitude_upper_m": e.altitude_upper_m,
                    },
                }
            )
    return {"type": "FeatureCollection", "features": features}
