"""`detente demo`: a real day of traffic, two parties, one exchange, every conflict and way out."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from detente.demo import show, show_line, show_plan
from detente.demo.agreeing import CHIEF, DUTY, Signatory, agree, signatories
from detente.demo.day import PARTIES, Day, read_day
from detente.demo.line import Line
from detente.demo.nodes import NodeProcess, running_nodes
from detente.demo.notices import FoundConflict, Notice, notices, refusing
from detente.demo.officers import Session
from detente.demo.planning import Planner, Result, judge
from detente.demo.planning_text import AFTER
from detente.demo.proving import ProofFailed, export, forge, others, outages_in, verify
from detente.demo.results import make_room
from detente.demo.servers import Keys, running_exchange
from detente.demo.show_watch import watch_all
from detente.demo.turns import Turns
from detente.demo.watching import Archives
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

AT_ONCE: Final = 3
"""Flights that each party has in the works at one time."""

NOTICES: Final = 120
"""Conflicts that are told on the line: all of them would take longer than one likes to watch."""


class DemoError(DetenteError):
    """The demonstration did not come out as it must."""

    code = "demo.wrong_result"


Commands = Callable[[NodeProcess, Mapping[str, Session]], Sequence[str]]
"""Keeps the sessions of a node's officers for commands, and gives command lines that work."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to show.

    Attributes:
        flights: trajectories of the day.
        out: directory for the report, the log and the keys; what an earlier run left is replaced.
        corridor: the room that each flight announces.
        archives: recorded positions that are held against borders.
        most: how many flights to take; all by default.
        notices: how many conflicts, the closest first, are told on the line; None for all.
        keep: leave the exchange and both nodes running until the demonstration is told to stop.
        commands: asked what to tell about each node then.
    """

    flights: Path
    out: Path
    corridor: Corridor
    archives: Archives
    most: int | None = None
    notices: int | None = NOTICES
    keep: bool = False
    commands: Commands | None = None


def run_demo(options: Options, console: Console) -> None:
    """Run it and print what happened. Every process that it started is gone afterwards.

    Raises:
        DirectoryUnusable: there is no place for the results.
        DemoError: what was found is not what a direct comparison finds, or the log does not verify.
        LineFailed: a message was not acknowledged, or an outage is not in both records.
        DetenteError: any step failed.
        KeyboardInterrupt: it was told to stop before its end.
    """
    try:
        asyncio.run(_run(options, console))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except BaseExceptionGroup as group:
        first = _first(group)
        if isinstance(first, DetenteError):
            raise first from None
        raise


async def _run(options: Options, console: Console) -> None:
    began_s = time.monotonic()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C does: what was started is ended on the way out.
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    make_room(options.out)
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

    async with AsyncExitStack() as stack:
        world = await _start(options.out, signing, stack, console)
        placed = await _plan(day, world, console)
        before = await _compare(day, placed, options, console)

        console.print("\n[bold]6  The exchange's log[/bold]")
        show.verified(console, await _verify(options.out / "exchange"))

        found = _found(placed, signing)
        said, about = notices(before, found, signing, options.notices), refusing(before, found)
        console.print("\n[bold]7  The line[/bold]  between the two nodes")
        closest = options.notices is not None and options.notices < len(about)
        show_line.planned(console, said, len(about), closest)
        bundle = options.out / "bundle.zip"
        await _talk(world.line, said, bundle, signing, console)
        if not options.keep:
            with console.status("both nodes and the exchange end"):
                await stack.aclose()
        await _prove(bundle, agreement.sha256, console)
        watched = await asyncio.to_thread(watch_all, console, options.archives, options.out)
        report, page = _pages(options, day, before, placed)
        show.ended(console, report, page, bundle, watched, time.monotonic() - began_s)
        if options.keep:
            await _keep(options, world, console)
    if options.keep:
        console.print("   ended")


@dataclass(frozen=True, slots=True)
class _World:
    """Everything that runs.

    Attributes:
        exchange: its URL.
        nodes: of both parties.
        line: between them; its desks are the officers at work.
    """

    exchange: str
    nodes: Sequence[NodeProcess]
    line: Line


async def _start(
    out: Path, signing: Sequence[Signatory], stack: AsyncExitStack, console: Console
) -> _World:
    """An exchange, a node for each party, officers at both: until the stack is closed."""
    console.print("\n[bold]3  The exchange[/bold]  and two nodes that share no command")
    keys = Keys(out)
    with console.status("starting (the first time, geometry kernels are compiled: a minute)"):
        url = await stack.enter_async_context(running_exchange(out, keys))
    console.print(f"   exchange {url}")
    with console.status("both nodes begin, and start"):
        agreement = out / "agreement"
        nodes = await stack.enter_async_context(running_nodes(agreement, signing, url, keys))
    show_line.running(console, nodes)
    with console.status("officers are invited, and log in"):
        line = await stack.enter_async_context(
            Line(nodes, lambda sentence: show.say(console, sentence))
        )
    return _World(url, nodes, line)


async def _plan(day: Day, world: _World, console: Console) -> Result:
    """Both nodes plan every flight of their party."""
    show_plan.planning(console)
    planners = [Planner(desk.node.who, desk.officers[DUTY]) for desk in world.line.desks]
    turns = Turns(day.flights.values())
    with _bars(console) as progress:
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for planner in planners:
                flights = day.flights[planner.party.name]
                bar = progress.add_task(planner.party.name, total=len(flights))
                group.create_task(
                    planner.plan_all(flights, turns, AT_ONCE, partial(progress.advance, bar))
                )
        seconds = time.monotonic() - began_s
    with console.status("comparing every accepted volume with every other"):
        result = await asyncio.to_thread(judge, planners, seconds)
    stored = await _metrics(world.exchange)
    if stored["operational_intents"] != sum(
        each.now is not None for each in result.placed.values()
    ):
        raise DemoError("the exchange does not hold what the nodes planned")
    show_plan.planned(console, planners, result, stored)
    return result


async def _compare(day: Day, placed: Result, options: Options, console: Console) -> CheckResult:
    """The day as it was wanted, beside the day as it is planned."""
    console.print("\n[bold]5  Before and after[/bold]  the day as it was wanted, compared directly")
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
    show.compared(console, result, options.corridor)
    show_plan.resolved(console, result, placed)
    return result


def _found(placed: Result, signing: Sequence[Signatory]) -> dict[str, list[FoundConflict]]:
    """Conflicts with the other party that refused a flight, by the party whose flight it was."""
    found: dict[str, list[FoundConflict]] = {each.id: [] for each in signing}
    party_of = {each.name: each.id for each in signing}
    for each in placed.placed.values():
        own = party_of[each.wanted.party]
        for met in each.met.values():
            if met.manager != own:
                found[own].append(FoundConflict(each.wanted.flight_id, met.other, met.source))
    return found


async def _talk(
    line: Line,
    said: Sequence[Notice],
    bundle: Path,
    signing: Sequence[Signatory],
    console: Console,
) -> None:
    """Everything is said on the line; one record is exported."""
    bars = _bars(console)
    bar = bars.add_task("acknowledged", total=len(said))

    def picture() -> Group:
        done, total = show_line.acknowledged(line.desks)
        bars.update(bar, completed=done, total=max(total, len(said)))
        return Group(bars.get_renderable(), show_line.board(line.desks))

    with Live(get_renderable=picture, console=console, refresh_per_second=8):
        course = await line.run(said)
    if not console.is_terminal:
        console.print()  # a picture that did not move is not ended with a line
    show_line.told(console, course, line.desks)
    with _bars(console) as progress:
        bar = progress.add_task("one bundle", total=None)
        exported = await export(
            line.desks[0].officers[DUTY],
            line.desks[0].officers[CHIEF],
            bundle,
            lambda done, total: progress.update(bar, completed=done, total=total),
        )
    outages = await asyncio.to_thread(outages_in, bundle)
    names = {each.id: each.name for each in signing}
    if outages.keys() != names.keys():
        raise ProofFailed("the bundle does not hold the outage as both saw it", where=str(bundle))
    show_line.exported(console, exported, signing[0], outages, names)


def _pages(options: Options, day: Day, result: CheckResult, placed: Result) -> tuple[Path, Path]:
    """The report and the verifier, for the browser."""
    report = options.out / "report.html"
    write_report(
        report,
        result,
        day.flights[PARTIES[0]],
        day.flights[PARTIES[1]],
        ReportText(
            title=Words(
                "A day over Switzerland, planned by two parties",
                "Une journée au-dessus de la Suisse, planifiée par deux parties",
            ),
            subtitle=Words(
                f"{options.flights.name}, moved by {day.days_later} days",
                f"{options.flights.name}, décalé de {day.days_later} jours",
            ),
            figures=tuple(show_plan.costs(placed)),
            notes=(AFTER,),
            made_at_us=time.time_ns() // 1000,
        ),
        placed.changes,
    )
    page = options.out / "verify.html"
    write_page(page)
    return report, page


async def _keep(options: Options, world: _World, console: Console) -> None:
    """Tell where everything is, and wait to be stopped."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    commands = {
        desk.party: () if options.commands is None else options.commands(desk.node, desk.officers)
        for desk in world.line.desks
    }
    show_line.kept(console, world.exchange, world.nodes, world.line.desks, commands)
    await stop.wait()
    console.print("\n   ending both nodes and the exchange")


def _first(error: BaseException) -> BaseException:
    """What went wrong first, of what went wrong together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


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


async def _verify(directory: Path) -> VerifyReport:
    log = await SqliteLog.open(directory, read_only=True)
    try:
        report = await verify_log(log, [load_key(directory / "log.key").verifier])
    finally:
        await log.close()
    if not report.good:
        raise DemoError(f"the log is damaged: {report.findings[0].what}")
    return report
