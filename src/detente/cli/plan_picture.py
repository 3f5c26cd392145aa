"""What was understood of a file, to be looked at: a table, sentences, a page, GeoJSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from detente.cli.node_client import Json
from detente.cli.plan_text import OPEN
from detente.errors import one_line
from detente.words import Language, Words

if TYPE_CHECKING:
    from detente.cli.plan_reading import ReadFile
    from detente.geo import Outline, Volume4D
    from detente.interchange import Feature, Part, Problem
    from detente.operations import AreaPage, Finding

ROWS_MAX: Final = 60
"""Volumes that the table shows; the rest are counted."""
MEETINGS_MAX: Final = 50
"""Pairs of plans of one file that the page tells to meet."""
TITLE: Final = Words("What was understood", "Ce qui a été compris")
_HEADINGS: Final = Words(
    "plan|line|name|outline|from m W84|to m W84|from – until (UTC)",
    "plan|ligne|nom|contour|de m W84|à m W84|de – à (UTC)",
)
_CORNERS: Final = Words("{count} corners", "{count} sommets")
_MORE_VOLUMES: Final = Words("and {count} volumes more", "et {count} autres volumes")
_MORE: Final = Words("… and {count} more of these", "… et {count} autres")
_LINE: Final = Words("line {line}: ", "ligne {line}\u202f: ")
_COLON: Final = Words(":", "\u202f:")
_PART: Final = Words("part", "partie")
_PARTS: Final = Words("parts", "parties")
_VOLUME: Final = Words("volume", "volume")
_VOLUMES: Final = Words("volumes", "volumes")
_PLAN: Final = Words("plan", "plan")
_PLANS: Final = Words("plans", "plans")
_WIDER: Final = Words(
    "(+m) beside an outline: it reaches up to so far beyond what is written.",
    "(+m) après un contour\u202f: il dépasse d’autant au plus ce qui est écrit.",
)
_UNSURE: Final = Words(
    "(+m), (-m) beside a limit: the true one is not known better; it lies up to so much inside.",
    "(+m), (-m) après une limite\u202f: la vraie n’est pas mieux connue\u202f; elle est d’autant "
    "au plus à l’intérieur.",
)


def understood_table(found: ReadFile, language: Language) -> Table:
    """Each volume: from which line, what, where, how high in metres W84, when."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(_HEADINGS.to(language).split("|")):
        right = number in (0, 1, 4, 5)
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    rows = 0
    for number, plan in enumerate(found.plans, start=1):
        for volume, part in zip(plan.converted.volumes, plan.converted.parts, strict=True):
            rows += 1
            if rows <= ROWS_MAX:
                lower_unsure, upper_unsure = _unsure(volume, part)
                table.add_row(
                    str(number),
                    str(part.line) if part.line else "",
                    Text(one_line(part.name)),
                    outline_text(volume.outline, part.error_m, language),
                    _limit(volume.altitude_lower_m, "+", lower_unsure, language),
                    _limit(volume.altitude_upper_m, "-", upper_unsure, language),
                    _times(volume, language),
                )
    if rows > ROWS_MAX:
        table.caption = _MORE_VOLUMES.to(language).format(count=rows - ROWS_MAX)
    return table


def outline_text(outline: Outline, error_m: float, language: Language = "en") -> str:
    """What shape, how large, where."""
    from detente.geo import Circle

    if isinstance(outline, Circle):
        text = f"○ {outline.radius_m:g} m  {outline.lat_deg:.5f} {outline.lng_deg:.5f}"
    else:
        lat, lng = outline.vertices[0]
        corners = _CORNERS.to(language).format(count=len(outline.vertices))
        text = f"⬠ {corners}  {lat:.5f} {lng:.5f} …"
    return f"{text}  (+{error_m:.1f} m)" if error_m >= 0.05 else text


def _limit(value: float | None, sign: str, unsure_m: float, language: Language) -> str:
    """A limit; with how far above (+) or below (-) it the true one may lie."""
    if value is None:
        return OPEN.to(language)
    if unsure_m < 0.05:
        return f"{value:.1f}"
    return f"{value:.1f} ({sign}{unsure_m:.{0 if unsure_m >= 1 else 1}f})"


def _times(volume: Volume4D, language: Language) -> str:
    from detente.operations.instants import format_clock

    start, end = volume.time_start_us, volume.time_end_us
    first = OPEN.to(language) if start is None else format_clock(start, date=True)
    last = OPEN.to(language) if end is None else format_clock(end, date=True)
    return f"{first} – {last[11:] if last[:11] == first[:11] else last}"


