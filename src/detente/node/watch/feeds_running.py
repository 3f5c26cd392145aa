"""Feeds as the file of watching names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

from detente.feeds import Source, decoder_for
from detente.feeds.transports import (
    Feed,
    FeedAddress,
    FeedRules,
    FeedTls,
    FollowingTransport,
    PollingTransport,
    Scheme,
    TcpTransport,
    TlsFiles,
    Transport,
    UdpTransport,
    WaitingReports,
    local_fetch,
)
from detente.http import AddressPolicy

from .watch_file import FeedPart

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
        UnknownFormat, FeedAddressUnusable: it cannot be.
    """
    source = Source(part.name, part.format, part.assumed_horizontal_m, part.assumed_vertical_m)
    return Feed(
        part.name,
        _transport(part, base, policy, clock),
        decoder_for(part.format, source),
        waiting,
        clock=clock,
        random=SystemRandom().random,
        rules=FeedRules(silent_s=part.silent_s),
    )


def _transport(part: FeedPart, base: Path, policy: AddressPolicy, clock: ClockUs) -> Transport:
    address = FeedAddress.parse(part.address)
    match address.scheme:
        case Scheme.TCP:
            return TcpTransport(address, clock)
        case Scheme.TLS:
            return TcpTransport(address, clock, tls=FeedTls(_tls(part, base)))
        case Scheme.UDP:
            return UdpTransport(address, clock)
        case Scheme.FILE:
            return FollowingTransport(Path(address.path), clock, every_s=part.every_s)
        case Scheme.HTTP | Scheme.HTTPS:
            return PollingTransport(
                local_fetch(address, policy), str(address), clock, every_s=part.every_s
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
