"""`detente watch`: every monitor over recorded positions, files of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from detente.cli.watch_options import archive_options, reading_options
from detente.words import Language

EXIT_NOTHING: Final = 0
EXIT_FOUND: Final = 1

_file = click.Path(path_type=Path)


@click.command(short_help="Find crossings and close approaches in recorded positions.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_file)
@click.option(
    "--boundaries",
    multiple=True,
    metavar="NAME|FILE",
    help="What may be crossed: an installed source, one with claimants (maritime-10m:ES,FR), or a "
    "GeoJSON file of boundaries; several are looked at side by side. [default: country-coder]",
)
@click.option("--no-boundaries", is_flag=True, help="Look for no crossings.")
@click.option(
    "--volumes",
    multiple=True,
    type=_file,
    metavar="FILE",
    help="Plans that aircraft declared: they are watched for leaving them.",
)
@click.option(
    "--rules",
    multiple=True,
    type=_file,
    metavar="FILE|FOLDER",
    help="A TOML file of rules, parties and notices, or the folder of an agreement.",
)
@click.option(
    "--out",
    multiple=True,
    type=_file,
    metavar="FILE",
    help="Write the events: .parquet, .geojson, .csv or .kml.",
)
@click.option("--report", type=_file, metavar="FILE.html", help="Write the report page.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many processes work. [default: one for each core, fewer for small archives]",
)
@click.option("--workers", metavar="ADDRESS", help="Run on a Dask cluster: its scheduler.")
@click.option(
    "--work",
    type=_file,
    metavar="FOLDER",
    help="Where work in progress is kept. [default: ~/.cache/detente/watch]",
)
@click.option("--fresh", is_flag=True, help="Begin anew, whatever an earlier run has done.")
@reading_options
@click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="Of what is printed; the page has both.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def watch(
    paths: tuple[Path, ...],
    boundaries: tuple[str, ...],
    no_boundaries: bool,
    volumes: tuple[Path, ...],
    rules: tuple[Path, ...],
    out: tuple[Path, ...],
    report: Path | None,
    jobs: int | None,
    workers: str | None,
    work: Path | None,
    fresh: bool,
    form: str | None,
    language: Language,
    as_json: bool,
    **reading: Any,
) -> int:
    """Run all monitors over recorded positions: files, and those in folders.

    PATH is a table (Parquet, CSV, JSON as the library traffic writes it), or what a receiver or
    another system sent: see docs/watch.md. The same files and rules give the same events, however
    many cores work and however often a run was killed: the next one goes on.

    Exit code: 0 nothing was found, 1 events were found, 2 bad input.
    """
    from detente.cli.watch_run import (
        Asked,
        Job,
        cores_for,
        question,
        set_up,
        told,
        work_folder,
        write_outputs,
        write_page,
    )
    from detente.cli.watch_text import print_json, print_summary
    from detente.watch import (
        EventStore,
        WorkFolder,
        archive_files,
        check_output,
        check_place,
        run_key,
        summary_of,
    )

    if boundaries and no_boundaries:
        raise click.UsageError("--boundaries or --no-boundaries; not both.")
    for path in out:
        check_output(path)
    if report is not None:
        check_place(report)
    options = archive_options(**reading)
    files = archive_files(paths, form)
    asked = Asked(None if no_boundaries else boundaries, volumes, rules)
    setup = set_up(asked, language)
    key = run_key(files, question(asked, setup, options))
    with WorkFolder(work_folder(work), key, fresh=fresh) as folder:
        job = Job(files, options, setup, folder, jobs or cores_for(files), workers)
        with told(language) as tell:
            outcome = job.watch(tell)
        with EventStore(folder.events, None) as events:
            summary = summary_of(events)
        left_out = write_outputs(out, job)
        if report is not None:
            write_page(report, job, summary, outcome, out[0].name if out else "")
        if as_json:
            print_json(job, outcome, summary, out, report)
        else:
            print_summary(job, outcome, summary, left_out, language)
        folder.remove()
    return EXIT_FOUND if summary.events else EXIT_NOTHING
