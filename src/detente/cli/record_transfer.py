"""`detente record export` and `import`: bundles for others, and from them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from detente.cli.record_options import (
    FILE,
    INSTANT,
    PATH,
    any_host_option,
    json_option,
    of_record,
    officer_option,
    progress,
    run,
)
from detente.errors import one_line, printable
from detente.formats import GRADES


@click.command()
@of_record
@click.argument("target", metavar="OUT.zip", type=PATH)
@click.option("--full", "scope", flag_value="full", help="The whole log. [default]", default=True)
@click.option("--subset", "scope", flag_value="subset", help="Only what the options below choose.")
@click.option("--items", metavar="A-B,C", help="Indices, with ranges.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Repeatable.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Repeatable.")
@click.option("--since", type=INSTANT, help="Created at or after this time.")
@click.option("--until", type=INSTANT, help="Created before this time.")
@click.option(
    "--withhold", multiple=True, metavar="SHA256", help="Leave this blob out; repeatable."
)
@click.option(
    "--single-items",
    default=1000,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="At most so many entries get files of their own for other people's tools.",
)
@click.option(
    "--tsa",
    type=FILE,
    metavar="PEM",
    help="Certificates of the timestamp authority; without them its timestamps are left out.",
)
@click.option("--overwrite", is_flag=True, help="Replace OUT.zip if it is there.")
@click.option(
    "--witness",
    "witness_urls",
    multiple=True,
    metavar="URL",
    help="Have the export's own custody entry cosigned there first; repeatable.",
)
@any_host_option
@click.option(
    "--prepare",
    is_flag=True,
    help="Only record the export and print its id: OUT.zip is written later, by --export.",
)
@click.option(
    "--export",
    "recorded",
    metavar="ID",
    help="Write the bundle of an export that is recorded, with what has been cosigned since.",
)
@officer_option(required=False)
@click.option("--purpose", metavar="TEXT", help="Why; it stands in the record.")
@json_option
def export(
    directory: Path,
    database: str | None,
    target: Path,
    scope: str,
    items: str | None,
    channels: tuple[str, ...],
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    withhold: tuple[str, ...],
    single_items: int,
    tsa: Path | None,
    overwrite: bool,
    witness_urls: tuple[str, ...],
    allow_any_host: bool,
    prepare: bool,
    recorded: str | None,
    officer: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Write a bundle that anybody can check, offline and without this software.

    The export is itself recorded first, with who asked for it (--officer) and why (--purpose).
    What witnesses have not seen yet is worth less. By files: --prepare, have it cosigned, --export
    ID; by network: --witness URL.
    """
    from detente.cli import record_exports as exports
    from detente.cli.record_hosts import check_host
    from detente.cli.record_timestamps import read_file
    from detente.evidence import Selection
    from detente.node.home import find

    chosen = bool(items or channels or kinds or since or until)
    if recorded is not None and (chosen or prepare or officer or purpose or witness_urls):
        raise click.UsageError(
            "--export ID writes what is recorded: what to show, who asks and why was said then."
        )
    if recorded is None and not (officer and purpose):
        raise click.UsageError("Give --officer and --purpose: who asks for it, and why.")
    if prepare and witness_urls:
        raise click.UsageError("--witness is for an export at once, without --prepare.")
    if (scope == "subset") != chosen:
        raise click.UsageError(
            "--subset goes together with --items, --channel, --kind, --since or --until."
        )
    selection = None
    if chosen:
        selection = Selection(
            ranges=ranges_in(items) if items else (),
            channels=frozenset(channels),
            kinds=frozenset(kinds),
            since=since,
            until=until,
        )
    home = find(directory, database)
    for url in () if allow_any_host else witness_urls:
        check_host(url, home.agreements()[-1], home.party, None)
    form = exports.Form(
        withhold=frozenset(withhold),
        single_items=single_items,
        tsa_pem=None if tsa is None else read_file(tsa),
        overwrite=overwrite,
    )
    if recorded is not None:
        made = run(exports.again(home, target, recorded, form))
    elif prepare:
        prepared = run(exports.prepared(home, selection, officer or "", purpose or ""))
        exports.tell_prepared(home, target, prepared, as_json=as_json)
        return
    else:
        made = run(
            exports.at_once(
                home, target, selection, form, officer or "", purpose or "", witness_urls
            )
        )
    exports.tell(home, made, as_json=as_json)


def ranges_in(text: str) -> tuple[tuple[int, int], ...]:
    """Inclusive ranges of `3,7-9`, in order and apart.

    Raises:
        click.UsageError: it is not in that form.
    """
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        parts = re.fullmatch(r"([0-9]{1,15})(?:-([0-9]{1,15}))?", part.strip(), re.ASCII)
        first, last = (int(parts[1]), int(parts[2] or parts[1])) if parts else (1, 0)
        if last < first:
            raise click.UsageError(f"--items {text}: write indices and ranges as 3,7-9.")
        found.append((first, last))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(found):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _bundle_facts(
    bundle: Path, party: str | None, refused: list[str], taken: dict[str, object] | None = None
) -> str:
    facts: dict[str, object] = {"bundle": str(bundle), "party": party, "refused": refused}
    return printable(json.dumps(facts | (taken or {}), ensure_ascii=False))


@click.command("import")
@of_record
@click.argument("source", metavar="BUNDLE|FOLDER", type=PATH)
@click.option(
    "--accept",
    type=click.Choice(GRADES),
    default="single",
    show_default=True,
    help="Lowest grade of the bundle that will do.",
)
@json_option
def import_(directory: Path, database: str | None, source: Path, accept: str, as_json: bool) -> int:
    """Take over what another party's bundle holds for us, and make receipts for it.

    The bundle is verified first; of one that is refused nothing is taken. What is known already
    stays as it is, so a second time changes nothing. FOLDER: every bundle (*.zip) in it.
    With --json, one line for each bundle.
    """
    from detente.cli.record_transfers import bundles_in, refusals, take_over, verified
    from detente.node.home import find

    home = find(directory, database)
    bundles = bundles_in(source)

    async def work() -> int:
        code = 0
        async with home.opened(write=True) as opened:
            for bundle in bundles:
                with progress(f"verifying {bundle.name}") as tell:
                    report = verified(opened, bundle, accept, tell)
                if not report.proven:
                    click.echo(f"REFUSED {bundle}: nothing was taken from it", err=True)
                    for line in refusals(report):
                        click.echo(one_line(f"  {line}"), err=True)
                    code = 1
                    if as_json:
                        click.echo(_bundle_facts(bundle, report.party, list(refusals(report))))
                    continue
                with progress(f"receiving {bundle.name}") as tell:
                    taken = await take_over(opened, bundle, tell)
                if as_json:
                    click.echo(_bundle_facts(bundle, report.party, [], asdict(taken)))
                else:
                    click.echo(
                        f"{bundle.name}, from {report.party}: {taken.new} entries received, "
                        f"{taken.receipts} receipts made, {taken.known} known already"
                    )
                if taken.gaps:
                    click.echo(
                        f"note: {taken.gaps} entries never came: their author has erased them, and "
                        "says so. It is on record (`gap`)",
                        err=True,
                    )
                if taken.withheld:
                    click.echo(
                        f"note: {taken.withheld} entries came without some of their files: those "
                        "are kept back. It is on record (`withheld`)",
                        err=True,
                    )
        return code

    return run(work())
