"""`detente token`: development tokens."""

from __future__ import annotations

import time
from pathlib import Path

import click


@click.command(short_help="Issue a development token.")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="RSA private key, PEM.")
@click.option("--sub", required=True, help="Who the bearer is: the manager of what it makes.")
@click.option(
    "--aud",
    required=True,
    multiple=True,
    envvar="DETENTE_AUDIENCE",
    help="Host name of the server it is for. [DETENTE_AUDIENCE]",
)
@click.option(
    "--scope",
    required=True,
    multiple=True,
    envvar="DETENTE_SCOPE",
    help="Scopes, separated by spaces. [DETENTE_SCOPE]",
)
@click.option("--issuer", default="detente-development", show_default=True)
@click.option(
    "--lifetime",
    default=3600,
    show_default=True,
    type=click.IntRange(1, 3600),
    help="Seconds; an hour at most, as F3548-21 allows.",
)
@click.option("--kid", help="Key id for its header, if the server reads a JWKS document.")
def token(
    key: Path,
    sub: str,
    aud: tuple[str, ...],
    scope: tuple[str, ...],
    issuer: str,
    lifetime: int,
    kid: str | None,
) -> None:
    """Issue a token (RS256) from a key that `detente keys new` made, and print it.

    `detente check` says in the two variables what it needs a token for, so this command will do for
    its --token-command.

    For development and tests: whoever holds the key can be anybody. A pool in earnest has an
    authorisation server.
    """
    from detente.http import TokenSigner

    text = TokenSigner.from_file(key).issue(
        sub=sub,
        audience=aud[0] if len(aud) == 1 else aud,
        scopes=" ".join(scope).split(),
        now_s=time.time(),
        issuer=issuer,
        lifetime_s=lifetime,
        kid=kid,
    )
    click.echo(text)
