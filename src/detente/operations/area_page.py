"""Volumes as one page that needs nothing else: a map, a list with heights and times, remarks.

What a file was understood to say is looked at here before it is filed. The page is made as the
report of a check is: everything inside, one script and one style allowed by their hashes, and
names, which come from strangers, put into the page as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from detente.geo import Circle, Volume4D
from detente.operations.report import outline_vertices, ring, rounded, seconds
from detente.operations.report_frame import asset, both, framed, write_whole
from detente.words import Words, bilingual

_PLAN: Final = Words("plan", "plan")
_PLANS: Final = Words("plans", "plans")


@dataclass(frozen=True, slots=True)
class Area:
    """A volume to be looked at.

    Attributes:
        group: number of the plan or constraint that it belongs to, from 1.
        name: what people call it; anybody may have chosen it.
        line: of the file, where it stands; 0 if that means nothing.
        volume: itself.
        lower_unsure_m, upper_unsure_m: by how much its true limits may lie inside of it.
        error_m: by how much the outline may reach beyond what is written.
    """

    group: int
    name: str
    line: int
    volume: Volume4D
    lower_unsure_m: float = 0.0
    upper_unsure_m: float = 0.0
    error_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about the file: what could not be read, a remark, or what a conversion rests on.

    Attributes:
        line: of the file; 0: all of it.
        part: what it is about, as the file calls it.
        remedy: what to do about it.
    """

    kind: Literal["problem", "note", "basis"]
    words: Words
    line: int = 0
    part: str = ""
    remedy: Words | None = None


@dataclass(frozen=True, slots=True)
class AreaPage:
    """What a page shows and says; a plain string says the same in both languages.

    Attributes:
        title, subtitle: its heading.
        areas: what it shows.
        lines: routes along which areas lie: (latitude, longitude), degrees.
        findings: what else is said.
        group, groups: what areas with the same number are together: one, and several.
    """

    title: str | Words
    subtitle: str | Words
    areas: Sequence[Area]
    lines: Sequence[Sequence[tuple[float, float]]] = ()
    findings: Sequence[Finding] = ()
    group: Words = _PLAN
    groups: Words = _PLANS


def area_page(page: AreaPage) -> str:
    """The page as HTML."""
    data = {
        "title": both(page.title),
        "subtitle": both(page.subtitle),
        "group": both(page.group),
        "groups": both(page.groups),
        "areas": [_area(each) for each in page.areas],
        "lines": [ring(each) for each in page.lines if len(each) > 1],
        "findings": [_finding(each) for each in page.findings],
    }
    return framed(
        bilingual(page.title),
        asset("areas.html"),
        data,
        scripts=[asset("areas.js")],
        phrases=[asset("area_phrases.js")],
        styles=[asset("areas.css")],
    )


def write_area_page(path: Path, page: AreaPage) -> None:
    """Write the page; a reader never sees half of it.

    Raises:
        OSError: when it cannot be written.
    """
    write_whole(path, area_page(page))


def _area(area: Area) -> dict[str, Any]:
    volume = area.volume
    outline = volume.outline
    radius_m = outline.radius_m if isinstance(outline, Circle) else None
    return {
        "group": area.group,
        "name": area.name,
        "line": area.line,
        "t0": seconds(volume.time_start_us),
        "t1": seconds(volume.time_end_us),
        "low": rounded(volume.altitude_lower_m),
        "high": rounded(volume.altitude_upper_m),
        "lowUnsure": round(area.lower_unsure_m, 1),
        "highUnsure": round(area.upper_unsure_m, 1),
        "error": round(area.error_m, 1),
        "radius": rounded(radius_m),
        "corners": len(outline_vertices(outline)),
        "ring": ring(outline_vertices(outline)),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "words": both(finding.words),
        "line": finding.line,
        "part": finding.part,
        "remedy": None if finding.remedy is None else both(finding.remedy),
    }
