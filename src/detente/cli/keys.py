"""`detente keys`: make the keys that a first try and an exchange need."""

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
    """Make keys: for development tokens, or for an exchange's log."""


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
