"""From the settings to the parts: each function reads some settings and makes one part of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange.requests import Acceptance
from detente.exchange.settings import ExchangeSettings
from detente.exchange.snapshot_process import Source
from detente.geo import VolumeLimits
from detente.http import (
    ConnectionLimits,
    JwksSource,
    Limits,
    ServerOptions,
    TokenAuthenticator,
    TokenRules,
    load_pem_key,
)
from detente.record import (
    Ed25519Signer,
    KeyFileUnusable,
    Log,
    SqliteLog,
    Verifier,
    generate_key,
    load_key,
    read_checkpoint,
    save_key,
)


class WrongOrigin(DetenteError):
    """The log is another one than the settings say."""

    code = "exchange.wrong_origin"


@asynccontextmanager
async def open_log(settings: ExchangeSettings, *, read_only: bool = False) -> AsyncIterator[Log]:
    """The log that the settings name.

    Raises:
        LogUnavailable, LogInUse, LogIncompatible.
    """
    log: Log
    if settings.database is not None:
        from detente.record import PostgresLog  # its driver loads slowly

        log = await PostgresLog.open(settings.database, read_only=read_only)
    else:
        log = await SqliteLog.open(settings.data_directory, read_only=read_only)
    try:
        yield log
    finally:
        await log.close()


async def check_origin(log: Log, settings: ExchangeSettings) -> None:
    """Make sure that the log is the one that the settings mean.

    Raises:
        WrongOrigin: its checkpoints name another one.
    """
    head = await log.head()
    if not head.size:
        return
    found = read_checkpoint(head.checkpoint).origin
    if found != settings.origin:
        raise WrongOrigin(
            f"the log calls itself {found}, the settings call it {settings.origin}",
            where="origin",
            advice="Correct --origin, or connect to the other log.",
        )


def log_key_path(settings: ExchangeSettings) -> Path:
    """The file with the key that signs this instance's checkpoints."""
    return settings.log_key or settings.data_directory / "log.key"


def log_signer(settings: ExchangeSettings, entries: int) -> Ed25519Signer:
    """The key that signs this instance's checkpoints; made on the first start if none is named.

    Args:
        settings: where it is.
        entries: how many entries the log has.

    Raises:
        KeyFileUnusable, KeyInvalid: also when the key that signed so far is gone.
    """
    path = log_key_path(settings)
    if settings.log_key is not None or path.exists():
        return load_key(path)
    if entries:
        raise KeyFileUnusable(
            f"The key is missing, although it has signed a log of {entries} entries.",
            where=str(path),
            advice="Restore it from the backup. To go on with another one, name it by --log-key.",
        )
    signer = generate_key(settings.origin)
    save_key(signer, path)
    return signer


def log_verifiers(settings: ExchangeSettings, own: Ed25519Signer) -> list[Verifier]:
    """The keys that checkpoints must be signed with; empty: only hashes are checked.

    Raises:
        KeyInvalid: a setting is no verifier key.
    """
    if not settings.log_verifier:
        return []
    return [own.verifier, *map(Verifier.from_vkey, settings.log_verifier)]


def rules(settings: ExchangeSettings) -> c.Rules:
    """The operator's switches."""
    return c.Rules(
        state_transitions=settings.enforce_state_transitions,
        down_precondition=settings.enforce_down_412,
        subscription_duration_max_us=round(settings.subscription_max_duration * 1e6),
    )


def acceptance(settings: ExchangeSettings) -> Acceptance:
    """What is accepted in requests."""

    def limits(area_km2: float) -> VolumeLimits:
        return VolumeLimits(area_km2, settings.max_vertices)

    return Acceptance(
        allow_http=settings.allow_http_uss_urls,
        intents=limits(settings.area_km2("intents")),
        constraints=limits(settings.area_km2("constraints")),
        subscriptions=limits(settings.area_km2("subscriptions")),
        queries=limits(settings.area_km2("queries")),
        volumes_max=settings.max_volumes,
        span_max_km=settings.max_span_km,
        vertices_max=settings.max_vertices,
        notify_scopes=settings.enforce_notify_scopes,
    )


def authenticator(settings: ExchangeSettings, jwks: JwksSource | None) -> TokenAuthenticator:
    """Who is believed.

    Raises:
        BadKey: a key file cannot be used.
    """
    return TokenAuthenticator(
        TokenRules(
            audiences=frozenset(settings.audience),
            issuers=frozenset(settings.issuer),
            leeway_s=settings.token_leeway,
        ),
        pem_keys=[load_pem_key(path) for path in settings.auth_public_key],
        jwks=jwks,
    )


def limits(settings: ExchangeSettings) -> Limits:
    """Bounds on requests and clients."""
    return Limits(
        max_body_bytes=settings.max_body_bytes,
        max_json_depth=settings.max_json_depth,
        body_timeout_s=settings.body_timeout,
        handler_timeout_s=settings.request_timeout,
        max_in_flight=settings.max_in_flight,
        max_bodies_per_client=settings.max_unfinished_bodies,
        rate_per_s=settings.rate_limit,
        rate_burst=settings.rate_burst,
    )


def server_options(settings: ExchangeSettings) -> ServerOptions:
    """Where and how to listen."""
    return ServerOptions(
        host=settings.host,
        port=settings.port,
        port_file=settings.port_file,
        tls_cert=settings.tls_cert,
        tls_key=settings.tls_key,
        shutdown_timeout_s=settings.shutdown_timeout,
        connections=ConnectionLimits(
            header_timeout_s=settings.header_timeout,
            # Later than the body's own deadline, whose answer is to be seen.
            message_timeout_s=settings.body_timeout + 5,
            keep_alive_s=settings.keep_alive,
            max_connections=settings.max_connections,
        ),
    )


def eviction(settings: ExchangeSettings, now_us: int) -> c.Evict:
    """What retention says is to go now."""

    def before_us(after_s: float | None) -> int | None:
        return None if after_s is None else now_us - round(after_s * 1e6)

    intents_us = before_us(settings.evict_intents_after)
    return c.Evict(intents_us, intents_us, before_us(settings.evict_subscriptions_after))


def snapshot_source(settings: ExchangeSettings) -> bytes:
    """What the process that makes snapshots must know."""
    return msgspec.json.encode(
        Source(
            str(settings.data_directory),
            settings.database,
            settings.origin,
            settings.relevance_guard_m,
        )
    )
