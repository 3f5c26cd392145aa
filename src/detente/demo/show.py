"""What the demonstration prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detente.agreement import Agreement, party_signatures
from detente.demo.day import PARTIES, Day
from detente.demo.proving import Foreign
from detente.errors import printable
from detente.operations import CheckResult, Corridor, conflict_table
from detente.record import VerifyReport

_FINDINGS: Final = 3
"""Reasons of a refusal that are shown; the verifier tells all."""

NM_M = 1852.0
FOOT_M = 0.3048
ONE_LEVEL_M = 850 * FOOT_M
"""A level of 1,000 ft, less 150 ft for reporting and holding it."""


def say(console: Console, text: str, *, style: str = "", indent: int = 3) -> None:
    """A paragraph, indented as a whole: also the lines that a narrow terminal makes of it."""
    console.print(Padding(Text.from_markup(text, style=style), (0, 0, 0, indent)))


def bullet(console: Console, text: str) -> None:
    """A paragraph of a list."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_row("–", Text.from_markup(text))
    console.print(Padding(row, (0, 0, 0, 5)))


def grid(console: Console, rows: Sequence[Sequence[str]], headings: Sequence[str]) -> None:
    """Figures, one measure a row, one party a column: as narrow as they can be."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", no_wrap=bool(i))
    for row in rows:
        table.add_row(*row)
    console.print(Padding(table, (0, 0, 0, 3)))


def day(console: Console, found: Day, corridor: Corridor) -> None:
    """The flights, and how they were split."""
    total = sum(map(len, found.flights.values()))
    say(
        console,
        f"{total} flights, {found.volumes:,} volumes: {corridor.half_width_m / NM_M:g} NM to "
        f"each side, {corridor.vertical_m / FOOT_M:g} ft above and below, {corridor.time_s:g} s "
        f"before and after; moved by {found.days_later} days, so that they lie ahead",
    )
    for sentence in found.read.report.sentences():
        say(console, escape(sentence), style="dim")
    for name in PARTIES:
        operators = found.operators[name]
        largest = ", ".join(f"{escape(operator)} {count}" for operator, count in operators[:6])
        say(
            console,
            f"{name}: {len(found.flights[name])} flights of {len(operators)} operators "
            f"({largest} …)",
        )


def compared(console: Console, result: CheckResult, corridor: Corridor) -> None:
    """The conflicts, and what makes them plausible."""
    close, wide = result.count("closeness"), result.count("width")
    say(
        console,
        f"{len(result.conflicts):,} conflicts between {PARTIES[0]} and {PARTIES[1]}, if all had "
        "been filed as they were flown",
    )
    console.print()
    say(
        console,
        f"[bold]Why these numbers are plausible.[/bold] Two corridors overlap when aircraft "
        f"pass the same place within {2 * corridor.half_width_m / NM_M:g} NM, "
        f"{2 * corridor.vertical_m / FOOT_M:g} ft and {2 * corridor.time_s:g} s of each other. "
        "Air traffic control keeps 3 to 5 NM [italic]or[/italic] 1,000 ft at the same moment, and "
        "lets aircraft follow and cross each other's tracks. So nearly all conflicts should be "
        "the corridors' width and time, and the real closeness should be aircraft that pass "
        "just one level, 1,000 ft, above one another (altitudes are reported in steps of 25 ft).",
    )
    real = [c.approach for c in result.conflicts if c.cause == "closeness" and c.approach]
    level = sum(1 for approach in real if approach.vertical_m >= ONE_LEVEL_M)
    say(
        console,
        f"{close:,} are real closeness: the aircraft were within "
        f"{result.closeness.horizontal_m / NM_M:g} NM and "
        f"{result.closeness.vertical_m / FOOT_M:,.0f} ft at the same moment; "
        f"{level:,} of them one level apart (at least {ONE_LEVEL_M / FOOT_M:,.0f} ft), "
        f"{close - level:,} less",
    )
    apart = [
        (c.approach.horizontal_m, c.approach.vertical_m)
        for c in result.conflicts
        if c.cause == "width" and c.approach is not None
    ]
    if apart:
        horizontal, vertical = np.median(np.array(apart), axis=0)
        say(
            console,
            f"{wide:,} come from the corridors' width and time: at their closest the aircraft "
            f"were {horizontal / NM_M:.1f} NM and {vertical / FOOT_M:,.0f} ft apart (medians)",
        )
    console.print()
    say(console, "[bold]The ten closest encounters[/bold]")
    console.print(Padding(conflict_table(result, limit=10), (0, 0, 0, 3)))


def verified(console: Console, report: VerifyReport) -> None:
    """Whether the log is what its checkpoints say."""
    if report.good:
        say(
            console,
            f"[green]✓[/green] {report.entries:,} entries and {report.checkpoints:,} signed "
            f"checkpoints recomputed from the first byte, {report.signatures:,} signatures good",
        )
        say(console, f"root {report.root.hex()}")
    for finding in report.findings:
        say(console, f"[red]✗[/red] {escape(finding.where)}: {escape(finding.what)}")


def agreed(console: Console, agreement: Agreement) -> None:
    """What was signed, and by whom."""
    say(
        console,
        f"version {agreement.document.version}, {len(agreement.files)} files hashed together; "
        "each party enrolled the keys of its log, its witness, its node and two officers, each "
        "with proof of possession",
    )
    for signature in party_signatures(agreement):
        if signature.key is not None:
            say(console, f"[green]✓[/green] signed for {signature.party} by {signature.key.name}")
    say(console, f"in force: {agreement.sha256}")


def judged(console: Console, code: int, report: Mapping[str, Any]) -> None:
    """What `detente verify` said, in its own words."""
    mark = "[green]✓[/green]" if code == 0 else "[red]✗[/red]"
    verdict = "proven" if report["proven"] else "refused"
    say(console, f"{mark} detente verify: {verdict}, grade {escape(str(report['grade']))}")
    for sentence in report["statements"] if report["proven"] else report["findings"]:
        bullet(console, f"{escape(printable(str(sentence['en'])))}")
    say(console, "and what is [bold]not[/bold] proven:", indent=5)
    for sentence in report["limits"]:
        bullet(console, f"{escape(printable(str(sentence['en'])))}")


def foreign(console: Console, said: Sequence[Foreign]) -> None:
    """What other people's tools said, or that they were not there."""
    for each in said:
        mark = "[green]✓[/green]" if each.ran else "[yellow]–[/yellow]"
        say(console, f"{mark} {escape(each.tool)}: {escape(each.said)}")


