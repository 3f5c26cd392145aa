"""How feeds come: connections, datagrams, documents, files; and how they are kept going."""

from __future__ import annotations

from .address import FeedAddress, Scheme
from .backoff import Backoff, BackoffRules
from .connection import Connection, Piece, Transport
from .errors import (
    FeedAddressUnusable,
    FeedBroken,
    FeedSilent,
    FeedTlsFailed,
    FeedUnreachable,
    TransportError,
)
from .feed import Conversing, Feed, TakesDatagrams
from .following import FollowingTransport
from .health import FeedHealth, FeedRules, FeedState
from .opening import Way, transport_for
from .polling import PollingTransport, egress_fetch, local_fetch
from .tcp import TcpTransport
from .tls import FeedTls, TlsFiles
from .udp import UdpTransport
from .waiting import WaitingReports

__all__ = [
    "Backoff",
    "BackoffRules",
    "Connection",
    "Conversing",
    "Feed",
    "FeedAddress",
    "FeedAddressUnusable",
    "FeedBroken",
    "FeedHealth",
    "FeedRules",
    "FeedSilent",
    "FeedState",
    "FeedTls",
    "FeedTlsFailed",
    "FeedUnreachable",
    "FollowingTransport",
    "Piece",
    "PollingTransport",
    "Scheme",
    "TakesDatagrams",
    "TcpTransport",
    "TlsFiles",
    "Transport",
    "TransportError",
    "UdpTransport",
    "WaitingReports",
    "Way",
    "egress_fetch",
    "local_fetch",
    "transport_for",
]
