"""`detente log`: look at an exchange's log, export it, check that nothing was rewritten."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from detente.record import Log, VerifyReport

F = TypeVar("F", bound=Callable[..., Any])


def _place(command: F) -> F:
    """The options that name a log."""
    for option in (
        click.option(
            "--database",
            envvar="DETENTE_EXCHANGE_DATABASE",
            metavar="URL",
            help="postgresql:// URL of a pool's log. [DETENTE_EXCHANGE_DATABASE]",
        ),
        click.option(
            "--data",
            envvar="DETENTE_EXCHANGE_DATA",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Directory of an embedded log. [DETENTE_EXCHANGE_DATA; default: data]",
        ),
    ):
        command = option(command)
    return command


@asynccontextmanager
async def _open(data: Path | None, database: str | None) -> AsyncIterator[Log]:
    from detente.record import PostgresLog, SqliteLog

    if data is not None and database is not None:
        raise click.UsageError("--data and --database exclude each other.")
    opened: Log
    if database is not None:
        opened = await PostgresLog.open(database, read_only=True)
    else:
        opened = await SqliteLog.open(data or Path("data"), read_only=True)
    try:
        yield opened
    finally:
        await opened.close()


def _tell_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r{done} of {total} entries{end}")
        sys.stderr.flush()


@click.group(short_help="Show, export or verify an exchange's log.")
def log() -> None:
    """Look at the log of an exchange; anybody who may read it can check it.

    The log is only read: a running exchange is not disturbed.
    """


@log.command()
@_place
@click.option("--since", default=0, show_default=True, type=click.IntRange(0), metavar="POSITION")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), metavar="N")
def show(data: Path | None, database: str | None, since: int, limit: int) -> None:
    """Print the head, then entries as JSON lines."""

    async def read() -> None:
        async with _open(data, database) as opened:
            head = await opened.head()
            click.echo(f"{head.size} entries, root {head.root.hex()}", err=True)
            click.echo(head.checkpoint.rstrip("\n"), err=True)
            position, end = since, min(head.size, since + limit)
            while position < end:
                for body in await opened.read(position, min(1000, end - position)):
                    click.echo(
                        f'{{"position":{position},"entry":{body.decode("utf-8", "replace")}}}'
                    )
                    position += 1

    asyncio.run(read())


@log.command()
@_place
@click.argument("directory", type=click.Path(path_type=Path))
def export(data: Path | None, database: str | None, directory: Path) -> None:
    """Write the log into a new DIRECTORY of plain files that anybody can check.

    `detente log verify --export DIRECTORY` reads it; README.txt in it says how to do so by hand.
    """
    from detente.record import export_log

    async def write() -> None:
        async with _open(data, database) as opened:
            head = await export_log(opened, directory, _tell_progress)
            click.echo(f"wrote {head.size} entries to {directory}")

    asyncio.run(write())


@log.command()
@_place
@click.option(
    "--export",
    "exported",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Check an export instead of a log.",
)
@click.option(
    "--verifier",
    multiple=True,
    metavar="VKEY",
    help="Public key that checkpoints must be signed with. Without any, only hashes are checked.",
)
@click.option("--origin", metavar="NAME", help="Name the log must bear in its checkpoints.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(
    data: Path | None,
    database: str | None,
    exported: Path | None,
    verifier: tuple[str, ...],
    origin: str | None,
    as_json: bool,
) -> int:
    """Check every entry, hash, checkpoint and signature. Exit code 0 good, 1 not."""
    from detente.record import Verifier, verify_export, verify_log

    believed = [Verifier.from_vkey(text) for text in verifier]

    async def check() -> VerifyReport:
        if exported is not None:
            return await verify_export(exported, believed, _tell_progress, origin)
        async with _open(data, database) as opened:
            return await verify_log(opened, believed, _tell_progress, origin)

    report = asyncio.run(check())
    if as_json:
        click.echo(json.dumps(_as_json(report)))
    else:
        _print_report(report, signed=bool(believed))
    return 0 if report.good else 1


def _as_json(report: VerifyReport) -> dict[str, Any]:
    return {
        "good": report.good,
        "origin": report.origin,
        "size": report.size,
        "root": report.root.hex(),
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "signatures": report.signatures,
        "signers": report.signers,
        "findings": [{"where": found.where, "what": found.what} for found in report.findings],
        "findings_left_out": report.findings_left_out,
    }


def _print_report(report: VerifyReport, *, signed: bool) -> None:
    click.echo(f"log          {report.origin or '(no checkpoint yet)'}")
    click.echo(f"entries      {report.entries} read, {report.size} counted by the head")
    click.echo(f"root         {report.root.hex()}")
    click.echo(f"checkpoints  {report.checkpoints}")
    if signed:
        click.echo(f"signatures   {report.signatures} good")
    else:
        click.echo("signatures   not checked: no --verifier was given")
    for found in report.findings:
        click.echo(f"WRONG        {found.where}: {found.what}")
    if report.findings_left_out:
        click.echo(f"             and {report.findings_left_out} more")
    if not report.good:
        click.echo("NOT GOOD.")
    elif signed:
        click.echo("good: it is what the holders of these keys have signed; nothing was rewritten.")
    else:
        click.echo(
            "consistent: every entry leads to the checkpoints. A log that was rewritten as a\n"
            "whole would look the same: give the instances' keys by --verifier\n"
            "(`detente log show` has them where they joined)."
        )
