"""`detente plan`: file what will fly, see what stands in its way, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from detente.cli.node_client import node_options
from detente.cli.plan_options import (
    EACH,
    LANGUAGE,
    changing_options,
    filing_options,
    reading_options,
)

F = TypeVar("F", bound=Callable[..., Any])

STATES = ("Accepted", "Activated", "Nonconforming", "Contingent", "ended")
EXPORTS = ("geojson", "geojson-map", "kml", "kmz", "czml", "csv", "aixm", "notam")

_file = click.Path(path_type=Path, dir_okay=False)
SOURCE = click.argument("source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
NEW_SOURCE = click.argument(
    "source",
    metavar="[FILE]",
    required=False,
    type=click.Path(path_type=Path, allow_dash=True),
)
ID = click.argument("identity", metavar="ID")


@click.group(short_help="Plan flights with the other parties.")
def plan() -> None:
    """Plan flights: each is compared exactly with everybody's, then filed at the exchanges.

    Log in first: `detente node login`. Where an ID is asked for, its end will do.

    Exit codes: 0 done; 1 refused by the rules, as because of a conflict; 2 bad input, or the node
    refuses or does not answer; 3 an exchange or another party gave no usable answer, and nothing
    was published; 4 of several plans some were accepted and some were not.
    """


@plan.command("read")
@SOURCE
@reading_options
@EACH
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def read_(**given: Any) -> int:
    """Show what is understood of FILE, and file nothing. - is standard input.

    Needs no node. Exit code 2 if something could not be understood.
    """
    from detente.cli.plan_reading import show_file

    return show_file(**given)


@plan.command("file")
@SOURCE
@reading_options
@filing_options
@changing_options
@LANGUAGE
@node_options
def file_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """File what is in FILE as a plan. - is standard input.

    What was understood of it is shown first, and it is asked whether to file it. If it is refused,
    the smallest changes that make it fly are shown; --resolve best files the cheapest one.
    """
    from detente.cli.plan_file import file_plans

    return file_plans((node, ca_file, session_file), **given)


@plan.command()
@ID
@NEW_SOURCE
@reading_options
@changing_options
@click.option("--nonconforming", is_flag=True, help="Declare that it has left its volumes.")
@click.option("--contingent", is_flag=True, help="Declare an emergency: it can only end then.")
@click.option("--conform", is_flag=True, help="Declare that it conforms again.")
@LANGUAGE
@node_options
def modify(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """Change plan ID to what is in FILE, or declare how its flight goes.

    With --nonconforming or --contingent, FILE says where the aircraft may be besides.
    """
    from detente.cli.plan_file import modify_plan

    return modify_plan((node, ca_file, session_file), **given)


@plan.command()
@ID
@NEW_SOURCE
@reading_options
@changing_options
@LANGUAGE
@node_options
def activate(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """Activate plan ID: its flight begins. With FILE, changed to what is in it."""
    from detente.cli.plan_file import activate_plan

    return activate_plan((node, ca_file, session_file), **given)


@plan.command()
@ID
@click.option("--yes", is_flag=True, help="End it without asking.")
@node_options
def end(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """End plan ID: its flight is over, or is not flown. Everybody whom it concerned is told."""
    from detente.cli.plan_file import end_plan

    return end_plan((node, ca_file, session_file), **given)


@plan.command("list")
@click.option("--state", type=click.Choice(STATES), help="[default: all that have not ended]")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """List plans, those that begin last first."""
    from detente.cli.plan_list import list_plans

    list_plans((node, ca_file, session_file), **given)


@plan.command()
@ID
@click.option("--volumes", is_flag=True, help="List its volumes, too.")
@node_options
def show(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Show plan ID: where and when it will fly, how far it is, how it stands at each exchange."""
    from detente.cli.plan_list import show_plan

    show_plan((node, ca_file, session_file), **given)


@plan.command()
@ID
@click.option("--language", type=click.Choice(["en", "fr"]), help="[default: the officer's]")
@click.option("--geometry", type=_file, metavar="FILE", help="Write what is shared as GeoJSON.")
@node_options
def why(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Show what exactly decided the last attempt at ID: inputs, rule, geometry, the others' data.

    ID is a plan, one that was refused, or an attempt.
    """
    from detente.cli.plan_list import show_why

    show_why((node, ca_file, session_file), **given)


@plan.command()
@click.option("--after", metavar="INDEX", help="Begin after this entry of the record.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="S", help="End after so long.")
@node_options
def watch(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Watch plans as they change, and what our operators are told; a line for each.

    When the connection is lost it is made again, and nothing is missed.
    """
    from detente.cli.plan_watch import watch_plans

    watch_plans((node, ca_file, session_file), **given)


@plan.command()
@click.argument("identities", metavar="[ID]…", nargs=-1)
@click.option("--format", "form", type=click.Choice(EXPORTS), help="[default: by the file's name]")
@click.option("--state", type=click.Choice(STATES), help="Of what is not named: only these.")
@click.option("--out", type=_file, metavar="FILE", help="[default: standard output]")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("--geoid", metavar="TEXT", help="For heights above the sea, as of `plan read`.")
@click.option("--fir", metavar="FIR", default="ZZZZ", show_default=True, help="For NOTAMs.")
@node_options
def export(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Write plans for other programs; all that have not ended if none is named."""
    from detente.cli.plan_export import export_plans

    export_plans((node, ca_file, session_file), **given)
