"""Feeds as the file of watching names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

from detente.errors import DetenteError
from detente.feeds import Source, decoder_for
from detente.feeds.transports import (
    Feed,
    FeedAddress,
    FeedRules,
    TlsFiles,
    WaitingReports,
    Way,
    transport_for,
)
from detente.http import AddressPolicy, Egress

from .watch_file import FeedPart, WatchFileUnusable

ClockUs = Callable[[], int]


def made_feed(
    part: FeedPart, base: Path, policy: AddressPolicy, waiting: WaitingReports, clock: ClockUs
) -> Feed:
    """A feed, not yet running.

    Args:
        part: what the file says of it.
        base: where its files are named from.
        policy: at which addresses documents are asked for.
        waiting: where its reports go.
        clock: µs since 1970 UTC.

    Raises:
        WatchFileUnusable: it cannot be.
    """
    try:
        return _made(part, base, policy, waiting, clock)
    except DetenteError as error:
        raise WatchFileUnusable(
            error.message,
            where=f"feed {part.name}" + (f": {error.where}" if error.where else ""),
            advice=error.advice,
        ) from error


def _made(
    part: FeedPart, base: Path, policy: AddressPolicy, waiting: WaitingReports, clock: ClockUs
) -> Feed:
    way = Way(tls=_tls(part, base), policy=policy, egress=Egress(policy), every_s=part.every_s)
    source = Source(part.name, part.format, part.assumed_horizontal_m, part.assumed_vertical_m)
    return Feed(
        part.name,
        transport_for(FeedAddress.parse(part.address), clock, way),
        decoder_for(part.format, source, part.decoders()),
        waiting,
        clock=clock,
        random=SystemRandom().random,
        rules=FeedRules(silent_s=part.silent_s),
    )


def _tls(part: FeedPart, base: Path) -> TlsFiles:
    tls = part.tls
    if tls is None:
        return TlsFiles()

    def file(name: str | None) -> Path | None:
        return None if name is None else base / name

    return TlsFiles(
        authorities=file(tls.authorities),
        certificate=file(tls.certificate),
        key=file(tls.key),
        server_name=tls.server_name,
        fingerprint=tls.fingerprint,
    )