def forged(console: Console, what: str, path: Path, report: Mapping[str, Any]) -> None:
    """The forged copy, and why it is refused."""
    console.print()
    say(
        console,
        f"A forged copy, {escape(path.name)}: {what}, a message, says another place; sums, "
        "sizes and the manifest are made anew with care.",
    )
    verdict = "[red]✗ refused[/red]" if not report["proven"] else "[red]believed[/red]"
    say(console, f"{verdict} by detente verify:")
    for finding in report["findings"][:_FINDINGS]:
        bullet(console, f"{escape(str(finding['en']))}")
        say(
            console,
            f"{finding['code']}  {escape(printable(finding['where']))}",
            style="dim",
            indent=7,
        )


def ended(
    console: Console,
    report: Path,
    page: Path,
    bundle: Path,
    watched: Sequence[Path],
    seconds: float,
) -> None:
    """Where the pages are."""
    console.print("\n[bold]10  Pages for the browser[/bold]")
    size = report.stat().st_size / 1e6
    say(console, f"{escape(str(report))} ({size:.1f} MB)")
    say(console, "map, altitude-time profile and reason of every conflict", indent=5)
    say(console, f"{escape(str(page))}")
    say(console, f"verifies a bundle without any server: drop {bundle.name} on it", indent=5)
    for each in watched:
        say(console, f"{escape(str(each))} ({each.stat().st_size / 1e6:.1f} MB)")
    say(
        console,
        "crossings on the map, every figure with its bounds, and what decided the grade; "
        "English and French; all events beside it (.parquet)",
        indent=5,
    )
    console.print(f"\n[bold]Done in {seconds:.0f} s.[/bold]")
