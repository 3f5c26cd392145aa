"""`detente exchange`: run an instance, or check its settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detente.cli.options import setting_options
from detente.cli.settings_check import tell_check
from detente.errors import DetenteError
from detente.exchange.settings import PREFIX, ExchangeSettings, cross_check
from detente.settings import Loaded, load

if TYPE_CHECKING:
    from detente.http import JwksSource


def _run(check: bool, **given: Any) -> int:
    loaded = load(
        ExchangeSettings,
        prefix=PREFIX,
        command_line=given,
        environment=os.environ,
        cross_check=cross_check,
    )
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    if check:
        return _check(loaded)
    from detente.exchange.app import run

    return run(loaded.settings)


exchange = click.Command(
    "exchange",
    callback=_run,
    short_help="Run the meeting point: an ASTM F3548-21 DSS.",
    help=(
        "Run the meeting point: an ASTM F3548-21 DSS. Parties announce references to 4-D volumes "
        "here, and nobody can plan over another without having talked to them.\n\n"
        "Every option can also be an environment variable, or a key of the --config file. Prints "
        "one line of JSON when it is ready, logs to standard error, and ends on SIGTERM with its "
        "work done."
    ),
    params=[
        click.Option(
            ["--check"],
            is_flag=True,
            help="Check the settings, keys, directory or database, and end: 0 good, 2 not.",
        ),
        *setting_options(ExchangeSettings, PREFIX),
    ],
)


def _check(loaded: Loaded[ExchangeSettings]) -> int:
    """Try all that a start would need, change nothing, and say what was found."""
    return tell_check(loaded, PREFIX, _findings(loaded.settings))


def _findings(settings: ExchangeSettings) -> Iterator[tuple[str, str | DetenteError]]:
    from detente.http import (
        BadKey,
        CannotListen,
        JwksSource,
        OtelTracer,
        bind,
        load_pem_key,
        tls_context,
    )

    for path in settings.auth_public_key:
        try:
            key = load_pem_key(path)
        except BadKey as error:
            yield "token key", error
        else:
            short = " (short: for tests only)" if key.bits < 2048 else ""
            yield "token key", f"{path}, RSA, {key.bits} bits{short}"
    if settings.jwks_url is not None:
        yield "token keys", asyncio.run(_try_jwks(JwksSource(settings.jwks_url)))
    if settings.tls_cert is not None:
        try:
            tls_context(settings.tls_cert, settings.tls_key)
        except CannotListen as error:
            yield "TLS", error
        else:
            yield "TLS", str(settings.tls_cert)
    if settings.tracing:
        try:
            OtelTracer(settings.otlp_endpoint, service_name="check").close()
        except DetenteError as error:
            yield "tracing", error
        else:
            yield "tracing", "the packages are installed"
    yield from _storage(settings)
    if settings.port_file is not None:
        directory = settings.port_file.parent
        if not directory.is_dir():
            yield (
                "port file",
                CannotListen("There is no such directory.", where=str(directory)),
            )
        elif not os.access(directory, os.W_OK | os.X_OK):
            yield "port file", CannotListen("It cannot be written.", where=str(directory))
        else:
            yield "port file", str(settings.port_file)
    scheme = "https" if settings.tls_cert else "http"
    try:
        bind(settings.host, settings.port).close()
    except CannotListen as error:
        # An instance that runs already is the usual reason, and no reason to refuse its settings.
        yield "address", f"cannot be bound now ({error.message} {error.where})"
    else:
        yield "address", f"would listen at {scheme}://{settings.host}:{settings.port}"


async def _try_jwks(source: JwksSource) -> str | DetenteError:
    from detente.http import BadKey

    if await source.refresh():
        return f"{source.url} gives {len(source.keys())} key(s)"
    return BadKey(f"It could not be fetched: {source.last_error}.", where=source.url)


def _storage(settings: ExchangeSettings) -> Iterator[tuple[str, str | DetenteError]]:
    from detente.exchange import wiring
    from detente.record import KeyFileUnusable, KeyInvalid, Verifier

    async def entries() -> int:
        async with wiring.open_log(settings, read_only=True) as log:
            return (await log.head()).size

    if settings.log_key is not None:
        try:
            signer = wiring.log_signer(settings, 0)
        except DetenteError as error:
            yield "log key", error
        else:
            yield "log key", signer.verifier.to_vkey()
    for text in settings.log_verifier:
        try:
            yield "pool key", Verifier.from_vkey(text).to_vkey()
        except KeyInvalid as error:
            yield "pool key", error
    directory = settings.data_directory
    if settings.database is None and not any(directory.glob("*")):
        beside = _nearest(directory)
        if os.access(beside, os.W_OK | os.X_OK):
            yield "log", f"a new one would be made in {directory}"
        else:
            yield "log", KeyFileUnusable("It cannot be written.", where=str(beside))
        return
    try:
        size = asyncio.run(entries())
    except DetenteError as error:
        yield "log", error
    else:
        place = "the database" if settings.database is not None else str(directory)
        yield "log", f"{size} entries in {place}"


def _nearest(path: Path) -> Path:
    """The path itself or the first parent that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
