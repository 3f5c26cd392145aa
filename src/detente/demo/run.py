"""`detente demo`: a real day of traffic, two parties, one exchange, every conflict."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
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

from detente.agreement import Agreement
from detente.demo import show
from detente.demo.agreeing import OFFICER, Signatory, agree, signatories
from detente.demo.day import PARTIES, Day, read_day
from detente.demo.party import Party
from detente.demo.proving import ProofFailed, export, forge, others, verify
from detente.demo.records import acknowledgements, announcements, conflicts, records_of
from detente.demo.servers import Keys, running_exchange, running_party
from detente.demo.witnessing import Witnessing, witnessing
from detente.errors import DetenteError
from detente.operations import (
    CheckResult,
    Corridor,
    ReportText,
    Words,
    check,
    write_report,
)
from detente.record import SqliteLog, VerifyReport, load_key, verify_log
from detente.verify.page import write_page

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

    console.print("\n[bold]2  The agreement[/bold]  drafted, keys enrolled, signed by both")
    signing = signatories(options.out)
    agreement = await asyncio.to_thread(agree, options.out / "agreement", signing, day)
    show.agreed(console, agreement)

    console.print("\n[bold]3  The exchange[/bold]  and two parties that share no command")
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

    console.print("\n[bold]5  The same day compared directly[/bold], without any exchange")
    with console.status("comparing every volume of A with every volume of B"):
        result = await asyncio.to_thread(
            check,
            day.flights[PARTIES[0]],
            day.flights[PARTIES[1]],
            assumptions=[
                day.read.altitude_assumption,
                Words(
                    f"The recorded day was moved by {day.days_later} days, so that it lies ahead.",
                    f"La journée enregistrée a été décalée de {day.days_later} jours, pour être à "
                    "venir.",
                ),
            ],
        )
    _check_complete(parties, result)
    show.compared(console, result, options.corridor)

    console.print("\n[bold]6  The exchange's log[/bold]")
    show.verified(console, await _verify(options.out / "exchange"))

    bundle = options.out / "bundle.zip"
    console.print(
        "\n[bold]7  The parties' records[/bold]  each its own, each witnessed by the other"
    )
    await _record(signing, agreement, parties, bundle, console)
    await _prove(bundle, agreement.sha256, console)

    report = options.out / "report.html"
    write_report(
        report,
        result,
        day.flights[PARTIES[0]],
        day.flights[PARTIES[1]],
        ReportText(
            title=Words(
                "A day over Switzerland, announced by two parties",
                "Une journée au-dessus de la Suisse, annoncée par deux parties",
            ),
            subtitle=Words(
                f"{options.flights.name}, moved by {day.days_later} days",
                f"{options.flights.name}, décalé de {day.days_later} jours",
            ),
            made_at_us=time.time_ns() // 1000,
        ),
    )
    page = options.out / "verify.html"
    write_page(page)
    show.ended(console, report, page, bundle, time.monotonic() - began_s)


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
    console.print("\n[bold]4  Both parties announce every flight[/bold] as 4-D volumes over HTTP")
    with _bars(console) as progress:
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for party in parties:
                flights = day.flights[party.name]
                bar = progress.add_task(party.name, total=len(flights))
                group.create_task(
                    party.announce_all(flights, AT_ONCE, partial(progress.advance, bar))
                )
        return time.monotonic() - began_s


async def _record(
    signing: Sequence[Signatory],
    agreement: Agreement,
    parties: Sequence[Party],
    bundle: Path,
    console: Console,
) -> None:
    """What was announced and found goes into both records; one of them is exported."""
    began_s = time.monotonic()
    async with (
        records_of(signing, agreement) as sides,
        witnessing(sides) as witnessed,
    ):
        with _bars(console) as bars:
            one, other = sides
            ways = [(one, other, parties[0]), (other, one, parties[1])]
            for side, opposite, party in ways:
                total = len(party.announced)
                bar = bars.add_task(f"{party.name}: announcements", total=total)
                await announcements(side, opposite, party, partial(bars.advance, bar))
            await _cosign(witnessed)
            for side, opposite, party in ways:
                total = len(party.tally.conflicts)
                bar = bars.add_task(f"{party.name}: conflicts", total=total)
                await conflicts(side, opposite, party, partial(bars.advance, bar))
            for side, opposite, party in ways:
                bar = bars.add_task(f"{party.name}: acknowledgements", total=len(side.conflicts))
                await acknowledgements(side, opposite, partial(bars.advance, bar))
            await _cosign(witnessed)
            bar = bars.add_task("one bundle", total=None)
            exported = await export(
                witnessed[0],
                OFFICER,
                bundle,
                lambda done, total: bars.update(bar, completed=done, total=total),
            )
            sizes = [side.record.head.size for side in sides]
    show.recorded(console, sides, witnessed, sizes, time.monotonic() - began_s)
    show.exported(console, exported, sides[0].who.name)


async def _cosign(witnessed: Sequence[Witnessing]) -> None:
    for each in witnessed:
        await each.ask()


async def _prove(bundle: Path, agreement: str, console: Console) -> None:
    """Everybody's verifier looks at the bundle, and at one that was forged."""
    console.print("\n[bold]8  The evidence, checked[/bold]  without server, network or database")
    with console.status("detente verify, in a process of its own"):
        ran, report = await verify(bundle, agreement)
    show.judged(console, ran.code, report)
    if ran.code != 0:
        raise ProofFailed("the verifier does not believe a bundle that is good", where=str(bundle))
    with console.status("verifiers of others"):
        said = await others(bundle, bundle.with_name("unpacked"))
    show.foreign(console, said)
    forged = bundle.with_name("forged.zip")
    with console.status("forging"):
        what = await asyncio.to_thread(forge, bundle, forged)
        ran, report = await verify(forged, agreement)
    show.forged(console, what, forged, report)
    if ran.code != 1:
        raise ProofFailed("the verifier believes a bundle that was forged", where=str(forged))


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("   {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


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
