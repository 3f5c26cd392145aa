"""`detente record`: keep, read, witness, hand over and check a party's record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from detente.cli.record_keys import erase, revoke_key, rotate_key
from detente.cli.record_options import (
    FILE,
    INSTANT,
    PATH,
    beginning_options,
    json_option,
    of_record,
    officer_option,
    progress,
    run,
)
from detente.cli.record_proofs import checkpoint, clock
from detente.cli.record_transfer import export, import_
from detente.cli.record_witness import witness
from detente.errors import one_line
from detente.formats import JSON_INTEGER_MAX, STATUSES

F = TypeVar("F", bound=Callable[..., Any])


@click.group(short_help="Keep, read, witness and hand over a party's record.")
def record() -> None:
    """Keep the record of one party under one agreement.

    RECORD is its directory. What is recorded is signed, hashed into a tree, and witnessed by the
    other parties: nobody can change it unnoticed, its owner included.
    """


@record.command()
@click.argument("directory", metavar="RECORD", type=PATH)
@beginning_options("RECORD")
@click.option(
    "--database",
    envvar="DETENTE_RECORD_DATABASE",
    metavar="URL",
    help="postgresql:// URL to keep the log in. [DETENTE_RECORD_DATABASE]",
)
def init(
    directory: Path,
    agreement: Path,
    party: str,
    keys: Path,
    witness_directory: Path | None,
    database: str | None,
) -> None:
    """Begin a record under an agreement that is in force.

    Its first entry states the agreement. Private keys stay where they are.
    """
    from detente.cli.record_notes import period_note
    from detente.node.home import Home, begin, now
    from detente.node.kept_agreement import in_force

    async def work() -> None:
        home = Home(directory, party, keys, witness_directory or keys, database)
        made = await begin(home, agreement)
        try:
            click.echo(f"wrote {directory}: the record of {party}, log {made.origin}")
            click.echo(f"agreement {made.terms.agreement}, version {made.terms.version}")
            click.echo(made.terms.sha256)
        finally:
            await made.close()
        note = period_note(in_force(agreement), now())
        if note is not None:
            click.echo(note, err=True)
        if _same_disk(directory, home.witness):
            click.echo(
                "note: record and witness are on one disk. Who restores both from one backup "
                "has a witness that has forgotten what it signed: put it on another disk.",
                err=True,
            )

    run(work())


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


@record.command()
@of_record
@click.argument("kind", metavar="KIND")
@click.argument("body", metavar="BODY.json", type=FILE)
@click.option("--to", multiple=True, metavar="PARTY", help="Addressee; repeatable. None: nobody.")
@click.option("--channel", metavar="NAME", help="Its sequence. [default: one per addressees]")
@click.option("--blob", "files", multiple=True, type=FILE, metavar="FILE", help="Goes with it.")
@click.option(
    "--ref",
    "refs",
    multiple=True,
    metavar="ID=REL",
    help="An entry that it is about, and how: ID=answer. REL may be left out.",
)
@click.option("--status", type=click.Choice(STATUSES), default="actual", show_default=True)
@officer_option(required=False)
@json_option
def add(
    directory: Path,
    database: str | None,
    kind: str,
    body: Path,
    to: tuple[str, ...],
    channel: str | None,
    files: tuple[Path, ...],
    refs: tuple[str, ...],
    status: str,
    officer: str | None,
    as_json: bool,
) -> None:
    """Record a statement of KIND with the object in BODY.json, signed by the node or an officer."""
    from detente.cli.record_text import tell_entry
    from detente.cli.record_work import draft_of
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        signer = None if officer is None else home.signer(officer)
        async with home.opened(write=True) as opened:
            draft = await draft_of(opened, kind, body, to, channel, files, refs, status)
            [entry] = await opened.append([(draft, signer)])
            await tell_entry(opened, entry, as_json=as_json)

    run(work())


@record.command("add-statement")
@of_record
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
def add_statement(directory: Path, database: str | None, files: tuple[Path, ...]) -> None:
    """Record what this party has signed elsewhere, unchanged: all of FILE…, or nothing.

    Such as the statements of `detente agreement suspend`, `resume` and `leave`, in their order.
    What is recorded already stays.
    """
    from detente.cli.record_work import read_sealed, told
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        sealed = [read_sealed(path) for path in files]
        async with home.opened(write=True) as opened:
            for entry in await opened.adopt(sealed):
                click.echo(told(entry))

    run(work())


@record.command()
@of_record
@click.argument("which", metavar="INDEX|ID")
@click.option("--text", metavar="WORDS", help="What the officer adds.")
@officer_option(required=True)
@json_option
def acknowledge(
    directory: Path, database: str | None, which: str, text: str | None, officer: str, as_json: bool
) -> None:
    """Acknowledge, in an officer's name, an entry that was received."""
    from detente.cli.record_text import tell_entry
    from detente.cli.record_work import acknowledgement_of, found
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        signer = home.signer(officer)
        async with home.opened(write=True) as opened:
            draft = acknowledgement_of(opened, await found(opened, which), text)
            [entry] = await opened.append([(draft, signer)])
            await tell_entry(opened, entry, as_json=as_json)

    run(work())


