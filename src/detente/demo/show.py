"""What the demonstration prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from detente.demo.day import PARTIES, Day
from detente.demo.party import Party
from detente.operations import CheckResult, Corridor, conflict_table
from detente.record import VerifyReport

NM_M = 1852.0
FOOT_M = 0.3048
ONE_LEVEL_M = 850 * FOOT_M
"""A level of 1,000 ft, less 150 ft for reporting and holding it."""


def day(console: Console, found: Day, corridor: Corridor) -> None:
    """The flights, and how they were split."""
    total = sum(map(len, found.flights.values()))
    console.print(
        f"   {total} flights, {found.volumes:,} volumes: {corridor.half_width_m / NM_M:g} NM to "
        f"each side, {corridor.vertical_m / FOOT_M:g} ft above and below, {corridor.time_s:g} s "
        f"before and after; moved by {found.days_later} days, so that they lie ahead"
    )
    for sentence in found.read.report.sentences():
        console.print(f"   {sentence}", style="dim")
    for name in PARTIES:
        operators = found.operators[name]
        largest = ", ".join(f"{operator} {count}" for operator, count in operators[:6])
        console.print(
            f"   {name}: {len(found.flights[name])} flights of {len(operators)} operators "
            f"({largest} …)"
        )


def announced(
    console: Console, parties: list[Party], seconds: float, stored: dict[str, float]
) -> None:
    """What the announcements came to."""
    table = Table(header_style="bold")
    for heading in (
        "party",
        "accepted",
        "409 answers",
        "details asked",
        "known by notification",
        "notifications sent",
        "conflicts found",
        "requests",
    ):
        table.add_column(heading, justify="left" if heading == "party" else "right")
    for party in parties:
        tally = party.tally
        table.add_row(
            party.name,
            *(
                f"{count:,}"
                for count in (
                    tally.accepted,
                    tally.refused_409,
                    tally.details_asked,
                    tally.details_known,
                    tally.notifications,
                    len(tally.conflicts),
                    tally.requests,
                )
            ),
        )
    console.print(table)
    requests = sum(party.tally.requests for party in parties)
    console.print(
        f"   the exchange holds {stored['operational_intents']:,.0f} intents and "
        f"{stored['subscriptions']:,.0f} subscriptions in {stored['entries']:,.0f} log entries; "
        f"{requests:,} requests in {seconds:.1f} s, {requests / seconds:,.0f} a second "
        "(both parties, their exact comparisons included)"
    )


def compared(console: Console, result: CheckResult, corridor: Corridor) -> None:
    """The conflicts, and what makes them plausible."""
    close, wide = result.count("closeness"), result.count("width")
    console.print(
        f"   [green]✓[/green] {len(result.conflicts):,} conflicts between {PARTIES[0]} and "
        f"{PARTIES[1]}: exactly those that the two found through the exchange"
    )
    console.print(
        f"\n   [bold]Why these numbers are plausible.[/bold] Two corridors overlap when aircraft "
        f"pass the same place within {2 * corridor.half_width_m / NM_M:g} NM, "
        f"{2 * corridor.vertical_m / FOOT_M:g} ft\n   and {2 * corridor.time_s:g} s of each other. "
        "Air traffic control keeps 3 to 5 NM [italic]or[/italic] 1,000 ft at the same moment, and "
        "lets aircraft follow\n   and cross each other's tracks. So nearly all conflicts should be "
        "the corridors' width and time, and the real closeness\n   should be aircraft that pass "
        "just one level, 1,000 ft, above one another (altitudes are reported in steps of 25 ft)."
    )
    real = [c.approach for c in result.conflicts if c.cause == "closeness" and c.approach]
    level = sum(1 for approach in real if approach.vertical_m >= ONE_LEVEL_M)
    console.print(
        f"   {close:,} are real closeness: the aircraft were within "
        f"{result.closeness.horizontal_m / NM_M:g} NM and "
        f"{result.closeness.vertical_m / FOOT_M:,.0f} ft at the same moment; "
        f"{level:,} of them one level apart (at least {ONE_LEVEL_M / FOOT_M:,.0f} ft), "
        f"{close - level:,} less"
    )
    apart = [
        (c.approach.horizontal_m, c.approach.vertical_m)
        for c in result.conflicts
        if c.cause == "width" and c.approach is not None
    ]
    if apart:
        horizontal, vertical = np.median(np.array(apart), axis=0)
        console.print(
            f"   {wide:,} come from the corridors' width and time: at their closest the aircraft "
            f"were {horizontal / NM_M:.1f} NM and {vertical / FOOT_M:,.0f} ft apart (medians)"
        )
    console.print("\n   [bold]The ten closest encounters[/bold]")
    console.print(conflict_table(result, limit=10))


def verified(console: Console, report: VerifyReport) -> None:
    """Whether the log is what its checkpoints say."""
    if report.good:
        console.print(
            f"   [green]✓[/green] {report.entries:,} entries and {report.checkpoints:,} signed "
            f"checkpoints recomputed from the first byte, {report.signatures:,} signatures good\n"
            f"   root {report.root.hex()}"
        )
    for finding in report.findings:
        console.print(f"   [red]✗[/red] {finding.where}: {finding.what}")


def ended(console: Console, report: Path, seconds: float) -> None:
    """Where the page is."""
    console.print(
        f"\n[bold]6  The report page[/bold]  {report} ({report.stat().st_size / 1e6:.1f} MB)\n"
        "   open it in a browser: map, altitude-time profile and reason of every conflict\n"
        f"\n[bold]Done in {seconds:.0f} s.[/bold]"
    )
