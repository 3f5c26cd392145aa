"""`detente demo`: a real day of traffic, two parties, one exchange, every conflict."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from detente.demo import show
from detente.demo.day import PARTIES, Day, read_day
from detente.demo.party import Party
from detente.demo.servers import Keys, running_exchange, running_party
from detente.errors import DetenteError
from detente.operations import (
    Bilingual,
    CheckResult,
    Corridor,
    ReportText,
    check,
    write_report,
)
from detente.record import SqliteLog, VerifyReport, load_key, verify_log

AT_ONCE: Final = 8
"""Flights that each party has in the works at one time."""

_MARK: Final = ".detente-demo"
"""A file that tells what may be deleted."""


class DemoError(DetenteError):
    """The demonstration did not come out as it must."""

    code = "demo.wrong_result"


class DirectoryUnusable(DetenteError):
    """The directory for the results cannot be used, or is not ours to replace."""

    code = "demo.directory"


@dataclass(frozen=True, slots=True)
class Options:
    """What to show.

    Attributes:
        flights: trajectories of the day.
        out: directory for the report, the log and the keys; what an earlier run left is replaced.
        corridor: the room that each flight announces.
        most: how many flights to take; all by default.
    """

    flights: Path
    out: Path
    corridor: Corridor
    most: int | None = None


def run_demo(options: Options, console: Console) -> None:
    """Run it and print what happened.

    Raises:
        DirectoryUnusable: there is no place for the results.
        DemoError: what was found is not what a direct comparison finds, or the log does not verify.
        DetenteError: any step failed.
    """
    asyncio.run(_run(options, console))


async def _run(options: Options, console: Console) -> None:
    began_s = time.monotonic()
    _make_room(options.out)
    console.print(f"[bold]1  The day[/bold]  {options.flights.name}")
    with console.status("reading trajectories, laying corridors"):
        day = await asyncio.to_thread(
            read_day, options.flights, options.corridor, time.time_ns() // 1000, options.most
        )
    show.day(console, day, options.corridor)

    console.print("\n[bold]2  The exchange[/bold]  and two parties that share no command")
    async with AsyncExitStack() as stack:
        keys = Keys(options.out)
        with console.status("starting (the first time, geometry kernels are compiled: a minute)"):
            url = await stack.enter_async_context(running_exchange(options.out, keys))
            parties = [
                await stack.enter_async_context(running_party(name, url, keys)) for name in PARTIES
            ]
        console.print(f"   exchange {url}")
        for party in parties:
            console.print(f"   {party.name} {party.base_url}")
        seconds = await _announce(day, parties, console)
        show.announced(console, parties, seconds, await _metrics(url))

    console.print("\n[bold]4  The same day compared directly[/bold], without any exchange")
    with console.status("comparing every volume of A with every volume of B"):
        result = await asyncio.to_thread(
            check,
            day.flights[PARTIES[0]],
            day.flights[PARTIES[1]],
            assumptions=[
                day.read.altitude_assumption,
                Bilingual(
                    f"The recorded day was moved by {day.days_later} days, so that it lies ahead.",
                    f"La journée enregistrée a été décalée de {day.days_later} jours, pour être à "
                    "venir.",
                ),
            ],
        )
    _check_complete(parties, result)
    show.compared(console, result, options.corridor)

    console.print("\n[bold]5  The exchange's log[/bold]")
    show.verified(console, await _verify(options.out / "exchange"))

    report = options.out / "report.html"
    write_report(
        report,
        result,
        day.flights[PARTIES[0]],
        day.flights[PARTIES[1]],
        ReportText(
            title=Bilingual(
                "A day over Switzerland, announced by two parties",
                "Une journée au-dessus de la Suisse, annoncée par deux parties",
            ),
            subtitle=Bilingual(
                f"{options.flights.name}, moved by {day.days_later} days",
                f"{options.flights.name}, décalé de {day.days_later} jours",
            ),
            made_at_us=time.time_ns() // 1000,
        ),
    )
    show.ended(console, report, time.monotonic() - began_s)


def _make_room(directory: Path) -> None:
    """An empty directory, in place of what an earlier run left there; of nothing else."""
    try:
        if directory.exists() and any(directory.iterdir()):
            if not (directory / _MARK).exists():
                raise DirectoryUnusable(
                    "there is something in it that no demonstration has written",
                    where=str(directory),
                    advice="Choose another --out, or empty it yourself.",
                )
            shutil.rmtree(directory)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _MARK).touch()
    except OSError as error:
        raise DirectoryUnusable(
            f"the directory cannot be used: {error.strerror}", where=str(directory)
        ) from None


async def _announce(day: Day, parties: list[Party], console: Console) -> float:
    console.print("\n[bold]3  Both parties announce every flight[/bold] as 4-D volumes over HTTP")
    with Progress(
        TextColumn("   {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for party in parties:
                flights = day.flights[party.name]
                bar = progress.add_task(party.name, total=len(flights))
                group.create_task(
                    party.announce_all(flights, AT_ONCE, partial(progress.advance, bar))
                )
        return time.monotonic() - began_s


async def _metrics(url: str) -> dict[str, float]:
    """The exchange's own count of what it stores."""
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{url}/metrics")).text
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name in {
            "detente_operational_intents",
            "detente_subscriptions",
            "detente_entries",
        }:
            found[name.removeprefix("detente_")] = float(value)
    return found


def _check_complete(parties: list[Party], result: CheckResult) -> None:
    """What the parties found by asking each other must be all that there is to find."""
    found = {
        frozenset((conflict.mine, conflict.other))
        for party in parties
        for conflict in party.tally.conflicts
    }
    truth = {
        frozenset((conflict.own.flight_id, conflict.other.flight_id))
        for conflict in result.conflicts
    }
    if found != truth:
        raise DemoError(
            f"the parties found {len(found)} conflicts, a direct comparison {len(truth)}; "
            f"{len(truth - found)} were missed, {len(found - truth)} are none"
        )


async def _verify(directory: Path) -> VerifyReport:
    log = await SqliteLog.open(directory, read_only=True)
    try:
        report = await verify_log(log, [load_key(directory / "log.key").verifier])
    finally:
        await log.close()
    if not report.good:
        raise DemoError(f"the log is damaged: {report.findings[0].what}")
    return report