def findings(found: ReadFile, language: Language) -> Iterator[str]:
    """What could not be understood, by line; remarks; what the conversion rests on; what the
    table's signs mean."""
    understood = found.understood
    volumes = [each for plan in found.plans for each in plan.converted.volumes]
    parts = [each for plan in found.plans for each in plan.converted.parts]
    counts = (
        counted(len(understood.pieces) + len(understood.routes), _PART, _PARTS, language),
        counted(len(volumes), _VOLUME, _VOLUMES, language),
        counted(len(found.plans), _PLAN, _PLANS, language),
    )
    name = f"{understood.name}{_COLON.to(language)}"
    yield one_line(f"{name} {understood.format}, {', '.join(counts)}")
    for problem in found.problems:
        yield from _told("✗", problem, language)
    for note in understood.notes:
        yield from _told("·", note, language)
    if understood.left_off:
        yield f"  {_MORE.to(language).format(count=understood.left_off)}"
    for words in dict.fromkeys(w for each in found.plans for w in each.converted.assumptions):
        yield one_line(f"  = {words.to(language)}")
    if any(each.error_m >= 0.05 for each in parts):
        yield f"  {_WIDER.to(language)}"
    if any(max(_unsure(volume, part)) >= 0.05 for volume, part in zip(volumes, parts, strict=True)):
        yield f"  {_UNSURE.to(language)}"


def counted(count: int, one: Words, several: Words, language: Language) -> str:
    """How many of something, in words."""
    # French counts nothing as one.
    single = count == 1 or (count == 0 and language == "fr")
    return f"{count} {(one if single else several).to(language)}"


def _told(mark: str, problem: Problem, language: Language) -> Iterator[str]:
    where = _LINE.to(language).format(line=problem.line) if problem.line else ""
    part = f" [{problem.part}]" if problem.part else ""
    yield one_line(f"  {mark} {where}{problem.message.to(language)}{part}")
    if problem.remedy is not None:
        yield one_line(f"      {problem.remedy.to(language)}")


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
    draw(
        path,
        features,
        tuple(dict.fromkeys(w for each in found.plans for w in each.converted.assumptions)),
        found.understood.name,
        parts=[plan.converted.parts for plan in found.plans],
        problems=found.problems,
        notes=found.understood.notes,
    )


def draw(
    path: Path,
    features: Sequence[Feature],
    said: Sequence[Words],
    name: str,
    *,
    parts: Sequence[Sequence[Part]] = (),
    problems: Sequence[Problem] = (),
    notes: Sequence[Problem] = (),
) -> None:
    """What was understood as a page that needs nothing else (.html), or as GeoJSON.

    Args:
        features: as they were understood.
        said: what the conversion rests on.
        name: of the file that they come from.
        parts: where the volumes of each feature come from, in their order; if that is known.
        problems: what could not be read.
        notes: remarks on what was.

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
            from detente.operations import Finding, write_area_page

            page = _page(features, parts, name)
            found = [*_told_of("problem", problems), *_told_of("note", notes)]
            found += (Finding("basis", words) for words in said)
            found += _meetings(features)
            write_area_page(path, replace(page, findings=found))
        else:
            path.write_bytes(write(features, "geojson"))
    except OSError as error:
        raise PictureNotWritten(
            f"It cannot be written: {error.strerror}.", where=str(path)
        ) from None


def _page(features: Sequence[Feature], parts: Sequence[Sequence[Part]], name: str) -> AreaPage:
    from detente.interchange import Kind
    from detente.operations import Area, AreaPage

    areas = []
    for group, feature in enumerate(features, start=1):
        known: Sequence[Part | None] = parts[group - 1] if parts else ()
        for volume, part in zip_longest(feature.volumes, known):
            unsure = (0.0, 0.0) if part is None else _unsure(volume, part)
            areas.append(
                Area(
                    group,
                    feature.name if part is None else part.name or feature.name,
                    0 if part is None else part.line,
                    volume,
                    *unsure,
                    0.0 if part is None else part.error_m,
                )
            )
    page = AreaPage(
        TITLE,
        name,
        areas,
        lines=[[(lat, lng) for _, lat, lng, _ in each.track] for each in features],
    )
    if any(each.kind == Kind.CONSTRAINT for each in features):
        page = replace(
            page,
            group=Words("constraint", "contrainte"),
            groups=Words("constraints", "contraintes"),
        )
    return page


def _unsure(volume: Volume4D, part: Part) -> tuple[float, float]:
    low, high = volume.altitude_lower_m, volume.altitude_upper_m
    return (
        0.0 if low is None else max(0.0, part.lower.high_m - low),
        0.0 if high is None else max(0.0, high - part.upper.low_m),
    )


def _told_of(kind: Literal["problem", "note"], found: Sequence[Problem]) -> list[Finding]:
    from detente.operations import Finding

    return [Finding(kind, each.message, each.line, each.part, each.remedy) for each in found]


def _meetings(features: Sequence[Feature]) -> list[Finding]:
    """The plans of one file may meet one another: then not all of them can be filed."""
    from detente.interchange import Kind
    from detente.operations import Finding, Flight, check

    # That constraints meet one another means nothing.
    flights = [
        Flight(each.id, each.name or each.id.replace("-", " "), "", each.volumes)
        for each in features
        if each.kind == Kind.INTENT
    ]
    result = check(flights, [], within_own=True)
    return [
        Finding(
            "note",
            Words(
                f"Two plans of this file meet each other: {met.own.name} and {met.other.name}.",
                f"Deux plans de ce fichier se rencontrent\u202f: {met.own.name} et "
                f"{met.other.name}.",
            ),
        )
        for met in result.conflicts[:MEETINGS_MAX]
    ]
