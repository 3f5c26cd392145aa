"""`detente constraint`: tell everybody who plans where something is to be minded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from detente.cli.node_client import node_options
from detente.cli.plan_options import EACH, reading_options, with_options

F = TypeVar("F", bound=Callable[..., Any])

EXPORTS = ("ed269", "geojson", "geojson-map", "kml", "kmz", "czml", "csv", "aixm", "notam")

_file = click.Path(path_type=Path, dir_okay=False)
_source = click.Path(path_type=Path, allow_dash=True)
SOURCE = click.argument("source", metavar="FILE", type=_source)
ID = click.argument("identity", metavar="ID")
YES = click.option("--yes", is_flag=True, help="Do it without asking.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what is understood; do nothing.")
PARTLY = click.option(
    "--partly", is_flag=True, help="Publish what was understood, even if not all was."
)
PROVIDER = click.option(
    "--provider",
    metavar="TEXT",
    default="",
    help="Who is responsible for it. [default: the officer, or as it is]",
)
TYPE = click.option("--type", "type_", metavar="TEXT", help="What it is, in words.")
LANGUAGE = click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    help="[default: the officer's; English where no node is asked]",
)
ZONE = click.option(
    "--zone", "only", metavar="NAME", multiple=True, help="Only this zone, by its identifier."
)
WHOSE = click.option(
    "--whose", type=click.Choice(["ours", "others"]), help="[default: everybody's]"
)


def zone_options(command: F) -> F:
    """How a file of zones is to be understood."""
    return with_options(
        command,
        (
            click.option(
                "--from",
                "begins",
                metavar="TIME",
                help="Take zones from then on. [default: in a quarter of an hour]",
            ),
            click.option(
                "--until", "ends", metavar="TIME", help="Until then. [default: a day later]"
            ),
            click.option(
                "--geoid",
                metavar="TEXT",
                help="For heights above the sea, as of `detente plan read`.",
            ),
            click.option(
                "--ground",
                metavar="TEXT",
                help="For heights above the ground, as of `detente plan read`.",
            ),
            click.option(
                "--picture",
                type=_file,
                metavar="FILE",
                help="Write what was understood as a page (.html) or as GeoJSON (.geojson).",
            ),
        ),
    )


@click.group(short_help="Publish constraints and UAS zones.")
def constraint() -> None:
    """Publish constraints: where something is to be minded, for everybody who plans.

    Log in first: `detente node login`. Where an ID is asked for, its end will do.

    Exit codes: 0 done; 1 refused by the rules; 2 bad input, or the node refuses or does not
    answer; 3 an exchange gave no usable answer; 4 of several some were published and some not.
    """


@constraint.command("file")
@SOURCE
@reading_options
@EACH
@PARTLY
@TYPE
@PROVIDER
@YES
@DRY_RUN
@LANGUAGE
@node_options
def file_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """Publish what is in FILE as a constraint. - is standard input.

    What was understood of it is shown first, and it is asked whether to publish it. FILE is
    anything that plans are read from.
    """
    from detente.cli.constraint_file import file_constraints

    return file_constraints((node, ca_file, session_file), **given)


@constraint.command("import")
@SOURCE
@ZONE
@zone_options
@PARTLY
@click.option("--again", is_flag=True, help="Publish zones, too, that stand already.")
@PROVIDER
@YES
@DRY_RUN
@LANGUAGE
@node_options
def import_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """Publish the UAS zones (ED-269) in FILE as constraints. - is standard input.

    What was understood of them is shown first, and it is asked whether to publish it. Each time at
    which a zone applies becomes a constraint. Zones of ours that stand already are left alone.
    """
    from detente.cli.constraint_file import file_constraints

    return file_constraints((node, ca_file, session_file), form="ed269", **given)


@constraint.command()
@ID
@click.argument("source", metavar="[FILE]", required=False, type=_source)
@reading_options
@ZONE
@PARTLY
@TYPE
@PROVIDER
@YES
@DRY_RUN
@LANGUAGE
@node_options
def modify(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """Change constraint ID of ours to what is in FILE.

    Without FILE: when it begins (--from), when it ends (--until), what it is called.
    """
    from detente.cli.constraint_file import modify_constraint

    return modify_constraint((node, ca_file, session_file), **given)


@constraint.command()
@click.argument("identities", metavar="ID…", nargs=-1, required=True)
@YES
@node_options
def end(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> int:
    """End constraints of ours. Everybody whom they concern is told."""
    from detente.cli.constraint_file import end_constraints

    return end_constraints((node, ca_file, session_file), **given)


@constraint.command("list")
@WHOSE
@click.option("--ended", is_flag=True, help="Those of ours that ended lately, too.")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """List constraints: ours, then others' that the node knows."""
    from detente.cli.constraint_list import list_constraints

    list_constraints((node, ca_file, session_file), **given)


@constraint.command()
@ID
@node_options
def show(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Show constraint ID: what it is, where and when, at which exchanges it stands."""
    from detente.cli.constraint_list import show_constraint

    show_constraint((node, ca_file, session_file), **given)


@constraint.command()
@click.argument("identities", metavar="[ID]…", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(EXPORTS),
    help="[default: by the file's name; ed269 for standard output]",
)
@WHOSE
@click.option("--out", type=_file, metavar="FILE", help="[default: standard output]")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("--geoid", metavar="TEXT", help="For heights above the sea, as of `import`.")
@click.option("--fir", metavar="FIR", default="ZZZZ", show_default=True, help="For NOTAMs.")
@node_options
def export(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Write constraints for other programs; all that stand if none is named."""
    from detente.cli.constraint_list import export_constraints

    export_constraints((node, ca_file, session_file), **given)
