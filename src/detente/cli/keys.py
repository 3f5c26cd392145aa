"""`detente keys`: make the keys that a first try, an exchange and a party need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import click

from detente.errors import DetenteError


class KeyNotWritten(DetenteError):
    """A new key could not be written."""

    code: ClassVar[str] = "cli.key_not_written"


@click.group(short_help="Make keys.")
def keys() -> None:
    """Make keys: for development tokens, an exchange's log, or a party to an agreement."""


@keys.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--log", "for_log", is_flag=True, help="An Ed25519 key that signs checkpoints.")
@click.option("--name", default="exchange", show_default=True, help="Name in signatures (--log).")
@click.option("--bits", default=2048, show_default=True, type=click.IntRange(2048, 8192))
def new(path: Path | None, for_log: bool, name: str, bits: int) -> None:
    """Make a new key; nothing that exists is overwritten.

    Without --log: an RSA pair for development tokens. The private key goes to PATH (dev.key), for
    `detente token --key`; the public one to PATH.pub, for `detente exchange --auth-public-key`.

    With --log: an Ed25519 key at PATH (log.key), for `detente exchange --log-key`. Its public half
    is printed: give it to those who check the log.
    """
    if for_log:
        from detente.record import generate_key, save_key

        target = path or Path("log.key")
        signer = generate_key(name)
        save_key(signer, target)
        click.echo(f"wrote {target} (private)", err=True)
        click.echo(signer.verifier.to_vkey())
        return
    from detente.http import new_key_pair

    target = path or Path("dev.key")
    public_path = target.with_name(target.name + ".pub")
    private, public = new_key_pair(bits)
    _write_new(target, private, 0o600)
    _write_new(public_path, public, 0o644)
    click.echo(f"wrote {target} (private) and {public_path} (public)", err=True)


@keys.command(short_help="Make the keys of a party under an agreement.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--host", required=True, help="A host of the party: key names begin with it.")
@click.option("--agreement", required=True, metavar="ID", help="Id of the agreement.")
@click.option(
    "--officer", "officers", multiple=True, metavar="ID", help="An officer who signs; repeatable."
)
def party(directory: Path, host: str, agreement: str, officers: tuple[str, ...]) -> None:
    """Make log, witness, node and officers' keys in DIRECTORY, each for its owner alone (0600).

    What is there already stays: call it again to add an officer. The witness's key lies in
    witness.db together with what the witness remembers; the two are never copied apart.
    """
    from datetime import UTC, datetime

    from detente.agreement import KeyNames, make_party_keys

    names = KeyNames(host, agreement)
    for path in make_party_keys(directory, names, officers, lambda: datetime.now(UTC)):
        click.echo(f"wrote {path} (private)", err=True)
    click.echo(f"next: `detente agreement enrol request AGREEMENT --party ID --keys {directory}`")


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError:
        raise KeyNotWritten(
            "There is a file already.", where=str(path), advice="Choose another PATH, or move it."
        ) from None
    except OSError as error:
        raise KeyNotWritten(f"It cannot be written: {error.strerror}.", where=str(path)) from None
