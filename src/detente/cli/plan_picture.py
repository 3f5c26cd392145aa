"""What was understood of a file, to be looked at: a table, sentences, a page, GeoJSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table
from rich.text import Text

from detente.cli.node_client import Json
from detente.errors import one_line
from detente.words import Words

if TYPE_CHECKING:
    from detente.cli.plan_reading import ReadFile
    from detente.geo import Outline, Volume4D
    from detente.interchange import Feature, Part, Problem

ROWS_MAX: Final = 60
"""Volumes that the table shows; the rest are counted."""


def understood_table(found: ReadFile) -> Table:
    """Each volume: from which line, what, where, how high in metres W84, when."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading, right in (
        ("plan", True),
        ("line", True),
        ("name", False),
        ("outline", False),
        ("from m W84", True),
        ("to m W84", True),
        ("from – until (UTC)", False),
    ):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    rows = 0
    for number, plan in enumerate(found.plans, start=1):
        for volume, part in zip(plan.converted.volumes, plan.converted.parts, strict=True):
            rows += 1
            if rows <= ROWS_MAX:
                table.add_row(
                    str(number),
                    str(part.line) if part.line else "",
                    Text(one_line(part.name)),
                    outline_text(volume.outline, part.error_m),
                    _limit(volume.altitude_lower_m, part.lower.high_m),
                    _limit(volume.altitude_upper_m, part.upper.low_m),
                    _times(volume),
                )
    if rows > ROWS_MAX:
        table.caption = f"and {rows - ROWS_MAX:,} volumes more"
    return table


def outline_text(outline: Outline, error_m: float) -> str:
    """What shape, how large, where."""
    from detente.geo import Circle

    if isinstance(outline, Circle):
        text = f"○ {outline.radius_m:g} m  {outline.lat_deg:.5f} {outline.lng_deg:.5f}"
    else:
        lat, lng = outline.vertices[0]
        text = f"⬠ {len(outline.vertices)} corners  {lat:.5f} {lng:.5f} …"
    return f"{text}  (+{error_m:.1f} m)" if error_m >= 0.05 else text


def _limit(value: float | None, other_end: float) -> str:
    """A limit; with how much of it is only not knowing better."""
    if value is None:
        return "open"
    unsure = abs(other_end - value)
    return f"{value:,.1f}" if unsure < 0.05 else f"{value:,.1f} (±{unsure:,.0f})"


def _times(volume: Volume4D) -> str:
    from detente.operations.instants import format_clock

    start, end = volume.time_start_us, volume.time_end_us
    first = "open" if start is None else format_clock(start, date=True)
    last = "open" if end is None else format_clock(end, date=True)
    return f"{first} – {last[11:] if last[:11] == first[:11] else last}"


def findings(found: ReadFile) -> Iterator[str]:
    """What could not be understood, by line; remarks; what the conversion rests on."""
    understood = found.understood
    parts = len(understood.pieces) + len(understood.routes)
    volumes = sum(len(each.converted.volumes) for each in found.plans)
    yield one_line(
        f"{understood.name}: {understood.format}, {parts} parts, {volumes} volumes, "
        f"{len(found.plans)} plan{'' if len(found.plans) == 1 else 's'}"
    )
    for problem in found.problems:
        yield from _told("✗", problem)
    for note in understood.notes:
        yield from _told("·", note)
    if understood.left_off:
        yield f"  … and {understood.left_off} more of these"
    for words in dict.fromkeys(w for each in found.plans for w in each.converted.assumptions):
        yield one_line(f"  = {words.en}")


def _told(mark: str, problem: Problem) -> Iterator[str]:
    where = f"line {problem.line}: " if problem.line else ""
    part = f" [{problem.part}]" if problem.part else ""
    yield one_line(f"  {mark} {where}{problem.message.en}{part}")
    if problem.remedy is not None:
        yield one_line(f"      {problem.remedy.en}")


def document(found: ReadFile) -> Json:
    """The same for programs."""
    understood = found.understood
    return {
        "file": understood.name,
        "format": understood.format,
        "plans": [
            {
                **plan.body(),
                "parts": [_part(each) for each in plan.converted.parts],
            }
            for plan in found.plans
        ],
        "problems": [_problem(each) for each in found.problems],
        "notes": [_problem(each) for each in understood.notes],
        "left_off": understood.left_off,
        "assumptions": list(
            dict.fromkeys(w.en for each in found.plans for w in each.converted.assumptions)
        ),
    }


def _part(part: Part) -> Json:
    return {
        "name": part.name,
        "line": part.line,
        "lower_m": [part.lower.low_m, part.lower.high_m],
        "upper_m": [part.upper.low_m, part.upper.high_m],
        "outline_error_m": part.error_m,
    }


def _problem(problem: Problem) -> Json:
    return {
        "line": problem.line,
        "part": problem.part,
        "en": problem.message.en,
        "fr": problem.message.fr,
        "remedy": None if problem.remedy is None else problem.remedy.en,
    }


def write_picture(path: Path, found: ReadFile) -> None:
    """What was understood, as `draw` has it. Raises as that."""
    from detente.interchange import Feature, Kind

    features = [
        Feature(
            f"plan-{number}",
            plan.name,
            Kind.INTENT,
            plan.converted.volumes,
            state="Accepted",
            track=plan.converted.track,
        )
        for number, plan in enumerate(found.plans, start=1)
    ]
    said = [
        *(each.message for each in (*found.problems, *found.understood.notes)),
        *(words for plan in found.plans for words in plan.converted.assumptions),
    ]
    draw(path, features, said, found.understood.name)


def draw(path: Path, features: Sequence[Feature], said: Sequence[Words], name: str) -> None:
    """What was understood as a page that needs nothing else (.html), or as GeoJSON.

    Args:
        features: as they were understood.
        said: what there is to know besides.
        name: of the file that they come from.

    Raises:
        PictureNotWritten: it cannot be written, or its name ends otherwise.
    """
    from detente.cli.plan_reading import PictureNotWritten
    from detente.interchange import write

    suffix = path.suffix.lower()
    if suffix not in (".html", ".geojson"):
        raise PictureNotWritten(
            "A picture is a page or GeoJSON.",
            where=str(path),
            advice="Let its name end in .html or .geojson.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".html":
            _write_page(path, features, said, name)
        else:
            path.write_bytes(write(features, "geojson"))
    except OSError as error:
        raise PictureNotWritten(
            f"It cannot be written: {error.strerror}.", where=str(path)
        ) from None


def _write_page(path: Path, features: Sequence[Feature], said: Sequence[Words], name: str) -> None:
    from detente.interchange import Kind
    from detente.operations import Flight, ReportText, check, write_report

    flights = [
        Flight(each.id.replace("-", " "), each.name or each.id.replace("-", " "), "", each.volumes)
        for each in features
    ]
    text = ReportText(
        title=Words("What was understood", "Ce qui a été compris"),
        subtitle=name,
        own_label=Words("understood", "compris"),
        other_label=Words("none", "aucun"),
        notes=tuple(dict.fromkeys(said)),
        made_at_us=time.time_ns() // 1000,
    )
    # The plans of one file may meet one another: their officers decide whether they may. That
    # constraints do means nothing.
    plans = all(each.kind == Kind.INTENT for each in features)
    write_report(path, check(flights, [], within_own=plans), flights, [], text)
