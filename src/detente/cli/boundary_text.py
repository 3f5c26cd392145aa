"""Boundaries and their sources as a person reads them in a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from detente.boundaries import Assembled, Boundary, BoundarySource, Repair, attributions
from detente.errors import one_line

BOUNDARIES_MAX: Final = 400
"""That are listed one by one."""
WIDTH: Final = 100


def sources_table(sources: Sequence[tuple[BoundarySource, int, bool]]) -> Table:
    """A row for each source: what it is, how sure, whether it judges."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("name", "version", "lines", "uncertainty", "at sea", "judges", "licence"):
        right = heading in ("lines", "uncertainty", "at sea")
        table.add_column(
            heading,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=heading != "licence",
        )
    for source, count, built_in in sources:
        open_m = source.open_uncertainty_m
        table.add_row(
            Text(one_line(source.id) + (" *" if built_in else "")),
            Text(one_line(source.version)),
            str(count),
            metres(source.uncertainty_m),
            metres(source.uncertainty_m if open_m is None else open_m),
            "yes" if source.judges else "never",
            Text(one_line(source.licence)),
        )
    if any(built_in for _, _, built_in in sources):
        table.caption = "* came with the build"
    return table


def source_lines(boundaries: Sequence[Boundary], whole: Assembled | None) -> Iterator[str]:
    """What is known of boundaries and of their sources."""
    for source in dict.fromkeys(each.source for each in boundaries):
        yield one_line(f"{source.title} {source.version}")
        yield one_line(f"  licence      {source.licence}")
        yield f"  sha256       {source.sha256}"
        ground = one_line(f"{metres(source.uncertainty_m)} (95 %): {source.uncertainty_ground}")
        yield from textwrap.wrap(
            ground, WIDTH, initial_indent="  uncertainty  ", subsequent_indent=" " * 15
        )
        if source.open_uncertainty_m is not None:
            yield f"               {metres(source.open_uncertainty_m)} at coasts and limits at sea"
        for length_m, known_m in source.uncertainty_by_length_m[:-1]:
            yield f"               {metres(known_m)} for edges of up to {metres(length_m)}"
        for _, known_m in source.uncertainty_by_length_m[-1:]:
            yield f"               {metres(known_m)} for longer ones"
        yield f"  judges       {'yes' if source.judges else 'never: it is a picture'}"
    for line in attributions([each.source for each in boundaries]):
        yield one_line(f"  {line}")
    if whole is not None:
        for line in summary_of_repairs(whole):
            yield f"  {line}"
    yield ""
    for each in boundaries[:BOUNDARIES_MAX]:
        vertices = sum(len(ring) - 1 for polygon in each.polygons for ring in polygon)
        yield (
            f"  {one_line(each.id):<24} {one_line(each.claimant):<4} {each.kind.value:<16} "
            f"{vertices:>8,} vertices  {one_line(each.name)}"
        )
    if len(boundaries) > BOUNDARIES_MAX:
        yield f"  … and {len(boundaries) - BOUNDARIES_MAX} more"


def summary_of_repairs(assembled: Assembled) -> Iterator[str]:
    """How many polygons were repaired, by fault; what was left out."""
    count = Counter(each.fault.value for each in assembled.repairs)
    if count:
        told = ", ".join(f"{number} {fault}" for fault, number in sorted(count.items()))
        yield f"repaired: {told}"
    for each in assembled.left_out:
        yield f"left out: {one_line(each)}"


def repair_line(repair: Repair) -> str:
    """What was wrong where, and what it changed."""
    return (
        f"{one_line(repair.boundary)}: {repair.fault.value} at {repair.lat_deg:.5f} "
        f"{repair.lng_deg:.5f}, {repair.vertices} vertices, "
        f"{repair.before_m2 / 1e6:,.4f} km² before, {repair.after_m2 / 1e6:,.4f} km² after"
    )


def metres(value: float) -> str:
    """`850 m`, `4.4 km`."""
    return f"{value:,.0f} m" if value < 1_000 else f"{value / 1_000:,.4g} km"
