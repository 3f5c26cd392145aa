"""The transport of an address."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from detente.http import AddressPolicy, Egress

from .address import FeedAddress, Scheme
from .connection import Clock, Transport
from .errors import FeedAddressUnusable
from .following import FollowingTransport
from .polling import Fetch, Pause, PollingTransport, egress_fetch, local_fetch
from .tcp import TcpTransport
from .tls import FeedTls, TlsFiles
from .udp import UdpTransport

_HTTPS_PORT: Final = 443
_DOCUMENT_EVERY_S: Final = 1.0
_FILE_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What an address does not say.

    Attributes:
        tls: for `tls` and `https`.
        policy: where plain `http` may go: a receiver of one's own is on a private network as a
            rule, which is named here.
        egress: the way out, for `https`.
        every_s: how often a document is asked for (else 1 s), or a file looked at (else 0.1 s).
        connect_s: for a connection to be made; for a document, until it is there.
        from_start: whether what stands in a file already is read.
    """

    tls: TlsFiles = field(default_factory=TlsFiles)
    policy: AddressPolicy = field(default_factory=AddressPolicy)
    egress: Egress | None = None
    every_s: float | None = None
    connect_s: float = 10.0
    from_start: bool = False


def transport_for(
    address: FeedAddress, clock: Clock, way: Way | None = None, *, pause: Pause = asyncio.sleep
) -> Transport:
    """The transport of an address; nothing is opened yet.

    Raises:
        FeedAddressUnusable: TLS files that cannot be used, or https without a way out.
        UrlRefused: an https address that is not written plainly.
    """
    way = way or Way()
    match address.scheme:
        case Scheme.TCP:
            return TcpTransport(address, clock, connect_s=way.connect_s)
        case Scheme.TLS:
            return TcpTransport(address, clock, tls=FeedTls(way.tls), connect_s=way.connect_s)
        case Scheme.UDP:
            return UdpTransport(address, clock)
        case Scheme.FILE:
            return FollowingTransport(
                Path(address.path),
                clock,
                every_s=way.every_s or _FILE_EVERY_S,
                from_start=way.from_start,
                pause=pause,
            )
        case Scheme.HTTP | Scheme.HTTPS:
            return PollingTransport(
                _fetch(address, way),
                str(address),
                clock,
                every_s=way.every_s or _DOCUMENT_EVERY_S,
                pause=pause,
            )


def _fetch(address: FeedAddress, way: Way) -> Fetch:
    if address.scheme is Scheme.HTTP:
        return local_fetch(address, way.policy, deadline_s=way.connect_s)
    if way.egress is None:
        raise FeedAddressUnusable(
            "https goes through the way out to peers, and there is none.", where=str(address)
        )
    client = way.egress.peer(_base(address), [_base(address)], _https(way.tls))
    return egress_fetch(client, address.path, deadline_s=way.connect_s)


def _base(address: FeedAddress) -> str:
    port = "" if address.port == _HTTPS_PORT else f":{address.port}"
    return f"https://{address.host}{port}"


def _https(files: TlsFiles) -> ssl.SSLContext:
    if files.fingerprint or files.server_name:
        raise FeedAddressUnusable(
            "For https the certificate must bear the name of the address.",
            advice="Leave out the server name and the fingerprint.",
        )
    return FeedTls(files).context
