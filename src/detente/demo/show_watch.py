"""What the demonstration prints of the watch over recorded flights, and the step that does it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from detente.boundaries import BoundaryStore
from detente.demo import show
from detente.demo.watching import (
    EXACT,
    Archives,
    Compared,
    Counts,
    Watched,
    borders,
    by_source,
    compared,
    counted,
    doubted,
    entered,
    sources,
    watch,
)
from detente.watch import GROUNDS, Event, Grade, Interval, sentence
from detente.words import Words

BORDER: Final = "┃"
DRAWN: Final = 16
"""Characters of a depth that is drawn."""
_AROUND: Final = ("CH", "FR", "DE", "IT", "AT", "LI")
"""Who claims what lies below the day over Switzerland."""
_INCURSIONS: Final = Words(
    "Incursions into Spain, and how sure they are",
    "Les incursions en Espagne, et leur degré de certitude",
)
_SPOOFED: Final = Words(
    "A flight whose receiver was misled, and what can be told of it",
    "Un vol dont le récepteur a été trompé, et ce qu’on peut en dire",
)
_DAY: Final = Words(
    "A day over Switzerland, held against borders",
    "Une journée au-dessus de la Suisse, et les frontières",
)
_GRADES: Final = {
    Grade.SHOWN: "[green]shown[/green]",
    Grade.CANNOT_BE_TOLD: "[yellow]cannot be told[/yellow]",
    Grade.REFUTED: "[red]refuted[/red]",
}


def watch_all(
    console: Console, archives: Archives, out: Path, store: BoundaryStore | None = None
) -> list[Path]:
    """Watch every archive that there is, and tell what was found; the report pages.

    Args:
        console: for what is told.
        archives: that are watched.
        out: directory for the pages, and for all events (`.parquet`).
        store: of borders; the user's if not given.

    Raises:
        DetenteError: an archive or a source of borders cannot be used.
    """
    console.print("\n[bold]9  Watch[/bold]  recorded flights, held against borders")
    kept = BoundaryStore.default() if store is None else store
    names = sources(kept)
    show.say(
        console,
        "Every figure comes with the bounds between which it lies with 95 %, every crossing with "
        "how sure it is: shown, refuted, or cannot be told.",
    )
    if EXACT not in names:
        show.say(
            console,
            f"[yellow]![/yellow] The exact borders, {EXACT}, are not installed: they could not be "
            f"fetched, or nobody has asked for it. It goes on with {names[0]} alone, which may "
            f"judge less. To fetch them: detente boundary install {EXACT}",
        )
    best = names[-1:]
    pages = []
    with _bars(console) as bars:

        def watched(path: Path, which: str, title: Words, states: Sequence[str]) -> Watched:
            bar = bars.add_task(path.name, total=1.0)

            def tell(share: float) -> None:
                bars.update(bar, completed=share)

            within = borders(names if which == "day" else best, states, kept)
            done = watch(
                path, within, out / f"watch-{which}.html", title, time.time_ns() // 1000, tell
            )
            pages.append(done.page)
            tell(1.0)
            return done

        incursions = spoofed = None
        if archives.incursions is not None:
            incursions = watched(archives.incursions, "incursions", _INCURSIONS, ("ES",))
        if archives.spoofed is not None:
            spoofed = watched(archives.spoofed, "spoofed", _SPOOFED, ())
        day = watched(archives.day, "day", _DAY, _AROUND)
    if incursions is not None:
        told_incursions(console, incursions, best[0])
    if spoofed is not None:
        told_spoofed(console, spoofed, best[0])
    told_day(console, day, names)
    return pages


def told_incursions(console: Console, found: Watched, source: str) -> None:
    """Who went into Spain, how deep and for how long."""
    events = entered(found.events, "ES")
    console.print()
    show.say(
        console,
        f"[bold]Incursions into Spain[/bold] in {escape(found.archive)}: {len(events)} by "
        f"{source}, of {found.outcome.reports:,} positions",
    )
    _crossings(console, events, drawn=True)
    _grounds(console, events)


def told_spoofed(console: Console, found: Watched, source: str) -> None:
    """What can be told of a flight whose receiver was misled."""
    events, unused = found.events, {**found.outcome.dropped, **found.outcome.taken_out}
    reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(unused.items()))
    console.print()
    show.say(
        console,
        f"[bold]A receiver that was misled[/bold] in {escape(found.archive)}: {len(events)} "
        f"“crossings” by {source}, of {found.outcome.reports:,} positions, of which "
        f"{sum(unused.values()):,} were taken out ({reasons})",
    )
    _crossings(console, events)
    _grounds(console, events)
    false = doubted(events)
    right = sum(each.grade is Grade.CANNOT_BE_TOLD for each in false)
    mark = "[green]✓[/green]" if false and right == len(false) else "[red]✗[/red]"
    show.say(
        console,
        f"{mark} Of the {len(false)} within an hour of positions of the same track that cannot be "
        f"true, {right} are graded cannot be told.",
    )
    if any(each.grade is Grade.SHOWN for each in events):
        show.say(console, "What was flown before that stands.", indent=5)


def told_day(console: Console, found: Watched, names: Sequence[str]) -> None:
    """How many crossings a day has, by each source."""
    console.print()
    show.say(
        console,
        f"[bold]The day's crossings[/bold] in {escape(found.archive)} by {' and '.join(names)}, "
        f"of {found.outcome.reports:,} positions",
    )
    counts = [counted(found.events, each) for each in names]
    _counts(console, counts)
    for each in counts:
        low = each.of(Grade.SHOWN)
        high = low + each.of(Grade.CANNOT_BE_TOLD)
        show.say(console, f"{each.source}: at least {low:,} crossings, at most {high:,}")
    if len(names) > 1:
        one, other = (by_source(found.events, each) for each in names)
        _compared(console, compared(one, other), names)


def _compared(console: Console, result: Compared, names: Sequence[str]) -> None:
    both = len(result.both)
    show.say(
        console,
        f"Both have {both:,} of them, and in {result.agreeing():,} the bounds of the depths have "
        "something in common. "
        + "; ".join(
            f"{name} alone has {len(alone):,}, {sum(e.grade is Grade.SHOWN for e in alone):,} of "
            "them shown"
            for name, alone in zip(names, (result.only_one, result.only_other), strict=True)
        ),
    )


def _counts(console: Console, counts: Sequence[Counts]) -> None:
    table = _table("into or over")
    for each in counts:
        table.add_column(f"{each.source}\nshown", justify="right", no_wrap=True)
        table.add_column("\ncannot be told", justify="right", no_wrap=True)
    claimants = sorted({claimant for each in counts for claimant in each.by_claimant})
    for claimant in claimants:
        row = [escape(claimant)]
        for each in counts:
            grades = each.by_claimant.get(claimant, {})
            row += [f"{grades.get(g, 0):,}" for g in (Grade.SHOWN, Grade.CANNOT_BE_TOLD)]
        table.add_row(*row)
    console.print(Padding(table, (0, 0, 0, 3)))


def _crossings(console: Console, events: Sequence[Event], *, drawn: bool = False) -> None:
    """Crossings with duration and depth; and these drawn, if there is room for it."""
    days = {f"{_began(each):%Y-%m-%d}" for each in events}
    table = _table(*days if len(days) == 1 else ("",))
    table.add_column("into", no_wrap=True)
    for heading in ("inside, s", "depth, m"):
        table.add_column(heading, justify="right")
    depths = [each.depth_nearest_m for each in events if each.depth_nearest_m is not None]
    if drawn:
        table.add_column(f"{BORDER} the border", no_wrap=True)
    table.add_column("how sure", no_wrap=True)
    for each in events:
        picture = [drawing(each.depth_nearest_m, depths)] if drawn else []
        table.add_row(
            f"{_began(each):{'%H:%M:%S' if len(days) == 1 else '%Y-%m-%d %H:%M:%S'}}",
            escape(each.claimant),
            figure(each.duration_s),
            figure(each.depth_nearest_m),
            *picture,
            _GRADES[each.grade],
        )
    console.print(Padding(table, (0, 0, 0, 3)))


def _grounds(console: Console, events: Sequence[Event]) -> None:
    """Why something cannot be told; with figures if it is only one."""
    reasons: dict[str, list[Event]] = {}
    for each in events:
        if each.grade is Grade.CANNOT_BE_TOLD and each.grounds:
            reasons.setdefault(each.grounds[0].code, []).append(each)
    for code, some in reasons.items():
        words = sentence(some[0].grounds[0]) if len(some) == 1 else GROUNDS[code]
        times = ", ".join(f"{_began(each):%H:%M:%S}" for each in some)
        show.bullet(console, f"{times}: {escape(words.en)}")


def _began(event: Event) -> datetime:
    return datetime.fromtimestamp(event.began_us // 1_000_000, UTC)


def figure(interval: Interval | None) -> str:
    """A figure with its bounds; the lower one alone where there is no upper one."""
    if interval is None:
        return ""
    if math.isinf(interval.high):
        return f"over {_whole(interval.low)}"
    bounds = f"{_whole(interval.low)}–{_whole(interval.high)}"
    return f"{_whole(interval.value)} ({bounds})"


def drawing(interval: Interval | None, depths: Sequence[Interval]) -> str:
    """A depth and its bounds beside the border, which is at the same place for all of them.

    Args:
        interval: what is drawn.
        depths: what is drawn with it, at the same scale.
    """
    if interval is None:
        return ""
    known = [0.0, *(m for each in depths for m in (each.low, each.value, each.high))]
    finite = [each for each in known if math.isfinite(each)]
    least = min(finite)
    step = (max(finite) - least) / (DRAWN - 2) or 1.0

    def column(depth_m: float) -> int:
        if math.isinf(depth_m):
            return 0 if depth_m < 0 else DRAWN - 1
        return round((depth_m - least) / step)

    first, last, border = (column(each) for each in (interval.low, interval.high, 0.0))
    cells = [" "] * DRAWN
    cells[first : last + 1] = "─" * (last + 1 - first)
    cells[first], cells[last] = "├", "┤"
    cells[border] = BORDER if cells[border] == " " else "╂"
    cells[column(interval.value)] = "◆"
    if math.isinf(interval.high):
        cells[last] = "→"
    return "".join(cells).rstrip()


def _whole(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def _table(first: str) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column(first, no_wrap=True)
    return table


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("   {task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    )
