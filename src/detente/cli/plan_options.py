"""Options that several commands of `detente plan` have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_file = click.Path(path_type=Path, dir_okay=False)


LANGUAGE = click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    help="[default: the officer's; English where no node is asked]",
)
EACH = click.option("--each", is_flag=True, help="Make each name in FILE a plan of its own.")


def with_options(command: F, options: tuple[Callable[[F], F], ...]) -> F:
    """A command with options in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def reading_options(command: F) -> F:
    """How a file is to be understood."""
    return with_options(
        command,
        (
            click.option(
                "--format",
                "form",
                metavar="FORMAT",
                help="What FILE is. [default: by its name and what is in it]",
            ),
            click.option(
                "--corridor",
                metavar="WIDTH,HEIGHT,TIME",
                help="Room around routes: to each side, above and below, before and after; "
                "e.g. 200m,60m,60s.",
            ),
            click.option("--from", "begins", metavar="TIME", help="When what has no time begins."),
            click.option("--until", "ends", metavar="TIME", help="When what has no time ends."),
            click.option(
                "--heights",
                metavar="UNIT[ REFERENCE]",
                help='What bare numbers mean, such as "ft AMSL": m or ft; W84, AMSL, AGL, STD.',
            ),
            click.option("--year", type=int, metavar="YEAR", help="Of dates that name none."),
            click.option("--lower", metavar="LEVEL", help="Lower limit of what has none."),
            click.option("--upper", metavar="LEVEL", help="Upper limit of what has none."),
            click.option(
                "--geoid",
                metavar="TEXT",
                help="Height of the sea's surface above the ellipsoid, such as 47.1..47.9 m, or a "
                "file of a grid (GeographicLib .pgm, .gtx). For heights above the sea.",
            ),
            click.option(
                "--ground",
                metavar="TEXT",
                help='Height of the ground, such as "380..450 m AMSL" or "400 m W84", or an SRTM '
                "file (.hgt). For heights above the ground.",
            ),
            click.option(
                "--pressure",
                metavar="TEXT",
                help="Pressure at sea level, and difference from the standard temperature, such as "
                '"990..1030 hPa, -15..+15 C". For flight levels.',
            ),
            click.option(
                "--picture",
                type=_file,
                metavar="FILE",
                help="Write what was understood as a page (.html) or as GeoJSON (.geojson).",
            ),
        ),
    )


def filing_options(command: F) -> F:
    """What a new plan is called, and how many of them a file makes."""
    return with_options(
        command,
        (
            click.option("--name", metavar="TEXT", help="What it is called. [default: as in FILE]"),
            click.option("--operator", metavar="TEXT", default="", help="Who flies it."),
            EACH,
            click.option(
                "--partly", is_flag=True, help="File what was understood, even if not all was."
            ),
            click.option("--activate", is_flag=True, help="Straight into the air: activate it."),
        ),
    )


def changing_options(command: F) -> F:
    """How a plan is made or changed."""
    return with_options(
        command,
        (
            click.option(
                "--priority",
                type=click.IntRange(0, 100),
                metavar="N",
                help="A higher number goes first. [default: 0, or as it is]",
            ),
            click.option(
                "--aircraft",
                metavar="TEXT",
                default="",
                help="Which aircraft, as receivers name it: an ICAO address. See watching-live.md. "
                "[default: none, or as it is]",
            ),
            click.option(
                "--resolve",
                type=click.Choice(["best", "ask", "off"]),
                help="When refused: file the cheapest way out, ask which one, or none. [default: "
                "ask, on a terminal]",
            ),
            click.option("--yes", is_flag=True, help="Do it without asking."),
            click.option("--dry-run", is_flag=True, help="Show what is understood; do nothing."),
        ),
    )
