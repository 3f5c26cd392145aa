"""`detente record rotate-key`, `revoke-key` and `erase`: what changes how a record is read."""

from __future__ import annotations

from pathlib import Path

import click

from detente.cli.record_options import PATH, of_record, officer_option, run


@click.command("rotate-key")
@of_record
@click.option("--old", required=True, metavar="KEY", help="Key in force: a name or a key file.")
@click.option("--new", type=PATH, required=True, metavar="FILE", help="The new private key.")
def rotate_key(directory: Path, database: str | None, old: str, new: Path) -> None:
    """Replace a key: from the next entry on, the new one is in force.

    Both keys sign. `detente keys new --log --name NAME FILE` makes a new key. A witness is replaced
    by `--old witness --new FILE`, where FILE is a new witness.db that is made here.
    """
    from detente.cli.record_work import told
    from detente.node.home import find
    from detente.node.key_changes import rotate, rotate_witness

    home = find(directory, database)

    async def work() -> None:
        async with home.opened(write=True) as opened:
            if old == "witness":
                entry = await rotate_witness(home, opened, new)
            else:
                entry = await rotate(home, opened, old, new)
            click.echo(told(entry))

    run(work())
    click.echo(
        "note: the others learn of it from this entry: hand it over (export). Keep the new key "
        "where the old one was; destroy the old one when nothing depends on it.",
        err=True,
    )


@click.command("revoke-key")
@of_record
@click.argument("key", metavar="NAME|VKEY")
@click.option(
    "--good-until",
    required=True,
    type=click.IntRange(0),
    metavar="INDEX",
    help="Last entry that is still believed.",
)
@click.option("--origin", metavar="NAME", help="Log whose index that is. [default: our own]")
@click.option("--reason", required=True, metavar="TEXT")
@click.option("--to", multiple=True, metavar="PARTY", help="Tell it to. [default: all]")
@officer_option(required=False)
def revoke_key(
    directory: Path,
    database: str | None,
    key: str,
    good_until: int,
    origin: str | None,
    reason: str,
    to: tuple[str, ...],
    officer: str | None,
) -> None:
    """State that a key of ours is not to be believed after an entry, for it was lost or stolen."""
    from detente.cli.record_work import told
    from detente.node.home import find
    from detente.node.key_changes import revocation

    home = find(directory, database)

    async def work() -> None:
        signer = None if officer is None else home.signer(officer)
        async with home.opened(write=True) as opened:
            draft = revocation(opened, key, good_until, origin, reason, to)
            [entry] = await opened.append([(draft, signer)])
            click.echo(told(entry))

    run(work())


@click.command()
@of_record
@click.argument("index", type=click.IntRange(0))
@click.option("--ground", required=True, metavar="TEXT", help="Why, by which law; it is recorded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@officer_option(required=False)
def erase(
    directory: Path, database: str | None, index: int, ground: str, yes: bool, officer: str | None
) -> None:
    """Delete the payload of an entry, and blobs that nothing else needs.

    The leaf stays, so every proof still holds, and an entry says that it was erased and why. What
    others received, and backups, are out of reach.
    """
    from detente.cli.record_work import told
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        signer = None if officer is None else home.signer(officer)
        async with home.opened(write=True) as opened:
            entry = await opened.entry(index)
            if not yes:
                click.confirm(f"Erase {told(entry)} for good?", abort=True, err=True)
            click.echo(told(await opened.erase(index, ground, signer)))

    run(work())
