"""`detente check`: a plan against others' plans, or against what an exchange knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from detente.errors import DetenteError, printable

if TYPE_CHECKING:
    from detente.operations import AltitudeUnit, CheckResult, Flight, Words

EXIT_CONFLICTS = 1
EXIT_CANNOT_TELL = 2

_file = click.Path(path_type=Path)


class ReportNotWritten(DetenteError):
    """The report page could not be written."""

    code: ClassVar[str] = "cli.report_not_written"


@click.command(short_help="Find the conflicts of a plan.")
@click.argument("plan", type=_file)
@click.option("--against", multiple=True, type=_file, help="Another plan to compare with.")
@click.option("--exchange", metavar="URL", help="Compare with what was announced at this exchange.")
@click.option(
    "--token-command",
    metavar="COMMAND",
    help="Prints a token for $DETENTE_AUDIENCE with scope $DETENTE_SCOPE.",
)
@click.option(
    "--own-manager",
    multiple=True,
    metavar="NAME",
    help="Whose intents at the exchange are one's own: they are left out.",
)
@click.option(
    "--allow-http-uss-urls", is_flag=True, help="Ask USSs over http, too. For tests only."
)
@click.option(
    "--corridor",
    metavar="WIDTH,HEIGHT,TIME",
    help="Room around trajectories: to each side, above and below, before and after; "
    "e.g. 1NM,500ft,60s.",
)
@click.option(
    "--altitude-unit",
    type=click.Choice(["ft", "m"]),
    help="Unit of altitudes in trajectories whose column does not say it.",
)
@click.option("--within-own", is_flag=True, help="Compare the plan's flights with each other, too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "geojson"]),
    default="table",
    show_default=True,
    help="What is printed.",
)
@click.option("--report", type=_file, metavar="FILE.html", help="Write the report page.")
def check(
    plan: Path,
    against: tuple[Path, ...],
    exchange: str | None,
    token_command: str | None,
    own_manager: tuple[str, ...],
    allow_http_uss_urls: bool,
    corridor: str | None,
    altitude_unit: AltitudeUnit | None,
    within_own: bool,
    form: str,
    report: Path | None,
) -> int:
    """Tell every conflict of PLAN: with whom, where, when, at which altitudes, how closely.

    PLAN is a GeoJSON FeatureCollection of 4-D volumes, or trajectories (.json.gz, .csv, .parquet)
    with --corridor. With neither --against nor --exchange its flights are compared with each other.

    Exit code: 0 no conflict, 1 conflicts, 2 bad input, or something could not be compared.
    """
    from detente.operations import Words, load_flights, parse_corridor
    from detente.operations import check as compare

    if exchange is not None and token_command is None:
        raise click.UsageError("--exchange needs --token-command.")
    room = None if corridor is None else parse_corridor(corridor)
    own = load_flights(plan, room, altitude_unit=altitude_unit)
    notes, assumptions = list(own.notes), list(own.assumptions)
    others: list[Flight] = []
    for path in against:
        loaded = load_flights(path, room, party=path.stem, altitude_unit=altitude_unit)
        others += loaded.flights
        notes += loaded.notes
        assumptions += loaded.assumptions
    unknown: tuple[Words, ...] = ()
    if exchange is not None and token_command is not None:
        found, unknown = _discover(
            exchange, token_command, own.flights, own_manager, allow_http_uss_urls
        )
        others += found
    alone = not against and exchange is None
    result = compare(
        own.flights,
        others,
        within_own=within_own or alone,
        assumptions=[
            *dict.fromkeys(assumptions),
            *(
                Words(f"Not compared: {text.en}.", f"Non comparé\u202f: {text.fr}.")
                for text in unknown
            ),
        ],
    )
    _print(result, form, notes)
    for text in unknown:
        click.echo(printable(f"not compared: {text}"), err=True)
    if report is not None:
        _write(report, result, own.flights, own.flights if alone else tuple(others))
    if result.conflicts:
        return EXIT_CONFLICTS
    return EXIT_CANNOT_TELL if unknown else 0


def _discover(
    url: str,
    token_command: str,
    flights: tuple[Flight, ...],
    own_manager: tuple[str, ...],
    allow_http: bool,
) -> tuple[tuple[Flight, ...], tuple[Words, ...]]:
    from detente.operations import CommandTokens, discover

    found = asyncio.run(
        discover(
            url,
            CommandTokens(token_command),
            flights,
            own_managers=frozenset(own_manager),
            allow_http=allow_http,
        )
    )
    return found.flights, found.unknown


def _print(result: CheckResult, form: str, notes: list[str]) -> None:
    import json

    from rich.console import Console

    from detente.operations import conflict_table, result_document, result_geojson

    if form == "json":
        text = json.dumps(result_document(result), ensure_ascii=False, indent=2)
        click.echo(printable(text))
        return
    if form == "geojson":
        text = json.dumps(result_geojson(result), ensure_ascii=False, indent=2)
        click.echo(printable(text))
        return
    console = Console()
    for note in notes:
        console.print(printable(note), style="dim", markup=False)
    if result.conflicts:
        console.print(conflict_table(result))
        for conflict in result.conflicts[:10]:
            names = f"{conflict.own.name} / {conflict.other.name}"
            console.print(printable(f"{names}: {conflict.reason_en}"), markup=False)
            console.print(f"   {printable(conflict.reason_fr)}", style="dim", markup=False)
    count = len(result.conflicts)
    console.print(
        f"{count} conflict{'' if count == 1 else 's'}; {result.own_flights} flights compared with "
        f"{result.other_flights} others."
    )
    for assumption in result.assumptions:
        console.print(printable(f"Assumed: {assumption}"), style="dim", markup=False)


def _write(
    path: Path, result: CheckResult, own: tuple[Flight, ...], others: tuple[Flight, ...]
) -> None:
    import time

    from detente.operations import ReportText, write_report

    text = ReportText(made_at_us=time.time_ns() // 1000)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_report(path, result, own, others, text)
    except OSError as error:
        raise ReportNotWritten(
            f"It cannot be written: {error.strerror}.", where=str(path)
        ) from None
    click.echo(f"report: {path}", err=True)
