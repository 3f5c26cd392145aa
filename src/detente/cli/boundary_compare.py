"""`detente boundary compare`: how far two sources disagree along a stretch."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich import box as boxes
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detente.boundaries import (
    BoundarySet,
    Comparison,
    NothingToCompare,
    Spread,
    Stretch,
    attributions,
    compare,
)
from detente.cli.boundary_desk import load, parse_box, say
from detente.cli.boundary_text import metres
from detente.errors import one_line

_NAME_WIDTH: Final = len("country-coder")
_FILE_WIDTH: Final = 120


def compare_sources(
    first: str,
    second: str,
    box: str | None,
    root: Path | None,
    *,
    claimants: Sequence[str],
    neighbour: str,
    shared: bool,
    step_m: float,
    as_json: bool,
) -> None:
    """Print how far two sources lie apart."""
    if not claimants and box is None:
        raise click.UsageError("Say which stretch: --claimant, --box, or both.")
    sides = None if box is None else parse_box(box)
    one, other = load([first], root), load([second], root)
    found = []
    for claimant in claimants or _common(one, other):
        stretch = Stretch(claimant, neighbour, sides, shared)
        try:
            found.append(compare(one, other, stretch, step_m=step_m))
        except NothingToCompare:
            # Of those who were not named, only those count who have a line there.
            if claimants:
                raise
    if not found:
        raise NothingToCompare("Nobody whom both sources know has a line there.", where=box)
    if as_json:
        say(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
        return
    # What is written to a file has no width, and places that break in the middle are not read.
    Console(width=None if sys.stdout.isatty() else _FILE_WIDTH).print(_table(found, step_m))
    for line in attributions([*one.sources, *other.sources]):
        say(line)


def _common(one: BoundarySet, other: BoundarySet) -> list[str]:
    codes = {each.id.partition("/")[2] for each in other.boundaries}
    return [code for each in one.boundaries if (code := each.id.partition("/")[2]) in codes]


def _table(found: Sequence[Comparison], step_m: float) -> Table:
    table = Table(
        box=boxes.SIMPLE_HEAD,
        pad_edge=False,
        header_style="bold",
        caption=f"Geodesics to the nearest line, from places every {step_m:g} m along the other.",
    )
    for heading in ("line of", "from", "to", "places", "median", "95 %", "most", "there"):
        right = heading in ("places", "median", "95 %", "most")
        table.add_column(
            heading,
            justify="right" if right else "left",
            overflow="fold",
            # Ids that break in the middle are not read as ids.
            min_width=_NAME_WIDTH if heading in ("from", "to") else None,
        )
    for each in found:
        whose = one_line(each.stretch.claimant)
        if each.stretch.neighbour:
            whose += f"-{one_line(each.stretch.neighbour)}"
        table.add_row(Text(whose), *_cells(each.first, each.second, each.there))
        table.add_row("", *_cells(each.second, each.first, each.back))
    return table


def _cells(begin: str, end: str, spread: Spread) -> tuple[Text | str, ...]:
    return (
        Text(one_line(begin)),
        Text(one_line(end)),
        f"{spread.places:,}",
        metres(spread.median_m),
        metres(spread.p95_m),
        metres(spread.max_m),
        f"{spread.lat_deg:.5f} {spread.lng_deg:.5f}",
    )