@record.command()
@of_record
@click.option("--oldest-first", is_flag=True, help="From the start.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), metavar="N")
@click.option(
    "--since", type=click.IntRange(0, JSON_INTEGER_MAX), metavar="INDEX", help="Lowest index."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def log(
    directory: Path,
    database: str | None,
    oldest_first: bool,
    limit: int,
    since: int | None,
    as_json: bool,
) -> None:
    """List entries, newest first: index, time, from → to, kind, number in its channel, grade."""
    from detente.cli.record_text import list_entries
    from detente.node.home import find
    from detente.record import Query

    async def work() -> None:
        async with find(directory, database).opened(write=False) as opened:
            query = Query(first=since or 0, newest_first=not oldest_first)
            await list_entries(opened, query, limit, as_json=as_json)

    run(work())


@record.command()
@of_record
@click.argument("text", required=False)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Of this kind; repeatable.")
@click.option("--from", "senders", multiple=True, metavar="PARTY", help="Sent by; repeatable.")
@click.option("--to", "recipient", metavar="PARTY", help="Addressed to.")
@click.option("--channel", metavar="NAME")
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--since", type=INSTANT, help="Created at or after this time.")
@click.option("--until", type=INSTANT, help="Created before this time.")
@click.option("--oldest-first", is_flag=True, help="From the start.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), metavar="N")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def search(
    directory: Path,
    database: str | None,
    text: str | None,
    kinds: tuple[str, ...],
    senders: tuple[str, ...],
    recipient: str | None,
    channel: str | None,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    oldest_first: bool,
    limit: int,
    as_json: bool,
) -> int:
    """Find entries; TEXT occurs in a text of the body. Exit code 1 if there are none."""
    from detente.cli.record_text import list_entries
    from detente.node.home import find
    from detente.record import Query

    async def work() -> int:
        async with find(directory, database).opened(write=False) as opened:
            query = Query(
                kinds=kinds,
                senders=senders,
                recipient=recipient,
                channel=channel,
                status=status,
                since=since,
                until=until,
                text=text,
                newest_first=not oldest_first,
            )
            return await list_entries(opened, query, limit, as_json=as_json)

    return 0 if run(work()) else 1


@record.command()
@of_record
@click.argument("which", metavar="INDEX|ID")
@click.option("--raw", is_flag=True, help="Only the signed envelope, byte for byte.")
@click.option("--proof", type=PATH, metavar="FILE", help="Also write a C2SP tlog-proof.")
@json_option
def show(
    directory: Path, database: str | None, which: str, raw: bool, proof: Path | None, as_json: bool
) -> int:
    """Show all about one entry, verified on the spot. Exit code 1 if something does not hold."""
    from detente.cli.record_text import show_entry, show_entry_json
    from detente.cli.record_work import found, write_proof
    from detente.node.home import find

    async def work() -> int:
        async with find(directory, database).opened(write=False) as opened:
            entry = await found(opened, which)
            if proof is not None:
                await write_proof(opened, entry, proof)
            if raw:
                data = b"" if entry.envelope is None else entry.envelope.to_json()
                sys.stdout.buffer.write(data)
                return 0
            return await (show_entry_json if as_json else show_entry)(opened, entry)

    return run(work())


@record.command()
@of_record
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def verify(directory: Path, database: str | None, as_json: bool) -> int:
    """Check every entry, hash, signature, chain, checkpoint and blob. Exit code 0 good, 1 not."""
    from detente.node.home import find

    async def work() -> int:
        async with find(directory, database).opened(write=False) as opened:
            with progress("verifying") as tell:
                faults = await opened.verify(tell)
            head = opened.head
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "good": not faults,
                        "size": head.size,
                        "root": head.root.hex(),
                        "faults": [{"where": f.where, "what": f.what} for f in faults],
                    }
                )
            )
        else:
            for fault in faults:
                click.echo(one_line(f"WRONG  {fault.where}: {fault.what}"))
            if faults:
                click.echo(f"NOT GOOD: {len(faults)} contradictions among {head.size} entries.")
            else:
                click.echo(f"good: {head.size} entries, root {head.root.hex()}")
        return 1 if faults else 0

    return run(work())


@record.command()
@of_record
@click.option("--agreement", required=True, type=PATH, metavar="DIR", help="The new version.")
def amend(directory: Path, database: str | None, agreement: Path) -> None:
    """Record that a new version of the agreement is in force."""
    from detente.agreement import record_files
    from detente.cli.record_work import told
    from detente.node.home import find
    from detente.node.kept_agreement import in_force, keeping_agreement

    home = find(directory, database)

    async def work() -> None:
        new = in_force(agreement)
        terms = new.terms()
        async with home.opened(write=True) as opened:
            # The copy comes first: a record that names a version must have it to be opened.
            with keeping_agreement(home, agreement, terms.version):
                click.echo(told(await opened.amend(terms, record_files(new))))

    run(work())


for _command in (checkpoint, clock, erase, export, import_, revoke_key, rotate_key, witness):
    record.add_command(_command)
