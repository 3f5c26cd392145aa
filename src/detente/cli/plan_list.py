"""`detente plan list`, `show` and `why`."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from detente.cli.node_client import path_of, print_json, say, say_lines
from detente.cli.plan_desk import Connection, plan_desk, show
from detente.cli.plan_text import NOTHING, metres, plan_lines, plan_table, span
from detente.f3548 import types as wire
from detente.words import Language


def list_plans(connection: Connection, *, state: str | None, limit: int, as_json: bool) -> None:
    """List plans.

    Raises:
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    with plan_desk(connection) as at:
        found = at.calls.plans(state=state, limit=limit)
    if as_json:
        print_json({"plans": msgspec.to_builtins(found)})
    elif found:
        show(plan_table(found, at.language))
    else:
        say(NOTHING.to(at.language))


def show_plan(connection: Connection, *, identity: str, volumes: bool, as_json: bool) -> None:
    """Show one plan. Raises as `list_plans`."""
    with plan_desk(connection) as at:
        found, answer = at.calls.plan(at.id_of(identity))
    if as_json:
        print_json(answer)
        return
    for line in plan_lines(found, at.language):
        say(line)
    if volumes:
        for number, each in enumerate(found.volumes + found.off_nominal_volumes, start=1):
            say(f"{number:4}  {volume_line(each, at.language)}")


def volume_line(volume: wire.Volume4D, language: Language) -> str:
    """A volume on one line."""
    place, low, high = volume.volume, volume.volume.altitude_lower, volume.volume.altitude_upper
    circle = place.outline_circle
    if circle is not None and circle.center is not None and circle.radius is not None:
        shape = f"○ {circle.radius.value:g} m  {circle.center.lat:.5f} {circle.center.lng:.5f}"
    elif place.outline_polygon is not None:
        corners = place.outline_polygon.vertices
        shape = f"⬠ {len(corners)}  {corners[0].lat:.5f} {corners[0].lng:.5f} …"
    else:
        shape = "?"
    heights = (
        f"{metres(None if low is None else low.value, language)}–"
        f"{metres(None if high is None else high.value, language)} m"
    )
    start, end = volume.time_start, volume.time_end
    times = span(start.value if start else None, end.value if end else None, language)
    return f"{times}  {heights:14}  {shape}"


def show_why(
    connection: Connection,
    *,
    identity: str,
    language: Language | None,
    geometry: Path | None,
    as_json: bool,
) -> None:
    """Show what decided an attempt. Raises as `list_plans`."""
    with plan_desk(connection) as at:
        found = at.client.get(path_of("plans", at.id_of(identity), "why"))
    if geometry is not None:
        text = json.dumps(found["geometry"], ensure_ascii=False, indent=1)
        geometry.write_text(f"{text}\n", encoding="utf-8")
        say(str(geometry), err=True)
    if as_json:
        print_json(found)
    else:
        say_lines(found["text"][language or at.language])
