"""`detente node backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from detente.cli.record_options import FILE, PATH, progress, run

SESSION_TABLES = ("officers_sessions",)
"""Tables that must not come back to life with a copy."""


@click.command()
@click.argument("directory", metavar="NODE", type=PATH)
@click.argument("target", metavar="OUT", type=PATH)
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="Encrypt for this age recipient (age1… or an SSH public key); repeatable.",
)
@click.option(
    "--include-keys", is_flag=True, help="Private keys, the officers' secret and the witness, too."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it is there.")
def backup(
    directory: Path, target: Path, recipients: tuple[str, ...], include_keys: bool, overwrite: bool
) -> None:
    """Write a backup of NODE to OUT, which may be running meanwhile.

    Without --recipient the backup can be read by whoever has it.
    """
    from detente.cli.node_settings import home_of
    from detente.node.age import Recipient
    from detente.node.backup import create_backup
    from detente.node.opening import node_tables

    async def work() -> None:
        home = home_of(directory)
        with progress("writing") as bar:
            made = await create_backup(
                home,
                target,
                recipients=[Recipient(text) for text in recipients],
                include_keys=include_keys,
                tables=node_tables(),
                overwrite=overwrite,
                progress=bar,
            )
        kind = "encrypted" if made.encrypted else "not encrypted"
        click.echo(f"wrote {made.path} ({made.bytes / 1e6:.1f} MB, {kind})")

    run(work())


@click.command()
@click.argument("source", metavar="BACKUP", type=FILE)
@click.argument("directory", metavar="NODE", type=PATH)
@click.option("--keys", required=True, type=PATH, metavar="DIR", help="The party's private keys.")
@click.option(
    "--witness",
    "witness_directory",
    type=PATH,
    metavar="DIR",
    help="Where the party's witness.db is. [default: --keys]",
)
@click.option("--identity", type=FILE, metavar="FILE", help="age identity that decrypts BACKUP.")
@click.option("--database", metavar="URL", help="postgresql:// URL with an empty schema.")
def restore(
    source: Path,
    directory: Path,
    keys: Path,
    witness_directory: Path | None,
    identity: Path | None,
    database: str | None,
) -> None:
    """Restore BACKUP into NODE, which must not exist or be empty.

    The node is held afterwards: `detente node run` asks the other parties what they hold of it
    before it signs anything.
    """
    from detente.node.age import read_identities
    from detente.node.opening import node_tables
    from detente.node.restore import restore_backup

    identities = [] if identity is None else read_identities(identity.read_bytes())

    async def work() -> None:
        with progress("restoring") as bar:
            done = await restore_backup(
                source,
                directory,
                keys=keys,
                witness=witness_directory or keys,
                identities=identities,
                database=database,
                tables=node_tables(),
                forget=SESSION_TABLES,
                progress=bar,
            )
        click.echo(f"restored {directory}: the node of {done.manifest.party}")
        click.echo("it is held until the other parties were asked: detente node run")

    run(work())
