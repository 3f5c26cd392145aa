"""What the demonstration prints of the line between the two nodes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from detente.demo.agreeing import Signatory
from detente.demo.desks import Course, Desk, Stage, StatedOutage
from detente.demo.nodes import NodeProcess
from detente.demo.notices import TEXT, WARNING, Notice
from detente.demo.proving import Exported
from detente.demo.show import bullet, say
from detente.errors import printable
from detente.line import State

_HEADINGS: Final = {
    Stage.QUEUED: "queued",
    Stage.DELIVERED: "on disk",
    Stage.SHOWN: "shown",
    Stage.ACKNOWLEDGED: "acknowledged",
    Stage.ANSWERED: "answered",
}


def planned(console: Console, notices: Sequence[Notice], conflicts: int, closest: bool) -> None:
    """By which rule messages are sent, and how many there are."""
    warnings = sum(each.body["form"] == WARNING for each in notices)
    about = sum(each.body["form"] != TEXT for each in notices)
    which = f"the {about:,} closest" if closest else "all"
    say(
        console,
        f"Whoever was refused tells the other: {which} of {conflicts:,} conflicts that moved a "
        "flight, each as one message with area, levels and times, in the order in which they "
        "begin. Real "
        f"closeness is a warning ({warnings:,}), to which the other side replies; the others are "
        f"notices of activity ({about - warnings:,}).",
    )
    say(
        console,
        "Two named officers of each side read area, levels and times back and acknowledge; a "
        "program stands in for them. Status: exercise.",
    )


def running(console: Console, nodes: Sequence[NodeProcess]) -> None:
    """Where the nodes are."""
    for node in nodes:
        say(console, f"node of {node.who.name} {node.url}, process {node.pid}")


def board(desks: Sequence[Desk]) -> Padding:
    """How many messages of each side stand in each of the five states."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("from, to", no_wrap=True)
    for heading in _HEADINGS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("sender's line", min_width=13, no_wrap=True)
    for desk in desks:
        counts = desk.counts()
        table.add_row(
            f"{desk.node.who.name} → {desk.node.peer.id.upper()}",
            *(f"{counts[stage]:,}" for stage in Stage),
            desk.link or "…",
        )
    return Padding(table, (0, 0, 0, 3))


def acknowledged(desks: Sequence[Desk]) -> tuple[int, int]:
    """How many messages are acknowledged, of how many that were sent."""
    return sum(len(each.acknowledged) for each in desks), sum(len(each.stages) for each in desks)


def told(console: Console, course: Course, desks: Sequence[Desk]) -> None:
    """What happened on the line, and what both sides say of the outage."""
    names = {desk.party: desk.node.who.name for desk in desks}
    total = sum(len(desk.stages) for desk in desks)
    say(
        console,
        f"[green]✓[/green] {total:,} messages, {course.sent_meanwhile:,} of them sent while the "
        "other node was away: each one is acknowledged by a named officer, and both nodes say so "
        f"({course.seconds:.1f} s)",
    )
    signed = ", ".join(
        f"{escape(officer)} of {names[party]} {count:,}"
        for (party, officer), count in sorted(course.officers.items())
    )
    say(console, f"acknowledged by: {signed}", indent=5)
    wrong = course.read_back
    if wrong is not None:
        say(
            console,
            f"[green]✓[/green] One place was read back {wrong.moved_deg:g}° off, on purpose. "
            f"{names[wrong.party]}'s node let nobody sign:",
        )
        for each in wrong.differences:
            bullet(console, escape(printable(each)))
    say(console, "[green]✓[/green] The outage stands in both records, as each side saw it:")
    for outage in course.outages:
        bullet(console, _outage_words(outage, names))


def _outage_words(outage: StatedOutage, names: Mapping[str, str]) -> str:
    since, until = (datetime.fromisoformat(each) for each in (outage.since, outage.until))
    span = f"{since:%H:%M:%S} to {until:%H:%M:%S} UTC, {(until - since).total_seconds():.1f} s"
    peer = next(name for party, name in names.items() if party != outage.by)
    places = ", ".join(
        f"entry {index:,} of {names[party]}" for party, index in sorted(outage.indices.items())
    )
    seen = State(outage.seen_as).words.en
    what = "my own node was away" if outage.own else f"{peer} was not heard ({seen})"
    return f"{names[outage.by]} states: {what}, {span} ({places})"


def exported(
    console: Console,
    bundle: Exported,
    who: Signatory,
    outages: Mapping[str, int],
    names: Mapping[str, str],
) -> None:
    """The bundle, who answers for it, and that the outage is in it."""
    facts, (asked, agreed) = bundle.facts, bundle.by
    say(
        console,
        f"{who.name} exports what was said on the line, out of {facts['size']:,} entries, under "
        f"four eyes: {asked} asks, {agreed} sees the same and agrees. {escape(bundle.path.name)}, "
        f"{facts['bytes'] / 1e6:.1f} MB, grade {facts['grade']}",
    )
    where = ", ".join(
        f"{names[party]} in entry {index:,}" for party, index in sorted(outages.items())
    )
    say(console, f"the outage is in it, stated by {where}", indent=5)


def kept(
    console: Console,
    exchange: str,
    nodes: Sequence[NodeProcess],
    desks: Sequence[Desk],
    commands: Mapping[str, Sequence[str]],
) -> None:
    """Where everything is that runs on, how to look at it, how to end it."""
    console.print("\n[bold]10  All of it runs on[/bold], until Ctrl-C")
    say(console, f"exchange {exchange}")
    say(
        console,
        "The officers' sessions are kept in files that only you can read. They show everything; "
        "to sign, prove identity again (node prove: by password), or log in anew. What was said "
        "is an exercise: on the full screen, s leads there.",
    )
    for node, desk in zip(nodes, desks, strict=True):
        console.print()
        say(console, f"[bold]{node.who.name}[/bold]  {node.url}, process {node.pid}")
        for name, session in desk.officers.items():
            account = session.account
            say(
                console,
                f"{escape(name)}: password {escape(account.password)}, recovery code "
                f"{escape(account.recovery[0])} (good once), app's secret {escape(account.secret)}",
                indent=5,
            )
        for command in commands[node.who.id]:
            # As it is to be typed: never broken into lines.
            console.print(f"     {command}", markup=False, highlight=False, soft_wrap=True)
    console.print()
    say(
        console,
        "Ctrl-C here ends both nodes and the exchange; their records stay. "
        f"So does kill {os.getpid()}.",
    )
